/* The kernel's own symbol table, see ksyms.h. */
#include "kernel/ksyms.h"

#include "kernel/format.h"

const char *ksyms_search(const struct ksyms_table *table, uint32_t addr, uint32_t *offset)
{
    uint32_t below = 0; /* how many functions start at or below addr, so far as is known */
    uint32_t above = table->count;

    while (below < above) {
        uint32_t middle = below + (above - below) / 2;
        if (table->addr[middle] <= addr)
            below = middle + 1;
        else
            above = middle;
    }
    if (below == 0)
        return NULL;
    *offset = addr - table->addr[below - 1];
    return table->names + table->name_off[below - 1];
}

#ifndef GRAIN_HOST
extern const uint32_t ksyms_count;
extern const uint32_t ksyms_addr[];
extern const uint32_t ksyms_name_off[];
extern const char ksyms_names[];
extern const char kernel_text_start[];
extern const char kernel_text_end[];

static bool in_text(uint32_t addr)
{
    return addr >= (uintptr_t)kernel_text_start && addr < (uintptr_t)kernel_text_end;
}

/* The function that addr is in, NULL outside the text. */
static const char *find(uint32_t addr, uint32_t *offset)
{
    const struct ksyms_table table = {ksyms_count, ksyms_addr, ksyms_name_off, ksyms_names};

    return in_text(addr) ? ksyms_search(&table, addr, offset) : NULL;
}

uint32_t ksyms_offset(uint32_t addr)
{
    uint32_t offset;

    return find(addr, &offset) != NULL ? offset : KSYMS_NO_TEXT;
}

const char *ksyms_describe(uint32_t addr, bool is_return, char *buf)
{
    uint32_t inside = is_return ? addr - 1 : addr;
    uint32_t offset = 0;
    const char *name = find(inside, &offset);

    if (name == NULL)
        format_text(buf, KSYMS_TEXT_MAX, "%#x", addr);
    else
        format_text(buf, KSYMS_TEXT_MAX, "%s+%#x", name, offset + (addr - inside));
    return buf;
}
#endif
