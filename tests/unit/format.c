/* kernel/format.c: conversions, flags, and the bounds of the buffer. */
#include "kernel/format.h"

#include "unit.h"

static char out[128];

/* Through a pointer, so that the compiler does not check formats that are wrong on purpose. */
static size_t (*const volatile format)(char *buf, size_t size, const char *fmt, ...) = format_text;

#define FORMAT(...) (format(out, sizeof(out), __VA_ARGS__), out)

static void format_signed(void)
{
    CHECK_STR(FORMAT("%d %d %i", 0, 42, -7), "0 42 -7");
    CHECK_STR(FORMAT("%d", INT32_MIN), "-2147483648");
    CHECK_STR(FORMAT("%lld", (long long)INT64_MIN), "-9223372036854775808");
    CHECK_STR(FORMAT("%hd %hhd", 65535, 255), "-1 -1");
}

static void format_unsigned(void)
{
    CHECK_STR(FORMAT("%u", UINT32_MAX), "4294967295");
    CHECK_STR(FORMAT("%llu", (unsigned long long)UINT64_MAX), "18446744073709551615");
    CHECK_STR(FORMAT("%llu", 4294967296ull), "4294967296");
    CHECK_STR(FORMAT("%zu %lu", (size_t)12, 34ul), "12 34");
    CHECK_STR(FORMAT("%hu %hhu", 65536 + 5, 256 + 6), "5 6");
}

static void format_hex(void)
{
    CHECK_STR(FORMAT("%x %X %#x", 0xbeefu, 0xbeefu, 0xbeefu), "beef BEEF 0xbeef");
    CHECK_STR(FORMAT("%08x", 0xabcu), "00000abc");
    CHECK_STR(FORMAT("%#010x", 0xabcu), "0x00000abc");
    CHECK_STR(FORMAT("%llx", 0x123456789abcdef0ull), "123456789abcdef0");
}

static void format_octal(void)
{
    CHECK_STR(FORMAT("%o %llo", 0755u, (unsigned long long)UINT64_MAX),
              "755 1777777777777777777777");
}

static void format_sign_flags(void)
{
    CHECK_STR(FORMAT("%+d %+d % d", 5, -5, 5), "+5 -5  5");
    CHECK_STR(FORMAT("%+05d|%-+5d|", 42, 42), "+0042|+42  |");
}

static void format_number_precision(void)
{
    CHECK_STR(FORMAT("%.3d|%6.3d|%-6.3u|%#.4x", 7, -7, 7u, 0x1fu), "007|  -007|007   |0x001f");
}

static void format_pointer(void)
{
    CHECK_STR(FORMAT("%p", (void *)0x1234), "0x1234");
    CHECK_STR(FORMAT("%p", NULL), "0x0");
}

static void format_string(void)
{
    CHECK_STR(FORMAT("<%s>", "abc"), "<abc>");
    CHECK_STR(FORMAT("<%s>", (char *)NULL), "<(null)>");
    CHECK_STR(FORMAT("<%6s|%-6s>", "abc", "abc"), "<   abc|abc   >");
    CHECK_STR(FORMAT("<%.2s|%6.2s|%-6.2s>", "abc", "abc", "abc"), "<ab|    ab|ab    >");
    CHECK_STR(FORMAT("<%.*s|%*s|%*s>", 1, "abc", 4, "d", -4, "e"), "<a|   d|e   >");
}

/* A precision is the only bound when the text has no end. */
static void format_string_without_end(void)
{
    char text[3] = {'x', 'y', 'z'};

    CHECK_STR(FORMAT("%.3s", text), "xyz");
}

static void format_char_and_percent(void)
{
    CHECK_STR(FORMAT("%c%c%%%3c|%-3c|", 'a', 'b', 'c', 'd'), "ab%  c|d  |");
}

static void format_width(void)
{
    CHECK_STR(FORMAT("%5d|%-5d|%05d", -42, -42, -42), "  -42|-42  |-0042");
    CHECK_STR(FORMAT("%-05d|", 7), "7    |");
    CHECK_STR(FORMAT("%2u", 12345u), "12345");
}

static void format_unknown_is_copied(void)
{
    CHECK_STR(FORMAT("%q %5k 100%"), "%q %5k 100%");
    CHECK_STR(FORMAT("%d %f", 1, 2.0), "1 %f");
}

static void format_huge_width_is_bounded(void)
{
    CHECK(format(out, sizeof(out), "%99999999999d", 1) < 2u << 20);
    CHECK_INT(strlen(out), sizeof(out) - 1);
    CHECK(format(out, sizeof(out), "%*d", INT32_MAX, 1) < 2u << 20);
    CHECK(format(out, sizeof(out), "%*d", INT32_MIN, 1) < 2u << 20);
    CHECK_STR((format(out, sizeof(out), "%.*s", INT32_MIN, "abc"), out), "abc");
}

static void format_returns_whole_length(void)
{
    char small[8];

    CHECK_INT(format_text(small, sizeof(small), "%s", "0123456789"), 10);
    CHECK_STR(small, "0123456");
    CHECK_INT(format_text(small, sizeof(small), "1234567"), 7);
    CHECK_STR(small, "1234567");
}

static void format_stays_in_buffer(void)
{
    for (size_t size = 0; size < 40; size++) {
        char buf[48];
        memset(buf, '#', sizeof(buf));
        size_t len = format_text(buf, size, "%s %d %08x %-9s|", "hello", -1234, 0xfeedu, "end");
        CHECK_INT(len, 31);
        CHECK(size == 0 || strlen(buf) == (size <= len ? size - 1 : len));
        for (size_t i = size; i < sizeof(buf); i++)
            CHECK(buf[i] == '#');
    }
}

int main(void)
{
    UNIT_RUN(format_signed);
    UNIT_RUN(format_unsigned);
    UNIT_RUN(format_hex);
    UNIT_RUN(format_octal);
    UNIT_RUN(format_sign_flags);
    UNIT_RUN(format_number_precision);
    UNIT_RUN(format_pointer);
    UNIT_RUN(format_string);
    UNIT_RUN(format_string_without_end);
    UNIT_RUN(format_char_and_percent);
    UNIT_RUN(format_width);
    UNIT_RUN(format_unknown_is_copied);
    UNIT_RUN(format_huge_width_is_bounded);
    UNIT_RUN(format_returns_whole_length);
    UNIT_RUN(format_stays_in_buffer);
    return unit_done();
}
