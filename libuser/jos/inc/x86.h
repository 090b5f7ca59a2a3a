/* The JOS user API: single instructions. Those that need privilege are faults in user code. */
#ifndef JOS_INC_X86_H
#define JOS_INC_X86_H

#include <inc/types.h>

static inline void breakpoint(void)
{
    __asm__ volatile("int3");
}

static inline uint8_t inb(int port)
{
    uint8_t data;

    __asm__ volatile("inb %w1, %0" : "=a"(data) : "d"(port));
    return data;
}

static inline uint16_t inw(int port)
{
    uint16_t data;

    __asm__ volatile("inw %w1, %0" : "=a"(data) : "d"(port));
    return data;
}

static inline uint32_t inl(int port)
{
    uint32_t data;

    __asm__ volatile("inl %w1, %0" : "=a"(data) : "d"(port));
    return data;
}

static inline void outb(int port, uint8_t data)
{
    __asm__ volatile("outb %0, %w1" : : "a"(data), "d"(port));
}

static inline void outw(int port, uint16_t data)
{
    __asm__ volatile("outw %0, %w1" : : "a"(data), "d"(port));
}

static inline void outl(int port, uint32_t data)
{
    __asm__ volatile("outl %0, %w1" : : "a"(data), "d"(port));
}

/* cnt bytes, words or doublewords, to or from addr. */
static inline void insb(int port, void *addr, int cnt)
{
    __asm__ volatile("cld; rep insb" : "+D"(addr), "+c"(cnt) : "d"(port) : "memory", "cc");
}

static inline void insw(int port, void *addr, int cnt)
{
    __asm__ volatile("cld; rep insw" : "+D"(addr), "+c"(cnt) : "d"(port) : "memory", "cc");
}

static inline void insl(int port, void *addr, int cnt)
{
    __asm__ volatile("cld; rep insl" : "+D"(addr), "+c"(cnt) : "d"(port) : "memory", "cc");
}

static inline void outsb(int port, const void *addr, int cnt)
{
    __asm__ volatile("cld; rep outsb" : "+S"(addr), "+c"(cnt) : "d"(port) : "memory", "cc");
}

static inline void outsw(int port, const void *addr, int cnt)
{
    __asm__ volatile("cld; rep outsw" : "+S"(addr), "+c"(cnt) : "d"(port) : "memory", "cc");
}

static inline void outsl(int port, const void *addr, int cnt)
{
    __asm__ volatile("cld; rep outsl" : "+S"(addr), "+c"(cnt) : "d"(port) : "memory", "cc");
}

static inline void invlpg(void *addr)
{
    __asm__ volatile("invlpg (%0)" : : "r"(addr) : "memory");
}

/* p: a struct Pseudodesc. */
static inline void lidt(void *p)
{
    __asm__ volatile("lidt (%0)" : : "r"(p) : "memory");
}

static inline void lgdt(void *p)
{
    __asm__ volatile("lgdt (%0)" : : "r"(p) : "memory");
}

static inline void lldt(uint16_t sel)
{
    __asm__ volatile("lldt %0" : : "r"(sel));
}

static inline void ltr(uint16_t sel)
{
    __asm__ volatile("ltr %0" : : "r"(sel));
}

static inline void lcr0(uint32_t val)
{
    __asm__ volatile("movl %0, %%cr0" : : "r"(val) : "memory");
}

static inline uint32_t rcr0(void)
{
    uint32_t val;

    __asm__ volatile("movl %%cr0, %0" : "=r"(val));
    return val;
}

static inline uint32_t rcr2(void)
{
    uint32_t val;

    __asm__ volatile("movl %%cr2, %0" : "=r"(val));
    return val;
}

static inline uint32_t rcr3(void)
{
    uint32_t val;

    __asm__ volatile("movl %%cr3, %0" : "=r"(val));
    return val;
}

static inline void lcr3(uint32_t val)
{
    __asm__ volatile("movl %0, %%cr3" : : "r"(val) : "memory");
}

static inline void lcr4(uint32_t val)
{
    __asm__ volatile("movl %0, %%cr4" : : "r"(val) : "memory");
}

static inline uint32_t rcr4(void)
{
    uint32_t val;

    __asm__ volatile("movl %%cr4, %0" : "=r"(val));
    return val;
}

static inline void tlbflush(void)
{
    lcr3(rcr3());
}

static inline uint32_t read_eflags(void)
{
    uint32_t eflags;

    __asm__ volatile("pushfl; popl %0" : "=r"(eflags));
    return eflags;
}

static inline void write_eflags(uint32_t eflags)
{
    __asm__ volatile("pushl %0; popfl" : : "r"(eflags) : "cc");
}

static inline uint32_t read_ebp(void)
{
    uint32_t ebp;

    __asm__ volatile("movl %%ebp, %0" : "=r"(ebp));
    return ebp;
}

static inline uint32_t read_esp(void)
{
    uint32_t esp;

    __asm__ volatile("movl %%esp, %0" : "=r"(esp));
    return esp;
}

static inline void cpuid(uint32_t info, uint32_t *eaxp, uint32_t *ebxp, uint32_t *ecxp,
                         uint32_t *edxp)
{
    uint32_t eax, ebx, ecx, edx;

    __asm__ volatile("cpuid" : "=a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx) : "a"(info), "c"(0));
    if (eaxp != NULL)
        *eaxp = eax;
    if (ebxp != NULL)
        *ebxp = ebx;
    if (ecxp != NULL)
        *ecxp = ecx;
    if (edxp != NULL)
        *edxp = edx;
}

static inline uint64_t read_tsc(void)
{
    uint64_t tsc;

    __asm__ volatile("rdtsc" : "=A"(tsc));
    return tsc;
}

/* Exchanges, with a full barrier. Returns what was there. */
/* NOLINTNEXTLINE(readability-non-const-parameter): it is written */
static inline uint32_t xchg(volatile uint32_t *addr, uint32_t newval)
{
    return __atomic_exchange_n(addr, newval, __ATOMIC_SEQ_CST);
}

#endif
