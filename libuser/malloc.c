/* The heap: first fit in a list of free blocks that rises by address, neighbours joined.
 *
 * Locks: heap_mutex for all of it. */
#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "grain/layout.h"
#include "grain/mutex.h"
#include "grain/server.h"
#include "grain/syscall.h"
#include "libuser/internal.h"

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

static struct mutex heap_mutex = MUTEX_INITIAL;
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

/* Where `bytes` more bytes are, 0: nowhere. In a process the pager gives them, which others may ask for
 * some of their own in between. */
static uintptr_t extend(size_t bytes)
{
    uintptr_t va = heap_end;

    if (process_is_managed()) {
        va = (uintptr_t)sbrk((intptr_t)bytes);
        return va == UINTPTR_MAX ? 0 : va;
    }
    if (bytes > HEAP_END - heap_end || page_alloc(0, va, bytes / PAGE_SIZE, PERM_RW) < 0)
        return 0;
    heap_end += bytes;
    return va;
}

static bool grow(size_t size)
{
    size_t bytes = (size + sizeof(struct block) + PAGE_MASK) & ~(size_t)PAGE_MASK;

    if (bytes < GROW_PAGES * PAGE_SIZE)
        bytes = GROW_PAGES * PAGE_SIZE;
    uintptr_t va = extend(bytes);
    if (va == 0)
        return false;
    uintptr_t start = (va + sizeof(struct block) - 1) & ~(sizeof(struct block) - 1);
    struct block *block = (struct block *)start;
    block->size = (va + bytes - start) & ~(sizeof(struct block) - 1);
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

void malloc_lock(void)
{
    mutex_lock(&heap_mutex);
}

void malloc_unlock(void)
{
    mutex_unlock(&heap_mutex);
}

void malloc_renew(void)
{
    heap_mutex = (struct mutex)MUTEX_INITIAL; /* who waited is not here */
}

void *malloc(size_t size)
{
    if (size > HEAP_END - HEAP_BASE)
        return NULL;
    size = (size + 2 * sizeof(struct block) - 1) & ~(sizeof(struct block) - 1);
    malloc_lock();
    void *block = find(size);
    if (block == NULL && grow(size))
        block = find(size);
    malloc_unlock();
    return block;
}

void free(void *memory)
{
    struct block *block = (struct block *)memory - 1;

    if (memory == NULL)
        return;
    assert(block->mark == USED_MARK);
    malloc_lock();
    insert(block);
    malloc_unlock();
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
