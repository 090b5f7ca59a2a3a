/* Arguments: from a client's pages, which it may change meanwhile, into a copy that is then checked; and
 * from there onto a new stack.
 *
 *   USER_STACK_TOP  strings: arguments, environment
 *                   struct process_start
 *                   vectors: argv and 0, envp and 0
 *          esp ->   argc, argv, envp, process_start
 */
#include <errno.h>
#include <string.h>

#include "grain/syscall.h"
#include "servers/proc/proc.h"

#define HEAD_WORDS 4u
#define ENVC_MAX   512u

static char copy[ARGS_BYTES + 1];

/* The end of the string at `at`, or NULL when there is none before `end`. */
static const char *string_end(const char *at, const char *end)
{
    const char *zero = memchr(at, 0, (size_t)(end - at));

    return zero == NULL ? NULL : zero + 1;
}

int args_read(const struct request *request, struct args *args)
{
    struct proc_args head;

    if (request->pages == 0 || request->pages > PROC_ARGS_PAGES_MAX)
        return -E_INVAL;
    memcpy(&head, (const void *)ARGS_WINDOW, sizeof(head));
    if (head.bytes > request->pages * PAGE_SIZE - sizeof(head) || head.argc == 0 ||
        head.argc > PROC_ARGC_MAX || head.envc > ENVC_MAX)
        return -E_INVAL;
    memcpy(copy, (const char *)ARGS_WINDOW + sizeof(head), head.bytes);
    const char *end = copy + head.bytes;
    const char *at = string_end(copy, end);
    *args = (struct args){.path = copy, .argc = head.argc, .envc = head.envc, .strings = at};
    for (uint32_t i = 0; i < head.argc + head.envc && at != NULL; i++)
        at = string_end(at, end);
    if (at == NULL)
        return -E_INVAL;
    args->bytes = (uint32_t)(at - args->strings);
    return 0;
}

const char *args_name(const struct args *args)
{
    const char *slash = strrchr(args->path, '/');

    return slash == NULL ? args->path : slash + 1;
}

/* Writes the addresses of `count` strings, which are at `at` in the process and at `text` here, and a 0. */
static uint32_t *put_vector(uint32_t *word, uint32_t count, const char **text, uint32_t *at)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t size = (uint32_t)strlen(*text) + 1;

        *word++ = *at;
        *at += size;
        *text += size;
    }
    *word++ = 0;
    return word;
}

int args_build_stack(const struct args *args, uint32_t *esp)
{
    uint32_t words = HEAD_WORDS + args->argc + 1 + args->envc + 1;
    uint32_t fixed = words * (uint32_t)sizeof(uint32_t) + (uint32_t)sizeof(servers);
    uint32_t size = (fixed + args->bytes + 15) & ~15u;
    uint32_t pages = (size + PAGE_MASK) / PAGE_SIZE;
    const char *text = args->strings;
    int error;

    if (pages > STACK_PAGES)
        return -E_INVAL;
    error = page_alloc(0, STACK_WINDOW, pages, PERM_RW);
    if (error != 0)
        return error;
    *esp = USER_STACK_TOP - size;
    uint32_t at = *esp + fixed;
    uint32_t *word = (uint32_t *)(STACK_WINDOW + pages * PAGE_SIZE - size);
    char *rest = (char *)(word + words);
    memcpy(rest, &servers, sizeof(servers));
    memcpy(rest + sizeof(servers), args->strings, args->bytes);
    word[0] = args->argc;
    word[1] = *esp + HEAD_WORDS * (uint32_t)sizeof(uint32_t);
    word[2] = word[1] + (args->argc + 1) * (uint32_t)sizeof(uint32_t);
    word[3] = *esp + words * (uint32_t)sizeof(uint32_t);
    word = put_vector(word + HEAD_WORDS, args->argc, &text, &at);
    (void)put_vector(word, args->envc, &text, &at);
    return (int)pages;
}
