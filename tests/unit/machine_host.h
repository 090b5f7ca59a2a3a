/* A made-up machine under the kernel's own memory code: physical memory, page-table windows, CPUs.
 *
 * machine_init gives it so many free frames in each zone and CPUs that a thread can be: cpu_host of
 * the calling thread is CPU 0, other threads call machine_enter_cpu. Shootdowns are counted.
 */
#ifndef GRAIN_TESTS_MACHINE_HOST_H
#define GRAIN_TESTS_MACHINE_HOST_H

#include <stdint.h>

#include "kernel/mm/frame.h"

#define MACHINE_CPUS 4u

/* The first frame of each zone that can be allocated. */
#define MACHINE_LOW_FIRST  0x100u
#define MACHINE_HIGH_FIRST 0x30000u
#define MACHINE_FRAMES_MAX 4096u /* a zone */

/* Starts over: all frames free, nothing in any cache. */
void machine_init(uint32_t low_frames, uint32_t high_frames);

/* The calling thread is that CPU, with an empty frame cache; and before it ends, it leaves. */
void machine_enter_cpu(uint32_t id);

/* Free frames but for `left` are taken; returns how many. machine_give_frames gives them back. */
uint32_t machine_take_frames(uint32_t left);
void machine_give_frames(void);

/* Frames that somebody holds, counted one by one. */
uint32_t machine_count_used(void);

/* Calls of shootdown(), and the arguments of the last. */
struct machine_shootdowns {
    uint32_t count;
    uint32_t va;
    uint32_t pages;
};
extern struct machine_shootdowns machine_shootdowns;

/* Calls of paging_zero_frame(), and of sched_rouse(). */
extern uint32_t machine_zeroed;
extern uint32_t machine_roused;

#endif
