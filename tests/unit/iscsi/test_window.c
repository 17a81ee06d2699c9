/* test_window.c: command numbers, also where they wrap. */
#include <check.h>

#include "iscsi/window.h"
#include "suites.h"

static const struct {
    uint32_t a, b;
    bool less;
} serials[] = {
    {0, 1, true},           {1, 0, false},           {5, 5, false},
    {0xffffffff, 0, true},  {0, 0xffffffff, false},  {0x7fffffff, 0x80000000, true},
    {0xfffffff0, 16, true}, {16, 0xfffffff0, false},
};

START_TEST(serial_numbers_compare_across_the_wrap)
{
    ck_assert_int_eq(serial_less(serials[_i].a, serials[_i].b), serials[_i].less);
}
END_TEST

static const struct {
    uint32_t first;
    uint16_t depth;
    int32_t offset; /* of the judged CmdSN from the first */
    enum window_verdict verdict;
} judged[] = {
    {10, 4, 0, WINDOW_NEXT},          {10, 4, 1, WINDOW_AHEAD},
    {10, 4, 3, WINDOW_AHEAD},         {10, 4, 4, WINDOW_OUTSIDE},
    {10, 4, -1, WINDOW_OUTSIDE},      {10, 1, 0, WINDOW_NEXT},
    {10, 1, 1, WINDOW_OUTSIDE},       {0xffffffff, 4, 0, WINDOW_NEXT},
    {0xffffffff, 4, 3, WINDOW_AHEAD}, {0xffffffff, 4, 4, WINDOW_OUTSIDE},
    {0, 4, -1, WINDOW_OUTSIDE},       {0, 65535, 65534, WINDOW_AHEAD},
};

START_TEST(a_command_is_judged_by_its_place_in_the_window)
{
    struct window w;

    window_init(&w, judged[_i].first, 1, judged[_i].depth);
    ck_assert_int_eq(window_judge(&w, judged[_i].first + (uint32_t)judged[_i].offset),
                     judged[_i].verdict);
}
END_TEST

START_TEST(the_window_closes_when_depth_commands_are_open)
{
    struct window w;

    window_init(&w, 0xfffffffe, 7, 3);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(window_judge(&w, w.exp_cmd_sn), WINDOW_NEXT);
        window_take(&w);
    }
    ck_assert_uint_eq(w.exp_cmd_sn, 1);
    ck_assert_uint_eq(w.max_cmd_sn, 0);
    ck_assert_int_eq(window_judge(&w, 1), WINDOW_OUTSIDE);

    window_release(&w);
    ck_assert_uint_eq(w.max_cmd_sn, 1);
    ck_assert_int_eq(window_judge(&w, 1), WINDOW_NEXT);
    ck_assert_int_eq(window_judge(&w, 2), WINDOW_OUTSIDE);
}
END_TEST

START_TEST(every_answer_takes_the_next_stat_sn)
{
    struct window w;

    window_init(&w, 0, 0xffffffff, 1);
    ck_assert_uint_eq(window_next_stat_sn(&w), 0xffffffff);
    ck_assert_uint_eq(window_next_stat_sn(&w), 0);
}
END_TEST

TCase *
window_cases(void)
{
    TCase *tcase = tcase_create("window");

    tcase_add_loop_test(tcase, serial_numbers_compare_across_the_wrap, 0,
                        sizeof serials / sizeof *serials);
    tcase_add_loop_test(tcase, a_command_is_judged_by_its_place_in_the_window, 0,
                        sizeof judged / sizeof *judged);
    tcase_add_test(tcase, the_window_closes_when_depth_commands_are_open);
    tcase_add_test(tcase, every_answer_takes_the_next_stat_sn);
    return tcase;
}
