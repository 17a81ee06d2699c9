/* test_text.c: strict parsing, errors and the log. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/error.h"
#include "core/log.h"
#include "core/parse.h"
#include "suites.h"

#define COUNT(a) ((int)(sizeof(a) / sizeof(a)[0]))

static const struct {
    const char *text;
    uint64_t min, max;
    int result;
    uint64_t value;
} numbers[] = {
    {"0", 0, 10, 0, 0},
    {"10", 0, 10, 0, 10},
    {"11", 0, 10, -1, 0},
    {"4", 5, 10, -1, 0},
    {"0x1F", 0, 255, 0, 31},
    {"0x", 0, 255, -1, 0},
    {"", 0, 255, -1, 0},
    {"-1", 0, UINT64_MAX, -1, 0},
    {" 1", 0, 255, -1, 0},
    {"1 ", 0, 255, -1, 0},
    {"1f", 0, 255, -1, 0},
    {"18446744073709551615", 0, UINT64_MAX, 0, UINT64_MAX},
    {"18446744073709551616", 0, UINT64_MAX, -1, 0},
    {"0x10000000000000000", 0, UINT64_MAX, -1, 0},
};

START_TEST(a_number_is_the_whole_text_within_its_range_or_nothing)
{
    uint64_t value = 77;

    ck_assert_int_eq(parse_u64(numbers[_i].text, numbers[_i].min, numbers[_i].max, &value),
                     numbers[_i].result);
    ck_assert_uint_eq(value, numbers[_i].result == 0 ? numbers[_i].value : 77);
}
END_TEST

static const struct {
    const char *text, *address;
    unsigned port;
} portals[] = {
    {"192.0.2.1:3260", "192.0.2.1", 3260},
    {"[2001:db8::1]:860", "2001:db8::1", 860},
    {"[::]:3260", "::", 3260},
    {"3260", "::", 3260},
    {"2001:db8::1:3260", NULL, 0}, /* needs brackets */
    {"[192.0.2.1]:3260", NULL, 0},
    {"[2001:db8::1]", NULL, 0},
    {"[]:3260", NULL, 0},
    {"[:3260", NULL, 0},
    {":3260", NULL, 0},
    {"192.0.2.1:", NULL, 0},
    {"192.0.2.1:0", NULL, 0},
    {"192.0.2.1:65536", NULL, 0},
    {"host:3260", NULL, 0},
    {"", NULL, 0},
};

START_TEST(a_portal_is_a_numeric_address_and_a_port)
{
    char address[64];
    uint16_t port;
    int result = parse_address_port(portals[_i].text, address, &port);

    ck_assert_int_eq(result, portals[_i].address != NULL ? 0 : -1);
    if (result == 0) {
        ck_assert_str_eq(address, portals[_i].address);
        ck_assert_uint_eq(port, portals[_i].port);
    }
}
END_TEST

static const struct {
    const char *name;
    bool is_name;
} names[] = {
    {"iqn.2026-01.org.example:disk0", true},
    {"iqn.2026-01.org.example", true},
    {"iqn.1993-08.org.debian:01:4f2c1d", true},
    {"iqn.2026-13.org.example:disk0", false},
    {"iqn.2026-00.org.example:disk0", false},
    {"iqn.2026-01.Org.example:disk0", false},
    {"iqn.2026-01.org.example:", false},
    {"iqn.2026-01.org.example:a b", false},
    {"iqn.2026-01", false},
    {"iqn.2026-01.", false},
    {"iqn.", false},
    {"", false},
    {"eui.02004567A425678D", true},
    {"eui.02004567A425678", false},
    {"naa.52004567BA64678D", true},
    {"naa.62004567BA64678D0123456789ABCDEF", true},
    {"naa.62004567BA64678D01", false},
    {"disk0", false},
};

START_TEST(only_names_of_the_three_formats_are_iscsi_names)
{
    ck_assert_int_eq(parse_is_iscsi_name(names[_i].name), names[_i].is_name);
}
END_TEST

START_TEST(an_iscsi_name_has_at_most_223_bytes)
{
    char name[300] = "iqn.2026-01.org.example:";

    memset(name + strlen(name), 'x', 223 - strlen(name));
    ck_assert(parse_is_iscsi_name(name));
    strcat(name, "x");
    ck_assert(!parse_is_iscsi_name(name));
}
END_TEST

START_TEST(an_error_keeps_the_errno_behind_it)
{
    struct error err = {.code = ERROR_NONE};

    errno = ENOENT;
    ck_assert_int_eq(error_set(&err, ERROR_BACKEND, "cannot open '%s': %m", "/srv/x"), -1);
    ck_assert_str_eq(err.message, "cannot open '/srv/x': No such file or directory");
    ck_assert_int_eq(err.sys_errno, ENOENT);
    ck_assert_str_eq(error_code_name(err.code), "BACKEND_ERROR");
    ck_assert_int_eq(error_set(NULL, ERROR_INTERNAL, "nobody asks"), -1);
}
END_TEST

START_TEST(every_error_code_has_a_name)
{
    for (int i = 0; i < ERROR_CODES; i++)
        ck_assert_ptr_nonnull(error_code_name((enum error_code)i));
}
END_TEST

/* What log_write() sends to stderr, with the time cut off. */
static void
capture(char *text, size_t size, void (*say)(void))
{
    int ends[2], saved = dup(STDERR_FILENO);
    ssize_t n;

    ck_assert_int_eq(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    say();
    dup2(saved, STDERR_FILENO);
    close(saved);
    n = read(ends[0], text, size - 1);
    close(ends[0]);
    text[n > 0 ? n : 0] = '\0';
    if (strncmp(text, "ts=", 3) == 0)
        memmove(text, strchr(text, ' ') + 1, strlen(strchr(text, ' ')));
}

static void
say_evil(void)
{
    log_info("iscsi", "login refused", "initiator", "evil\nts=now level=error \"x\"", "plain",
             "iqn.2026-01.org.example:a", "empty", "", "number", log_number(42), NULL);
}

START_TEST(text_from_a_peer_cannot_forge_a_log_line)
{
    char text[1024];

    capture(text, sizeof text, say_evil);
    ck_assert_str_eq(text, "level=info module=iscsi msg=\"login refused\" "
                           "initiator=\"evil\\x0ats=now level=error \\\"x\\\"\" "
                           "plain=iqn.2026-01.org.example:a empty=\"\" number=42\n");
}
END_TEST

static void
say_debug(void)
{
    log_debug("net", "quiet", NULL);
    ck_assert_int_eq(log_set_level("net", LOG_LEVEL_DEBUG), 0);
    log_debug("net", "heard", NULL);
    log_debug("rpc", "still quiet", NULL);
}

START_TEST(each_module_has_a_level_of_its_own)
{
    char text[1024];

    capture(text, sizeof text, say_debug);
    ck_assert_str_eq(text, "level=debug module=net msg=heard\n");
    ck_assert_int_eq(log_set_level("nonsense", LOG_LEVEL_DEBUG), -1);
    ck_assert_int_eq(log_level_from_name("warning"), LOG_LEVEL_WARNING);
    ck_assert_int_eq(log_level_from_name("loud"), -1);
}
END_TEST

START_TEST(a_flood_of_lines_is_cut_to_ten_a_second)
{
    struct log_limit limit = {0};
    unsigned allowed = 0;

    for (int i = 0; i < 1000; i++)
        allowed += log_limit_allows(&limit);
    ck_assert_uint_ge(allowed, 10);
    ck_assert_uint_le(allowed, 20); /* the second may turn meanwhile */
}
END_TEST

TCase *
text_cases(void)
{
    TCase *c = tcase_create("text");

    tcase_add_loop_test(c, a_number_is_the_whole_text_within_its_range_or_nothing, 0,
                        COUNT(numbers));
    tcase_add_loop_test(c, a_portal_is_a_numeric_address_and_a_port, 0, COUNT(portals));
    tcase_add_loop_test(c, only_names_of_the_three_formats_are_iscsi_names, 0, COUNT(names));
    tcase_add_test(c, an_iscsi_name_has_at_most_223_bytes);
    tcase_add_test(c, an_error_keeps_the_errno_behind_it);
    tcase_add_test(c, every_error_code_has_a_name);
    tcase_add_test(c, text_from_a_peer_cannot_forge_a_log_line);
    tcase_add_test(c, each_module_has_a_level_of_its_own);
    tcase_add_test(c, a_flood_of_lines_is_cut_to_ten_a_second);
    return c;
}
