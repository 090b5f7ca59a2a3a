/* kernel/mm/aspace.h: two spaces under random operations, each compared with its model after each. */
#include "abi/errors.h"
#include "abi/perm.h"
#include "aspace_model.h"
#include "kernel/cpu.h"
#include "machine_host.h"
#include "panic_host.h"
#include "unit.h"

#define SPACES  2u
#define FRAMES  400u /* a zone */
#define PIN_MAX 20u
#define ROUNDS  6000u
#define QUOTA   120u

static struct model spaces[SPACES];

/* A range of the universe that lies in one place. */
struct span {
    uint32_t index;
    uint32_t pages;
};

static struct span random_span(uint32_t longest)
{
    uint32_t at = unit_random(MODEL_PAGES);
    uint32_t most = MODEL_PAGES - at < longest ? MODEL_PAGES - at : longest;

    return (struct span){unit_random(MODEL_PLACES) * MODEL_PAGES + at, 1 + unit_random(most)};
}

static uint32_t random_perm(void)
{
    static const uint32_t perms[] = {PERM_R, PERM_RW, PERM_RX, PERM_RW | 0x400u};

    return perms[unit_random(4)];
}

static bool is_mapped(const struct model *m, struct span s)
{
    return model_mapped(m, s.index, s.pages) == s.pages;
}

static bool is_writable(const struct model *m, struct span s)
{
    for (uint32_t i = 0; i < s.pages; i++) {
        if (!(m->page[s.index + i].perm & PERM_W))
            return false;
    }
    return true;
}

/* How often the frame is mapped, in whatever space. */
static uint32_t mappings(uint32_t pfn)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < SPACES * MODEL_ALL; i++)
        count += spaces[i / MODEL_ALL].page[i % MODEL_ALL].pfn == pfn;
    return count;
}

/* Whether each page is writable, or may become so: no other has its frame. */
static bool may_become_writable(const struct model *m, struct span s)
{
    for (uint32_t i = s.index; i < s.index + s.pages; i++) {
        if (!(m->page[i].perm & PERM_W) && mappings(m->page[i].pfn) != 1)
            return false;
    }
    return true;
}

static bool fits_quota(const struct model *m, struct span s)
{
    return model_frames(m) + model_cost(m, s.index, s.pages) <= m->quota;
}

static void model_set(struct model *m, struct span s, uint32_t perm, const uint32_t *pfns)
{
    for (uint32_t i = 0; i < s.pages; i++)
        m->page[s.index + i] = (struct model_page){.pfn = pfns[i], .perm = perm};
}

static bool random_alloc(struct model *m)
{
    struct span s = random_span(ASPACE_ALLOC_STEP);
    uint32_t perm = random_perm();
    int wanted = fits_quota(m, s) ? 0 : -E_QUOTA;
    uint32_t pfns[ASPACE_ALLOC_STEP];

    if (aspace_alloc_pages(m->as, model_va(s.index), s.pages, perm) != wanted)
        return false;
    if (wanted != 0)
        return true;
    for (uint32_t i = 0; i < s.pages; i++)
        pfns[i] = PTE_PFN(model_walk(m->as, 0, model_va(s.index + i)));
    model_set(m, s, perm, pfns);
    return true;
}

/* The longest prefix of the span with at most ASPACE_UNMAP_STEP mapped pages is at least what must go, and then
 * the rest. */
static bool random_unmap(struct model *m)
{
    struct span s = random_span(MODEL_PAGES);
    uint32_t done = 0;

    while (done < s.pages) {
        uint32_t step = aspace_unmap(m->as, model_va(s.index + done), s.pages - done);

        if (step == 0 || (step < ASPACE_UNMAP_STEP && done + step != s.pages))
            return false;
        done += step;
    }
    memset(&m->page[s.index], 0, s.pages * sizeof(m->page[0]));
    return true;
}

static bool random_protect(struct model *m)
{
    struct span s = random_span(MODEL_PAGES);
    uint32_t perm = random_perm();
    bool may_grant = unit_random(2) == 0;
    bool good = is_mapped(m, s) &&
                (!(perm & PERM_W) || is_writable(m, s) || (may_grant && may_become_writable(m, s)));

    if (aspace_protect(m->as, model_va(s.index), s.pages, perm, may_grant) != (good ? 0 : -E_INVAL))
        return false;
    for (uint32_t i = 0; i < s.pages && good; i++)
        m->page[s.index + i].perm = perm;
    return true;
}

/* As a message does: pin, insert at the other side, and for a move unmap. */
static bool random_transfer(struct model *from, struct model *to)
{
    struct span s = random_span(PIN_MAX);
    struct span t = {unit_random(MODEL_PLACES) * MODEL_PAGES + unit_random(MODEL_PAGES - PIN_MAX),
                     s.pages};
    uint32_t perm = random_perm();
    uint32_t *pins = this_cpu()->pins;
    bool good = is_mapped(from, s) && (!(perm & PERM_W) || is_writable(from, s));
    bool moves = unit_random(2) == 0;

    if (aspace_pin(from->as, model_va(s.index), s.pages, perm, pins) != (good ? 0 : -E_INVAL))
        return false;
    if (!good)
        return true;
    good = fits_quota(to, t);
    if (aspace_insert(to->as, model_va(t.index), t.pages, perm, pins) != (good ? 0 : -E_QUOTA))
        return false;
    if (!good) {
        aspace_unpin(pins, s.pages);
        return true;
    }
    model_set(to, t, perm, pins);
    if (moves && from != to) {
        aspace_unmap_pinned(from->as, model_va(s.index), s.pages, pins);
        memset(&from->page[s.index], 0, s.pages * sizeof(from->page[0]));
    }
    return true;
}

static bool random_write(const struct model *m)
{
    struct span s = random_span(3);
    uint32_t offset = unit_random(PAGE_SIZE);
    static char text[2 * PAGE_SIZE];
    uint32_t len = (s.pages - 1) * PAGE_SIZE;
    bool good = is_mapped(m, s) && is_writable(m, s);
    const char *last;

    if (len == 0)
        return true;
    memset(text, (int)unit_random(256), sizeof(text));
    if (aspace_write(m->as, model_va(s.index) + offset, text, len) != (good ? 0 : -E_FAULT) &&
        offset != 0)
        return false;
    if (!good || offset == 0)
        return true;
    last = host_memory + ((size_t)m->page[s.index + s.pages - 1].pfn << PAGE_SHIFT);
    return last[offset - 1] == text[0];
}

static bool random_step(void)
{
    struct model *m = &spaces[unit_random(SPACES)];

    switch (unit_random(8)) {
    case 0:
    case 1:
    case 2:
        return random_alloc(m);
    case 3:
        return random_unmap(m);
    case 4:
        return random_protect(m);
    case 5:
        return random_write(m);
    default:
        return random_transfer(m, &spaces[unit_random(SPACES)]);
    }
}

static void start(void)
{
    machine_init(FRAMES, FRAMES);
    memset(&lock_host_cpu, 0, sizeof(lock_host_cpu));
    for (uint32_t i = 0; i < SPACES; i++)
        spaces[i] = (struct model){.as = aspace_create(QUOTA), .quota = QUOTA};
}

static void aspace_random_as_modelled(void)
{
    bool good = true;

    start();
    for (uint32_t i = 0; i < ROUNDS && good; i++) {
        good = random_step() && model_holds(&spaces[0]) && model_holds(&spaces[1]) &&
               (i % 16 != 0 || model_counts_hold(spaces, SPACES, 0));
        if (!good)
            printf("# in step %u\n", i);
    }
    CHECK(good);
    CHECK_INT(lock_host_cpu.depth, 0);
}

static void aspace_random_teardown_frees_all(void)
{
    for (uint32_t i = 0; i < SPACES; i++) {
        while (!aspace_teardown(spaces[i].as)) {}
    }
    CHECK_INT(machine_count_used(), 0);
    CHECK_INT(frame_count_free(), 2 * FRAMES);
    CHECK_INT(aspace_count, 0);
}

int main(void)
{
    UNIT_RUN(aspace_random_as_modelled);
    UNIT_RUN(aspace_random_teardown_frees_all);
    return unit_done();
}
