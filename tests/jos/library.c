/* The library: strings, numbers, formats, macros. */
#include "tests/jos/test.h"
#include <inc/x86.h>

static void check_strings(void)
{
    char text[40];
    char *rest;
    int differences[4];

    CHECK(strlen("hello") == 5 && strnlen("hello", 3) == 3, "jos_strlen");
    CHECK(strcmp(strcpy(text, "one"), "one") == 0 && strcmp(strcat(text, " two"), "one two") == 0,
          "jos_strcat");
    CHECK(strlcpy(text, "truncated", 6) == 5 && strcmp(text, "trunc") == 0, "jos_strlcpy");
    CHECK(strncmp("abcx", "abcy", 3) == 0 && strncmp("abcx", "abcy", 4) < 0, "jos_strncmp");
    CHECK(strchr(text, 'z') == NULL && *strchr(text, 'u') == 'u' && *strfind(text, 'z') == 0,
          "jos_strchr");
    CHECK(strcmp(strncpy(text, "ab", 8), "ab") == 0 && text[7] == 0, "jos_strncpy");
    CHECK(*(char *)memfind("xyz", 'y', 3) == 'y', "jos_memfind");
    memset(text, 'a', 10);
    memmove(text + 1, text, 5);
    CHECK(memcmp(text, "aaaaaaaaaa", 10) == 0, "jos_memory");
    memcpy(text, "0123456789", 11);
    memcpy(text + 2, text, 6);
    CHECK(strcmp(text, "0101234589") == 0, "jos_memcpy_up");
    memcpy(text, text + 2, 8);
    CHECK(strcmp(text, "0123458989") == 0, "jos_memcpy_down");
    differences[0] = strcmp("a", "d");
    differences[1] = strncmp("ad", "aa", 2);
    differences[2] = strcmp("\xff", "");
    differences[3] = memcmp("x\xff", "x\x01", 2);
    CHECK(differences[0] == -3 && differences[1] == 3 && differences[2] == 0xff &&
              differences[3] == 0xfe,
          "jos_compare_difference");
    CHECK(strtol(" -12z", &rest, 10) == -12 && *rest == 'z', "jos_strtol");
    CHECK(strtol("0x1f", NULL, 0) == 31 && strtol("017", NULL, 0) == 15 &&
              strtol("zz", NULL, 36) == 35 * 37,
          "jos_strtol_bases");
    CHECK(strtol("zz ", &rest, 40) == 35 * 41 && *rest == ' ' && strtol("1", &rest, 100) == 1 &&
              *rest == 0,
          "jos_strtol_large_base");
}

static void put(int c, void *where)
{
    char **to = where;

    *(*to)++ = (char)c;
}

static void check_formats(void)
{
    char text[80];
    char *to = text;

    CHECK_EQ(snprintf(text, sizeof(text), "%d|%5d|%-5d|%05d|%u", -1, 42, 42, 42, 7), 22,
             "jos_snprintf_length");
    CHECK(strcmp(text, "-1|   42|42   |00042|7") == 0, "jos_snprintf_numbers");
    snprintf(text, sizeof(text), "%x|%08x|%p|%c|%s|%.2s|%%", 255, 255, (void *)16, 'c', "str",
             "str");
    CHECK(strcmp(text, "ff|000000ff|0x10|c|str|st|%") == 0, "jos_snprintf_others");
    snprintf(text, sizeof(text), "%lld %llx %s", 1ll << 40, 1ull << 36, (char *)NULL);
    CHECK(strcmp(text, "1099511627776 1000000000 (null)") == 0, "jos_snprintf_long");
    snprintf(text, sizeof(text), "%08p|%6p|%p", (void *)0x800020, (void *)16, NULL);
    CHECK(strcmp(text, "0x00800020|0x    10|0x0") == 0, "jos_snprintf_pointers");
    snprintf(text, sizeof(text), "%#s|%#5s|%#.2s|%#x", "a\tb~\x7f\xff", "\n", "\1\2\3", 10);
    CHECK(strcmp(text, "a?b~??|    ?|??|0xa") == 0, "jos_snprintf_unprintable");
    CHECK(snprintf(text, 4, "12345") == 5 && strcmp(text, "123") == 0, "jos_snprintf_cut");
    CHECK_ERROR(snprintf(NULL, 4, "x"), E_INVAL, "jos_snprintf_nowhere");
    printfmt(put, &to, "%d-%e", 5, -E_INVAL);
    *to = 0;
    CHECK(strcmp(text, "5-invalid parameter") == 0, "jos_printfmt");
    CHECK_EQ(cprintf("%s", ""), 0, "jos_cprintf_length");
    CHECK(printf("printed by %s\n", "printf") == 18 && fprintf(1, "on file %d\n", 1) == 10,
          "jos_printf");
    CHECK_ERROR(fprintf(2, "on no file\n"), E_INVAL, "jos_fprintf_elsewhere");
}

static void check_macros(void)
{
    char *p = (char *)0x1234;
    int min_a = 3, max_b = 4, round_a = 7, round_n = 4;

    CHECK(ROUNDUP(5, 4) == 8 && ROUNDUP(8, 4) == 8 && ROUNDDOWN(7, 4) == 4, "jos_round");
    CHECK(ROUNDDOWN(p, PGSIZE) == (char *)0x1000 && ROUNDUP(p, PGSIZE) == (char *)0x2000,
          "jos_round_pointer");
    CHECK(MIN(3, 4) == 3 && MAX(3, 4) == 4, "jos_min_max");
    CHECK(MIN(min_a, 5) == 3 && MAX(2, max_b) == 4 && ROUNDDOWN(round_a, round_n) == 4 &&
              ROUNDUP(round_a, round_n) == 8,
          "jos_macros_own_names");
    CHECK_EQ(offsetof(struct UTrapframe, utf_esp), 48, "jos_offsetof");
    CHECK_EQ(ENVX(0x12005), 5, "jos_envx");
    static_assert(sizeof(struct PushRegs) == 32);
    static_assert(NENV == 1024);
    assert(p == (char *)0x1234);
}

void umain(int argc, char **argv)
{
    uint64_t before = read_tsc();
    uint32_t word = 1;

    check_strings();
    check_formats();
    check_macros();
    CHECK(read_tsc() > before, "jos_read_tsc");
    CHECK(xchg(&word, 2) == 1 && word == 2, "jos_xchg");
    warn("a warning, %d", 42);
    panic("an end, %e", -E_FAULT);
}
