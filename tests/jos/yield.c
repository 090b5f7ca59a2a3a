/* sys_yield: envs on one CPU take turns in a fixed order, and nobody is left out. */
#include "tests/jos/test.h"

#define CHILDREN 3
#define TURNS    40

/* Shared by all (sfork). */
static volatile uint32_t turn;
static volatile uint8_t who[CHILDREN * TURNS];
static volatile uint32_t ready;
static volatile uint32_t cpu_of[CHILDREN];

static void child(uint32_t number)
{
    __sync_fetch_and_add(&ready, 1);
    while (ready != CHILDREN)
        sys_yield();
    for (int i = 0; i < TURNS; i++) {
        who[__sync_fetch_and_add(&turn, 1)] = (uint8_t)number;
        sys_yield();
    }
    cpu_of[number] = (uint32_t)thisenv->env_cpunum;
    exit();
}

/* In a stretch in which all are at it, each has one turn in three. */
static bool in_turn(void)
{
    bool good = true;

    for (int i = CHILDREN * 2; i < CHILDREN * (TURNS - 2); i++)
        good &= who[i] == who[i + CHILDREN] && who[i] != who[i + 1];
    return good;
}

void umain(int argc, char **argv)
{
    envid_t env[CHILDREN];
    uint32_t count[CHILDREN] = {0};
    bool one_cpu = true;

    for (uint32_t i = 0; i < CHILDREN; i++) {
        env[i] = sfork();
        if (env[i] == 0)
            child(i);
    }
    for (int i = 0; i < CHILDREN; i++)
        test_wait(env[i]);
    for (int i = 0; i < CHILDREN * TURNS; i++)
        count[who[i]]++;
    for (int i = 0; i < NENV; i++)
        one_cpu &= envs[i].env_cpunum == 0;
    CHECK(turn == CHILDREN * TURNS, "jos_yield_all_turns");
    CHECK(count[0] == TURNS && count[1] == TURNS && count[2] == TURNS, "jos_yield_nobody_left_out");
    if (one_cpu)
        CHECK(in_turn(), "jos_yield_round_robin");
    else
        cprintf("skip - jos_yield_round_robin: several CPUs\n");
}
