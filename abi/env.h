/* Envs as user space sees them: ids, the public record, registers, limits, causes of death. */
#ifndef GRAIN_ABI_ENV_H
#define GRAIN_ABI_ENV_H

#include <stdint.h>

#include "abi/layout.h"

typedef int32_t envid_t;

/* An id is (generation << 12) | index: never 0, never negative. Bits 10 and 11 are always clear. */
#define ENV_INDEX_BITS 10
#define ENV_MAX        (1u << ENV_INDEX_BITS)
#define ENV_GEN_SHIFT  12
#define ENV_INDEX(id)  ((uint32_t)(id) & (ENV_MAX - 1))
#define ENV_ID_FIRST   0x1000

/* A slot's status in the public record. The numbers are those of JOS, DEAD is added: an env that
 * has ended and waits for env_reap. */
enum env_public_status {
    ENV_FREE = 0,
    ENV_DYING = 1, /* a long death may show as RUNNABLE or RUNNING again in between */
    ENV_RUNNABLE = 2,
    ENV_RUNNING = 3,
    ENV_NOT_RUNNABLE = 4,
    ENV_DEAD = 5,
};

/* One entry of the read-only window ENVS_WINDOW. The kernel updates it without a lock that readers
 * could take: each field is right by itself, not all of them at one instant. */
struct env_public {
    volatile envid_t id;
    volatile envid_t controller; /* its creator, or whom it was handed to */
    volatile uint32_t status;    /* enum env_public_status */
    volatile uint32_t runs;      /* times it was dispatched */
    volatile uint32_t cpu;       /* home CPU */
    volatile uint32_t priority;
    volatile uint32_t aspace;  /* an opaque number, equal for envs that share an address space */
    volatile uint32_t time_us; /* CPU time used, microseconds, modulo 2^32; sampled */
    volatile uint32_t upcall;
    /* Of a receive with IPC_RECORD: it waits (in its window at ipc_dstva); what it got last. */
    volatile uint32_t ipc_receiving;
    volatile uint32_t ipc_dstva;
    volatile uint32_t ipc_value;
    volatile envid_t ipc_from;
    volatile uint32_t ipc_perm; /* of the page that came, without PERM_X; 0: none */
    volatile envid_t creator;   /* who made it; unlike the controller, never another */
    uint32_t reserved;
};
_Static_assert(sizeof(struct env_public) == 64, "envs[] entries are 64 bytes");

/* Registers of a user context. Segments are fixed, so they are not here. The stack pointer is first: of
 * an env blocked in an ipc it is all that counts, and the kernel keeps it near what else counts then. */
struct env_regs {
    uint32_t esp, eip, eflags;
    uint32_t edi, esi, ebp, ebx, edx, ecx, eax;
};
_Static_assert(sizeof(struct env_regs) == 40, "ten registers");

/* What the kernel pushes on the exception stack before it enters an upcall: the layout of JOS. */
struct env_upcall_frame {
    uint32_t fault_va;
    uint32_t error;
    uint32_t edi, esi, ebp, oesp, ebx, edx, ecx, eax;
    uint32_t eip, eflags, esp;
};
_Static_assert(sizeof(struct env_upcall_frame) == 52, "the UTrapframe of JOS");

#define ENV_SEND_ANY  0xffffffffu
#define ENV_SEND_LIST 8
#define ENV_PORT_LIST 4
struct env_port_range {
    uint16_t first, last; /* inclusive; last < first: empty */
};

/* What an env may do at most. A new env inherits its creator's; they can only shrink. */
struct env_limits {
    uint32_t syscalls[2];                       /* bit n: system call n is allowed */
    uint32_t send_count;                        /* ENV_SEND_ANY, or how many of send_to[] count */
    envid_t send_to[ENV_SEND_LIST];             /* whom it may send to and notify */
    struct env_port_range ports[ENV_PORT_LIST]; /* I/O ports */
    uint32_t irqs;                              /* bit n: interrupt line n */
    uint32_t priority;                          /* highest priority it may give */
    uint32_t frames;                            /* quota for its address space; 0: unchanged */
};

/* How an env ended (env_reap). */
enum env_death_cause {
    ENV_EXITED = 1,  /* by env_destroy on itself: status */
    ENV_KILLED = 2,  /* by env_destroy from another: status */
    ENV_FAULTED = 3, /* by a fault that nobody handled: vector, error, address, eip */
};

struct env_death {
    uint32_t cause;
    uint32_t status;
    uint32_t vector;
    uint32_t error;
    uint32_t address;
    uint32_t eip;
};

/* aspace_info */
struct aspace_usage {
    uint32_t frames; /* charged: mapped pages, page tables, message pages */
    uint32_t quota;
    uint32_t envs;
    uint32_t serial; /* as env_public.aspace */
};

#endif
