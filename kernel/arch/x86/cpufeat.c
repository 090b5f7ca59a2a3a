/* What the CPU can do, see cpufeat.h. Bits: SDM 2A (CPUID), 3A 2.5 (control registers). */
#include "kernel/arch/x86/cpufeat.h"

#include "kernel/arch/x86/cpuops.h"
#include "kernel/panic.h"
#include "kernel/string.h"

#define LEAF_BASIC        0x00000001u
#define LEAF_STRUCTURED   0x00000007u
#define LEAF_HYPERVISOR   0x40000000u
#define LEAF_EXTENDED_MAX 0x80000000u
#define LEAF_EXTENDED     0x80000001u
#define LEAF_BRAND        0x80000002u /* and the two after it */
#define LEAF_POWER        0x80000007u
#define LEAF_ADDRESS      0x80000008u
#define ADDRESS_BITS(eax) ((eax)&0xff)

#define BASIC_EDX_TSC        (1u << 4)
#define BASIC_EDX_MSR        (1u << 5)
#define BASIC_EDX_PAE        (1u << 6)
#define BASIC_EDX_CX8        (1u << 8)
#define BASIC_EDX_APIC       (1u << 9)
#define BASIC_EDX_SEP        (1u << 11)
#define BASIC_EDX_PGE        (1u << 13)
#define BASIC_EDX_CMOV       (1u << 15)
#define BASIC_EDX_PAT        (1u << 16)
#define BASIC_EDX_PSE36      (1u << 17)
#define BASIC_ECX_HYPERVISOR (1u << 31)
#define STRUCTURED_EBX_SMEP  (1u << 7)
#define STRUCTURED_EBX_SMAP  (1u << 20)
#define STRUCTURED_ECX_UMIP  (1u << 2)
#define EXTENDED_EDX_NX      (1u << 20)
#define POWER_EDX_INVARIANT  (1u << 8)

#define CR0_MP (1u << 1)
#define CR0_EM (1u << 2)
#define CR0_TS (1u << 3)
#define CR0_NE (1u << 5)
#define CR0_WP (1u << 16)
#define CR0_AM (1u << 18)
#define CR0_NW (1u << 29)
#define CR0_CD (1u << 30)

#define CR4_PAE  (1u << 5)
#define CR4_PGE  (1u << 7)
#define CR4_UMIP (1u << 11)
#define CR4_SMEP (1u << 20)
#define CR4_SMAP (1u << 21)

#define MSR_PAT  0x277
#define MSR_EFER 0xc0000080u
#define EFER_NXE (1u << 11)

/* Entries 0 to 3 are those of power-on, so that no page changes its type under way; entry 5 is
 * write-combining. Write-back, write-through, uncached-minus, uncached; the same but for entry 5. */
#define PAT_VALUE UINT64_C(0x0007010600070406)

/* Model-specific check of SDM 2B, SYSENTER: the first Pentium Pros claim it and lack it. */
#define SIGNATURE_FAMILY(eax)         ((eax) >> 8 & 0xf)
#define SIGNATURE_MODEL_STEPPING(eax) ((eax)&0xff)
#define FIRST_SEP_MODEL_STEPPING      0x33

struct cpu_features cpu_features;

static const struct {
    uint32_t bit;
    const char *name;
} required[] = {
    {BASIC_EDX_TSC, "a time-stamp counter"},
    {BASIC_EDX_MSR, "RDMSR and WRMSR"},
    {BASIC_EDX_PAE, "PAE paging"},
    {BASIC_EDX_CX8, "CMPXCHG8B"},
    {BASIC_EDX_APIC, "a local APIC"},
    {BASIC_EDX_SEP, "SYSENTER"},
    {BASIC_EDX_CMOV, "CMOV"},
};

static uint32_t basic_features(void)
{
    struct cpuid_regs basic = cpuid(LEAF_BASIC, 0);

    if (SIGNATURE_FAMILY(basic.eax) == 6 &&
        SIGNATURE_MODEL_STEPPING(basic.eax) < FIRST_SEP_MODEL_STEPPING)
        basic.edx &= ~BASIC_EDX_SEP;
    return basic.edx;
}

static void require_features(uint32_t have)
{
    for (unsigned int i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
        if (!(have & required[i].bit))
            panic("cannot boot: this CPU lacks %s", required[i].name);
    }
}

/* Without the leaf it is 36, if we go by the manual; but emulators that have neither the leaf nor
 * PSE-36 stop at 32, and nobody misses the memory above on a real CPU that old. */
static uint32_t address_bits(uint32_t extended_max, uint32_t basic)
{
    if (extended_max >= LEAF_ADDRESS)
        return ADDRESS_BITS(cpuid(LEAF_ADDRESS, 0).eax);
    return basic & BASIC_EDX_PSE36 ? 36 : 32;
}

static void read_names(uint32_t extended_max, bool has_hypervisor)
{
    struct cpuid_regs r = cpuid(0, 0);

    memcpy(cpu_features.vendor, &r.ebx, 4);
    memcpy(cpu_features.vendor + 4, &r.edx, 4);
    memcpy(cpu_features.vendor + 8, &r.ecx, 4);
    if (has_hypervisor) {
        r = cpuid(LEAF_HYPERVISOR, 0);
        memcpy(cpu_features.hypervisor, &r.ebx, 4);
        memcpy(cpu_features.hypervisor + 4, &r.ecx, 4);
        memcpy(cpu_features.hypervisor + 8, &r.edx, 4);
    }
    if (extended_max < LEAF_BRAND + 2)
        return;
    for (uint32_t i = 0; i < 3; i++) {
        r = cpuid(LEAF_BRAND + i, 0);
        memcpy(cpu_features.brand + i * sizeof(r), &r, sizeof(r));
    }
}

void cpufeat_detect(void)
{
    struct cpuid_regs zero = {0, 0, 0, 0};
    uint32_t basic = basic_features();
    uint32_t basic_max = cpuid(0, 0).eax;
    uint32_t extended_max = cpuid(LEAF_EXTENDED_MAX, 0).eax;
    struct cpuid_regs structured = basic_max >= LEAF_STRUCTURED ? cpuid(LEAF_STRUCTURED, 0) : zero;
    struct cpuid_regs extended = zero;
    struct cpuid_regs power = zero;

    require_features(basic);
    if (extended_max < LEAF_EXTENDED_MAX) /* the leaf itself is not there */
        extended_max = 0;
    if (extended_max >= LEAF_EXTENDED)
        extended = cpuid(LEAF_EXTENDED, 0);
    if (extended_max >= LEAF_POWER)
        power = cpuid(LEAF_POWER, 0);
    cpu_features = (struct cpu_features){
        .nx = extended.edx & EXTENDED_EDX_NX,
        .pge = basic & BASIC_EDX_PGE,
        .pat = basic & BASIC_EDX_PAT,
        .smep = structured.ebx & STRUCTURED_EBX_SMEP,
        .smap = structured.ebx & STRUCTURED_EBX_SMAP,
        .umip = structured.ecx & STRUCTURED_ECX_UMIP,
        .invariant_tsc = power.edx & POWER_EDX_INVARIANT,
        .phys_bits = address_bits(extended_max, basic),
    };
    read_names(extended_max, cpuid(LEAF_BASIC, 0).ecx & BASIC_ECX_HYPERVISOR);
}

void cpufeat_enable_this_cpu(void)
{
    uint32_t cr0 = cpu_read_cr0() & ~(CR0_NW | CR0_CD | CR0_AM);
    uint32_t cr4 = CR4_PAE; /* and OSFXSR, OSXSAVE off: SSE and AVX are #UD */

    /* EM and TS: x87 is #NM. MP: with TS, WAIT is #NM too. NE: no error line to the 8259. */
    cpu_write_cr0(cr0 | CR0_WP | CR0_EM | CR0_TS | CR0_MP | CR0_NE);
    if (cpu_features.nx)
        cpu_write_msr(MSR_EFER, cpu_read_msr(MSR_EFER) | EFER_NXE);
    if (cpu_features.pat)
        cpu_write_msr(MSR_PAT, PAT_VALUE);
    if (cpu_features.pge)
        cr4 |= CR4_PGE;
    if (cpu_features.smep)
        cr4 |= CR4_SMEP;
    if (cpu_features.smap)
        cr4 |= CR4_SMAP;
    if (cpu_features.umip)
        cr4 |= CR4_UMIP;
    cpu_write_cr4(cr4);
}
