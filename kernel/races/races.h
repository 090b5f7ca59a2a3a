/* The race detector, in kernels of the kind `races` (docs/testing.md); elsewhere nothing.
 *
 * The compiler puts a call before each plain or volatile access of the kernel (-fsanitize=thread; atomics
 * have none). Some of these accesses are watched: the CPU says in a watchpoint what it is about to touch,
 * waits a moment, and looks whether another CPU came to touch the same, one of them writing and one of
 * them plain; or whether the value has changed without anybody coming: by an atomic, an assembly
 * instruction or a structure's assignment, which have no calls.
 *
 * No lock is taken but a bare one for each watchpoint, under which nothing is done.
 */
#ifndef GRAIN_RACES_H
#define GRAIN_RACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RACES_DEFAULT_EVERY 500u

#ifdef GRAIN_RACES

/* Start-up: one access in `every` is watched, on average (0: none). A race is reported, and is a panic
 * unless `go_on`. */
void races_set(uint32_t every, bool go_on);

/* All CPUs are on their own page tables: from now on there may be races. */
void races_start(void);

/* A panic has begun. */
void races_stop(void);

/* An access by string instructions, for which the compiler has no call. */
void races_touch(const void *start, size_t len, bool writes);

#else

static inline void races_set(uint32_t every, bool go_on)
{
    (void)every;
    (void)go_on;
}

static inline void races_start(void)
{
}

static inline void races_stop(void)
{
}

static inline void races_touch(const void *start, size_t len, bool writes)
{
    (void)start;
    (void)len;
    (void)writes;
}

#endif
#endif
