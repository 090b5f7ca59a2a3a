/* What a random system call looks like: a kind for each argument of each call of abi/syscalls.h. A call that
 * is new there does not compile here until its arguments have kinds.
 *
 * The same seed makes the same choices. Which ids they name and what comes of them depends, with several
 * envs or CPUs, on who was faster.
 */
#ifndef TESTS_FUZZ_GRAMMAR_H
#define TESTS_FUZZ_GRAMMAR_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/env.h"
#include "abi/syscalls.h"

#define FUZZ_ARENA       0x50000000u /* where most ranges of pages are */
#define FUZZ_ARENA_PAGES 32u
#define FUZZ_HANDLES     24u

/* One env's source of choices. The handles are those of all envs of its address space, living and dead:
 * whoever makes an env puts it in the place of another. */
struct fuzz {
    uint32_t random;
    envid_t *handles;
};

uint32_t fuzz_below(struct fuzz *f, uint32_t limit);
bool fuzz_one_in(struct fuzz *f, uint32_t n);

/* 0, a stale or living id of one's own, somebody else's, or any word. */
envid_t fuzz_env(struct fuzz *f);

/* A word: small, a corner, or any. */
uint32_t fuzz_word(struct fuzz *f);

void fuzz_keep(struct fuzz *f, envid_t id);

/* One call as it goes into the registers. */
struct fuzz_call {
    uint32_t number; /* of the call */
    uint32_t eax;    /* with the flags of an ipc */
    uint32_t args[5];
    bool by_int;
};

/* Makes one up, and fills what it needs in the message page. */
void fuzz_make(struct fuzz *f, struct fuzz_call *call);

/* Makes it; returns what comes back. */
int32_t fuzz_do(const struct fuzz_call *call);

/* Registers for an env of one's own, whose code is fuzz_code. */
void fuzz_registers(struct fuzz *f, struct env_regs *regs);

const char *fuzz_name(uint32_t number);

/* A page of code without a stack: loops, calls with the registers as they are, and instructions that user code may
 * not use. An entry each FUZZ_ENTRY bytes. */
extern const char fuzz_code[], fuzz_code_end[];
#define FUZZ_ENTRY 32u

#endif
