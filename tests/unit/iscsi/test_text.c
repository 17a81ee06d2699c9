/* test_text.c: key=value lists, in and out. */
#include "iscsi/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suites.h"

#define BYTES(literal) (literal), sizeof(literal) - 1

static const struct {
    const char *bytes;
    size_t n;
    size_t count; /* pairs; unused where it is malformed */
    bool is_good;
} lists[] = {
    {BYTES(""), 0, true},
    {BYTES("A=1\0"), 1, true},
    {BYTES("A=1\0B=2\0"), 2, true},
    {BYTES("A=\0"), 1, true},
    {BYTES("A=b=c\0"), 1, true},
    {BYTES("X-com.example.key+@_#=1\0"), 1, true},
    {BYTES("\0\0A=1\0\0\0"), 1, true}, /* padding that was counted in */
    {BYTES("A=1"), 0, false},
    {BYTES("A=1\0B=2"), 0, false},
    {BYTES("A\0"), 0, false},
    {BYTES("=1\0"), 0, false},
    {BYTES("=\0"), 0, false},
    {BYTES("A b=1\0"), 0, false},
    {BYTES("A\x80=1\0"), 0, false},
    {BYTES("A=1\0A=2\0"), 0, false},
    {BYTES("A23456789012345678901234567890123456789012345678901234567890123=1\0"), 1, true},
    {BYTES("A234567890123456789012345678901234567890123456789012345678901234=1\0"), 0, false},
};

/* Parses a copy that ends where its memory does, so that an overrun is seen. */
static bool
parses(const char *bytes, size_t n, size_t *count)
{
    char *copy = malloc(n + (n == 0));
    struct text_list list;
    const char *problem;

    memcpy(copy, bytes, n);
    problem = text_parse(copy, n, &list);
    *count = list.count;
    free(copy);
    return problem == NULL;
}

START_TEST(lists_are_parsed_strictly)
{
    size_t count;

    ck_assert(parses(lists[_i].bytes, lists[_i].n, &count) == lists[_i].is_good);
    if (lists[_i].is_good)
        ck_assert_uint_eq(count, lists[_i].count);
}
END_TEST

START_TEST(a_list_cut_at_any_byte_is_good_only_between_pairs)
{
    static const char bytes[] = "InitiatorName=iqn.2026-01.example:a\0SessionType=Normal\0A=\0";
    size_t count, n = sizeof bytes - 1;

    for (size_t cut = 0; cut <= n; cut++) {
        bool is_between = cut == 0 || bytes[cut - 1] == '\0';
        ck_assert(parses(bytes, cut, &count) == is_between);
    }
}
END_TEST

START_TEST(pairs_are_found_by_their_key)
{
    char bytes[] = "A=1\0Ab=2\0";
    struct text_list list;

    ck_assert_ptr_null(text_parse(bytes, sizeof bytes - 1, &list));
    ck_assert_str_eq(text_value(&list, "A"), "1");
    ck_assert_str_eq(text_value(&list, "Ab"), "2");
    ck_assert_ptr_null(text_value(&list, "a"));
}
END_TEST

START_TEST(a_list_has_a_bounded_number_of_pairs_and_length_of_value)
{
    char bytes[2 * TEXT_VALUE_MAX], *p = bytes;
    size_t count;

    for (int i = 0; i < TEXT_PAIRS_MAX; i++)
        p += sprintf(p, "K%d=v", i) + 1;
    ck_assert(parses(bytes, (size_t)(p - bytes), &count));
    ck_assert_uint_eq(count, TEXT_PAIRS_MAX);
    p += sprintf(p, "L=v") + 1;
    ck_assert(!parses(bytes, (size_t)(p - bytes), &count));

    memset(bytes, 'v', sizeof bytes);
    bytes[1] = '=';
    bytes[2 + TEXT_VALUE_MAX] = '\0';
    ck_assert(parses(bytes, 2 + TEXT_VALUE_MAX + 1, &count));
    bytes[2 + TEXT_VALUE_MAX] = 'v';
    bytes[3 + TEXT_VALUE_MAX] = '\0';
    ck_assert(!parses(bytes, 3 + TEXT_VALUE_MAX + 1, &count));
}
END_TEST

START_TEST(a_list_is_collected_from_pieces_up_to_its_bound)
{
    static const char piece[8192];
    struct text_input in = {0};

    for (size_t n = 0; n < TEXT_LIST_MAX; n += sizeof piece)
        ck_assert_int_eq(text_input_add(&in, piece, sizeof piece), 0);
    ck_assert_uint_eq(in.length, TEXT_LIST_MAX);
    ck_assert_int_eq(text_input_add(&in, piece, 0), 0);
    ck_assert_int_eq(text_input_add(&in, piece, 1), -E2BIG);
    ck_assert_uint_eq(in.length, TEXT_LIST_MAX);
    text_input_done(&in);
    ck_assert_uint_eq(in.length, 0);
    ck_assert_int_eq(text_input_add(&in, "A=", 2), 0);
    ck_assert_int_eq(text_input_add(&in, "1", 2), 0);
    ck_assert_mem_eq(in.bytes, "A=1", 4);
    text_input_done(&in);
}
END_TEST

static const struct {
    const char *list, *value;
    bool has;
} memberships[] = {
    {"None", "None", true},      {"CHAP,None", "None", true},
    {"CHAP,None", "CHAP", true}, {"CHAP,None,KRB5", "None", true},
    {"NoneX", "None", false},    {"XNone", "None", false},
    {"", "None", false},         {",", "None", false},
    {",None", "None", true},     {"None,", "None", true},
    {"none", "None", false},     {"CHAP None", "None", false},
};

START_TEST(values_of_a_list_are_compared_whole)
{
    ck_assert(text_list_has(memberships[_i].list, memberships[_i].value) ==
              memberships[_i].has);
}
END_TEST

START_TEST(only_yes_and_no_are_boolean)
{
    static const char *const others[] = {"yes", "NO", "1", "", "Yes ", "True", "Y"};
    bool value = false;

    ck_assert_int_eq(text_boolean("Yes", &value), 0);
    ck_assert(value);
    ck_assert_int_eq(text_boolean("No", &value), 0);
    ck_assert(!value);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        ck_assert_int_eq(text_boolean(others[i], &value), -1);
}
END_TEST

START_TEST(numbers_are_decimal_or_hexadecimal)
{
    static const char *const others[] = {"",    "-1", "1k", "0x",
                                         "0xg", " 1", "1 ", "99999999999999999999"};
    uint64_t value = 0;

    ck_assert_int_eq(text_number("262144", &value), 0);
    ck_assert_uint_eq(value, 262144);
    ck_assert_int_eq(text_number("0x40000", &value), 0);
    ck_assert_uint_eq(value, 262144);
    ck_assert_int_eq(text_number("0X1f", &value), 0);
    ck_assert_uint_eq(value, 31);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        ck_assert_int_eq(text_number(others[i], &value), -1);
}
END_TEST

/* RFC 4648 section 10 for base64. */
static const struct {
    const char *value, *bytes; /* NULL: it is none */
} binaries[] = {
    {"0x66", "f"},
    {"0X666F6f", "foo"},
    {"0x6b4B", "kK"},
    {"0x6", "\x06"}, /* n digits are (n + 1) / 2 bytes */
    {"0x666", "\x06\x66"},
    {"0X1222324252f", "\x01\x22\x23\x24\x25\x2f"}, /* six */
    {"0bZg==", "f"},
    {"0BZm8=", "fo"},
    {"0bZm9v", "foo"},
    {"0bZm9vYmFy", "foobar"},
    {"0b+/+/", "\xfb\xff\xbf"},
    {"", NULL},
    {"0", NULL},
    {"0x", NULL},
    {"0b", NULL},
    {"66", NULL},
    {"x66", NULL},
    {"0xg", NULL},
    {"0x6g", NULL},
    {"0xg66", NULL},
    {"0x66g", NULL},
    {"0x 6", NULL},
    {"0x66 ", NULL},
    {"0x-6", NULL},
    {"0x0x66", NULL},
    {"0bZg", NULL},
    {"0bZg=", NULL},
    {"0bZ===", NULL},
    {"0b====", NULL},
    {"0bZg==Zg==", NULL},
    {"0bZm=v", NULL},
    {"0bZh==", NULL}, /* a bit behind the last byte */
    {"0bZm9=", NULL},
    {"0bZm9_", NULL},
    {"0bZm9v\n", NULL},
    {"0o66", NULL},
    {"0x6666666666666", NULL}, /* seven */
    {"0x66666666666666", NULL},
    {"0bZm9vYmFyYg==", NULL},
};

START_TEST(binary_values_are_hexadecimal_or_base64)
{
    const char *expected = binaries[_i].bytes;
    size_t length = 99;
    uint8_t *six = malloc(6); /* so that an overrun is seen */

    if (expected == NULL) {
        ck_assert_int_eq(text_binary(binaries[_i].value, six, 6, &length), -1);
        ck_assert_uint_eq(length, 99);
    } else {
        ck_assert_int_eq(text_binary(binaries[_i].value, six, 6, &length), 0);
        ck_assert_uint_eq(length, strlen(expected));
        ck_assert_mem_eq(six, expected, length);
    }
    free(six);
}
END_TEST

START_TEST(a_binary_value_cut_anywhere_is_read_to_its_end_only)
{
    static const char *const values[] = {"0x00112233445566778899", "0bABEiM0RVZneImQ=="};

    for (size_t i = 0; i < 2; i++) {
        size_t n = strlen(values[i]), unit = i == 0 ? 1 : 4;
        for (size_t cut = 0; cut < n; cut++) {
            char *head = strndup(values[i], cut);
            uint8_t bytes[10];
            size_t length;
            bool is_value = cut > 2 && (cut - 2) % unit == 0;
            ck_assert_int_eq(text_binary(head, bytes, sizeof bytes, &length),
                             is_value ? 0 : -1);
            free(head);
        }
    }
}
END_TEST

START_TEST(a_binary_value_goes_out_in_hexadecimal)
{
    static uint8_t much[TEXT_BINARY_MAX], back[TEXT_BINARY_MAX];
    struct text_output out;
    size_t length;

    text_output_init(&out, 8192);
    text_put_binary(&out, "CHAP_R", (const uint8_t *)"\x00\x9a\xff", 3);
    ck_assert_str_eq(out.bytes, "CHAP_R=0x009aff");
    text_output_clear(&out);
    for (size_t i = 0; i < sizeof much; i++)
        much[i] = (uint8_t)(i * 7);
    text_put_binary(&out, "CHAP_C", much, sizeof much);
    ck_assert_int_eq(text_binary(out.bytes + 7, back, sizeof back, &length), 0);
    ck_assert_uint_eq(length, sizeof much);
    ck_assert_mem_eq(back, much, sizeof much);
    text_output_done(&out);
}
END_TEST

START_TEST(what_is_put_out_can_be_parsed)
{
    struct text_output out;
    struct text_list list;

    text_output_init(&out, 4096);
    text_put(&out, "TargetName", "iqn.2026-01.example:a");
    text_put_number(&out, "MaxBurstLength", 1048576);
    text_put_boolean(&out, "InitialR2T", false);
    ck_assert_ptr_null(text_parse(out.bytes, out.length, &list));
    ck_assert_uint_eq(list.count, 3);
    ck_assert_str_eq(text_value(&list, "TargetName"), "iqn.2026-01.example:a");
    ck_assert_str_eq(text_value(&list, "MaxBurstLength"), "1048576");
    ck_assert_str_eq(text_value(&list, "InitialR2T"), "No");
    text_output_done(&out);
}
END_TEST

START_TEST(a_pair_that_does_not_fit_is_left_out_whole)
{
    struct text_output out;

    text_output_init(&out, 8);
    text_put(&out, "A", "1");
    text_put(&out, "B", "23");
    ck_assert_int_eq(out.error, -E2BIG);
    ck_assert_uint_eq(out.length, 4);
    ck_assert_mem_eq(out.bytes, "A=1", 4);
    text_put(&out, "C", "3"); /* fits exactly */
    ck_assert_uint_eq(out.length, 8);
    text_output_clear(&out);
    ck_assert_int_eq(out.error, 0);
    text_output_done(&out);
}
END_TEST

START_TEST(an_answer_is_handed_out_in_pieces)
{
    struct text_output out;
    char joined[16];
    size_t n, total = 0;
    bool is_last = false;
    const char *piece;

    text_output_init(&out, 4096);
    text_put(&out, "Abc", "12345");
    for (int i = 0; !is_last; i++) {
        piece = text_output_piece(&out, 4, &n, &is_last);
        memcpy(joined + total, piece, n);
        total += n;
        ck_assert(is_last == (i == 2));
    }
    ck_assert_uint_eq(total, 10);
    ck_assert_mem_eq(joined, "Abc=12345", 10);
    text_output_done(&out);

    text_output_piece(&out, 4, &n, &is_last);
    ck_assert(is_last);
    ck_assert_uint_eq(n, 0);
}
END_TEST

TCase *
text_cases(void)
{
    TCase *c = tcase_create("text");

    tcase_add_loop_test(c, lists_are_parsed_strictly, 0, (int)(sizeof lists / sizeof lists[0]));
    tcase_add_test(c, a_list_cut_at_any_byte_is_good_only_between_pairs);
    tcase_add_test(c, pairs_are_found_by_their_key);
    tcase_add_test(c, a_list_has_a_bounded_number_of_pairs_and_length_of_value);
    tcase_add_test(c, a_list_is_collected_from_pieces_up_to_its_bound);
    tcase_add_loop_test(c, values_of_a_list_are_compared_whole, 0,
                        (int)(sizeof memberships / sizeof memberships[0]));
    tcase_add_test(c, only_yes_and_no_are_boolean);
    tcase_add_test(c, numbers_are_decimal_or_hexadecimal);
    tcase_add_loop_test(c, binary_values_are_hexadecimal_or_base64, 0,
                        (int)(sizeof binaries / sizeof binaries[0]));
    tcase_add_test(c, a_binary_value_cut_anywhere_is_read_to_its_end_only);
    tcase_add_test(c, a_binary_value_goes_out_in_hexadecimal);
    tcase_add_test(c, what_is_put_out_can_be_parsed);
    tcase_add_test(c, a_pair_that_does_not_fit_is_left_out_whole);
    tcase_add_test(c, an_answer_is_handed_out_in_pieces);
    return c;
}
