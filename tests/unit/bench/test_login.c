/* test_login.c: text keys, CHAP, LUNs on the wire, the command line. */
#include <stdio.h>
#include <string.h>

#include "bench/load/chap.h"
#include "bench/load/keys.h"
#include "bench/load/session.h"
#include "bench/load/settings.h"
#include "suites.h"

START_TEST(keys_are_found_whole_and_nowhere_else)
{
    static const char text[] = "MaxBurstLength=512\0XMaxBurst=1\0MaxBurst=\0Odd\0Last=end";
    uint32_t n = sizeof text - 1;

    ck_assert_str_eq(keys_find(text, n, "MaxBurstLength"), "512");
    ck_assert_str_eq(keys_find(text, n, "MaxBurst"), "");
    ck_assert_str_eq(keys_find(text, n, "Last"), "end");
    ck_assert_ptr_null(keys_find(text, n, "Odd"));
    ck_assert_ptr_null(keys_find(text, n, "BurstLength"));
    for (uint32_t cut = 0; cut < n; cut++) /* the zero byte after it is the caller's promise */
        ck_assert_ptr_null(keys_find(text, cut, "Nothing"));
}
END_TEST

static const struct {
    const char *theirs;
    struct negotiated agreed;
} answers[] = {
    /* clang-format off */
    {"", {8192, 262144, 65536, true, false, false, false}},
    {"MaxRecvDataSegmentLength=65536", {65536, 262144, 65536, true, false, false, false}},
    {"MaxRecvDataSegmentLength=1001", {1000, 262144, 65536, true, false, false, false}},
    {"MaxRecvDataSegmentLength=0", {16777212, 262144, 65536, true, false, false, false}},
    {"MaxBurstLength=1048576", {8192, 262144, 65536, true, false, false, false}},
    {"MaxBurstLength=4096", {8192, 4096, 65536, true, false, false, false}},
    {"FirstBurstLength=512", {8192, 262144, 512, true, false, false, false}},
    {"ImmediateData=No", {8192, 262144, 65536, false, false, false, false}},
    {"InitialR2T=Yes", {8192, 262144, 65536, true, true, false, false}},
    {"HeaderDigest=CRC32C", {8192, 262144, 65536, true, false, true, false}},
    {"DataDigest=CRC32C", {8192, 262144, 65536, true, false, false, true}},
    {"DataDigest=None", {8192, 262144, 65536, true, false, false, false}},
    /* clang-format on */
};

START_TEST(each_key_settles_what_it_is_about)
{
    struct settings settings = {
        .max_burst = 262144, .first_burst = 65536, .immediate_data = true};
    const struct negotiated *want = &answers[_i].agreed;
    struct negotiated got;

    negotiated_init(&got, &settings);
    negotiated_settle(&got, answers[_i].theirs, (uint32_t)strlen(answers[_i].theirs));
    ck_assert_uint_eq(got.max_recv_data, want->max_recv_data);
    ck_assert_uint_eq(got.max_burst, want->max_burst);
    ck_assert_uint_eq(got.first_burst, want->first_burst);
    ck_assert_int_eq(got.immediate_data, want->immediate_data);
    ck_assert_int_eq(got.initial_r2t, want->initial_r2t);
    ck_assert_int_eq(got.header_digest, want->header_digest);
    ck_assert_int_eq(got.data_digest, want->data_digest);
}
END_TEST

START_TEST(a_chap_response_is_the_md5_of_identifier_secret_and_challenge)
{
    char response[CHAP_RESPONSE_ROOM];

    ck_assert_int_eq(chap_response("39", "0x00112233445566778899aAbBcCdDeEfF",
                                   "a secret of sixteen", response),
                     0);
    ck_assert_str_eq(response, "0xa618c5500e1929951a27958186efe5cc");
}
END_TEST

static const char *const bad_challenges[] = {"", "0x", "0x1", "0xzz", "1234", "0b1234"};

START_TEST(a_challenge_that_is_no_hexadecimal_is_refused)
{
    char response[CHAP_RESPONSE_ROOM];

    ck_assert_int_eq(chap_response("1", bad_challenges[_i], "secret", response), -1);
}
END_TEST

static const struct {
    unsigned lun;
    uint8_t bytes[8];
} luns[] = {{0, {0}}, {255, {0, 255}}, {256, {0x41, 0}}, {16383, {0x7f, 0xff}}};

START_TEST(luns_from_256_on_are_flat)
{
    uint8_t bytes[8];

    memset(bytes, 0xff, sizeof bytes);
    lun_put(bytes, luns[_i].lun);
    ck_assert_mem_eq(bytes, luns[_i].bytes, 8);
}
END_TEST

static const struct {
    const char *url, *user, *secret, *host, *port, *target;
    unsigned lun;
} urls[] = {
    /* clang-format off */
    {"iscsi://h/iqn.x/0", NULL, NULL, "h", "3260", "iqn.x", 0},
    {"iscsi://192.0.2.1:33/iqn.x:y/12", NULL, NULL, "192.0.2.1", "33", "iqn.x:y", 12},
    {"iscsi://[2001:db8::1]/iqn.x/1", NULL, NULL, "2001:db8::1", "3260", "iqn.x", 1},
    {"iscsi://[::1]:44/iqn.x/1", NULL, NULL, "::1", "44", "iqn.x", 1},
    {"iscsi://me%s3cret@h:1/iqn.x/1", "me", "s3cret", "h", "1", "iqn.x", 1},
    /* clang-format on */
};

START_TEST(a_url_names_host_port_target_and_lun)
{
    char url[128], program[] = "blockgate-bench";
    char *argv[] = {program, url, NULL};
    struct settings s;

    strcpy(url, urls[_i].url);
    settings_parse(&s, 2, argv);
    ck_assert_str_eq(s.host, urls[_i].host);
    ck_assert_str_eq(s.port, urls[_i].port);
    ck_assert_str_eq(s.target, urls[_i].target);
    ck_assert_uint_eq(s.lun, urls[_i].lun);
    ck_assert_pstr_eq(s.user, urls[_i].user);
    ck_assert_pstr_eq(s.secret, urls[_i].secret);
}
END_TEST

static const char *const bad_arguments[][3] = {
    {"http://h/iqn.x/0", NULL},
    {"iscsi://h/iqn.x", NULL},
    {"iscsi:///iqn.x/0", NULL},
    {"iscsi://h/iqn.x/99999", NULL},
    {"iscsi://u@h/iqn.x/0", NULL},
    {"iscsi://h//0", NULL},
    {"--depth=0", NULL},
    {"--block-size=1000", "iscsi://h/iqn.x/0"},
    {"--mode=fast", NULL},
    {"--seconds=x", NULL},
    {"--label=a\"b", "iscsi://h/x/0"},
    {"--sessions=-1", NULL},
    {"--span=1kk", NULL},
    {"--luns=2", "iscsi://h/x/16383"},
    {"--mode=login", "--commands=5", "iscsi://h/x/0"},
    {"--mode=idle", "--commands=5", "iscsi://h/x/0"},
};

START_TEST(a_command_line_that_makes_no_sense_is_refused)
{
    char text[3][64], program[] = "blockgate-bench";
    char *argv[] = {program, text[0], text[1], text[2], NULL};
    struct settings s;
    int n = 0;

    ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
    for (; n < 3 && bad_arguments[_i][n] != NULL; n++)
        strcpy(text[n], bad_arguments[_i][n]);
    settings_parse(&s, n + 1, argv); /* ends with 64 */
}
END_TEST

static const struct {
    const char *text;
    uint32_t size;
} sizes[] = {{"-b512", 512}, {"-b4k", 4096}, {"-b128K", 131072}, {"-b1m", 1048576}};

START_TEST(sizes_may_be_written_in_powers_of_1024)
{
    char url[] = "iscsi://h/iqn.x/0", option[16], program[] = "blockgate-bench";
    char *argv[] = {program, option, url, NULL};
    struct settings s;

    strcpy(option, sizes[_i].text);
    settings_parse(&s, 3, argv);
    ck_assert_uint_eq(s.block_size, sizes[_i].size);
}
END_TEST

#define ROWS(table) (int)(sizeof table / sizeof table[0])

TCase *
login_cases(void)
{
    TCase *t = tcase_create("login");

    tcase_add_test(t, keys_are_found_whole_and_nowhere_else);
    tcase_add_loop_test(t, each_key_settles_what_it_is_about, 0, ROWS(answers));
    tcase_add_test(t, a_chap_response_is_the_md5_of_identifier_secret_and_challenge);
    tcase_add_loop_test(t, a_challenge_that_is_no_hexadecimal_is_refused, 0,
                        ROWS(bad_challenges));
    tcase_add_loop_test(t, luns_from_256_on_are_flat, 0, ROWS(luns));
    tcase_add_loop_test(t, a_url_names_host_port_target_and_lun, 0, ROWS(urls));
    tcase_add_loop_exit_test(t, a_command_line_that_makes_no_sense_is_refused, 64, 0,
                             ROWS(bad_arguments));
    tcase_add_loop_test(t, sizes_may_be_written_in_powers_of_1024, 0, ROWS(sizes));
    return t;
}
