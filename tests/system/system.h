/* What tests of processes share. They are processes themselves, in the full system: facts that are looked at
 * in a child reach the parent as its exit status.
 */
#ifndef TESTS_SYSTEM_SYSTEM_H
#define TESTS_SYSTEM_SYSTEM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/user/test.h"

/* The program that does one thing and ends (child.c), with a mode and arguments. */
#define CHILD "system_child"

/* Runs fn in a child; it ends with what that returns. Returns its pid. */
pid_t child_start(int (*fn)(uintptr_t arg), uintptr_t arg);

/* Waits for it: its status, or a negated error. */
int child_end(pid_t pid);

/* Both. */
int child_run(int (*fn)(uintptr_t arg), uintptr_t arg);

/* Runs CHILD with arguments, NULL at the end; its status or a negated error. */
int program_run(const char *const *argv, uint32_t frames);

/* Waits until it has ended, ten seconds at most, and leaves it to be waited for. */
bool child_is_zombie(pid_t pid);

/* The first env of a process that is not gone; 0: none. */
envid_t process_env(pid_t pid);

/* The word there. */
volatile uint32_t *word_at(uintptr_t va);

/* Free frames and envs, once they have not changed for a while: for test_counts_settle. */
struct kernel_counters counts_settled(void);

/* Each server does once what it is for; proc and pager for a child, too. */
bool system_works(void);

#endif
