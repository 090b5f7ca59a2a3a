/* Envs come and go on all CPUs at once, and whatever can be done to an env is done to it meanwhile:
 * start, stop, abort, move, memory calls, messages, death of its controller. At the end as many
 * frames and envs are free as at the start.
 *
 *   churn [rounds=N] [seed=N]      rounds of all workers together
 */
#include <stdio.h>

#include "abi/errors.h"
#include "abi/ipc.h"
#include "grain/layout.h"
#include "grain/notify.h"
#include "grain/process.h"
#include "grain/syscall.h"
#include "grain/thread.h"
#include "grain/windows.h"
#include "tests/user/test.h"

#define SPACE_PLACE   0x50000000u /* memory of a victim with an address space of its own */
#define THREAD_PLACE  0x60000000u /* of one that shares ours; a stretch for each worker */
#define STRETCH       0x400000u
#define STRETCH_PAGES 64u /* of it, that are used */
#define VICTIM_PAGES  12u
#define WORKERS_MAX   32u

/* What victims execute: no stack, all registers given. One page, so one mapping each. */
extern const char victim_code[], victim_spin[], victim_exit[], victim_memory[], victim_fault[],
    victim_call[], victim_yield[];
__asm__(".text\n"
        ".balign 4096\n"
        "victim_code:\n"
        "victim_spin:\n\t"
        "jmp victim_spin\n"
        "victim_exit:\n\t"
        "movl $8, %eax\n\t"
        "xorl %edx, %edx\n\t"
        "movl $77, %ebx\n\t"
        "int $0x30\n"
        "victim_memory:\n\t" /* ebx = va, esi = pages, edi = perm */
        "movl $18, %eax\n\t"
        "xorl %edx, %edx\n\t"
        "int $0x30\n\t"
        "testl %eax, %eax\n\t"
        "jnz victim_exit\n\t"
        "movl %eax, (%ebx)\n\t"
        "movl $20, %eax\n\t"
        "xorl %edx, %edx\n\t"
        "int $0x30\n\t"
        "jmp victim_memory\n"
        "victim_fault:\n\t"
        "movl 0, %eax\n\t"
        "jmp victim_fault\n"
        "victim_call:\n\t" /* ecx = operation, edx = partner */
        "movl %ecx, %eax\n\t"
        "int $0x30\n\t"
        "jmp victim_call\n"
        "victim_yield:\n\t"
        "movl $2, %eax\n\t"
        "int $0x30\n\t"
        "jmp victim_yield\n\t"
        ".balign 4096\n");
_Static_assert(SYS_env_destroy == 8 && SYS_page_alloc == 18 && SYS_page_unmap == 20 &&
                   SYS_yield == 2,
               "victim code");

/* What is done to a victim. */
enum torment {
    STOP,
    ABORT,
    START,
    ALLOC,
    UNMAP,
    PROTECT,
    PIN,
    PRIORITY,
    PAGER,
    INFO,
    READ,
    NOTIFY,
    TORMENTS,
};

struct worker {
    uint32_t index;
    uint32_t random;
    uint32_t rounds;
    uint32_t failures;
    uint32_t good[TORMENTS]; /* calls without an error */
    envid_t last;            /* the victim of the round before, dead: a stale id */
};

static uint32_t choose(struct worker *w, uint32_t below)
{
    w->random = w->random * 1664525u + 1013904223u;
    return (uint32_t)(((uint64_t)w->random * below) >> 32);
}

static uintptr_t place_of(const struct worker *w, bool own_space)
{
    return own_space ? SPACE_PLACE : THREAD_PLACE + w->index * STRETCH;
}

static void victim_registers(struct worker *w, bool own_space, struct env_regs *regs)
{
    const char *const entries[] = {victim_spin, victim_exit, victim_memory, victim_fault,
                                   victim_call, victim_call, victim_call,   victim_yield};
    const uint32_t operations[] = {IPC_OP_RECV, IPC_OP_CALL, IPC_OP_SEND, IPC_OP_RECV | IPC_CLOSED};

    *regs = (struct env_regs){
        .eip = (uint32_t)(uintptr_t)entries[choose(w, 8)],
        .ebx = place_of(w, own_space),
        .esi = VICTIM_PAGES,
        .edi = PERM_RW,
        .ecx = SYS_ipc | operations[choose(w, 4)],
        .edx = (uint32_t)(choose(w, 4) == 0 ? w->last : env_self()),
    };
}

static envid_t victim_create(struct worker *w, bool own_space)
{
    struct env_regs regs;
    envid_t id = env_create(own_space ? ENV_NEW_ASPACE : 0, 0, own_space ? 64 : 0, NOTIFY_CHILD);

    if (id < 0)
        return id;
    victim_registers(w, own_space, &regs);
    int result = env_write_regs(id, &regs);
    if (result == 0 && own_space)
        result = page_map(0, (uintptr_t)victim_code, id, (uintptr_t)victim_code | PERM_RX, 1);
    if (result == 0)
        result = env_start(id);
    if (result < 0)
        process_kill(id);
    return result < 0 ? result : id;
}

/* Something done to a victim that may die at any moment: E_BAD_ENV is good, and so is what its state
 * or its memory do not allow. Three times in four it is made to allow it. */
static int torment_once(struct worker *w, enum torment what, envid_t id, bool own_space)
{
    uintptr_t va = place_of(w, own_space) + choose(w, 40) * PAGE_SIZE;
    struct env_regs regs;
    struct aspace_usage usage;

    switch (what) {
    case STOP:
        return env_stop(id, 0);
    case ABORT:
        return env_stop(id, ENV_STOP_ABORT);
    case START:
        return env_start(id);
    case ALLOC:
        return page_alloc(id, va, 1 + choose(w, 16), PERM_RW);
    case UNMAP:
        return page_unmap(id, va, 1 + choose(w, 16));
    case PROTECT:
        if (choose(w, 4) != 0)
            (void)!page_alloc(id, va, 1, PERM_RW);
        return page_protect(id, va, 1, PERM_R);
    case PIN:
        return env_set_sched(id, SCHED_PRIO_DEFAULT, choose(w, test_cpus()));
    case PRIORITY:
        return env_set_sched(id, 1 + choose(w, 3), SCHED_ANY_CPU);
    case PAGER:
        return env_set_pager(id, env_self());
    case INFO:
        return aspace_info(id, &usage);
    case READ:
        if (choose(w, 4) != 0)
            (void)!env_stop(id, ENV_STOP_ABORT);
        return env_read_regs(id, &regs);
    default:
        return notify(id, 1);
    }
}

static int torment(struct worker *w, envid_t id, bool own_space)
{
    enum torment what = (enum torment)choose(w, TORMENTS);
    int result = torment_once(w, what, id, own_space);

    w->good[what] += result >= 0 ? 1 : 0;
    return result;
}

static bool is_expected(int result)
{
    return result >= 0 || result == -E_BAD_ENV || result == -E_BUSY || result == -E_INVAL ||
           result == -E_QUOTA;
}

/* All that a round has left in the worker's stretch goes, so that no page table is left there either. */
static bool clear_stretch(const struct worker *w)
{
    (void)!page_unmap(0, place_of(w, false), STRETCH_PAGES);
    return (page_table_entry(place_of(w, false)) & PERM_P) == 0;
}

static bool churn_victim(struct worker *w)
{
    bool own_space = choose(w, 2) == 0;
    envid_t id = victim_create(w, own_space);
    bool good = id > 0;

    for (uint32_t i = choose(w, 8); i > 0 && good; i--) {
        int result = torment(w, id, own_space);

        good = is_expected(result);
        if (!good)
            printf("# churn: a call on a victim returned %d\n", result);
    }
    if (id > 0)
        process_kill(id);
    w->last = id;
    return clear_stretch(w) && good;
}

/* A manager has victims of its own and is killed over it. */
static int manager(void *arg)
{
    struct worker w = *(const struct worker *)arg;

    w.random += (uint32_t)env_self();
    for (;;) {
        envid_t first = victim_create(&w, true);
        envid_t second = victim_create(&w, false);

        if (first > 0 && second > 0 && choose(&w, 2) == 0)
            (void)env_set_controller(first, second, NOTIFY_CHILD);
        if (second > 0)
            process_kill(second);
        if (first > 0)
            process_kill(first);
    }
}

static bool churn_manager(struct worker *w)
{
    envid_t id = test_thread_start(choose(w, test_cpus()), manager, w);

    if (id < 0)
        return false;
    for (uint32_t i = choose(w, 20); i > 0; i--)
        yield();
    thread_kill(id);
    while (test_end_controlled() != 0) {} /* what was the manager's, and was given to its victims */
    return clear_stretch(w);
}

static int work(void *arg)
{
    struct worker *w = arg;

    for (uint32_t i = 0; i < w->rounds; i++) {
        bool good = choose(w, 16) == 0 ? churn_manager(w) : churn_victim(w);

        w->failures += good ? 0 : 1;
    }
    return 0;
}

/* Each kind of call has met victims that it worked on. */
static void check_tally(const struct worker *workers, uint32_t count)
{
    bool all = true;

    for (uint32_t what = 0; what < TORMENTS; what++) {
        uint32_t good = 0;

        for (uint32_t i = 0; i < count; i++)
            good += workers[i].good[what];
        all = all && good != 0;
        if (good == 0)
            printf("# churn: call %u never succeeded\n", what);
    }
    CHECK(all, "churn_calls_succeed");
}

static void run_workers(uint32_t rounds, uint32_t seed)
{
    static struct worker workers[WORKERS_MAX];
    envid_t ids[WORKERS_MAX];
    uint32_t count = test_cpus() == 1 ? 2 : test_cpus();
    uint32_t failures = 0;
    bool ended = true;

    for (uint32_t i = 0; i < count; i++) {
        workers[i] =
            (struct worker){.index = i, .random = seed + i * 977, .rounds = rounds / count};
        ids[i] = test_thread_start(i % test_cpus(), work, &workers[i]);
    }
    for (uint32_t i = 0; i < count; i++) {
        struct env_death death = {.cause = 0};

        ended =
            ids[i] > 0 && thread_join(ids[i], &death) == 0 && death.cause == ENV_EXITED && ended;
        failures += workers[i].failures;
    }
    CHECK(ended, "churn_workers_end");
    CHECK_EQ(failures, 0, "churn_calls");
    check_tally(workers, count);
}

int main(int argc, char **argv)
{
    uint32_t rounds = test_option(argc, argv, "rounds", 300);
    uint32_t seed = test_option(argc, argv, "seed", (uint32_t)env_self());
    struct kernel_counters before;

    kernel_info(&before);
    run_workers(rounds, seed);
    CHECK(test_counts_settle(&before), "churn_all_is_free_again");
    return test_status();
}
