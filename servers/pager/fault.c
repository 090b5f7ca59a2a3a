/* Faults of processes. The gate of the space is held, so the page is nobody else's business meanwhile; all
 * that happens to it has happened when the answer goes out.
 */
#include <errno.h>
#include <string.h>

#include "abi/bootfs.h"
#include "grain/syscall.h"
#include "servers/pager/pager.h"

#define BOOTFS_RESTART_US 500u /* before it is looked for again */

#define VECTOR_PAGE_FAULT 14u
#define ERROR_PRESENT     1u
#define ERROR_WRITE       2u

struct fault {
    envid_t env;
    struct pager_region *region;
    uint32_t page;
    bool write;
    bool present;
};

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* ---- Copy on write. ---- */

/* A page that is mapped without the right to write, in a region that has it: a copy takes its place. The last
 * one who has the frame keeps it. All of that is one call of the kernel; nothing has to be mapped here. */
static int resolve_write(const struct fault *fault)
{
    int result =
        page_copy(fault->env, fault->page, fault->env, fault->page | fault->region->perm, 1);

    if (result == PAGE_COPY_KEPT)
        count(&stats.taken, 1);
    else if (result == 0)
        count(&stats.copied, 1);
    return result < 0 ? result : 0;
}

/* ---- Pages that are not there. ---- */

/* Asks bootfs for pages of the file into the window. Returns how many came; 0: it has died, and PAGER_SETUP will
 * bring the new one. */
static int load_pages(const struct pager_region *region, uint32_t first, uint32_t pages)
{
    struct ipc_msg msg = {
        .w = {BOOTFS_PAGES, region->file, region->offset / PAGE_SIZE + first, pages}};
    envid_t bootfs = __atomic_load_n(&servers.bootfs, __ATOMIC_RELAXED);

    ipc_set_window(worker_window(), pages);
    int32_t result = ipc(IPC_OP_CALL | IPC_WINDOW, bootfs, &msg);
    if (result == -E_DEAD || result == -E_BAD_ENV)
        return 0;
    if (result < 0)
        return result;
    if (msg.w[0] != 0)
        return (int32_t)msg.w[0] < 0 ? (int32_t)msg.w[0] : -E_INVAL;
    return ipc_has_extra(result) && utcb()->got_pages > 0 ? (int)utcb()->got_pages : -E_INVAL;
}

/* A page that ends in the middle of the file's part and may be written: the rest of it is zero. */
static int load_copy(const struct fault *fault, uint32_t bytes)
{
    uintptr_t from = worker_window();
    uintptr_t to = from + PAGE_SIZE;
    int error = page_copy(0, from, 0, to | PERM_RW, 1);

    if (error == 0) {
        memset((char *)to + bytes, 0, PAGE_SIZE - bytes);
        error = page_map(0, to, fault->env, fault->page | fault->region->perm, 1);
    }
    return error;
}

/* The file's own pages, without the right to write: text and constants several at once, as there cannot
 * be anything of the process's own in between. */
static int load_file(const struct fault *fault)
{
    const struct pager_region *region = fault->region;
    bool writable = (region->perm & PERM_W) != 0;
    uint32_t first = (fault->page - region->start) / PAGE_SIZE;
    uint32_t bytes = region->file_bytes - first * PAGE_SIZE;
    uint32_t pages = writable ? 1 : smaller((bytes + PAGE_MASK) / PAGE_SIZE, LOAD_PAGES);
    int got = load_pages(region, first, pages);
    uint32_t perm = (region->perm & ~PERM_W) | (writable ? PAGER_COPY_ON_WRITE : 0);
    int error = got;

    if (got == 0) { /* the process goes on, and faults here again, until there is a bootfs */
        worker_sleep_us(BOOTFS_RESTART_US);
        return 0;
    }
    if (got > 0 && writable && bytes < PAGE_SIZE)
        error = load_copy(fault, bytes);
    else if (got > 0)
        error = page_map(0, worker_window(), fault->env, fault->page | perm, (uint32_t)got);
    if (error == 0 && writable && fault->write && bytes >= PAGE_SIZE)
        error = resolve_write(fault);
    (void)page_unmap(0, worker_window(), LOAD_PAGES);
    count(&stats.loaded, 1);
    return error;
}

static int resolve_missing(const struct fault *fault)
{
    struct pager_region *region = fault->region;

    if (region->kind == PAGER_SHARED)
        return shared_map(fault->env, region, fault->page, 1);
    if (region->kind == PAGER_FILE && fault->page - region->start < region->file_bytes)
        return load_file(fault);
    if (region->kind == PAGER_STACK && fault->page < region_mapped_from(region))
        region->offset = fault->page;
    count(&stats.zeroed, 1);
    return page_alloc(fault->env, fault->page, 1, region->perm);
}

/* ---- The fault. ---- */

static int resolve_by_info(const struct fault *fault)
{
    int info = page_info(fault->env, fault->page);

    if (info < 0)
        return info;
    if (PAGE_INFO_PERM(info) == 0)
        return resolve_missing(fault);
    if (fault->write && !(PAGE_INFO_PERM(info) & PERM_W))
        return fault->region->kind == PAGER_SHARED
                   ? shared_map(fault->env, fault->region, fault->page, 1)
                   : resolve_write(fault);
    return 0;
}

/* What the fault says of the page is true, unless another thread has faulted here since, written there, and perhaps
 * ended: how many there are now says nothing. And a message from a process that looks like a fault may say
 * anything: a page that it says is there and is not, then, is not copied. */
static int resolve(const struct space *space, const struct fault *fault)
{
    if (space->had_threads || fault->region->kind == PAGER_SHARED)
        return resolve_by_info(fault);
    if (!fault->present)
        return resolve_missing(fault);
    return fault->write ? resolve_write(fault) : 0;
}

/* What the region allows the fault to want. */
static bool is_allowed(const struct pager_region *region, const struct request *request)
{
    bool write = (IPC_FAULT_ERROR(request->w[0]) & ERROR_WRITE) != 0;
    bool fetch = (request->w[3] & IPC_FAULT_FETCH) != 0;

    return region != NULL && (!write || region->perm & PERM_W) && (!fetch || region->perm & PERM_X);
}

int fault_handle(struct space *space, const struct request *request)
{
    uint32_t bits = IPC_FAULT_ERROR(request->w[0]);
    struct fault fault = {
        .env = request->from,
        .region = region_find(space, request->w[1]),
        .page = request->w[1] & ~PAGE_MASK,
        .write = (bits & ERROR_WRITE) != 0,
        .present = (bits & ERROR_PRESENT) != 0,
    };
    int error = -E_FAULT;

    if (IPC_FAULT_VECTOR(request->w[0]) == VECTOR_PAGE_FAULT && is_allowed(fault.region, request))
        error = resolve(space, &fault);
    if (error == -E_NO_MEM || error == -E_QUOTA)
        space->no_memory = true;
    if (error != 0)
        count(&stats.killed, 1);
    return error;
}
