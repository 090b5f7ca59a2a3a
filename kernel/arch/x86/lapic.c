/* The local APIC, see lapic.h. Registers: SDM 3A, table 11-1. */
#include "kernel/arch/x86/lapic.h"

#include "kernel/arch.h"
#include "kernel/arch/x86/cpuops.h"
#include "kernel/arch/x86/paging.h"
#include "kernel/arch/x86/vectors.h"
#include "kernel/check/inject.h"
#include "kernel/div.h"
#include "kernel/panic.h"

#define LAPIC_BYTES 0x400

/* Byte offsets. */
#define REG_ID            0x020
#define REG_VERSION       0x030
#define REG_TASK_PRIORITY 0x080
#define REG_EOI           0x0b0
#define REG_SPURIOUS      0x0f0
#define REG_IN_SERVICE    0x100 /* eight registers, 16 bytes apart */
#define REG_ERROR_STATUS  0x280
#define REG_COMMAND_LOW   0x300
#define REG_COMMAND_HIGH  0x310
#define REG_LVT_TIMER     0x320
#define REG_LVT_THERMAL   0x330
#define REG_LVT_COUNTERS  0x340
#define REG_LVT_LINT0     0x350
#define REG_LVT_LINT1     0x360
#define REG_LVT_ERROR     0x370
#define REG_TIMER_INITIAL 0x380
#define REG_TIMER_CURRENT 0x390
#define REG_TIMER_DIVIDE  0x3e0

#define SPURIOUS_APIC_ENABLE 0x100
#define LVT_MASKED           0x10000
#define LVT_NMI              0x400
#define TIMER_DIVIDE_BY_1    0xb
#define VERSION_MAX_LVT(v)   ((v) >> 16 & 0xff)

#define COMMAND_FIXED       0x00000
#define COMMAND_NMI         0x00400
#define COMMAND_INIT        0x00500
#define COMMAND_STARTUP     0x00600
#define COMMAND_PENDING     0x01000
#define COMMAND_ASSERT      0x04000
#define COMMAND_ALL_OTHERS  0xc0000
#define COMMAND_TO_ID_SHIFT 24

#define MSR_APIC_BASE    0x1b
#define APIC_BASE_X2APIC 0x400
#define APIC_BASE_ENABLE 0x800

/* A command is accepted within a few bus cycles; a CPU that is not there cannot make this wait
 * long. */
#define COMMAND_LOOKS 100000u

#define RATIO_SHIFT 24

static volatile uint32_t *lapic; /* immutable after lapic_init */
static uint32_t counts_per_tick; /* times 2^RATIO_SHIFT; immutable after tsc_calibrate */

static uint32_t lapic_read(uint32_t reg)
{
    return lapic[reg / 4];
}

static void lapic_write(uint32_t reg, uint32_t value)
{
    lapic[reg / 4] = value;
}

void lapic_init(paddr_t registers)
{
    lapic = paging_map_mmio(registers, LAPIC_BYTES);
    if (lapic == NULL)
        panic("lapic: no room to map registers at %#llx", (unsigned long long)registers);
}

/* Firmware may have left the APIC off, or in x2APIC mode, where these registers do not exist and
 * which is left only by way of off (SDM 3A, 11.12.5). */
static void set_xapic_mode(void)
{
    uint64_t base = cpu_read_msr(MSR_APIC_BASE);

    if (base & APIC_BASE_X2APIC) {
        base &= ~(uint64_t)(APIC_BASE_X2APIC | APIC_BASE_ENABLE);
        cpu_write_msr(MSR_APIC_BASE, base);
    }
    if (!(base & APIC_BASE_ENABLE))
        cpu_write_msr(MSR_APIC_BASE, base | APIC_BASE_ENABLE);
}

static void drop_in_service(void)
{
    for (uint32_t i = 0; i < 8; i++) {
        for (uint32_t bits = lapic_read(REG_IN_SERVICE + i * 16); bits != 0; bits &= bits - 1)
            lapic_write(REG_EOI, 0);
    }
}

void lapic_enable_this_cpu(void)
{
    set_xapic_mode();
    uint32_t max_lvt = VERSION_MAX_LVT(lapic_read(REG_VERSION));

    lapic_write(REG_SPURIOUS, SPURIOUS_APIC_ENABLE | VECTOR_SPURIOUS);
    lapic_write(REG_TIMER_DIVIDE, TIMER_DIVIDE_BY_1);
    lapic_write(REG_TIMER_INITIAL, 0);
    lapic_write(REG_LVT_TIMER, VECTOR_TIMER); /* one shot; stopped while its count is 0 */
    lapic_write(REG_LVT_LINT0, LVT_MASKED);   /* the 8259s */
    lapic_write(REG_LVT_LINT1, LVT_NMI);
    if (max_lvt >= 4)
        lapic_write(REG_LVT_COUNTERS, LVT_MASKED);
    if (max_lvt >= 5)
        lapic_write(REG_LVT_THERMAL, LVT_MASKED);
    lapic_write(REG_LVT_ERROR, LVT_MASKED);
    lapic_read_errors();
    drop_in_service();
    lapic_write(REG_TASK_PRIORITY, 0);
}

uint8_t lapic_id(void)
{
    return (uint8_t)(lapic_read(REG_ID) >> 24);
}

void lapic_eoi(void)
{
    lapic_write(REG_EOI, 0);
}

bool lapic_in_service(uint8_t vector)
{
    return lapic_read(REG_IN_SERVICE + vector / 32u * 16u) >> vector % 32 & 1;
}

/* The low half sends. Nothing comes between the two writes: interrupts are off, and the one NMI
 * handler that sends ends the kernel. */
static void lapic_command(uint8_t id, uint32_t low)
{
    uint32_t looks = COMMAND_LOOKS;

    while ((lapic_read(REG_COMMAND_LOW) & COMMAND_PENDING) && looks-- != 0)
        cpu_relax();
    lapic_write(REG_COMMAND_HIGH, (uint32_t)id << COMMAND_TO_ID_SHIFT);
    lapic_write(REG_COMMAND_LOW, low);
}

void lapic_send_ipi(uint8_t id, uint8_t vector)
{
    inject_delay(DEBUG_DELAY_IPI);
    lapic_command(id, COMMAND_FIXED | COMMAND_ASSERT | vector);
}

void lapic_send_nmi(uint8_t id)
{
    lapic_command(id, COMMAND_NMI | COMMAND_ASSERT);
}

void lapic_send_nmi_others(void)
{
    lapic_command(0, COMMAND_NMI | COMMAND_ASSERT | COMMAND_ALL_OTHERS);
}

void lapic_send_init(uint8_t id)
{
    lapic_command(id, COMMAND_INIT | COMMAND_ASSERT);
}

void lapic_send_startup(uint8_t id, uint8_t page)
{
    lapic_command(id, COMMAND_STARTUP | COMMAND_ASSERT | page);
}

void lapic_timer_arm(uint64_t tsc_delta)
{
    uint64_t ticks = inject_timer(tsc_delta);
    uint32_t delta = ticks > UINT32_MAX ? UINT32_MAX : (uint32_t)ticks;
    uint64_t count = ((uint64_t)delta * counts_per_tick >> RATIO_SHIFT) + 1; /* 0 would stop it */

    lapic_write(REG_TIMER_INITIAL, count > UINT32_MAX ? UINT32_MAX : (uint32_t)count);
}

void lapic_timer_stop(void)
{
    lapic_write(REG_TIMER_INITIAL, 0);
}

uint32_t lapic_read_errors(void)
{
    lapic_write(REG_ERROR_STATUS, 0); /* latches what there is, and starts anew */
    return lapic_read(REG_ERROR_STATUS);
}

void lapic_timer_start_max(void)
{
    lapic_write(REG_TIMER_INITIAL, UINT32_MAX);
}

uint32_t lapic_timer_count(void)
{
    return lapic_read(REG_TIMER_CURRENT);
}

void lapic_timer_set_ratio(uint32_t counts, uint32_t tsc_ticks)
{
    uint64_t ratio = (uint64_t)counts << RATIO_SHIFT;

    div_u64_u32(&ratio, tsc_ticks);
    counts_per_tick = ratio > UINT32_MAX ? UINT32_MAX : (uint32_t)ratio;
}
