/* kernel/string.c against the host's C library. The kernel's versions are x86 code and go by other
 * names here, because the host's own are in use.
 */
#include "unit.h"

#if defined(__i386__) || defined(__x86_64__)
#undef GRAIN_HOST
#define memcpy  kernel_memcpy
#define memmove kernel_memmove
#define memset  kernel_memset
#define memcmp  kernel_memcmp
#define strlen  kernel_strlen
#define strcmp  kernel_strcmp
#define strncmp kernel_strncmp
#define strlcpy kernel_strlcpy
#include "kernel/string.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef strlen
#undef strcmp
#undef strncmp

#define SPAN 24u

static uint8_t got[64];
static uint8_t want[64];

static void fill(void)
{
    for (size_t i = 0; i < sizeof(got); i++)
        got[i] = want[i] = (uint8_t)unit_random(256);
}

static void string_memcpy(void)
{
    for (size_t len = 0; len <= SPAN; len++) {
        for (size_t offset = 0; offset < 8; offset++) {
            fill();
            CHECK(kernel_memcpy(got + 32 + offset % 4, got + offset, len) == got + 32 + offset % 4);
            memcpy(want + 32 + offset % 4, want + offset, len);
            CHECK(memcmp(got, want, sizeof(got)) == 0);
        }
    }
}

static void string_memmove(void)
{
    for (size_t len = 0; len <= SPAN; len++) {
        for (size_t to = 0; to <= SPAN; to++) {
            fill();
            CHECK(kernel_memmove(got + to, got + SPAN / 2, len) == got + to);
            memmove(want + to, want + SPAN / 2, len);
            CHECK(memcmp(got, want, sizeof(got)) == 0);
        }
    }
}

static void string_memset(void)
{
    for (size_t len = 0; len <= SPAN; len++) {
        fill();
        CHECK(kernel_memset(got + 5, 0x1a5, len) == got + 5);
        memset(want + 5, 0x1a5, len);
        CHECK(memcmp(got, want, sizeof(got)) == 0);
    }
}

static int sign(int value)
{
    return (value > 0) - (value < 0);
}

static void string_compare(void)
{
    static const char *const words[] = {"", "a", "ab", "abc", "abd", "b", "\x80"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        CHECK(kernel_strlen(words[i]) == strlen(words[i]));
        for (size_t j = 0; j < sizeof(words) / sizeof(words[0]); j++) {
            CHECK(sign(kernel_strcmp(words[i], words[j])) == sign(strcmp(words[i], words[j])));
            for (size_t len = 0; len < 5; len++)
                CHECK(sign(kernel_strncmp(words[i], words[j], len)) ==
                      sign(strncmp(words[i], words[j], len)));
        }
    }
    CHECK(kernel_memcmp("ab\0c", "ab\0d", 4) < 0);
    CHECK(kernel_memcmp("ab\0c", "ab\0d", 3) == 0);
    CHECK(kernel_memcmp("\x80", "\x7f", 1) > 0);
}

static void string_strlcpy(void)
{
    char to[5] = "####";

    CHECK_INT(kernel_strlcpy(to, "abc", 0), 3);
    CHECK_STR(to, "####");
    CHECK_INT(kernel_strlcpy(to, "abc", sizeof(to)), 3);
    CHECK_STR(to, "abc");
    CHECK_INT(kernel_strlcpy(to, "abcdefgh", sizeof(to)), 8);
    CHECK_STR(to, "abcd");
    CHECK_INT(kernel_strlcpy(to, "xyz", 1), 3);
    CHECK_STR(to, "");
}

int main(void)
{
    UNIT_RUN(string_memcpy);
    UNIT_RUN(string_memmove);
    UNIT_RUN(string_memset);
    UNIT_RUN(string_compare);
    UNIT_RUN(string_strlcpy);
    return unit_done();
}
#else
int main(void)
{
    unit_skip("string_functions", "they are x86 code");
    return unit_done();
}
#endif
