/* What must hold for every struct platform that a parser returns, whatever it was fed. */
#ifndef GRAIN_TESTS_PLATFORM_HOST_H
#define GRAIN_TESTS_PLATFORM_HOST_H

#include "kernel/arch/x86/platform.h"
#include "unit.h"

static struct platform platform;

static inline void platform_check_invariants(uint8_t boot_lapic_id)
{
    bool seen[256] = {false};

    CHECK(platform.ncpus >= 1 && platform.ncpus <= GRAIN_MAX_CPUS);
    CHECK(platform.nfound >= platform.ncpus);
    CHECK(platform.cpus[0].lapic_id == boot_lapic_id);
    for (uint32_t i = 0; i < platform.ncpus && i < GRAIN_MAX_CPUS; i++) {
        CHECK(!seen[platform.cpus[i].lapic_id]);
        seen[platform.cpus[i].lapic_id] = true;
    }
    CHECK(platform.lapic_pa != 0);
    CHECK(platform.nioapics <= PLATFORM_IOAPICS_MAX);
    for (uint32_t i = 0; i < platform.nioapics && i < PLATFORM_IOAPICS_MAX; i++) {
        CHECK(platform.ioapics[i].pa != 0);
        for (uint32_t j = 0; j < i; j++)
            CHECK(platform.ioapics[i].gsi_base != platform.ioapics[j].gsi_base);
    }
    CHECK(platform.source != NULL);
}

#endif
