/* test_discovery.c: what SendTargets answers. */
#include "iscsi/discovery.h"

#include <string.h>

#include "iscsi/text.h"
#include "lists.h"
#include "small_catalog.h"
#include "suites.h"

#define NAME   "iqn.2026-01.example:"
#define ONE    "iqn.2026-01.example:one"
#define FRIEND "iqn.2026-01.example:friend"

#define ELSEWHERE                                                                          \
    "TargetName=" NAME "elsewhere;TargetAddress=192.0.2.1:3260,2;TargetAddress=192.0.2.2:" \
    "3261,2;TargetAddress=[2001:db8::1]:3260,2;"
#define OPEN(address)                                                                   \
    "TargetName=" NAME "open;TargetAddress=" address ":3260,1;TargetAddress=192.0.2.1:" \
    "3260,2;TargetAddress=192.0.2.2:3261,2;TargetAddress=[2001:db8::1]:3260,2;"
#define IN_GROUP_1(name, address) "TargetName=" NAME name ";TargetAddress=" address ":3260,1;"
#define IPV4(address)             "TargetName=" NAME "ipv4;TargetAddress=" address ":3262,3;"

static const struct {
    const char *initiator, *local, *own, *value, *answer;
} rows[] = {
    {ONE, "192.0.2.7:3260", NULL, "All",
     ELSEWHERE IPV4("192.0.2.7") OPEN("192.0.2.7") IN_GROUP_1("strict", "192.0.2.7")},
    {FRIEND, "192.0.2.7:3260", NULL, "All",
     ELSEWHERE IPV4("192.0.2.7") OPEN("192.0.2.7") IN_GROUP_1("private", "192.0.2.7")
         IN_GROUP_1("strict", "192.0.2.7")},
    {"IQN.2026-01.Example:Friend", "192.0.2.7:3260", NULL, NAME "private",
     IN_GROUP_1("private", "192.0.2.7")},
    {ONE, "192.0.2.7:3260", NULL, NAME "private", ""},
    {ONE, "192.0.2.7:3260", NULL, NAME "off", ""},
    {ONE, "192.0.2.7:3260", NULL, NAME "unknown", ""},
    {ONE, "192.0.2.7:3260", NULL, NAME "strict", IN_GROUP_1("strict", "192.0.2.7")},
    {ONE, "[2001:db8::9]:3260", NULL, NAME "strict", IN_GROUP_1("strict", "[2001:db8::9]")},
    {ONE, "[fe80::9%eth0]:3260", NULL, NAME "strict", IN_GROUP_1("strict", "[fe80::9]")},
    {ONE, "[::ffff:192.0.2.7]:3260", NULL, NAME "strict", IN_GROUP_1("strict", "192.0.2.7")},
    {ONE, "[2001:db8::9]:3260", NULL, NAME "ipv4", ""}, /* no way there over IPv6 */
    {ONE, "", NULL, NAME "strict", ""},
    {ONE, "192.0.2.7:3260", NULL, "", "SendTargets=Reject;"},
    {ONE, "192.0.2.7:3260", NAME "strict", "", IN_GROUP_1("strict", "192.0.2.7")},
    {ONE, "192.0.2.7:3260", NAME "strict", NAME "strict", IN_GROUP_1("strict", "192.0.2.7")},
    {ONE, "192.0.2.7:3260", NAME "strict", NAME "open", "SendTargets=Reject;"},
    {ONE, "192.0.2.7:3260", NAME "strict", "All", "SendTargets=Reject;"},
};

START_TEST(an_initiator_is_told_of_what_it_may_use)
{
    struct discovery d = {.catalog = small_catalog(),
                          .initiator = rows[_i].initiator,
                          .local = rows[_i].local,
                          .own_target = rows[_i].own};
    struct text_output out;

    text_output_init(&out, DISCOVERY_ANSWER_MAX);
    discovery_send_targets(&d, rows[_i].value, &out);
    ck_assert_str_eq(output_text(&out), rows[_i].answer);
    ck_assert_int_eq(out.error, 0);
    text_output_done(&out);
}
END_TEST

START_TEST(an_address_cut_at_any_byte_does_no_harm)
{
    static const char *const locals[] = {"192.0.2.7:3260", "[::ffff:192.0.2.7]:3260",
                                         "[fe80::9%eth0]:3260"};
    struct text_output out;
    char cut[72];

    text_output_init(&out, DISCOVERY_ANSWER_MAX);
    for (size_t i = 0; i < 3; i++)
        for (size_t n = 0; n <= strlen(locals[i]); n++) {
            struct discovery d = {.catalog = small_catalog(), .initiator = ONE, .local = cut};
            memcpy(cut, locals[i], n);
            cut[n] = '\0';
            text_output_clear(&out);
            discovery_send_targets(&d, NAME "elsewhere", &out);
            ck_assert_str_eq(output_text(&out), ELSEWHERE);
        }
    text_output_done(&out);
}
END_TEST

TCase *
discovery_cases(void)
{
    TCase *c = tcase_create("discovery");

    tcase_add_loop_test(c, an_initiator_is_told_of_what_it_may_use, 0,
                        (int)(sizeof rows / sizeof rows[0]));
    tcase_add_test(c, an_address_cut_at_any_byte_does_no_harm);
    return c;
}
