/* Programs from memory into new address spaces, see grain/process.h. */
#include <stdbool.h>
#include <string.h>

#include "grain/notify.h"
#include "grain/process.h"
#include "grain/syscall.h"
#include "kernel/elf.h"
#include "libuser/internal.h"

#define STACK_SIZE (SPAWN_STACK_PAGES * PAGE_SIZE)
#define STACK_ARGS (STACK_SIZE - PAGE_SIZE) /* what arguments may take */

#define START_WORDS 4u /* argc, argv, envp, servers */

_Static_assert(SPAWN_STACK_PAGES <= SCRATCH_PAGES, "a new stack is built in the scratch area");

static uintptr_t page_floor(uintptr_t va)
{
    return va & ~PAGE_MASK;
}

static uintptr_t page_ceil(uintptr_t va)
{
    return page_floor(va + PAGE_MASK);
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Fills pages of the scratch area, which become the child's from va on, with what the file has for
 * them. */
static void fill_pages(const void *image, const struct elf_segment *segment, uintptr_t va,
                       uint32_t pages)
{
    uintptr_t file_end = segment->va + segment->filesz;
    uintptr_t start = va > segment->va ? va : segment->va;
    uintptr_t end = smaller(va + pages * PAGE_SIZE, file_end);

    if (start < end)
        memcpy((char *)scratch_area() + (start - va),
               (const char *)image + segment->fileoff + (start - segment->va), end - start);
}

/* Pages that have file contents are filled here and then mapped there, with the permissions that
 * they are to have; the others are zero and are allocated in place. */
static int load_segment(envid_t child, const void *image, const struct elf_segment *segment)
{
    uintptr_t va = page_floor(segment->va);
    uintptr_t end = page_ceil(segment->va + segment->memsz);
    uintptr_t file_end = segment->filesz == 0 ? va : page_ceil(segment->va + segment->filesz);

    while (va < file_end) {
        uint32_t pages = smaller((file_end - va) / PAGE_SIZE, SCRATCH_PAGES);
        int result = page_alloc(0, scratch_area(), pages, PERM_RW);

        if (result < 0)
            return result;
        fill_pages(image, segment, va, pages);
        result = page_map(0, scratch_area(), child, va | segment->perm, pages);
        if (result < 0)
            return result;
        va += pages * PAGE_SIZE;
    }
    return va < end ? page_alloc(child, va, (end - va) / PAGE_SIZE, segment->perm) : 0;
}

static int load_image(envid_t child, const struct spawn *what, uint32_t segments)
{
    for (uint32_t i = 0; i < segments; i++) {
        struct elf_segment segment;
        int result = elf_segment(what->image, what->size, i, &segment);

        if (result == 0)
            result = load_segment(child, what->image, &segment);
        if (result < 0)
            return result;
    }
    return 0;
}

struct vector {
    uint32_t count;
    uint32_t bytes; /* of the strings */
};

static struct vector measure(const char *const *strings)
{
    struct vector vector = {.count = 0};

    for (; strings != NULL && strings[vector.count] != NULL; vector.count++)
        vector.bytes += strlen(strings[vector.count]) + 1;
    return vector;
}

/* Copies strings to *to and their addresses, as the child sees them, to *words; advances both. */
static void copy_vector(const char *const *strings, uint32_t count, char **to, uint32_t **words)
{
    uintptr_t distance = USER_STACK_TOP - STACK_SIZE - scratch_area();

    for (uint32_t i = 0; i < count; i++) {
        size_t size = strlen(strings[i]) + 1;

        memcpy(*to, strings[i], size);
        *(*words)++ = (uint32_t)((uintptr_t)*to + distance);
        *to += size;
    }
    *(*words)++ = 0;
}

/* From esp upwards: argc, argv, envp, the servers; the two vectors; what was pointed to. Builds it at the
 * end of the scratch area; returns the child's esp, or 0 if the arguments are too long. */
static uintptr_t build_stack(const struct spawn *what)
{
    struct vector args = measure(what->argv);
    struct vector env = measure(what->envp);
    uint32_t servers = what->servers == NULL ? 0 : sizeof(*what->servers) / sizeof(uint32_t);
    uint32_t words = START_WORDS + args.count + 1 + env.count + 1 + servers;
    uint32_t size = (words * sizeof(uint32_t) + args.bytes + env.bytes + 15) & ~15u;

    if (args.bytes > STACK_ARGS || env.bytes > STACK_ARGS || size > STACK_ARGS)
        return 0;
    uintptr_t esp = USER_STACK_TOP - size;
    uint32_t *word = (uint32_t *)(scratch_area() + STACK_SIZE - size);
    char *strings = (char *)(word + words);

    *word++ = args.count;
    *word++ = esp + START_WORDS * sizeof(uint32_t);
    *word++ = esp + (START_WORDS + args.count + 1) * sizeof(uint32_t);
    *word++ = servers == 0 ? 0 : esp + (words - servers) * sizeof(uint32_t);
    copy_vector(what->argv, args.count, &strings, &word);
    copy_vector(what->envp, env.count, &strings, &word);
    if (servers != 0)
        memcpy(word, what->servers, sizeof(*what->servers));
    return esp;
}

static int make_stack(envid_t child, const struct spawn *what, uintptr_t *esp)
{
    int result = page_alloc(0, scratch_area(), SPAWN_STACK_PAGES, PERM_RW);

    if (result < 0)
        return result;
    *esp = build_stack(what);
    if (*esp == 0)
        return -E_MSG_SIZE;
    return page_map(0, scratch_area(), child, (USER_STACK_TOP - STACK_SIZE) | PERM_RW,
                    SPAWN_STACK_PAGES);
}

static int load_all(envid_t child, const struct spawn *what, const struct elf_info *info)
{
    uintptr_t esp = 0;
    int result = load_image(child, what, info->segments);

    if (result == 0)
        result = make_stack(child, what, &esp);
    scratch_unmap();
    if (result < 0)
        return result;
    struct env_regs regs = {.eip = info->entry, .esp = esp};
    return env_write_regs(child, &regs);
}

envid_t spawn_load(struct spawn *what)
{
    struct elf_info info;

    int result = elf_check(what->image, what->size, &info);
    what->reason = info.reason;
    if (result < 0)
        return result;
    envid_t child = env_create(ENV_NEW_ASPACE, 0, what->quota, NOTIFY_CHILD);
    if (child < 0)
        return child;
    result = load_all(child, what, &info);
    if (result < 0) {
        process_kill(child);
        return result;
    }
    return child;
}

envid_t spawn_elf(struct spawn *what)
{
    envid_t child = spawn_load(what);

    if (child < 0)
        return child;
    int result = env_start(child);
    if (result < 0) {
        process_kill(child);
        return result;
    }
    return child;
}
