/* Waiting for notifications and for time to pass. notify() itself is in grain/syscall.h.
 *
 * An env has one notification word, 32 bits; a receive takes all of it at once. The functions here
 * keep the bits that nobody asked for yet in the UTCB, so that two parts of a program can wait for
 * different bits in turn. A receive from anyone does not look there: a program that uses both hands
 * such bits in with notify_keep().
 */
#ifndef GRAIN_NOTIFY_H
#define GRAIN_NOTIFY_H

#include <stdint.h>

#include "abi/ipc.h"

/* The bit that the library's own functions use for the end of a child or thread. */
#define NOTIFY_CHILD 0x80000000u

/* Waits until one of the bits of mask was notified; returns (and takes) those of mask. */
uint32_t notify_wait(uint32_t mask);

/* The same, at most `us` microseconds (or IPC_NEVER); returns 0 when they are over. */
uint32_t notify_wait_us(uint32_t mask, uint32_t us);

/* Puts bits that a receive returned where notify_wait finds them. */
void notify_keep(uint32_t bits);

/* Lets at least `us` microseconds pass, blocked. */
void sleep_us(uint32_t us);

#endif
