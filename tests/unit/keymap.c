/* servers/console/keymap.c: the whole US layout, keys that change others, extended keys, codes at random. */
#include "servers/console/keymap.h"

#include "unit.h"

#define RELEASE 0x80

static struct keymap keymap;

/* What a series of codes, ended with 0, gives. */
static const char *feed(const uint8_t *codes)
{
    static char text[256];
    uint32_t at = 0;

    for (; *codes != 0; codes++)
        at += keymap_feed(&keymap, *codes, text + at);
    text[at] = 0;
    return text;
}

#define FEED(...) feed((const uint8_t[]){__VA_ARGS__, 0})

static void begin(void)
{
    keymap = (struct keymap){.caps = false};
}

/* The rows of the keyboard: first code, then what its keys give plainly and with shift. */
static const struct {
    uint8_t code;
    const char *plain;
    const char *shifted;
} rows[] = {
    {0x02, "1234567890-=\177\t", "!@#$%^&*()_+\177\t"},
    {0x10, "qwertyuiop[]\r", "QWERTYUIOP{}\r"},
    {0x1e, "asdfghjkl;'`", "ASDFGHJKL:\"~"},
    {0x2b, "\\zxcvbnm,./", "|ZXCVBNM<>?"},
    {0x39, " ", " "},
};

static void keymap_whole_layout(void)
{
    for (uint32_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
        for (uint8_t i = 0; rows[r].plain[i] != 0; i++) {
            const char plain[] = {rows[r].plain[i], 0};
            const char shifted[] = {rows[r].shifted[i], 0};
            uint8_t code = rows[r].code + i;

            begin();
            CHECK_STR(FEED(code, code | RELEASE), plain);
            CHECK_STR(FEED(0x2a, code, code | RELEASE, 0x2a | RELEASE), shifted);
            CHECK_STR(FEED(0x36, code, code | RELEASE, 0x36 | RELEASE), shifted);
            CHECK_STR(FEED(code), plain);
        }
    }
}

static void keymap_ctrl(void)
{
    begin();
    CHECK_STR(FEED(0x1d, 0x2e, 0x2e | RELEASE, 0x20, 0x1d | RELEASE, 0x2e), "\003\004c");
    CHECK_STR(FEED(0xe0, 0x1d, 0x1e, 0xe0, 0x1d | RELEASE, 0x1e), "\001a");
    CHECK_STR(FEED(0x1d, 0x2a, 0x2e, 0x2a | RELEASE, 0x1d | RELEASE), "\003");
    CHECK_STR(FEED(0x1d, 0x1c, 0x02, 0x1d | RELEASE), "\r"); /* no such thing as Ctrl-1 */
}

static void keymap_caps(void)
{
    begin();
    CHECK_STR(FEED(0x3a, 0x3a | RELEASE, 0x1e, 0x02), "A1");
    CHECK_STR(FEED(0x2a, 0x1e, 0x02, 0x2a | RELEASE), "a!");
    CHECK_STR(FEED(0x3a, 0x3a | RELEASE, 0x1e), "a");
}

static void keymap_extended(void)
{
    begin();
    CHECK_STR(FEED(0xe0, 0x48, 0xe0, 0x48 | RELEASE), "\033[A");
    CHECK_STR(FEED(0xe0, 0x50, 0xe0, 0x4b, 0xe0, 0x4d), "\033[B\033[D\033[C");
    CHECK_STR(FEED(0xe0, 0x47, 0xe0, 0x4f, 0xe0, 0x53), "\033[H\033[F\033[3~");
    CHECK_STR(FEED(0x48, 0x4b), "\033[A\033[D"); /* the numeric block */
    CHECK_STR(FEED(0xe0, 0x1c, 0xe0, 0x35), "\r/");
    /* Shift that keyboards send by themselves around an arrow. */
    CHECK_STR(FEED(0xe0, 0x2a, 0xe0, 0x4b, 0xe0, 0x2a | RELEASE, 0x1e), "\033[Da");
}

static void keymap_pause_is_nothing(void)
{
    begin();
    CHECK_STR(FEED(0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5, 0x1e), "a");
}

static void keymap_random_codes(void)
{
    char out[KEYMAP_BYTES_MAX];

    begin();
    for (uint32_t i = 0; i < 1000000; i++) {
        uint32_t len = keymap_feed(&keymap, (uint8_t)unit_random(256), out);

        CHECK(len <= KEYMAP_BYTES_MAX);
        for (uint32_t j = 0; j < len; j++)
            CHECK((uint8_t)out[j] < 0x80);
    }
}

int main(void)
{
    UNIT_RUN(keymap_whole_layout);
    UNIT_RUN(keymap_ctrl);
    UNIT_RUN(keymap_caps);
    UNIT_RUN(keymap_extended);
    UNIT_RUN(keymap_pause_is_nothing);
    UNIT_RUN(keymap_random_codes);
    return unit_done();
}
