/* The keyboard's keys: scan codes (set 1, as the controller translates them) to the bytes that a terminal
 * would send. US layout. No system call in here. */
#ifndef CONSOLE_KEYMAP_H
#define CONSOLE_KEYMAP_H

#include <stdbool.h>
#include <stdint.h>

#define KEYMAP_BYTES_MAX 4u /* of one key */

struct keymap {
    bool shift_left, shift_right;
    bool ctrl_left, ctrl_right;
    bool caps;
    bool extended; /* the last code was the prefix 0xe0 */
    uint32_t skip; /* codes of a Pause key to come, which mean nothing by themselves */
};

/* Takes one code. Returns how many bytes it put into out[]; 0: none. */
uint32_t keymap_feed(struct keymap *keymap, uint8_t code, char out[KEYMAP_BYTES_MAX]);

#endif
