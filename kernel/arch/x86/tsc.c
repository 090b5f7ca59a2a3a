/* The clock, see tsc.h. PIT channel 2 is the reference: its gate and output are in port 0x61, so it
 * needs no interrupt (Intel 8254 data sheet, mode 0).
 */
#include "kernel/arch/x86/tsc.h"

#include <stdbool.h>

#include "kernel/arch.h"
#include "kernel/arch/x86/io.h"
#include "kernel/arch/x86/lapic.h"
#include "kernel/div.h"
#include "kernel/log.h"
#include "kernel/panic.h"

#define PIT_HZ        1193182u
#define PIT_CHANNEL_2 0x42
#define PIT_COMMAND   0x43
#define PIT_MODE_0    0xb0 /* channel 2, both bytes, count once */

#define PORT_B         0x61
#define PORT_B_GATE_2  0x01
#define PORT_B_SPEAKER 0x02
#define PORT_B_OUT_2   0x20

#define SAMPLE_COUNT 11932u /* 10.0002 ms */
#define SAMPLES_MAX  50     /* on a host that has more to do than it can */
#define DOUBT_SHIFT  11     /* a doubt of 1 in 2,048 is good enough */
#define DOUBT_ALL    UINT64_MAX
#define POLLS_MIN    100u
#define POLLS_MAX    1000000u

#define KHZ_MIN   1001u     /* us_per_tick would not fit below */
#define KHZ_MAX   16000000u /* ticks_per_us would not fit above */
#define KHZ_GUESS 1000000u  /* when the PIT does not count */

#define TICKS_PER_US_SHIFT 18
#define US_PER_TICK_SHIFT  32

/* A loop of that many pauses is about 1 us on no machine in particular. */
#define PAUSES_PER_US 50u

/* One run of the PIT on both clocks. doubt: TSC ticks by which the length may be wrong, because it
 * is only known between which two looks at the clock the run began and ended. */
struct sample {
    uint64_t tsc;
    uint64_t doubt;
    uint32_t lapic;
};

uint32_t tsc_khz;
uint64_t tsc_start;

/* Fixed point, immutable after calibration. */
static uint32_t ticks_per_us;
static uint32_t us_per_tick;

/* The gate is opened first and the run starts with the count's last byte: emulators start it there
 * and do not model the gate. */
static void prepare_pit(uint8_t port_b)
{
    io_out8(PORT_B, (uint8_t)((port_b & ~PORT_B_SPEAKER) | PORT_B_GATE_2));
    io_out8(PIT_COMMAND, PIT_MODE_0);
    io_out8(PIT_CHANNEL_2, SAMPLE_COUNT & 0xff);
}

/* An interruption by the host between two looks makes the doubt large; one in the middle of the run
 * does no harm. Looked at too rarely, the sample is worth nothing. Returns false if the run has no end. */
static bool take_sample(struct sample *sample)
{
    uint8_t port_b = io_in8(PORT_B);
    uint32_t polls = 0;

    lapic_timer_start_max();
    prepare_pit(port_b);
    uint64_t before = rdtsc();
    io_out8(PIT_CHANNEL_2, SAMPLE_COUNT >> 8);
    uint32_t lapic = lapic_timer_count();
    uint64_t begun = rdtsc();

    uint64_t running = begun; /* it was found running after that */
    for (uint64_t look = begun; !(io_in8(PORT_B) & PORT_B_OUT_2) && polls++ < POLLS_MAX;) {
        running = look;
        look = rdtsc();
    }
    sample->lapic = lapic - lapic_timer_count();
    uint64_t ended = rdtsc();

    lapic_timer_stop();
    io_out8(PORT_B, port_b);
    sample->doubt = (begun - before) + (ended - running);
    sample->tsc = ended - before - sample->doubt / 2;
    if (polls < POLLS_MIN)
        sample->doubt = DOUBT_ALL;
    return polls < POLLS_MAX;
}

/* The first sample that is good enough, or else the best of some. Returns false if the PIT does not count. */
static bool take_best_sample(struct sample *best)
{
    *best = (struct sample){.doubt = DOUBT_ALL};
    for (int i = 0; i < SAMPLES_MAX; i++) {
        struct sample sample;
        if (!take_sample(&sample))
            return false;
        if (sample.doubt < best->doubt)
            *best = sample;
        if (best->doubt < best->tsc >> DOUBT_SHIFT)
            break;
    }
    return best->doubt != DOUBT_ALL;
}

static uint32_t sample_khz(const struct sample *sample)
{
    uint64_t khz = sample->tsc * PIT_HZ;

    div_u64_u32(&khz, SAMPLE_COUNT);
    khz += 500;
    div_u64_u32(&khz, 1000);
    return khz > UINT32_MAX ? UINT32_MAX : (uint32_t)khz;
}

static void set_frequency(uint32_t khz)
{
    uint64_t per_us = (uint64_t)khz << TICKS_PER_US_SHIFT;
    uint64_t per_tick = (uint64_t)1000 << US_PER_TICK_SHIFT;

    div_u64_u32(&per_us, 1000);
    div_u64_u32(&per_tick, khz);
    ticks_per_us = (uint32_t)per_us;
    us_per_tick = (uint32_t)per_tick;
    tsc_khz = khz;
}

void tsc_calibrate(void)
{
    struct sample sample;

    tsc_start = rdtsc();
    bool good = take_best_sample(&sample);
    uint32_t khz = good ? sample_khz(&sample) : 0;

    if (!good || khz < KHZ_MIN || khz > KHZ_MAX || sample.lapic == 0) {
        log_warn("clock: no sense in the PIT (%u kHz), assuming %u kHz for TSC and LAPIC timer",
                 khz, KHZ_GUESS);
        khz = KHZ_GUESS;
        sample = (struct sample){.tsc = KHZ_GUESS, .lapic = KHZ_GUESS};
    }
    set_frequency(khz);
    lapic_timer_set_ratio(sample.lapic, (uint32_t)sample.tsc);
}

uint64_t tsc_from_us(uint64_t us)
{
    uint64_t low = (us & UINT32_MAX) * ticks_per_us >> TICKS_PER_US_SHIFT;
    uint64_t high = (us >> 32) * ticks_per_us;

    if (high >= UINT64_MAX >> (32 - TICKS_PER_US_SHIFT))
        return UINT64_MAX;
    high <<= 32 - TICKS_PER_US_SHIFT;
    return high > UINT64_MAX - low ? UINT64_MAX : high + low;
}

uint64_t tsc_to_us(uint64_t ticks)
{
    uint64_t low = (ticks & UINT32_MAX) * us_per_tick >> US_PER_TICK_SHIFT;

    return (ticks >> 32) * us_per_tick + low;
}

uint64_t arch_time_us(void)
{
    uint64_t now = rdtsc();

    /* On another CPU the counter may be a little behind. */
    return tsc_khz == 0 || now < tsc_start ? 0 : tsc_to_us(now - tsc_start);
}

void arch_delay_us(uint32_t us)
{
    if (tsc_khz == 0) {
        for (uint32_t i = 0; i < us * PAUSES_PER_US; i++)
            cpu_relax();
        return;
    }
    uint64_t start = rdtsc();
    uint64_t ticks = tsc_from_us(us);
    while (rdtsc() - start < ticks)
        cpu_relax();
}
