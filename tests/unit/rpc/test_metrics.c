/* test_metrics.c: Prometheus' text, whatever the names are; what a daemon shows. */
#include <stdlib.h>
#include <string.h>

#include "core/latency.h"
#include "fixture.h"
#include "rpc/metrics_text.h"
#include "suites.h"

static const struct {
    const char *value, *label;
} labels[] = {
    {"", "x=\"\""},
    {"disk0", "x=\"disk0\""},
    {"a\"b", "x=\"a\\\"b\""},
    {"a\\", "x=\"a\\\\\""},
    {"a\nb", "x=\"a\\nb\""},
    {"}\" 1\nevil 2", "x=\"}\\\" 1\\nevil 2\""},
    {"gr\xc3\xbc\xc3\x9f", "x=\"gr\xc3\xbc\xc3\x9f\""},
    {"\xe2\x82\xac \xf0\x9f\x92\xbe", "x=\"\xe2\x82\xac \xf0\x9f\x92\xbe\""},
    {"\xff\xfe", "x=\"??\""},
    {"a\xc3", "x=\"a?\""},              /* cut within a character */
    {"\xc0\xaf", "x=\"??\""},           /* overlong */
    {"\xed\xa0\x80", "x=\"???\""},      /* a surrogate */
    {"\xf4\x90\x80\x80", "x=\"????\""}, /* above U+10FFFF */
};

START_TEST(a_label_is_escaped_and_utf_8_whatever_its_value_is)
{
    char text[64] = "";

    ck_assert(metrics_label(text, sizeof text, "x", labels[_i].value));
    ck_assert_str_eq(text, labels[_i].label);
}
END_TEST

START_TEST(a_label_that_does_not_fit_is_left_out_as_a_whole)
{
    static const char value[] = "ab\"\\\ncd\xe2\x82\xac";

    for (size_t size = sizeof "a=\"1\""; size < 40; size++) {
        char text[40];
        bool fits;

        memset(text, '#', sizeof text);
        strcpy(text, "a=\"1\"");
        fits = metrics_label(text, size, "x", value);
        ck_assert_str_eq(text, fits ? "a=\"1\",x=\"ab\\\"\\\\\\ncd\xe2\x82\xac\"" : "a=\"1\"");
        for (size_t i = size; i < sizeof text; i++)
            ck_assert_int_eq(text[i], '#');
        ck_assert(fits || size < 30);
        ck_assert(!fits || size >= sizeof "a=\"1\",x=\"ab..__..cdEUR\"");
    }
}
END_TEST

START_TEST(a_histogram_has_cumulative_buckets_and_seconds)
{
    uint64_t counts[LATENCY_BUCKETS] = {2, 1, [LATENCY_BUCKETS - 1] = 4};
    struct metrics_text t;
    size_t length;
    char *text;

    metrics_text_init(&t);
    metrics_family(&t, "m_seconds", "histogram", "Help.");
    metrics_histogram(&t, "op=\"read\"", counts, 12000050);
    text = metrics_text_done(&t, &length);
    ck_assert_ptr_nonnull(text);
    ck_assert_uint_eq(strlen(text), length);
    ck_assert_ptr_nonnull(strstr(text, "# HELP m_seconds Help.\n# TYPE m_seconds histogram\n"
                                       "m_seconds_bucket{op=\"read\",le=\"0.000016\"} 2\n"
                                       "m_seconds_bucket{op=\"read\",le=\"0.000032\"} 3\n"));
    ck_assert_ptr_nonnull(
        strstr(text, "m_seconds_bucket{op=\"read\",le=\"4.194304\"} 3\n"
                     "m_seconds_bucket{op=\"read\",le=\"+Inf\"} 7\n"
                     "m_seconds_sum{op=\"read\"} 12.00005\nm_seconds_count{op=\"read\"} 7\n"));
    free(text);
}
END_TEST

TCase *
metrics_cases(void)
{
    TCase *c = tcase_create("metrics");

    tcase_add_loop_test(c, a_label_is_escaped_and_utf_8_whatever_its_value_is, 0,
                        sizeof labels / sizeof labels[0]);
    tcase_add_test(c, a_label_that_does_not_fit_is_left_out_as_a_whole);
    tcase_add_test(c, a_histogram_has_cumulative_buckets_and_seconds);
    return c;
}
