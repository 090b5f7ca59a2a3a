/* console: the terminal, on the serial line and on screen and keyboard at once.
 *
 * Input is cooked until a client asks for raw: an editor collects a line, with history, and shows it.
 * Ctrl-C interrupts the foreground process in both modes. When there is none any more it is cooked again.
 */
#ifndef GRAIN_ABI_CONSOLE_H
#define GRAIN_ABI_CONSOLE_H

#include "abi/server.h"

#define CONSOLE_BYTES_MAX 240u /* of one message, in utcb->words */

enum console_op {
    /* w1 = bytes, in utcb->words -> w1 = bytes written. Written together; when another client left a
     * line unfinished, a new line is begun */
    CONSOLE_WRITE = SERVER_OP(SERVER_CONSOLE, 1),
    /* w1 = most bytes, w2 = milliseconds to wait at most, or one of the two below -> w1 = bytes, in
     * utcb->words. Waits for a line (cooked) or a byte (raw); 0 bytes is the end of input (Ctrl-D on
     * an empty line). What is left of a longer line is read next. Readers are served in turn.
     * E_TIMEOUT: nothing came; E_BUSY: too many readers wait, and this one is in the background or
     * finds none there; who is, may be told so later, too, to make room */
    CONSOLE_READ,
    /* w1 = enum console_mode -> w1 = the mode before. E_PERM: what is typed is for others now, see
     * docs/servers.md. It lasts until it is others' turn */
    CONSOLE_SET_MODE,
    /* w1 = pid that Ctrl-C interrupts; 0: none. The shell's alone: of the client that sets it first,
     * as long as that lives. E_PERM for others */
    CONSOLE_SET_FOREGROUND,
};

#define CONSOLE_WAIT   0u
#define CONSOLE_NOWAIT 0xffffffffu

enum console_mode { CONSOLE_COOKED, CONSOLE_RAW };

#endif
