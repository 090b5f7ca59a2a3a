/* I/O ports and interrupt lines: errors, and the real-time clock's periodic interrupt as a line that
 * does something. */
#include <stdio.h>

#include "abi/errors.h"
#include "grain/ipc.h"
#include "grain/notify.h"
#include "grain/process.h"
#include "grain/syscall.h"
#include "grain/thread.h"
#include "grain/windows.h"
#include "tests/user/test.h"

#define RTC_IRQ   8u
#define RTC_INDEX 0x70
#define RTC_DATA  0x71
#define RTC_A     0x0au
#define RTC_B     0x0bu
#define RTC_C     0x0cu
#define RTC_B_PIE 0x40u
#define RTC_RATE  0x26u /* 1024 Hz */

#define BIT_TICK 0x10u
#define TICKS    20u
#define LINES    32u

static uint32_t rtc_read(uint32_t reg)
{
    uint32_t value = 0;

    if (port_out(RTC_INDEX, 1, reg) != 0 || port_in(RTC_DATA, 1, &value) != 0)
        return 0xffffffffu;
    return value;
}

static void rtc_write(uint32_t reg, uint32_t value)
{
    (void)!port_out(RTC_INDEX, 1, reg);
    (void)!port_out(RTC_DATA, 1, value);
}

static void check_port_arguments(void)
{
    uint32_t value;
    bool good = true;

    for (uint32_t bytes = 0; bytes < 9; bytes++) {
        if (bytes != 1 && bytes != 2 && bytes != 4)
            good = port_in(RTC_INDEX, bytes, &value) == -E_INVAL &&
                   port_out(0x80, bytes, 0) == -E_INVAL && good;
    }
    CHECK(good, "port_bytes");
    CHECK_ERROR(syscall2(SYS_port_in, 0x10000, 1), E_INVAL, "port_in_beyond");
    CHECK_ERROR(syscall2(SYS_port_in, 0xffff, 2), E_INVAL, "port_in_across_end");
    CHECK_ERROR(syscall2(SYS_port_in, 0xfffd, 4), E_INVAL, "port_in_4_across_end");
    CHECK_ERROR(syscall3(SYS_port_out, 0xffffffffu, 1, 0), E_INVAL, "port_out_wraps");
    CHECK_ERROR(syscall2(SYS_port_in, RTC_INDEX, 0xffffffffu), E_INVAL, "port_bytes_max");
    CHECK_EQ(syscall2(SYS_port_in, 0xffff, 1) >= 0, true, "port_in_last");
}

static void check_port_values(void)
{
    uint32_t value = 0;

    rtc_write(0x50, 0xa5); /* a byte of the clock's memory */
    CHECK_EQ(rtc_read(0x50), 0xa5, "port_byte");
    rtc_write(0x50, 0x5a);
    CHECK_EQ(rtc_read(0x50), 0x5a, "port_byte_again");
    /* PCI configuration address: a register of 32 bits that keeps what is written. */
    CHECK_OK(port_out(0xcf8, 4, 0x80000000u), "port_out_4");
    CHECK_OK(port_in(0xcf8, 4, &value), "port_in_4");
    CHECK_EQ(value, 0x80000000u, "port_word_with_sign");
    CHECK_OK(port_in(0xcfc, 2, &value), "port_in_2");
    CHECK(value <= 0xffff, "port_in_2_width");
}

static void check_attach_errors(void)
{
    CHECK_ERROR(irq_attach(LINES, 1), E_INVAL, "irq_attach_line_32");
    CHECK_ERROR(irq_attach(0xffffffffu, 1), E_INVAL, "irq_attach_line_max");
    CHECK_ERROR(irq_ack(LINES), E_INVAL, "irq_ack_line_32");
    CHECK_ERROR(irq_ack(RTC_IRQ), E_INVAL, "irq_ack_not_attached");
    CHECK_ERROR(irq_attach(LINES - 1, 1), E_INVAL, "irq_attach_no_pin");
    CHECK_OK(irq_attach(RTC_IRQ, 0), "irq_detach_free");
}

static int other_body(void *arg)
{
    (void)arg;
    if (irq_attach(RTC_IRQ, 1) != -E_BUSY || irq_attach(RTC_IRQ, 0) != -E_BUSY)
        return 1;
    return irq_ack(RTC_IRQ) == -E_INVAL ? 0 : 2;
}

static bool wait_ticks(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (notify_wait_us(BIT_TICK, TEST_PATIENCE_US) != BIT_TICK)
            return false;
        (void)rtc_read(RTC_C); /* or it does not interrupt again */
        if (irq_ack(RTC_IRQ) != 0)
            return false;
    }
    return true;
}

static void check_rtc(void)
{
    uint32_t control = rtc_read(RTC_B);

    CHECK_OK(irq_attach(RTC_IRQ, BIT_TICK), "irq_attach");
    CHECK_OK(irq_attach(RTC_IRQ, BIT_TICK), "irq_attach_again");
    rtc_write(RTC_A, RTC_RATE);
    rtc_write(RTC_B, control | RTC_B_PIE);
    (void)rtc_read(RTC_C);
    CHECK(wait_ticks(TICKS), "irq_ticks");
    CHECK_CHILD(other_body, NULL, "irq_of_another");
    CHECK(wait_ticks(TICKS), "irq_ticks_go_on");
    CHECK_OK(irq_attach(RTC_IRQ, 0), "irq_detach");
    (void)rtc_read(RTC_C);
    (void)notify_wait_us(BIT_TICK, 0); /* one that was on its way */
    (void)rtc_read(RTC_C);
    CHECK_EQ(notify_wait_us(BIT_TICK, 20000), 0, "irq_detached_is_quiet");
    rtc_write(RTC_B, control);
    (void)rtc_read(RTC_C);
}

/* Who ends loses its lines: another may have them. */
static int owner_body(void *arg)
{
    (void)arg;
    return irq_attach(RTC_IRQ, BIT_TICK) == 0 ? 0 : 1;
}

static void check_owner_dies(void)
{
    CHECK_CHILD(owner_body, NULL, "irq_owner");
    CHECK_OK(irq_attach(RTC_IRQ, BIT_TICK), "irq_free_after_death");
    CHECK_OK(irq_attach(RTC_IRQ, 0), "irq_free_again");
}

int main(void)
{
    check_port_arguments();
    check_port_values();
    check_attach_errors();
    check_rtc();
    check_owner_dies();
    return test_status();
}
