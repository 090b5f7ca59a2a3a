/* The heap: first fit in a list of free blocks that rises by address, neighbours joined. Not for
 * two envs of an address space at once. */
#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "grain/layout.h"
#include "grain/syscall.h"

#define GROW_PAGES 16u
#define USED_MARK  0x75736564u

/* Before each block. Sizes include the header and are multiples of its own. */
struct block {
    size_t size;
    uint32_t mark;      /* USED_MARK while it is allocated */
    struct block *next; /* of a free one */
    uint32_t reserved;
};
_Static_assert(sizeof(struct block) == 16, "blocks are aligned to 16 bytes");

static struct block *free_list;
static uintptr_t heap_end = HEAP_BASE;

static char *block_end(struct block *block)
{
    return (char *)block + block->size;
}

static void insert(struct block *block)
{
    struct block **link = &free_list;
    struct block *before = NULL;

    while (*link != NULL && *link < block) {
        before = *link;
        link = &before->next;
    }
    block->mark = 0;
    block->next = *link;
    *link = block;
    if (block->next != NULL && block_end(block) == (char *)block->next) {
        block->size += block->next->size;
        block->next = block->next->next;
    }
    if (before != NULL && block_end(before) == (char *)block) {
        before->size += block->size;
        before->next = block->next;
    }
}

static bool grow(size_t size)
{
    uint32_t pages = (uint32_t)((size + PAGE_SIZE - 1) / PAGE_SIZE);

    if (pages < GROW_PAGES)
        pages = GROW_PAGES;
    if (pages > (HEAP_END - heap_end) / PAGE_SIZE)
        return false;
    if (page_alloc(0, heap_end, pages, PERM_RW) < 0)
        return false;
    struct block *block = (struct block *)heap_end;
    block->size = pages * PAGE_SIZE;
    heap_end += block->size;
    insert(block);
    return true;
}

/* Takes `size` bytes from the front of *link, or all of it if the rest could not be a block. */
static void *take(struct block **link, size_t size)
{
    struct block *block = *link;

    if (block->size - size < 2 * sizeof(struct block)) {
        *link = block->next;
    } else {
        struct block *rest = (struct block *)(void *)((char *)block + size);

        rest->size = block->size - size;
        rest->mark = 0;
        rest->next = block->next;
        *link = rest;
        block->size = size;
    }
    block->mark = USED_MARK;
    return block + 1;
}

static void *find(size_t size)
{
    for (struct block **link = &free_list; *link != NULL; link = &(*link)->next) {
        if ((*link)->size >= size)
            return take(link, size);
    }
    return NULL;
}

void *malloc(size_t size)
{
    if (size > HEAP_END - HEAP_BASE)
        return NULL;
    size = (size + 2 * sizeof(struct block) - 1) & ~(sizeof(struct block) - 1);
    void *block = find(size);
    if (block == NULL && grow(size))
        block = find(size);
    return block;
}

void free(void *memory)
{
    struct block *block = (struct block *)memory - 1;

    if (memory == NULL)
        return;
    assert(block->mark == USED_MARK);
    insert(block);
}

void *calloc(size_t count, size_t size)
{
    size_t total;

    if (__builtin_mul_overflow(count, size, &total))
        return NULL;
    void *memory = malloc(total);
    if (memory != NULL)
        memset(memory, 0, total);
    return memory;
}

void *realloc(void *memory, size_t size)
{
    if (memory == NULL)
        return malloc(size);
    size_t old = ((struct block *)memory - 1)->size - sizeof(struct block);
    if (size <= old)
        return memory;
    void *copy = malloc(size);
    if (copy == NULL)
        return NULL;
    memcpy(copy, memory, old);
    free(memory);
    return copy;
}
