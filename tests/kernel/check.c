/* The check of the kernel's structures finds what is wrong with them: a few envs in all kinds of waits, then one
 * word after the other spoiled, and put right again. (It stops nobody here: the other CPUs stand in the gang.
 * Shootdowns that are not answered cannot be spoiled: whoever waits answers.)
 */
#include "kernel/check/check.h"
#include "abi/ipc.h"
#include "abi/perm.h"
#include "kernel/arch/x86/tsc.h"
#include "kernel/check/inside.h"
#include "kernel/ipc/mailbox.h"
#include "kernel/mm/aspace.h"
#include "kernel/mm/frame.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/timer.h"
#include "kernel/string.h"
#include "tests/kernel/ktest.h"

#define QUOTA   64u
#define PAGE_VA 0x40000000u
#define LONG_US 1000000000u

enum { PARENT, READY, OWNER, SENDER, SERVER, WAITER, ENVS };

static struct env *envs[ENVS];
static struct aspace *space;
static pte_t *page_table; /* of PAGE_VA */
static struct env_limits limits = {
    .syscalls = {UINT32_MAX, UINT32_MAX}, .send_count = ENV_SEND_ANY, .frames = QUOTA};

static bool make_env(uint32_t i)
{
    struct env_new what = {.aspace = space, .limits = &limits, .priority = SCHED_PRIO_DEFAULT};

    if (i != PARENT) {
        what.joins = true;
        what.controller = env_id(envs[PARENT]);
    }
    return env_create(&what, &envs[i]) > 0;
}

/* As if it had made that ipc. */
static void block(struct env *e, uint32_t op, uint32_t from, enum env_state state,
                  struct env *box) NO_LOCK_ANALYSIS
{
    e->ipc_op = SYS_ipc | op;
    e->resume = ENV_RESUME_SYSEXIT;
    atomic_store(&e->wait_from, from);
    env_lock(box);
    if (state == ENV_STATE_SENDING)
        list_append(&box->senders, &e->link);
    else if (box != e)
        list_append(&box->receivers, &e->link);
    box->mail = true;
    mailbox_block_locked(e, state, box);
    env_unlock(box);
}

/* This CPU's cache has two frames at least afterwards. */
static bool fill_cache(void)
{
    uint32_t one = frame_alloc(FRAME_LOW);
    uint32_t other = frame_alloc(FRAME_LOW);

    if (one == FRAME_NONE || other == FRAME_NONE)
        return false;
    frame_unref(one);
    frame_unref(other);
    return true;
}

static bool make_world(void)
{
    const pte_t *directory;

    space = aspace_create(QUOTA);
    if (space == NULL)
        return false;
    for (uint32_t i = 0; i < ENVS; i++) {
        if (!make_env(i))
            return false;
    }
    if (aspace_alloc_pages(space, PAGE_VA, 4, PERM_RW) != 0)
        return false;
    directory = phys_to_virt((paddr_t)space->directory[PAGE_VA >> 30] << PAGE_SHIFT);
    page_table = phys_to_virt((paddr_t)PTE_PFN(directory[(PAGE_VA >> LARGE_SHIFT) % PTES_PER_TABLE])
                              << PAGE_SHIFT);
    atomic_store(&envs[PARENT]->has_children, true);
    atomic_store(&envs[PARENT]->is_awaited, true);
    atomic_store(&envs[OWNER]->is_awaited, true);
    atomic_store(&envs[SERVER]->mailbox, envs[OWNER]);
    envs[SERVER]->mailbox_id = env_id(envs[OWNER]);
    env_update_slow(envs[SERVER]);
    sched_wake(envs[READY]);
    block(envs[OWNER], IPC_RECV, WAIT_ANY, ENV_STATE_RECEIVING, envs[OWNER]);
    block(envs[SENDER], IPC_SEND, WAIT_ANY, ENV_STATE_SENDING, envs[PARENT]);
    block(envs[SERVER], IPC_RECV, WAIT_ANY, ENV_STATE_RECEIVING, envs[OWNER]);
    block(envs[WAITER], IPC_RECV | IPC_CLOSED, env_id(envs[PARENT]), ENV_STATE_RECEIVING,
          envs[WAITER]);
    timer_add(envs[WAITER], rdtsc() + tsc_from_us(LONG_US));
    this_cpu()->timer_armed = envs[WAITER]->deadline;
    return fill_cache();
}

static bool first_says(const char *text)
{
    for (const char *at = check_first(); *at != 0; at++) {
        if (strncmp(at, text, strlen(text)) == 0)
            return true;
    }
    return false;
}

/* One word is spoiled by an exclusive or; the first violation has `text` in it. */
static void spoil(const char *name, void *at, uint32_t bits, const char *text)
{
    char id[64];
    uint32_t *word = at;
    uint32_t before = *word;
    uint32_t found;

    *word ^= bits;
    found = check_all();
    ktest_fact(ktest_id(id, sizeof(id), "check_finds_%s", name), found != 0 && first_says(text),
               "%u: %s", found, check_first());
    *word = before;
}

static void spoil_envs(void) NO_LOCK_ANALYSIS
{
    struct env *parent = envs[PARENT];
    struct env *owner = envs[OWNER];

    spoil("claimed", &envs[OWNER]->state, ENV_STATE_CLAIMED ^ ENV_STATE_RECEIVING, "claimed");
    spoil("no_queue", &parent->state, ENV_STATE_STOPPED ^ ENV_STATE_READY, "in no queue");
    spoil("id", &parent->id, 0x1000, "its public id is");
    spoil("ready_word", &owner->ready, 0x1000, "its ready word is");
    spoil("ready_word_of_stopped", &parent->ready, 1, "its ready word is");
    spoil("slow_word", &parent->slow, SLOW_LISTED, "its slow word is");
    spoil("priority_word", &envs[READY]->above, 1, "its word of higher priorities");
    spoil("cr3", &parent->cr3, 0x1000, "its cr3 is");
    spoil("home", &parent->home, 0x100, "home");
    spoil("pin", &parent->pinned, 0xffffff00, "it is pinned");
    spoil("posted", &owner->posted, 1, "posted, and in so many inboxes");
    spoil("kill_of_stopped", &parent->pending, PENDING_KILL, "it will never know");
    spoil("kill_of_blocked", &owner->pending, PENDING_KILL, "nobody was told");
    spoil("bits", &owner->notified, 1, "bits are there");
    spoil("partner_gone", &envs[WAITER]->wait_from, 0x1000, "waits for an env that is gone");
    spoil("mail", &parent->mail, 1, "does not know");
    spoil("public_status", (void *)(uintptr_t)&parent->public->status, 1, "its public status");
    spoil("public_controller", (void *)(uintptr_t)&owner->public->controller, 1,
          "its public controller");
    spoil("children", &parent->has_children, 1, "knows of no children");
    spoil("step", &parent->step, DEATH_MAILBOX, "dies at step");
    spoil("env_count", &env_used, 1, "counted as used");
}

static void spoil_queues(void) NO_LOCK_ANALYSIS
{
    struct cpu *cpu = this_cpu()->self;
    struct env *ready = envs[READY];
    const struct lock *lock;
    struct env *first_free = (struct env *)(uintptr_t)env_inside_free(&lock);

    spoil("ready_link", &ready->link.next, 4, "broken");
    spoil("ready_prev", &ready->link.prev, 4, "broken");
    spoil("queued", &ready->queued, 1, "queue: ready");
    spoil("queue_number", &ready->queue, 1, "queue: ready");
    spoil("ready_mask", &cpu->ready_mask, 0x80, "its mask is");
    spoil("sender_link", &envs[SENDER]->link.next, ENV_SIZE, "senders to slot");
    spoil("sender_place", &envs[SENDER]->waits_at, ENV_SIZE, "senders to slot");
    spoil("receiver_partner", &envs[SERVER]->wait_from, 0x1000, "receivers at slot");
    spoil("inbox", &cpu->inbox_head, (uint32_t)(uintptr_t)envs[OWNER], "inbox of cpu");
    spoil("timer_slot", &envs[WAITER]->timer_slot, 2, "timer: slot");
    spoil("timer_count", &cpu->timer_count, 1, "timer: ");
    spoil("timer_armed", (char *)&cpu->timer_armed + 4, 0x70000000, "armed for later");
    spoil("free_slots", &first_free->free_next, (uint32_t)(uintptr_t)first_free->free_next,
          "slots are free");
}

static void spoil_spaces(void) NO_LOCK_ANALYSIS
{
    spoil("charge", &space->frames, 1, "frames charged");
    spoil("quota", &space->quota, QUOTA ^ 1u, "beyond its quota");
    spoil("space_envs", &space->envs, 1, "its count of envs");
    spoil("space_users", &space->users, 1, "calls at work");
    spoil("space_dying", &space->dying, 1, "its mark of death");
    spoil("space_count", &aspace_count, 1, "are counted");
    spoil("table_bit", &space->tables[0], 1, "its bit is");
    spoil("utcb_bit", &space->utcb_used[1], 1, "message pages in use");
    spoil("directory", &space->pdpt[0].entry[0], PAGE_SIZE, "a directory as a CPU sees it");
    spoil("directory_frame", &space->directory[0], 1, "a directory as a CPU sees it");
    spoil("page_gone", &page_table[0], PTE_P, "a page table's count");
    spoil("page_of_kernel", &page_table[0], PTE_U, "entry");
    spoil("page_cached", &page_table[0], PTE_PCD, "entry");
    spoil("page_no_frame", (char *)&page_table[0] + 4, 8, "there is no frame");
    spoil("utcb_frame", &envs[PARENT]->utcb, PAGE_SIZE, "its message page");
}

static void spoil_frames(void)
{
    uint32_t pfn = PTE_PFN(page_table[0]);
    uint32_t table = virt_to_phys(page_table) >> PAGE_SHIFT;
    struct frame_cache *cache = &this_cpu()->frames[FRAME_LOW][FRAME_DIRTY];
    struct lock *lock;
    uint32_t count;
    uint32_t pool = frame_inside_pool(FRAME_LOW, FRAME_DIRTY, &count, &lock);
    uint32_t work[FRAME_WORK];
    uint32_t zeroed;

    spoil("frame_leak", &frame_table[pfn].refs, 2, "references more than there are");
    spoil("frame_unreferenced", &frame_table[pfn].refs, 1, "counts 0 references");
    spoil("frame_other", &page_table[0], (uint32_t)(PTE_PFN(page_table[1]) ^ pfn) << PAGE_SHIFT,
          "references more than there are");
    spoil("table_refs", &frame_table[table].refs, 2, "references to a page table");
    spoil("table_entries", &frame_table[table].link, 1, "a page table's count");
    spoil("free_frame", &frame_table[pool].refs, 1, "in use, or free twice");
    spoil("free_mapped", &page_table[0], (uint32_t)(pool ^ pfn) << PAGE_SHIFT,
          "is free, and mapped");
    count = counter_read(&cache->count);
    spoil("frame_lost", &cache->count, count ^ (count - 1), "neither in use nor free");
    if (frame_begin_zeroing(work) != 0) {
        paging_zero_frame(work[0]);
        frame_leave_zeroing();
        frame_end_zeroing(1);
    }
    zeroed = frame_inside_pool(FRAME_LOW, FRAME_ZEROED, &count, &lock);
    spoil("frame_zeroed", (char *)paging_kmap(zeroed, 0) + PAGE_SIZE - 4, 1, "in stock as zeroed");
    spoil("free_twice", &cache->pfn[0], cache->pfn[0] ^ cache->pfn[1], "free twice");
}

static void spoil_cpus(void)
{
    struct cpu *cpu = this_cpu()->self;

    spoil("current", &cpu->current, (uint32_t)(uintptr_t)envs[PARENT], "its current env");
    spoil("cpu_cr3", &cpu->cr3, PAGE_SIZE, "of no address space");
    spoil("idle_mask", &cpu_idle_mask, 1, "the mask of idle CPUs");
}

/* In the kernel with one big lock there is none to take, but the list of held ones knows. */
static void check_locks_held(void)
{
    uint32_t found;

    lock_acquire(LOCK_ASPACE, &space->lock);
    found = check_all();
    lock_release(LOCK_ASPACE, &space->lock);
    ktest_fact("check_finds_lock", found != 0 && first_says("lock: "), "%u: %s", found,
               check_first());
}

void ktest_check(void)
{
    if (!make_world()) {
        ktest_fact("check_world", false, "no memory");
        return;
    }
    ktest_fact("check_finds_nothing", check_all() == 0, "%s", check_first());
    spoil_envs();
    spoil_queues();
    spoil_spaces();
    spoil_frames();
    spoil_cpus();
    check_locks_held();
    ktest_fact("check_finds_nothing_again", check_all() == 0, "%s", check_first());
}
