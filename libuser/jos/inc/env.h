/* The JOS user API: environments, and the table of them that all can read.
 *
 * struct Env is the kernel's public record (abi/env.h) under the names of JOS: what of the JOS struct is
 * of use to user code. The kernel's own part (registers, page directory, links) is not in it.
 */
#ifndef JOS_INC_ENV_H
#define JOS_INC_ENV_H

#include <inc/memlayout.h>
#include <inc/trap.h>
#include <inc/types.h>

typedef int32_t envid_t;

/* An id is (generation << 12) | slot. */
#define LOG2NENV    10
#define NENV        (1 << LOG2NENV)
#define ENVX(envid) ((envid) & (NENV - 1))

enum {
    ENV_FREE = 0,
    ENV_DYING,
    ENV_RUNNABLE,
    ENV_RUNNING,
    ENV_NOT_RUNNABLE,
};

enum EnvType {
    ENV_TYPE_USER = 0,
};

struct Env {
    envid_t env_id;
    envid_t env_controller; /* not in JOS: who gets to act on it when its parent has died */
    unsigned env_status;
    uint32_t env_runs;
    int env_cpunum;
    uint32_t env_priority; /* not in JOS, like the next two */
    uint32_t env_aspace;
    uint32_t env_time_us;
    void *env_pgfault_upcall;

    uint32_t env_ipc_recving; /* it is blocked in sys_ipc_recv, */
    void *env_ipc_dstva;      /* and offers to map a page here (UTOP: none) */
    uint32_t env_ipc_value;
    envid_t env_ipc_from;
    int env_ipc_perm; /* 0: no page came */

    envid_t env_parent_id;
    enum EnvType env_type;
};

#endif
