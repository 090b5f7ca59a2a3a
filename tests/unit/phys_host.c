/* A made-up physical memory, see phys_host.h. */
#include "phys_host.h"

#include <stdlib.h>
#include <string.h>

uint8_t phys[PHYS_SIZE];

static struct mapping {
    struct mapping *next;
    void *copy;
} * mappings;

const void *phys_map(paddr_t pa, size_t len)
{
    if (pa >= PHYS_SIZE || len == 0 || len > PHYS_SIZE - pa)
        return NULL;
    struct mapping *mapping = malloc(sizeof(*mapping));
    if (mapping == NULL || (mapping->copy = malloc(len)) == NULL)
        abort();
    memcpy(mapping->copy, phys + pa, len);
    mapping->next = mappings;
    mappings = mapping;
    return mapping->copy;
}

void phys_clear(void)
{
    while (mappings != NULL) {
        struct mapping *mapping = mappings;
        mappings = mapping->next;
        free(mapping->copy);
        free(mapping);
    }
    memset(phys, 0, sizeof(phys));
}

void phys_put16(uint32_t pa, uint16_t value)
{
    phys[pa] = (uint8_t)value;
    phys[pa + 1] = (uint8_t)(value >> 8);
}

void phys_put32(uint32_t pa, uint32_t value)
{
    phys_put16(pa, (uint16_t)value);
    phys_put16(pa + 2, (uint16_t)(value >> 16));
}

void phys_put64(uint32_t pa, uint64_t value)
{
    phys_put32(pa, (uint32_t)value);
    phys_put32(pa + 4, (uint32_t)(value >> 32));
}

void phys_put_text(uint32_t pa, const char *text)
{
    memcpy(phys + pa, text, strlen(text));
}

void phys_fix_checksum(uint32_t pa, uint32_t len, uint32_t at)
{
    uint8_t sum = 0;

    phys[at] = 0;
    for (uint32_t i = 0; i < len; i++)
        sum = (uint8_t)(sum + phys[pa + i]);
    phys[at] = (uint8_t)(0u - sum);
}
