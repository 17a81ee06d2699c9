/* test_params.c: how each key is settled. */
#include "iscsi/params.h"

#include <string.h>

#include "iscsi/text.h"
#include "lists.h"
#include "suites.h"

static const struct target_parameters target = {
    .immediate_data = true,
    .max_recv_data_segment_length = 262144,
    .max_burst_length = 1048576,
    .first_burst_length = 262144,
    .max_outstanding_r2t = 8,
    .default_time2wait = 2,
    .header_digests = DIGEST_ALLOW_NONE | DIGEST_ALLOW_CRC32C,
    .data_digests = DIGEST_ALLOW_NONE | DIGEST_ALLOW_CRC32C,
};

/* Our side, as two lists of one pair each: what is offered, what is answered. */
static const struct {
    const char *offer, *answer;
    const char *in_discovery; /* NULL: the same */
} rows[] = {
    {"HeaderDigest=None;", "HeaderDigest=None;", NULL},
    {"HeaderDigest=CRC32C;", "HeaderDigest=CRC32C;", NULL},
    {"HeaderDigest=CRC32C,None;", "HeaderDigest=CRC32C;", NULL},
    {"HeaderDigest=None,CRC32C;", "HeaderDigest=None;", NULL},
    {"HeaderDigest=X-md5,CRC32C;", "HeaderDigest=CRC32C;", NULL},
    {"HeaderDigest=X-md5;", "HeaderDigest=Reject;", NULL},
    {"HeaderDigest=;", "HeaderDigest=Reject;", NULL},
    {"DataDigest=CRC32C,None;", "DataDigest=CRC32C;", NULL},
    {"DataDigest=None;", "DataDigest=None;", NULL},

    {"MaxConnections=1;", "MaxConnections=1;", "MaxConnections=Irrelevant;"},
    {"MaxConnections=8;", "MaxConnections=1;", "MaxConnections=Irrelevant;"},
    {"MaxConnections=0;", "MaxConnections=Reject;", "MaxConnections=Irrelevant;"},
    {"InitialR2T=No;", "InitialR2T=No;", "InitialR2T=Irrelevant;"},
    {"InitialR2T=Yes;", "InitialR2T=Yes;", "InitialR2T=Irrelevant;"},
    {"InitialR2T=yes;", "InitialR2T=Reject;", "InitialR2T=Irrelevant;"},
    {"InitialR2T=1;", "InitialR2T=Reject;", "InitialR2T=Irrelevant;"},
    {"ImmediateData=Yes;", "ImmediateData=Yes;", "ImmediateData=Irrelevant;"},
    {"ImmediateData=No;", "ImmediateData=No;", "ImmediateData=Irrelevant;"},
    {"MaxBurstLength=262144;", "MaxBurstLength=262144;", "MaxBurstLength=Irrelevant;"},
    {"MaxBurstLength=16776192;", "MaxBurstLength=1048576;", "MaxBurstLength=Irrelevant;"},
    {"MaxBurstLength=0x40000;", "MaxBurstLength=262144;", "MaxBurstLength=Irrelevant;"},
    {"MaxBurstLength=511;", "MaxBurstLength=Reject;", "MaxBurstLength=Irrelevant;"},
    {"MaxBurstLength=16777215;", "MaxBurstLength=1048576;", "MaxBurstLength=Irrelevant;"},
    {"MaxBurstLength=16777216;", "MaxBurstLength=Reject;", "MaxBurstLength=Irrelevant;"},
    {"MaxBurstLength=-1;", "MaxBurstLength=Reject;", "MaxBurstLength=Irrelevant;"},
    {"MaxBurstLength=99999999999999999999;", "MaxBurstLength=Reject;",
     "MaxBurstLength=Irrelevant;"},
    {"FirstBurstLength=512;", "FirstBurstLength=512;", "FirstBurstLength=Irrelevant;"},
    {"FirstBurstLength=16777215;", "FirstBurstLength=262144;", "FirstBurstLength=Irrelevant;"},
    {"FirstBurstLength=0;", "FirstBurstLength=Reject;", "FirstBurstLength=Irrelevant;"},
    {"DefaultTime2Wait=0;", "DefaultTime2Wait=2;", NULL},
    {"DefaultTime2Wait=5;", "DefaultTime2Wait=5;", NULL},
    {"DefaultTime2Wait=3601;", "DefaultTime2Wait=Reject;", NULL},
    {"DefaultTime2Retain=0;", "DefaultTime2Retain=0;", NULL},
    {"DefaultTime2Retain=60;", "DefaultTime2Retain=0;", NULL}, /* nothing is kept */
    {"DefaultTime2Retain=3601;", "DefaultTime2Retain=Reject;", NULL},
    {"MaxOutstandingR2T=1;", "MaxOutstandingR2T=1;", "MaxOutstandingR2T=Irrelevant;"},
    {"MaxOutstandingR2T=64;", "MaxOutstandingR2T=8;", "MaxOutstandingR2T=Irrelevant;"},
    {"MaxOutstandingR2T=65536;", "MaxOutstandingR2T=Reject;", "MaxOutstandingR2T=Irrelevant;"},
    {"DataPDUInOrder=No;", "DataPDUInOrder=Yes;", "DataPDUInOrder=Irrelevant;"},
    {"DataSequenceInOrder=Yes;", "DataSequenceInOrder=Yes;", "DataSequenceInOrder=Irrelevant;"},
    {"ErrorRecoveryLevel=0;", "ErrorRecoveryLevel=0;", NULL},
    {"ErrorRecoveryLevel=2;", "ErrorRecoveryLevel=0;", NULL},
    {"ErrorRecoveryLevel=3;", "ErrorRecoveryLevel=Reject;", NULL},
    {"TaskReporting=FastAbort,RFC3720;", "TaskReporting=RFC3720;", "TaskReporting=Irrelevant;"},
    {"TaskReporting=FastAbort;", "TaskReporting=Reject;", "TaskReporting=Irrelevant;"},
    {"iSCSIProtocolLevel=2;", "iSCSIProtocolLevel=1;", "iSCSIProtocolLevel=Irrelevant;"},
    {"iSCSIProtocolLevel=0;", "iSCSIProtocolLevel=0;", "iSCSIProtocolLevel=Irrelevant;"},
    {"IFMarker=No;", "IFMarker=No;", NULL},
    {"OFMarker=Yes;", "OFMarker=No;", NULL},
    {"OFMarker=Maybe;", "OFMarker=Reject;", NULL},
    {"IFMarkInt=1~65535;", "IFMarkInt=Reject;", NULL},
    {"OFMarkInt=1;", "OFMarkInt=Reject;", NULL},
    {"X-com.example.Key=1;", "X-com.example.Key=NotUnderstood;", NULL},
    {"RDMAExtensions=Yes;", "RDMAExtensions=NotUnderstood;", NULL},
    {"maxburstlength=512;", "maxburstlength=NotUnderstood;", NULL},
    {"X-com.example.Key=NotUnderstood;", "", NULL},
    {"TargetAlias=mine;", "TargetAlias=Reject;", NULL},
    {"TargetAlias=NotUnderstood;", "", NULL},
    {"InitiatorAlias=Reject;", "", NULL}, /* a strange alias, but login.c's */
    {"InitiatorName=iqn.2026-01.example:a;", "", NULL},
    {"MaxRecvDataSegmentLength=65536;", "", NULL},
};

/* One list in the operational stage, after an empty one that our declaration answered. */
static enum param_verdict
answer(struct negotiation *n, const char *offer, struct text_output *out)
{
    char bytes[4096];
    struct text_list list;

    if (!n->has_declared) {
        list.count = 0;
        ck_assert_int_eq(negotiation_answer(n, PHASE_OPERATIONAL, &list, out), PARAMS_ANSWERED);
        text_output_clear(out);
    }
    list_parse(offer, bytes, &list);
    return negotiation_answer(n, PHASE_OPERATIONAL, &list, out);
}

START_TEST(each_key_is_settled_by_its_rule)
{
    struct negotiation n;
    struct text_output out;

    text_output_init(&out, 8192);
    negotiation_init(&n, &target, false);
    ck_assert_int_eq(answer(&n, rows[_i].offer, &out), PARAMS_ANSWERED);
    ck_assert_str_eq(output_text(&out), rows[_i].answer);

    text_output_clear(&out);
    negotiation_init(&n, NULL, true);
    ck_assert_int_eq(answer(&n, rows[_i].offer, &out), PARAMS_ANSWERED);
    ck_assert_str_eq(output_text(&out),
                     rows[_i].in_discovery != NULL ? rows[_i].in_discovery : rows[_i].answer);
    text_output_done(&out);
}
END_TEST

static const char *const errors[] = {
    "MaxRecvDataSegmentLength=511;",
    "MaxRecvDataSegmentLength=16777216;",
    "MaxRecvDataSegmentLength=;",
    "MaxRecvDataSegmentLength=Yes;",
    "MaxBurstLength=Reject;",
    "InitialR2T=NotUnderstood;",
    "HeaderDigest=Irrelevant;",
    "AuthMethod=None;",
    "SendTargets=All;",
};

START_TEST(some_lists_break_the_protocol)
{
    struct negotiation n;
    struct text_output out;

    text_output_init(&out, 8192);
    negotiation_init(&n, &target, false);
    ck_assert_int_eq(answer(&n, errors[_i], &out), PARAMS_PROTOCOL_ERROR);
    ck_assert_str_ne(negotiation_problem(&n), "none");
    text_output_done(&out);
}
END_TEST

START_TEST(nobody_offering_anything_leaves_the_standards_defaults)
{
    struct negotiation n;
    struct text_output out;

    text_output_init(&out, 8192);
    negotiation_init(&n, &target, false);
    ck_assert_uint_eq(n.params.max_recv_data_segment_length, 8192);
    ck_assert_int_eq(answer(&n, "", &out), PARAMS_ANSWERED);
    ck_assert(!n.params.header_digest && !n.params.data_digest);
    ck_assert(n.params.initial_r2t && n.params.immediate_data);
    ck_assert_uint_eq(n.params.max_send_data_segment_length, 8192);
    ck_assert_uint_eq(n.params.max_recv_data_segment_length, 262144); /* declared */
    ck_assert_uint_eq(n.params.max_burst_length, 262144);
    ck_assert_uint_eq(n.params.first_burst_length, 65536);
    ck_assert_uint_eq(n.params.max_outstanding_r2t, 1);
    ck_assert_uint_eq(n.params.default_time2wait, 2);
    text_output_done(&out);
}
END_TEST

START_TEST(what_was_agreed_is_in_force)
{
    struct negotiation n;
    struct text_output out;

    text_output_init(&out, 8192);
    negotiation_init(&n, &target, false);
    ck_assert_int_eq(answer(&n,
                            "HeaderDigest=CRC32C;DataDigest=CRC32C,None;InitialR2T=No;"
                            "ImmediateData=No;MaxRecvDataSegmentLength=65536;"
                            "MaxBurstLength=524288;FirstBurstLength=131072;"
                            "MaxOutstandingR2T=4;DefaultTime2Wait=3;DefaultTime2Retain=4;",
                            &out),
                     PARAMS_ANSWERED);
    ck_assert(n.params.header_digest && n.params.data_digest);
    ck_assert(!n.params.initial_r2t && !n.params.immediate_data);
    ck_assert_uint_eq(n.params.max_send_data_segment_length, 65536);
    ck_assert_uint_eq(n.params.max_burst_length, 524288);
    ck_assert_uint_eq(n.params.first_burst_length, 131072);
    ck_assert_uint_eq(n.params.max_outstanding_r2t, 4);
    ck_assert_uint_eq(n.params.default_time2wait, 3);
    text_output_done(&out);
}
END_TEST

START_TEST(our_receive_length_is_declared_once)
{
    struct negotiation n;
    struct text_output out;
    struct text_list list = {.count = 0};

    text_output_init(&out, 8192);
    negotiation_init(&n, &target, false);
    ck_assert_int_eq(negotiation_answer(&n, PHASE_SECURITY, &list, &out), PARAMS_ANSWERED);
    ck_assert_str_eq(output_text(&out), "");
    ck_assert_int_eq(negotiation_answer(&n, PHASE_OPERATIONAL, &list, &out), PARAMS_ANSWERED);
    ck_assert_str_eq(output_text(&out), "MaxRecvDataSegmentLength=262144;");
    text_output_clear(&out);
    ck_assert_int_eq(negotiation_answer(&n, PHASE_OPERATIONAL, &list, &out), PARAMS_ANSWERED);
    ck_assert_str_eq(output_text(&out), "");
    text_output_done(&out);
}
END_TEST

/* FirstBurstLength against MaxBurstLength, in one list or two. */
static const struct {
    const char *first, *second;
    enum param_verdict verdict;
    uint32_t first_burst, max_burst;
} bursts[] = {
    {"FirstBurstLength=262144;MaxBurstLength=16384;", "", PARAMS_ANSWERED, 16384, 16384},
    {"MaxBurstLength=16384;FirstBurstLength=262144;", "", PARAMS_ANSWERED, 16384, 16384},
    {"MaxBurstLength=16384;", "FirstBurstLength=32768;", PARAMS_ANSWERED, 16384, 16384},
    {"MaxBurstLength=16384;", "", PARAMS_ANSWERED, 16384, 16384},
    {"FirstBurstLength=8192;", "MaxBurstLength=16384;", PARAMS_ANSWERED, 8192, 16384},
    {"FirstBurstLength=32768;", "MaxBurstLength=16384;", PARAMS_PROTOCOL_ERROR, 0, 0},
    {"FirstBurstLength=16777215;MaxBurstLength=16777215;", "", PARAMS_ANSWERED, 262144,
     1048576},
};

START_TEST(the_first_burst_never_exceeds_the_burst)
{
    struct negotiation n;
    struct text_output out;

    text_output_init(&out, 8192);
    negotiation_init(&n, &target, false);
    ck_assert_int_eq(answer(&n, bursts[_i].first, &out), PARAMS_ANSWERED);
    ck_assert_int_eq(answer(&n, bursts[_i].second, &out), bursts[_i].verdict);
    if (bursts[_i].verdict == PARAMS_ANSWERED) {
        ck_assert_uint_eq(n.params.first_burst_length, bursts[_i].first_burst);
        ck_assert_uint_eq(n.params.max_burst_length, bursts[_i].max_burst);
    }
    text_output_done(&out);
}
END_TEST

START_TEST(a_key_is_negotiated_once_until_the_next_negotiation)
{
    struct negotiation n;
    struct text_output out;
    struct text_list list;
    char bytes[4096];

    text_output_init(&out, 8192);
    negotiation_init(&n, &target, false);
    ck_assert_int_eq(answer(&n, "MaxRecvDataSegmentLength=8192;MaxBurstLength=512;", &out),
                     PARAMS_ANSWERED);
    ck_assert_int_eq(answer(&n, "MaxBurstLength=512;", &out), PARAMS_PROTOCOL_ERROR);

    negotiation_restart(&n);
    list_parse("MaxRecvDataSegmentLength=65536;", bytes, &list);
    ck_assert_int_eq(negotiation_answer(&n, PHASE_FULL_FEATURE, &list, &out), PARAMS_ANSWERED);
    ck_assert_uint_eq(n.params.max_send_data_segment_length, 65536);
    list_parse("MaxBurstLength=65536;", bytes, &list);
    ck_assert_int_eq(negotiation_answer(&n, PHASE_FULL_FEATURE, &list, &out),
                     PARAMS_PROTOCOL_ERROR);
    text_output_done(&out);
}
END_TEST

/* Digests that the target allows, what the initiator offers, what comes of it. */
static const struct {
    uint8_t header, data;
    const char *offer, *answer;
    bool acceptable;
} demands[] = {
    {1, 1, "HeaderDigest=CRC32C,None;", "HeaderDigest=None;", true},
    {1, 1, "HeaderDigest=CRC32C;", "HeaderDigest=Reject;", true}, /* None stays */
    {2, 3, "HeaderDigest=None,CRC32C;", "HeaderDigest=CRC32C;", true},
    {2, 3, "HeaderDigest=None;", "HeaderDigest=Reject;", false},
    {2, 3, "", "", false},
    {3, 2, "DataDigest=CRC32C;", "DataDigest=CRC32C;", true},
    {3, 2, "", "", false},
    {0, 0, "", "", true},
};

START_TEST(a_target_may_demand_its_digests)
{
    struct target_parameters demanding = target;
    struct negotiation n;
    struct text_output out;

    demanding.header_digests = demands[_i].header;
    demanding.data_digests = demands[_i].data;
    text_output_init(&out, 8192);
    negotiation_init(&n, &demanding, false);
    ck_assert_int_eq(answer(&n, demands[_i].offer, &out), PARAMS_ANSWERED);
    ck_assert_str_eq(output_text(&out), demands[_i].answer);
    ck_assert(negotiation_is_acceptable(&n) == demands[_i].acceptable);
    text_output_done(&out);
}
END_TEST

START_TEST(settings_out_of_range_are_brought_into_it)
{
    const struct target_parameters nothing = {0};
    struct negotiation n;
    struct text_output out;

    text_output_init(&out, 8192);
    negotiation_init(&n, &nothing, false);
    ck_assert_int_eq(answer(&n, "MaxOutstandingR2T=4;MaxBurstLength=4096;", &out),
                     PARAMS_ANSWERED);
    ck_assert_str_eq(output_text(&out), "MaxOutstandingR2T=1;MaxBurstLength=512;");
    ck_assert_uint_eq(n.params.max_recv_data_segment_length, 512);
    text_output_done(&out);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

TCase *
params_cases(void)
{
    TCase *c = tcase_create("params");

    tcase_add_loop_test(c, each_key_is_settled_by_its_rule, 0, COUNT(rows));
    tcase_add_loop_test(c, some_lists_break_the_protocol, 0, COUNT(errors));
    tcase_add_test(c, nobody_offering_anything_leaves_the_standards_defaults);
    tcase_add_test(c, what_was_agreed_is_in_force);
    tcase_add_test(c, our_receive_length_is_declared_once);
    tcase_add_loop_test(c, the_first_burst_never_exceeds_the_burst, 0, COUNT(bursts));
    tcase_add_test(c, a_key_is_negotiated_once_until_the_next_negotiation);
    tcase_add_loop_test(c, a_target_may_demand_its_digests, 0, COUNT(demands));
    tcase_add_test(c, settings_out_of_range_are_brought_into_it);
    return c;
}
