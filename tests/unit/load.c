/* apps/load.c: idle time while halted, wrap-around, bars. */
#include "apps/load.h"

#include "unit.h"

static uint32_t idle_at(uint32_t idle_us, uint32_t halted_since, uint32_t now)
{
    struct sysinfo_cpu cpu = {idle_us, halted_since};
    struct load_reading reading = load_read(&cpu, now);

    CHECK_INT(reading.at, now);
    return reading.idle;
}

static void load_of_a_cpu_that_runs(void)
{
    CHECK_INT(idle_at(500, 0, 1000), 500);
}

static void load_of_a_halted_cpu(void)
{
    CHECK_INT(idle_at(500, 901, 1001), 600);
    CHECK_INT(idle_at(500, 0xffffff01, 0x101), 500 + 0x200); /* over the wrap-around */
}

static void load_of_a_cpu_that_halted_just_now(void)
{
    CHECK_INT(idle_at(500, 1003, 1000), 500);
}

static uint32_t load(uint32_t elapsed, uint32_t idle)
{
    struct load_reading before = {.at = 0xfffffff0, .idle = 0xffffff00};
    struct load_reading after = {.at = before.at + elapsed, .idle = before.idle + idle};

    return load_permille(before, after);
}

static void load_shares(void)
{
    CHECK_INT(load(1000000, 0), 1000);
    CHECK_INT(load(1000000, 1000000), 0);
    CHECK_INT(load(1000000, 750000), 250);
    CHECK_INT(load(4000000000u, 2000000000u), 500);
}

static void load_inexact_readings(void)
{
    CHECK_INT(load(1000, 1001), 0);
    CHECK_INT(load(1000, (uint32_t)-1), 1000);
    CHECK_INT(load(0, 0), 0);
}

static void load_permille_of(void)
{
    CHECK_INT(permille(1, 2), 500);
    CHECK_INT(permille(3, 2), 1000);
    CHECK_INT(permille(0, 0), 0);
    CHECK_INT(permille(0xfffffffe, 0xffffffff), 999);
}

static void load_bars(void)
{
    char text[11];

    load_bar(text, 10, 0);
    CHECK_STR(text, "..........");
    load_bar(text, 10, 1000);
    CHECK_STR(text, "##########");
    load_bar(text, 10, 449);
    CHECK_STR(text, "####......");
    load_bar(text, 10, 450);
    CHECK_STR(text, "#####.....");
}

int main(void)
{
    UNIT_RUN(load_of_a_cpu_that_runs);
    UNIT_RUN(load_of_a_halted_cpu);
    UNIT_RUN(load_of_a_cpu_that_halted_just_now);
    UNIT_RUN(load_shares);
    UNIT_RUN(load_inexact_readings);
    UNIT_RUN(load_permille_of);
    UNIT_RUN(load_bars);
    return unit_done();
}
