/* What the programs of this folder share: they are written for the JOS user API alone, and say what they
 * found as all tests here do, one line a fact. The lines that only the kernel can say are in meson.build.
 */
#ifndef TESTS_JOS_TEST_H
#define TESTS_JOS_TEST_H

#include <inc/lib.h>

#define PTE_RW (PTE_P | PTE_U | PTE_W)
#define PTE_RO (PTE_P | PTE_U)

#define CHECK(condition, id) test_check((condition), (id), __LINE__, #condition)
#define CHECK_EQ(got, right, id) \
    test_check_eq((uint32_t)(got), (uint32_t)(right), (id), __LINE__, #got)
/* A call fails with that error, named without its sign. */
#define CHECK_ERROR(call, error, id) CHECK_EQ(call, -(error), id)

static inline bool test_check(bool good, const char *id, int line, const char *text)
{
    if (good)
        cprintf("ok - %s\n", id);
    else
        cprintf("not ok - %s: line %d: %s\n", id, line, text);
    return good;
}

static inline bool test_check_eq(uint32_t got, uint32_t right, const char *id, int line,
                                 const char *text)
{
    if (got == right)
        cprintf("ok - %s\n", id);
    else
        cprintf("not ok - %s: line %d: %s is %08x, not %08x\n", id, line, text, got, right);
    return got == right;
}

/* Until env is gone. */
static inline void test_wait(envid_t env)
{
    const volatile struct Env *e = &envs[ENVX(env)];

    while (e->env_id == env && e->env_status != ENV_FREE)
        sys_yield();
}

/* Until env is blocked in sys_ipc_recv. */
static inline void test_wait_receiving(envid_t env)
{
    while (!envs[ENVX(env)].env_ipc_recving)
        sys_yield();
}

#endif
