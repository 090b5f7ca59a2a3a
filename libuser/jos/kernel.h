/* Grain's system calls for the library that wears the names of JOS, which are other functions: the two sets
 * of names meet in no file but kernel.c. Results are 0 or positive, or a negated error of inc/error.h.
 * perm: bits of JOS; every page is executable, as it is there.
 */
#ifndef LIBUSER_JOS_KERNEL_H
#define LIBUSER_JOS_KERNEL_H

#include <inc/env.h>
#include <inc/types.h>

/* Of a function that a program may have one of its own for, while it uses others of the same file. */
#define JOS_MAY_REPLACE __attribute__((weak))

envid_t grain_self(void);
/* Words in the calling env's own message page, whatever memory it shares. */
uint32_t *grain_local(void);
#define GRAIN_LOCAL_ENV  0 /* where thisenv points */
#define GRAIN_LOCAL_SENT 1 /* it has sent since it last received */

void grain_yield(void);
/* At most GRAIN_WRITE_MAX bytes, in one piece. text is read before anything else happens. */
#define GRAIN_WRITE_MAX 1024u
void grain_write(const char *text, size_t len);
/* A character that has come on the serial line, or 0. */
int grain_read(void);

int grain_env_start(envid_t env);
int grain_env_stop(envid_t env);
int grain_env_destroy(envid_t env);
int grain_env_set_upcall(envid_t env, void *upcall);

/* `pages` pages from va on. */
int grain_page_alloc(envid_t env, uintptr_t va, int perm);
int grain_page_map(envid_t src, uintptr_t srcva, envid_t dst, uintptr_t dstva, uint32_t pages,
                   int perm);
int grain_page_unmap(envid_t env, uintptr_t va);
int grain_page_protect(uintptr_t va, uint32_t pages, int perm);
/* A copy takes the place of one's own page at va. */
int grain_page_renew(uintptr_t va, int perm);
/* How often va's page is mapped. */
int grain_page_refs(uintptr_t va);

struct grain_message {
    envid_t to;
    uint32_t value;
    bool has_page;
    bool waits; /* until `to` takes it */
    uintptr_t va;
    int perm;
};

int grain_send(const struct grain_message *message);
/* What came is in the public record. */
int grain_receive(bool has_window, uintptr_t va);

#endif
