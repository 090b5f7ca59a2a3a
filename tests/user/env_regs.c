/* Registers of envs: what is read is what was written, and what user code must not have is taken out. */
#include "abi/errors.h"
#include "grain/layout.h"
#include "grain/notify.h"
#include "grain/process.h"
#include "grain/syscall.h"
#include "grain/thread.h"
#include "grain/windows.h"
#include "tests/user/test.h"

#define FLAGS_ALWAYS   0x202u    /* IF, and the bit that is always 1 */
#define FLAGS_SETTABLE 0x240dd5u /* CF PF AF ZF SF TF DF OF AC ID */
#define FLAG_TF        0x100u
#define FLAGS_IOPL     0x3000u
#define FLAG_NT        0x4000u
#define FLAG_VM        0x20000u

#define VECTOR_PAGE_FAULT 14u

static void check_errors(void)
{
    struct env_regs regs = {.eip = 0};

    CHECK_ERROR(env_read_regs(0, &regs), E_BUSY, "env_regs_read_self");
    CHECK_ERROR(env_write_regs(0, &regs), E_BUSY, "env_regs_write_self");
    CHECK_ERROR(env_read_regs(-1, &regs), E_BAD_ENV, "env_regs_read_bad_id");
    CHECK_ERROR(env_write_regs(0x7fffffff, &regs), E_BAD_ENV, "env_regs_write_bad_id");
}

static bool flags_become(envid_t id, uint32_t written, uint32_t right)
{
    struct env_regs regs = {.eflags = written};

    return env_write_regs(id, &regs) == 0 && env_read_regs(id, &regs) == 0 && regs.eflags == right;
}

static void check_flags(envid_t id)
{
    bool each = true;

    CHECK(flags_become(id, 0, FLAGS_ALWAYS), "env_regs_if_stays");
    CHECK(flags_become(id, FLAGS_IOPL, FLAGS_ALWAYS), "env_regs_no_iopl");
    CHECK(flags_become(id, FLAG_NT, FLAGS_ALWAYS), "env_regs_no_nt");
    CHECK(flags_become(id, FLAG_VM, FLAGS_ALWAYS), "env_regs_no_vm");
    for (uint32_t bit = 0; bit < 32; bit++)
        each = flags_become(id, 1u << bit, FLAGS_ALWAYS | ((1u << bit) & FLAGS_SETTABLE)) && each;
    CHECK(each, "env_regs_each_flag");
    CHECK(flags_become(id, 0xffffffffu, FLAGS_ALWAYS | FLAGS_SETTABLE), "env_regs_all_flags");
}

static void check_round_trip(envid_t id)
{
    const struct env_regs want = {.edi = 1,
                                  .esi = 2,
                                  .ebp = 3,
                                  .ebx = 4,
                                  .edx = 5,
                                  .ecx = 6,
                                  .eax = 7,
                                  .eip = 0xffffffffu,
                                  .eflags = FLAGS_ALWAYS,
                                  .esp = 0xfffffffcu};
    struct env_regs got = {.eip = 0};

    CHECK_OK(env_write_regs(id, &want), "env_regs_write");
    CHECK_OK(env_read_regs(id, &got), "env_regs_read");
    CHECK(got.edi == 1 && got.esi == 2 && got.ebp == 3 && got.ebx == 4 && got.edx == 5 &&
              got.ecx == 6 && got.eax == 7 && got.eip == want.eip && got.esp == want.esp,
          "env_regs_same");
}

/* eip and esp anywhere: a fault of the env's own, where there is nothing to execute. */
static bool dies_at(uint32_t eip, uint32_t esp)
{
    struct env_regs regs = {.eip = eip, .esp = esp};
    struct env_death death = {.cause = 0};
    envid_t id = env_create(ENV_NEW_ASPACE, 0, 0, NOTIFY_CHILD);

    return env_write_regs(id, &regs) == 0 && env_start(id) == 0 && process_wait(id, &death) == 0 &&
           death.cause == ENV_FAULTED && death.vector == VECTOR_PAGE_FAULT &&
           death.address == eip && death.eip == eip;
}

static void check_anywhere(void)
{
    const uint32_t places[] = {0,           USER_TEXT,   USER_TOP - 1, USER_TOP,    UVPT_WINDOW,
                               KERNEL_BASE, 0xc0100000u, 0xff400000u,  0xffffffffu, SYSINFO_WINDOW};
    bool good = true;

    for (uint32_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        good = dies_at(places[i], places[sizeof(places) / sizeof(places[0]) - 1 - i]) && good;
    CHECK(good, "env_regs_eip_anywhere");
}

/* All ten registers reach the env: it stores them, and we look at it stopped. */
extern const char env_regs_loop[];
__asm__(".text\n"
        "env_regs_loop:\n\t"
        "incl %eax\n\t"
        "jmp env_regs_loop\n");

static void check_arrive(uint32_t cpu, const char *id_text)
{
    struct env_regs regs = {.edi = 11,
                            .esi = 12,
                            .ebp = 13,
                            .ebx = 14,
                            .edx = 15,
                            .ecx = 16,
                            .eip = (uint32_t)(uintptr_t)env_regs_loop,
                            .esp = 0x1000};
    envid_t id = env_create(0, 0, 0, NOTIFY_CHILD);
    bool good = test_pin(id, cpu) == 0 && env_write_regs(id, &regs) == 0 && env_start(id) == 0;

    for (uint32_t i = 0; i < 20 && good; i++) {
        uint32_t before = regs.eax;

        while (good && regs.eax == before) {
            yield();
            good = env_stop(id, 0) == 0 && env_read_regs(id, &regs) == 0 && env_start(id) == 0;
        }
        good = good && regs.edi == 11 && regs.esi == 12 && regs.ebp == 13 && regs.ebx == 14 &&
               regs.edx == 15 && regs.ecx == 16 && regs.esp == 0x1000 &&
               regs.eip - (uint32_t)(uintptr_t)env_regs_loop < 3;
    }
    CHECK(good, id_text);
    process_kill(id);
}

/* ENV_COPY_REGS: the child goes on where we are, with 0. */
static void check_copy(void)
{
    struct env_regs regs = {.eip = 0};
    envid_t id = env_create_copy(ENV_NEW_ASPACE, 0, 0, NOTIFY_CHILD);

    if (id == 0)
        (void)env_destroy(0, 1);
    CHECK_OK(env_read_regs(id, &regs), "env_regs_copy");
    CHECK_EQ(regs.eax, 0, "env_regs_copy_returns_0");
    CHECK(regs.eip - (uint32_t)(uintptr_t)check_copy < 0x1000 &&
              regs.esp - (uint32_t)(uintptr_t)&regs + 0x200 < 0x400,
          "env_regs_copy_place");
    process_kill(id);
}

/* By SYSENTER the child is inside the stub. */
static void check_copy_sysenter(void)
{
    struct env_regs regs = {.eip = 0};
    envid_t id = syscall4(SYS_env_create, ENV_NEW_ASPACE | ENV_COPY_REGS, 0, 0, NOTIFY_CHILD);

    CHECK_OK(env_read_regs(id, &regs), "env_regs_copy_sysenter");
    CHECK(regs.eax == 0 && regs.eip - VSYS_ENTER < PAGE_SIZE, "env_regs_copy_sysenter_place");
    process_kill(id);
}

int main(void)
{
    envid_t id = env_create(ENV_NEW_ASPACE, 0, 0, NOTIFY_CHILD);

    check_errors();
    check_flags(id);
    check_round_trip(id);
    process_kill(id);
    check_anywhere();
    check_arrive(0, "env_regs_arrive_cpu0");
    check_arrive(test_cpus() - 1, "env_regs_arrive_last_cpu");
    check_copy();
    check_copy_sysenter();
    return test_status();
}
