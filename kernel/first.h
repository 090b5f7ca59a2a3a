/* The first env: made by the kernel from the first boot module, with all rights. It finds the other
 * modules mapped read-only, and the facts about the system in the sysinfo window.
 */
#ifndef GRAIN_KERNEL_FIRST_H
#define GRAIN_KERNEL_FIRST_H

struct bootinfo;
struct sysinfo;

/* The sysinfo window as the kernel writes it. */
extern struct sysinfo *const first_sysinfo;

/* Fills and publishes the sysinfo window. */
void first_publish_sysinfo(const struct bootinfo *info);

/* Panics, with the reason, when the first module is no program that can be loaded: without it there
 * is nothing to run. */
void first_start(const struct bootinfo *info);

/* In its place under the command line's `jos`: each module is an env with all rights, one page of stack,
 * and nothing else mapped. */
void first_start_jos(const struct bootinfo *info);

#endif
