/* console: the terminal (abi/console.h).
 *
 * One env serves requests and interrupts in turn. It never waits for a client: answers that have to wait
 * are owed to the readers in a queue, and replies do not block. init gives it the ports, the interrupt
 * lines, the text screen at BOOT_VGA_VA, and proc=ID, whom it tells of Ctrl-C.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi/console.h"
#include "grain/ipc.h"
#include "grain/time.h"
#include "servers/console/foreground.h"
#include "servers/console/input.h"
#include "servers/console/keyboard.h"
#include "servers/console/output.h"
#include "servers/console/serial.h"

#define NOTIFY_SERIAL   0x1u
#define NOTIFY_KEYBOARD 0x2u

#define WAIT_MS_MAX 1000000000u /* a longer wait is one without end */

/* The answers. They change *msg into the answer, or return false: it comes later. */

static bool answer(struct ipc_msg *msg, int error, uint32_t value)
{
    *msg = (struct ipc_msg){.w = {(uint32_t)error, value}};
    return true;
}

static bool answer_write(envid_t client, struct ipc_msg *msg, uint32_t words)
{
    char text[CONSOLE_BYTES_MAX];
    uint32_t len = msg->w[1];

    if (len > sizeof(text) || len > words * sizeof(uint32_t))
        return answer(msg, -E_INVAL, 0);
    memcpy(text, utcb()->words, len); /* replies to readers go through there, too */
    input_write_around(client, text, len);
    return answer(msg, 0, len);
}

static bool answer_read(envid_t client, struct ipc_msg *msg)
{
    struct reader reader = {.client = client, .most = msg->w[1], .deadline = READER_NO_DEADLINE};
    uint32_t wait_ms = msg->w[2];

    if (reader.most == 0)
        return answer(msg, -E_INVAL, 0);
    if (reader.most > CONSOLE_BYTES_MAX)
        reader.most = CONSOLE_BYTES_MAX;
    if (wait_ms == CONSOLE_NOWAIT)
        reader.deadline = 0;
    else if (wait_ms != CONSOLE_WAIT && wait_ms <= WAIT_MS_MAX)
        reader.deadline = time_us() + (uint64_t)wait_ms * 1000;
    int error = input_read(&reader);
    return error == 0 ? false : answer(msg, error, 0);
}

static bool answer_set_mode(envid_t client, struct ipc_msg *msg)
{
    if (msg->w[1] > CONSOLE_RAW)
        return answer(msg, -E_INVAL, 0);
    int before = input_set_mode(client, (enum console_mode)msg->w[1]);
    return before < 0 ? answer(msg, before, 0) : answer(msg, 0, (uint32_t)before);
}

static bool answer_set_foreground(envid_t client, struct ipc_msg *msg)
{
    int error = foreground_set(client, msg->w[1]);

    if (error == 0)
        input_foreground_changed();
    return answer(msg, error, 0);
}

static bool answer_request(envid_t client, struct ipc_msg *msg, uint32_t words)
{
    if (foreground_is_answer(client))
        return false;
    switch (msg->w[0]) {
    case CONSOLE_WRITE:
        return answer_write(client, msg, words);
    case CONSOLE_READ:
        return answer_read(client, msg);
    case CONSOLE_SET_MODE:
        return answer_set_mode(client, msg);
    case CONSOLE_SET_FOREGROUND:
        return answer_set_foreground(client, msg);
    default:
        return answer(msg, -E_NO_SYS, 0);
    }
}

/* What keyboard and serial line have, as far as there is room; the rest stays with them. */
static void take_input(void)
{
    char text[KEYMAP_BYTES_MAX];
    uint32_t len;
    uint8_t byte;

    while (input_has_room() && serial_read(&byte))
        input_byte(byte);
    while (input_has_room() && keyboard_read(text, &len)) {
        for (uint32_t i = 0; i < len; i++)
            input_byte((uint8_t)text[i]);
    }
}

/* Until there is nothing in the devices, or nobody to take what there is. Returns whether something was left
 * in them: then no interrupt tells of it. */
static bool serve_input(void)
{
    bool full;

    do {
        take_input();
        full = !input_has_room();
        input_serve();
    } while (full && input_has_room());
    return full;
}

static void acknowledge(uint32_t bits)
{
    if (bits & NOTIFY_SERIAL)
        (void)irq_ack(SERIAL_IRQ);
    if (bits & NOTIFY_KEYBOARD)
        (void)irq_ack(KEYBOARD_IRQ);
}

static uint32_t time_left(void)
{
    uint64_t deadline = readers_deadline();
    uint64_t now = time_us();

    if (deadline == READER_NO_DEADLINE)
        return IPC_NEVER;
    if (deadline <= now)
        return 0;
    return deadline - now < IPC_NEVER ? (uint32_t)(deadline - now) : IPC_NEVER - 1;
}

static _Noreturn void serve(void)
{
    struct ipc_msg msg = {.w = {0}};
    envid_t client = 0;
    bool left = serve_input(); /* what came before the interrupts were ours */

    for (;;) {
        ipc_set_timeouts(IPC_NEVER, time_left());
        int32_t result = ipc(IPC_OP_REPLY_RECV | IPC_TIMED, client, &msg);

        client = 0;
        if (result > 0 &&
            answer_request(ipc_sender(result), &msg, ipc_has_extra(result) ? utcb()->got_words : 0))
            client = ipc_sender(result);
        if (result == 0)
            acknowledge(msg.w[0]);
        if (result <= 0 || left)
            left = serve_input();
    }
}

int main(int argc, char **argv)
{
    envid_t proc = 0;

    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "proc=", 5) == 0)
            proc = atoi(argv[i] + 5);
    }
    output_init();
    input_init();
    foreground_init(proc);
    serial_init(NOTIFY_SERIAL);
    keyboard_init(NOTIFY_KEYBOARD);
    serve();
}
