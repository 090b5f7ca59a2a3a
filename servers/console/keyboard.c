/* The keyboard, see keyboard.h. Controller: IBM PS/2 Technical Reference, "Keyboard and auxiliary device
 * controller". */
#include "servers/console/keyboard.h"

#include <errno.h>
#include <stdio.h>

#include "grain/syscall.h"

#define PORT_DATA    0x60u
#define PORT_COMMAND 0x64u /* written */
#define PORT_STATUS  0x64u /* read */

#define STATUS_OUTPUT_FULL 0x01u /* a byte for us */
#define STATUS_INPUT_FULL  0x02u /* the controller has not yet taken ours */
#define STATUS_AUXILIARY   0x20u /* the byte is the mouse's */
#define STATUS_ABSENT      0xffu

#define COMMAND_READ_CONFIG  0x20u
#define COMMAND_WRITE_CONFIG 0x60u
#define COMMAND_DISABLE      0xadu
#define COMMAND_ENABLE       0xaeu
#define KEYBOARD_SCAN        0xf4u

#define CONFIG_INTERRUPT 0x01u
#define CONFIG_DISABLED  0x10u
#define CONFIG_TRANSLATE 0x40u /* to scan code set 1 */

#define PATIENCE 10000u /* looks at the status; each is a port read, about a microsecond */

static struct keymap keymap;
static bool present;

static uint32_t status(void)
{
    uint32_t value = STATUS_ABSENT;

    (void)port_in(PORT_STATUS, 1, &value); /* refused: as good as absent */
    return value;
}

/* Waits until the status bits are as wanted. */
static bool wait(uint32_t mask, uint32_t wanted)
{
    for (uint32_t i = 0; i < PATIENCE; i++) {
        if ((status() & mask) == wanted)
            return true;
    }
    return false;
}

static bool send(uint16_t port, uint32_t value)
{
    return wait(STATUS_INPUT_FULL, 0) && port_out(port, 1, value) == 0;
}

static uint32_t take(void)
{
    uint32_t value = 0;

    (void)port_in(PORT_DATA, 1, &value);
    return value;
}

/* Throws away what is there, and no more than a controller can hold. */
static void drain(void)
{
    for (uint32_t i = 0; i < 32 && (status() & STATUS_OUTPUT_FULL) != 0; i++)
        (void)take();
}

static bool configure(void)
{
    if (!send(PORT_COMMAND, COMMAND_DISABLE))
        return false;
    drain();
    if (!send(PORT_COMMAND, COMMAND_READ_CONFIG) || !wait(STATUS_OUTPUT_FULL, STATUS_OUTPUT_FULL))
        return false;
    uint32_t config = (take() | CONFIG_INTERRUPT | CONFIG_TRANSLATE) & ~CONFIG_DISABLED;
    if (!send(PORT_COMMAND, COMMAND_WRITE_CONFIG) || !send(PORT_DATA, config))
        return false;
    return send(PORT_COMMAND, COMMAND_ENABLE) && send(PORT_DATA, KEYBOARD_SCAN);
}

void keyboard_init(uint32_t bits)
{
    int error = irq_attach(KEYBOARD_IRQ, bits);

    if (error != 0) {
        printf("console: no keyboard: %s\n", grain_strerror(error));
        return;
    }
    present = status() != STATUS_ABSENT && configure();
    if (!present)
        printf("console: no keyboard: its controller does not answer\n");
}

bool keyboard_read(char out[KEYMAP_BYTES_MAX], uint32_t *len)
{
    uint32_t now;

    *len = 0;
    if (!present || ((now = status()) & STATUS_OUTPUT_FULL) == 0)
        return false;
    uint32_t code = take();
    if ((now & STATUS_AUXILIARY) == 0)
        *len = keymap_feed(&keymap, (uint8_t)code, out);
    return true;
}
