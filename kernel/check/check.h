/* Invariants of the kernel, looked at while all CPUs stand still: test builds (GRAIN_KTEST) alone.
 *
 * check_system() stops the other CPUs where none of them holds a lock or owns an env in passing (stop.h),
 * looks at every structure, says each violation in a line of the log, and lets them go. What it looks at:
 *
 *   locks.c   every lock is free, and no CPU counts one as held
 *   envs.c    each env: its state against its queues, its words for the fast path, its relations
 *   queues.c  ready queues, inboxes, timers, mailboxes: their links, and that nobody waits for what is there
 *   spaces.c  page tables, charges, message pages of each address space
 *   frames.c  each frame's references against all that refers to it; the free lists
 *   cpus.c    what each CPU has loaded, shootdowns answered
 *
 * Nothing takes a lock: nobody else runs. Reads fields that locks guard, so all of it is outside the static
 * analysis (NO_LOCK_ANALYSIS).
 */
#ifndef GRAIN_CHECK_CHECK_H
#define GRAIN_CHECK_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#define CHECK_TEXT_MAX 160u

#if GRAIN_KTEST
/* Start-up, before the first address space: whatever frames are in use by now are the kernel's own. */
void check_boot(void);

/* Boot word check=panic: a violation is a panic, after all of them have been told. */
void check_set_panic(bool panics);

/* Stops all CPUs and checks. Returns how many violations there were, or -E_TIMEOUT when a CPU did not come
 * (and nothing was checked). The calling CPU holds no lock but the big one. */
int32_t check_system(void);

/* The same without stopping anybody: the caller knows that nobody else runs. */
uint32_t check_all(void);

/* The first violation of the last check; "" if there was none. */
const char *check_first(void);

/* For the files of this folder: a violation. */
void check_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
#else
static inline void check_boot(void)
{
}
#endif

#endif
