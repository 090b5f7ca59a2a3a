/* kernel/ksyms.c: the search. */
#include "kernel/ksyms.h"

#include "unit.h"

static void ksyms_empty(void)
{
    const struct ksyms_table table = {0, NULL, NULL, NULL};
    uint32_t offset = 0;

    CHECK(ksyms_search(&table, 0, &offset) == NULL);
    CHECK(ksyms_search(&table, UINT32_MAX, &offset) == NULL);
}

static void check(const struct ksyms_table *table, uint32_t addr, const char *want, uint32_t at)
{
    uint32_t offset = UINT32_MAX;
    const char *name = ksyms_search(table, addr, &offset);

    CHECK(name != NULL);
    CHECK_STR(name == NULL ? "" : name, want);
    CHECK_INT(offset, at);
}

static void ksyms_edges(void)
{
    static const uint32_t addr[] = {0x1000, 0x1010, 0x1010, 0xfffffff0};
    static const uint32_t name_off[] = {0, 6, 10, 16};
    const struct ksyms_table table = {4, addr, name_off, "start\0two\0three\0last"};
    uint32_t offset;

    CHECK(ksyms_search(&table, 0, &offset) == NULL);
    CHECK(ksyms_search(&table, 0xfff, &offset) == NULL);
    check(&table, 0x1000, "start", 0);
    check(&table, 0x100f, "start", 0xf);
    check(&table, 0x1010, "three", 0); /* the last of two names for one address */
    check(&table, 0xffffffef, "three", 0xffffefdf);
    check(&table, 0xffffffff, "last", 0xf);
}

static void ksyms_against_linear_search(void)
{
    static uint32_t addr[100];
    static uint32_t name_off[100];
    static char names[200];

    for (uint32_t count = 1; count <= 100; count++) {
        struct ksyms_table table = {count, addr, name_off, names};
        uint32_t at = unit_random(50);
        for (uint32_t i = 0; i < count; i++) {
            addr[i] = at;
            name_off[i] = 2 * i;
            at += 1 + unit_random(20);
        }
        for (uint32_t probe = 0; probe < at + 5; probe++) {
            uint32_t best = UINT32_MAX;
            uint32_t offset = 0;
            for (uint32_t i = 0; i < count && addr[i] <= probe; i++)
                best = i;
            const char *name = ksyms_search(&table, probe, &offset);
            CHECK(name == (best == UINT32_MAX ? NULL : names + 2 * best));
            CHECK(name == NULL || offset == probe - addr[best]);
        }
    }
}

int main(void)
{
    UNIT_RUN(ksyms_empty);
    UNIT_RUN(ksyms_edges);
    UNIT_RUN(ksyms_against_linear_search);
    return unit_done();
}
