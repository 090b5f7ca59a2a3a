/* Waiting for notifications and for time to pass, see grain/notify.h. */
#include "grain/notify.h"

#include "grain/ipc.h"
#include "grain/time.h"
#include "grain/utcb.h"

void notify_keep(uint32_t bits)
{
    utcb_local()->notified |= bits;
}

static uint32_t take(uint32_t mask)
{
    struct utcb_local *local = utcb_local();
    uint32_t bits = local->notified & mask;

    local->notified &= ~mask;
    return bits;
}

/* One receive of notifications alone. An aborted one counts as nothing received. Returns false
 * when the time was over. */
static int32_t receive(uint32_t us)
{
    struct ipc_msg msg = {.w = {0}};

    ipc_set_timeouts(IPC_NEVER, us);
    int32_t result = ipc(IPC_OP_RECV | IPC_CLOSED | IPC_TIMED, 0, &msg);
    if (result == 0)
        notify_keep(msg.w[0]);
    return result;
}

uint32_t notify_wait(uint32_t mask)
{
    return notify_wait_us(mask, IPC_NEVER);
}

uint32_t notify_wait_us(uint32_t mask, uint32_t us)
{
    uint64_t end = us == IPC_NEVER ? UINT64_MAX : time_us() + us;
    uint32_t bits = take(mask);

    while (bits == 0) {
        uint64_t now = us == IPC_NEVER ? 0 : time_us();
        uint32_t left = us == IPC_NEVER ? IPC_NEVER : now < end ? (uint32_t)(end - now) : 0;
        int32_t result = receive(left);

        bits = take(mask);
        if (result == -E_TIMEOUT && left != IPC_NEVER && time_us() >= end)
            break;
    }
    return bits;
}

void sleep_us(uint32_t us)
{
    (void)notify_wait_us(0, us);
}
