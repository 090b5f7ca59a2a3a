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

/* One receive of notifications alone, which puts what came where take() finds it. */
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
    uint32_t bits;

    while ((bits = take(mask)) == 0)
        (void)receive(IPC_NEVER); /* an error is an abort: it is tried again */
    return bits;
}

/* When the time is over the kernel is asked once more, without waiting. */
uint32_t notify_wait_us(uint32_t mask, uint32_t us)
{
    uint64_t end = time_us() + us;
    uint32_t left = us;
    uint32_t bits = take(mask);

    if (us == IPC_NEVER)
        return bits != 0 ? bits : notify_wait(mask);
    while (bits == 0) {
        (void)receive(left);
        bits = take(mask);
        if (left == 0)
            break;
        uint64_t now = time_us();
        left = now < end ? (uint32_t)(end - now) : 0;
    }
    return bits;
}

void sleep_us(uint32_t us)
{
    (void)notify_wait_us(0, us);
}
