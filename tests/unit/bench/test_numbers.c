/* test_numbers.c: percentiles, and blocks that know who they are. */
#include <stdlib.h>
#include <string.h>

#include "bench/load/histogram.h"
#include "bench/load/pattern.h"
#include "suites.h"

static struct histogram histogram, other;

static void
clear(void)
{
    memset(&histogram, 0, sizeof histogram);
    memset(&other, 0, sizeof other);
}

/* 1000 values from 1 to 1000, whose percentiles are known. */
static const struct {
    double fraction;
    uint64_t value;
} percentiles[] = {{0, 1},     {0.001, 1},  {0.02, 20}, {0.5, 500},
                   {0.9, 900}, {0.99, 990}, {1, 1000}};

START_TEST(a_percentile_is_right_to_three_percent)
{
    uint64_t want = percentiles[_i].value, got;

    clear();
    for (uint64_t v = 1000; v > 0; v--)
        histogram_add(&histogram, v);
    got = histogram_percentile(&histogram, percentiles[_i].fraction);
    ck_assert_uint_le(got, want + want * 32 / 1000);
    ck_assert_uint_ge(got + want * 32 / 1000, want);
}
END_TEST

START_TEST(every_value_has_a_bucket_and_no_percentile_exceeds_the_largest)
{
    unsigned last = 0;

    for (unsigned bit = 0; bit < 64; bit++) {
        uint64_t value = (1ull << bit) + (bit > 3 ? 1ull << (bit - 3) : 0);
        unsigned bucket = histogram_bucket(value);

        ck_assert_uint_lt(bucket, HISTOGRAM_BUCKETS);
        ck_assert(bit == 0 || bucket > last);
        last = bucket;
        clear();
        histogram_add(&histogram, value);
        ck_assert_uint_le(histogram_percentile(&histogram, 0.999), value);
        ck_assert_uint_ge(histogram_percentile(&histogram, 0.5), value - value / 32);
    }
    ck_assert_uint_eq(histogram_bucket(UINT64_MAX), HISTOGRAM_BUCKETS - 1);
}
END_TEST

START_TEST(histograms_add_up)
{
    clear();
    for (uint64_t v = 1; v <= 100; v++)
        histogram_add(v % 2 ? &histogram : &other, v * 1000);
    histogram_merge(&histogram, &other);
    ck_assert_uint_eq(histogram.total, 100);
    ck_assert_uint_eq(histogram.max, 100000);
    ck_assert(histogram_mean(&histogram) == 50500);
}
END_TEST

START_TEST(a_histogram_of_nothing_says_nought)
{
    clear();
    ck_assert_uint_eq(histogram_percentile(&histogram, 0.99), 0);
    ck_assert(histogram_mean(&histogram) == 0);
}
END_TEST

START_TEST(a_block_that_is_right_is_found_right)
{
    static const uint32_t sizes[] = {512, 520, 4096};
    uint8_t block[4096];
    uint64_t lba, generation;

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        pattern_fill(block, sizes[i], 77, 5);
        ck_assert_uint_eq(pattern_check(block, sizes[i], 77, 5), sizes[i]);
        pattern_name(block, &lba, &generation);
        ck_assert_uint_eq(lba, 77);
        ck_assert_uint_eq(generation, 5);
    }
}
END_TEST

START_TEST(each_wrong_byte_is_found_where_it_is)
{
    uint8_t block[512];

    pattern_fill(block, sizeof block, 1ull << 40, 3);
    for (uint32_t i = 0; i < sizeof block; i++) {
        block[i] ^= 0x10;
        ck_assert_uint_eq(pattern_check(block, sizeof block, 1ull << 40, 3), i);
        block[i] ^= 0x10;
    }
}
END_TEST

START_TEST(no_two_blocks_or_generations_are_alike_in_any_word)
{
    uint8_t a[512], b[512];

    pattern_fill(a, sizeof a, 8, 1);
    for (uint64_t n = 2; n < 50; n++) {
        pattern_fill(b, sizeof b, 8, n);
        for (size_t at = 8; at < sizeof a; at += 8)
            ck_assert_mem_ne(a + at, b + at, 8);
        pattern_fill(b, sizeof b, 7 + n, 1);
        for (size_t at = 16; at < sizeof a; at += 8)
            ck_assert_mem_ne(a + at, b + at, 8);
    }
}
END_TEST

TCase *
number_cases(void)
{
    TCase *t = tcase_create("numbers");

    tcase_add_loop_test(t, a_percentile_is_right_to_three_percent, 0,
                        sizeof percentiles / sizeof percentiles[0]);
    tcase_add_test(t, every_value_has_a_bucket_and_no_percentile_exceeds_the_largest);
    tcase_add_test(t, histograms_add_up);
    tcase_add_test(t, a_histogram_of_nothing_says_nought);
    tcase_add_test(t, a_block_that_is_right_is_found_right);
    tcase_add_test(t, each_wrong_byte_is_found_where_it_is);
    tcase_add_test(t, no_two_blocks_or_generations_are_alike_in_any_word);
    return t;
}
