/* What the kernel says in the words of MIT JOS, when its command line has `jos`: the lines that its users
 * look for, in their format. Without that word, or with log=error or warn, these functions do nothing.
 *
 * No locks but the log's: any other may be held.
 */
#ifndef GRAIN_KERNEL_JOS_H
#define GRAIN_KERNEL_JOS_H

#include "kernel/env.h"
#include "kernel/fault.h"

/* Set once at start-up, before the first env: `jos` was said; and the log is not for errors alone. */
extern bool jos_mode;
extern bool jos_says;

/* "new env": `creator` (0: the kernel) made the env of that id. */
void jos_say_new(uint32_t creator, uint32_t id);
/* "exiting gracefully", or "destroying": `self` ends `e`. */
void jos_say_destroy(const struct env *self, const struct env *e);
/* "free env": nothing of `e`, whose id was `id`, is left. `by`: who ended it, or itself. */
void jos_say_free(uint32_t by, uint32_t id);

/* How a fault ends its env. Not a page fault: the trap frame. A page fault without a handler: "user
 * fault", and the trap frame. One that its upcall could not be given, because the frame does not fit at
 * `va` (reason is not NULL): "user_mem_check assertion failure". */
void jos_say_fault(const struct env *self, const struct fault *fault);
void jos_say_no_stack(const struct env *self, uint32_t va, const char *reason);

#endif
