/* What the build options of locks mean for code outside: for C and assembly. */
#ifndef GRAIN_LOCK_OPTIONS_H
#define GRAIN_LOCK_OPTIONS_H

#include "abi/lockstat.h"

/* Bytes of a lock: what stands behind one in a struct is shifted by it. */
#if GRAIN_LOCK_PADDED
#define LOCK_SIZE 64 /* a cache line */
#elif GRAIN_LOCKSTAT == LOCKSTAT_FULL
#define LOCK_SIZE 8
#else
#define LOCK_SIZE 4
#endif

/* Whether kernel_enter() and kernel_exit() do anything. */
#if GRAIN_LOCK_GRANULARITY_BIG || GRAIN_LOCKSTAT == LOCKSTAT_FULL
#define LOCK_ENTRY_HOOKS 1
#else
#define LOCK_ENTRY_HOOKS 0
#endif

#endif
