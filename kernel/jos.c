/* The words of MIT JOS; see jos.h. */
#include "kernel/jos.h"

#include "kernel/arch/x86/cpustate.h"
#include "kernel/arch/x86/vectors.h"
#include "kernel/format.h"
#include "kernel/log.h"

#define FRAME_TEXT_MAX 640u

bool jos_mode;
bool jos_says;

static const char *const trap_names[VECTOR_EXCEPTIONS] = {
    "Divide error",
    "Debug",
    "Non-Maskable Interrupt",
    "Breakpoint",
    "Overflow",
    "BOUND Range Exceeded",
    "Invalid Opcode",
    "Device Not Available",
    "Double Fault",
    "Coprocessor Segment Overrun",
    "Invalid TSS",
    "Segment Not Present",
    "Stack Fault",
    "General Protection",
    "Page Fault",
    "(unknown trap)",
    "x87 FPU Floating-Point Error",
    "Alignment Check",
    "Machine-Check",
    "SIMD Floating-Point Exception",
};

void jos_say_new(uint32_t creator, uint32_t id)
{
    if (jos_says)
        log_plain("[%08x] new env %08x", creator, id);
}

void jos_say_destroy(const struct env *self, const struct env *e)
{
    if (!jos_says)
        return;
    if (e == self)
        log_plain("[%08x] exiting gracefully", env_id(self));
    else
        log_plain("[%08x] destroying %08x", env_id(self), env_id(e));
}

void jos_say_free(uint32_t by, uint32_t id)
{
    if (jos_says)
        log_plain("[%08x] free env %08x", by, id);
}

/* The error line says what a page fault's code means. */
static size_t frame_error(char *text, size_t size, const struct fault *fault)
{
    uint32_t error = fault->error;

    if (fault->vector != VECTOR_PAGE_FAULT)
        return format_text(text, size, "  err  0x%08x\n", error);
    return format_text(text, size, "  cr2  0x%08x\n  err  0x%08x [%s, %s, %s]\n", fault->address,
                       error, error & 4u ? "user" : "kernel", error & 2u ? "write" : "read",
                       error & 1u ? "protection" : "not-present");
}

/* As one piece, so that no other CPU's line falls in. The registers stand in the env, and that is what
 * "TRAP frame at" names. */
static void say_frame(const struct env *self, const struct fault *fault)
{
    const struct env_regs *r = &self->regs;
    const char *name = fault->vector < VECTOR_EXCEPTIONS && trap_names[fault->vector] != NULL
                           ? trap_names[fault->vector]
                           : "(unknown trap)";
    char text[FRAME_TEXT_MAX];
    size_t len;

    len = format_text(text, sizeof(text),
                      "TRAP frame at %p from CPU %u\n"
                      "  edi  0x%08x\n  esi  0x%08x\n  ebp  0x%08x\n  oesp 0x%08x\n"
                      "  ebx  0x%08x\n  edx  0x%08x\n  ecx  0x%08x\n  eax  0x%08x\n"
                      "  es   0x----%04x\n  ds   0x----%04x\n  trap 0x%08x %s\n",
                      (const void *)r, cpu_id(), r->edi, r->esi, r->ebp, 0u, r->ebx, r->edx, r->ecx,
                      r->eax, SEL_USER_DATA, SEL_USER_DATA, fault->vector, name);
    len += frame_error(text + len, sizeof(text) - len, fault);
    len += format_text(text + len, sizeof(text) - len,
                       "  eip  0x%08x\n  cs   0x----%04x\n  flag 0x%08x\n"
                       "  esp  0x%08x\n  ss   0x----%04x\n",
                       r->eip, SEL_USER_CODE, r->eflags, r->esp, SEL_USER_DATA);
    log_raw(text, len < sizeof(text) ? len : sizeof(text) - 1);
}

void jos_say_fault(const struct env *self, const struct fault *fault)
{
    if (!jos_says)
        return;
    if (fault->vector == VECTOR_PAGE_FAULT)
        log_plain("[%08x] user fault va %08x ip %08x", env_id(self), fault->address,
                  self->regs.eip);
    say_frame(self, fault);
}

void jos_say_no_stack(const struct env *self, uint32_t va, const char *reason)
{
    if (jos_says)
        log_plain("[%08x] user_mem_check assertion failure for va %08x (%s)", env_id(self), va,
                  reason);
}
