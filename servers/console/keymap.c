/* Scan codes to bytes, see keymap.h. Codes: "PS/2 Keyboard Scan Codes", set 1. */
#include "servers/console/keymap.h"

#include <stddef.h>
#include <string.h>

#define CODE_RELEASED 0x80u /* or-ed to the code of a key that was let go */

#define CODE_EXTENDED    0xe0u
#define CODE_PAUSE       0xe1u /* e1 1d 45 e1 9d c5: five more, and no release */
#define CODE_PAUSE_REST  5u
#define CODE_CTRL        0x1du
#define CODE_SHIFT_LEFT  0x2au
#define CODE_SHIFT_RIGHT 0x36u
#define CODE_CAPS        0x3au

/* What is not in the table has 0. Backspace is DEL, as on a VT220. */
static const char plain[] = "\0\033"
                            "1234567890-=\177\t"
                            "qwertyuiop[]\r\0"
                            "asdfghjkl;'`\0\\"
                            "zxcvbnm,./\0*\0 ";
static const char shifted[] = "\0\033"
                              "!@#$%^&*()_+\177\t"
                              "QWERTYUIOP{}\r\0"
                              "ASDFGHJKL:\"~\0|"
                              "ZXCVBNM<>?\0*\0 ";
_Static_assert(sizeof(plain) == 0x3b && sizeof(shifted) == sizeof(plain), "up to the space bar");

/* Extended keys, and those of the numeric block, which is never in number mode. */
static const struct {
    uint8_t code;
    char bytes[KEYMAP_BYTES_MAX + 1];
} sequences[] = {
    {0x47, "\033[H"},  /* Home */
    {0x48, "\033[A"},  /* up */
    {0x49, "\033[5~"}, /* page up */
    {0x4b, "\033[D"},  /* left */
    {0x4d, "\033[C"},  /* right */
    {0x4f, "\033[F"},  /* End */
    {0x50, "\033[B"},  /* down */
    {0x51, "\033[6~"}, /* page down */
    {0x52, "\033[2~"}, /* Insert */
    {0x53, "\033[3~"}, /* Delete */
    {0x4a, "-"},       {0x4e, "+"},
};

/* Keys that change others. Returns whether it is one. */
static bool modifier(struct keymap *keymap, uint8_t key, bool extended, bool pressed)
{
    switch (key) {
    case CODE_SHIFT_LEFT:
    case CODE_SHIFT_RIGHT:
        /* With the prefix it is no shift key, but what some keyboards send around arrows. */
        if (!extended && key == CODE_SHIFT_LEFT)
            keymap->shift_left = pressed;
        else if (!extended)
            keymap->shift_right = pressed;
        return true;
    case CODE_CTRL:
        if (extended)
            keymap->ctrl_right = pressed;
        else
            keymap->ctrl_left = pressed;
        return true;
    case CODE_CAPS:
        keymap->caps = keymap->caps != pressed;
        return true;
    default:
        return false;
    }
}

static uint32_t put_sequence(uint8_t key, char *out)
{
    for (size_t i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++) {
        if (sequences[i].code == key) {
            uint32_t len = (uint32_t)strlen(sequences[i].bytes);

            memcpy(out, sequences[i].bytes, len);
            return len;
        }
    }
    return 0;
}

static bool is_letter(char c)
{
    return c >= 'a' && c <= 'z';
}

static uint32_t put_plain(const struct keymap *keymap, uint8_t key, char *out)
{
    bool shift = keymap->shift_left || keymap->shift_right;
    char c = plain[key];

    if (c == 0)
        return 0;
    if ((keymap->ctrl_left || keymap->ctrl_right) && c != '\r') {
        c = shifted[key] & 0x1f; /* as a terminal has it: the letter's number */
        if (!is_letter(plain[key]) && plain[key] != '[' && plain[key] != ']' && plain[key] != '\\')
            return 0;
    } else if (is_letter(c) ? shift != keymap->caps : shift) {
        c = shifted[key];
    }
    *out = c;
    return 1;
}

uint32_t keymap_feed(struct keymap *keymap, uint8_t code, char out[KEYMAP_BYTES_MAX])
{
    bool extended = keymap->extended;
    bool pressed = (code & CODE_RELEASED) == 0;
    uint8_t key = code & (uint8_t)~CODE_RELEASED;

    if (keymap->skip != 0) {
        keymap->skip--;
        return 0;
    }
    keymap->extended = code == CODE_EXTENDED;
    if (code == CODE_PAUSE)
        keymap->skip = CODE_PAUSE_REST;
    if (code == CODE_EXTENDED || code == CODE_PAUSE)
        return 0;
    /* Released: CODE_CAPS is a toggle at the press alone. */
    if (key == CODE_CAPS && !pressed)
        return 0;
    if (modifier(keymap, key, extended, pressed) || !pressed)
        return 0;
    if (key < sizeof(plain) - 1 && !extended)
        return put_plain(keymap, key, out);
    if (extended && (key == 0x1c || key == 0x35)) { /* Enter and / of the numeric block */
        *out = key == 0x1c ? '\r' : '/';
        return 1;
    }
    return put_sequence(key, out);
}
