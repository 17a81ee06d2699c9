/* test_session.c: whole dialogues: login, reads and writes in pieces of all sizes, end. */
#include <stdlib.h>
#include <string.h>

#include "catalog/credentials.h"
#include "core/bytes.h"
#include "fixture.h"
#include "iscsi/registry.h"
#include "iscsi/session.h"
#include "suites.h"

/* Reads what comes for TAG into DATA until the status; returns that. */
static uint8_t
collect_read(struct fake_initiator *f, uint32_t tag, uint8_t *data, uint32_t length)
{
    uint32_t got = 0, data_sn = 0;

    for (;;) {
        struct fake_pdu *p = expect(f, PDU_DATA_IN);
        struct pdu_data_in d;

        pdu_data_in_get(p->header, &d);
        ck_assert_uint_eq(d.task_tag, tag);
        ck_assert_uint_eq(d.datasn, data_sn++);
        ck_assert_uint_eq(d.buffer_offset, got);
        ck_assert_uint_le(got + p->length, length);
        memcpy(data + got, p->data, p->length);
        got += (uint32_t)p->length;
        fake_pdu_free(p);
        if (d.has_status) {
            ck_assert(d.is_final);
            ck_assert_uint_eq(got, length);
            return d.status;
        }
    }
}

/* Answers R2Ts for TAG with pieces of at most SEGMENT until the response comes. */
static void
answer_r2ts(struct fake_initiator *f, uint32_t tag, const uint8_t *data, uint32_t segment)
{
    struct fake_pdu *p;

    fixture_settle();
    while ((p = fake_receive(f)) != NULL && pdu_opcode(p->header) == PDU_R2T) {
        struct pdu_r2t r;

        pdu_r2t_get(p->header, &r);
        ck_assert_uint_eq(r.task_tag, tag);
        ck_assert_uint_le(r.desired_length, 65536);
        for (uint32_t done = 0, sn = 0; done < r.desired_length; sn++) {
            uint32_t n = r.desired_length - done < segment ? r.desired_length - done : segment;

            fake_data_out(f, tag, r.transfer_tag, sn, r.buffer_offset + done,
                          data + r.buffer_offset + done, n, done + n == r.desired_length);
            done += n;
        }
        fake_pdu_free(p);
        fixture_settle();
    }
    ck_assert_ptr_nonnull(p);
    ck_assert_uint_eq(pdu_opcode(p->header), PDU_SCSI_RESPONSE);
    ck_assert_uint_eq(pdu_task_tag(p->header), tag);
    ck_assert_uint_eq(p->header[3], 0);
    ck_assert_uint_eq(pdu_statsn(p->header), f->exp_statsn++);
    fake_pdu_free(p);
}

/* Writes BLOCKS at LBA with IMMEDIATE bytes in the command and UNSOLICITED bytes after it. */
static void
write_blocks(struct fake_initiator *f, uint32_t lba, uint16_t blocks, const uint8_t *data,
             uint32_t immediate, uint32_t unsolicited, uint32_t segment)
{
    struct fake_command c = fake_write(0, lba, blocks);
    uint32_t tag;

    c.data = data;
    c.length = immediate;
    c.is_not_final = unsolicited > 0;
    tag = fake_command(f, &c);
    for (uint32_t done = 0, sn = 0; done < unsolicited; sn++) {
        uint32_t n = unsolicited - done < segment ? unsolicited - done : segment;

        fake_data_out(f, tag, PDU_NO_TAG, sn, immediate + done, data + immediate + done, n,
                      done + n == unsolicited);
        done += n;
    }
    answer_r2ts(f, tag, data, segment);
}

static const struct {
    uint16_t blocks;
    uint32_t immediate, unsolicited, segment;
    const char *keys;
    size_t keys_length;
} writes[] = {
#define KEYS(text) text, sizeof(text) - 1
#define MODERN     "InitialR2T=No\0MaxBurstLength=65536\0FirstBurstLength=16384\0"
    {1, 512, 0, 8192, KEYS("")},           /* all immediate */
    {32, 16384, 0, 8192, KEYS(MODERN)},    /* FirstBurstLength of it */
    {32, 8192, 8192, 4096, KEYS(MODERN)},  /* unsolicited in two PDUs */
    {32, 0, 16384, 16384, KEYS(MODERN)},   /* no immediate data */
    {300, 0, 0, 8192, KEYS(MODERN)},       /* R2Ts for everything, three of them */
    {300, 512, 15872, 3000, KEYS(MODERN)}, /* odd segments, then R2Ts */
    {64, 0, 0, 8192, KEYS("InitialR2T=Yes\0ImmediateData=No\0MaxBurstLength=8192\0")},
    {64, 16384, 0, 8192, KEYS("InitialR2T=Yes\0")},
    {40, 4096, 12288, 4096, KEYS("HeaderDigest=CRC32C\0DataDigest=CRC32C\0" MODERN)},
};

/* The chunk sizes: every small one, then some that cut elsewhere. */
static const size_t chunks[] = {0, 1, 2, 3, 47, 48, 49, 512, 4099};
#define CHUNKS (int)(sizeof chunks / sizeof *chunks)

static void
set_digests(struct fake_initiator *f, const char *keys)
{
    f->header_digest = f->data_digest = strncmp(keys, "HeaderDigest", 12) == 0;
    f->reader.header_digest = f->reader.data_digest = f->header_digest;
}

static void
login_for(struct fake_initiator *f, unsigned row)
{
    static const char names[] = "InitiatorName=" INITIATOR "\0TargetName=" TARGET;
    char keys[512];

    memcpy(keys, names, sizeof names);
    memcpy(keys + sizeof names, writes[row].keys, writes[row].keys_length);
    fixture_enter(0);
    fake_connect(f, 1000);
    ck_assert_int_eq(fake_login(f, 1, keys, sizeof names + writes[row].keys_length), 0);
    set_digests(f, writes[row].keys);
    expect_sense(f, test_unit_ready(f, 0), 6, 0x2900);
}

START_TEST(what_is_written_is_read_back_however_the_bytes_are_cut)
{
    unsigned row = (unsigned)_i / (unsigned)CHUNKS;
    uint32_t length = writes[row].blocks * 512u;
    uint8_t *data = malloc(length), *back = malloc(length);
    struct fake_command c = fake_read(0, 7, writes[row].blocks);

    fill_pattern(data, length, row);
    one.chunk = chunks[_i % CHUNKS];
    one.take = chunks[(_i + 3) % CHUNKS];
    one.uses_direct = _i % 2;
    login_for(&one, row);
    write_blocks(&one, 7, writes[row].blocks, data, writes[row].immediate,
                 writes[row].unsolicited, writes[row].segment);
    ck_assert_mem_eq(fake_store_bytes(fixture_store(0)) + 7 * 512, data, length);
    ck_assert_uint_eq(collect_read(&one, fake_command(&one, &c), back, length), 0);
    ck_assert_mem_eq(back, data, length);
    free(data);
    free(back);
}
END_TEST

START_TEST(a_read_is_split_by_the_peers_segment_and_by_bursts)
{
    struct fake_command c = fake_read(0, 0, 16);
    static const uint32_t lengths[] = {1000, 1000, 1000, 1000, 96, 1000, 1000, 1000, 1000, 96};
    uint32_t tag;

    fixture_login(&one, 0, 1, "MaxRecvDataSegmentLength=1000\0MaxBurstLength=4096\0");
    c.expected = 8192;
    tag = fake_command(&one, &c);
    for (unsigned i = 0; i < 10; i++) {
        struct fake_pdu *p = expect(&one, PDU_DATA_IN);
        struct pdu_data_in d;

        pdu_data_in_get(p->header, &d);
        ck_assert_uint_eq(d.task_tag, tag);
        ck_assert_uint_eq(p->length, lengths[i]);
        ck_assert_int_eq(d.is_final, i == 4 || i == 9);
        ck_assert_int_eq(d.has_status, i == 9);
        ck_assert_uint_eq(pdu_exp_cmdsn(p->header), one.cmdsn);
        fake_pdu_free(p);
    }
    expect_nothing(&one);
}
END_TEST

START_TEST(a_thousand_commands_complete_in_random_order)
{
    struct store *store = fixture_store(0);
    uint32_t tags[32], lbas[32];
    unsigned open = 0, sent = 0, answered = 0;

    fixture_login(&one, 0, 1, "");
    for (unsigned i = 0; i < DISK_BLOCKS; i++)
        put_be32(fake_store_bytes(store) + i * 512, i);
    fake_store_hold(store, true);
    srandom(1);
    while (answered < 1000) {
        while (open < 32 && sent < 1000) {
            struct fake_command c = fake_read(0, (uint32_t)random() % DISK_BLOCKS, 1);

            lbas[open] = get_be32(c.cdb + 2);
            tags[open++] = fake_command(&one, &c);
            sent++;
        }
        ck_assert_uint_eq(fake_store_held(store), open);
        fake_store_release(store, (unsigned)random() % open, 0);
        fixture_settle();
        struct fake_pdu *p = fake_receive(&one);
        unsigned i = 0;

        ck_assert_ptr_nonnull(p);
        while (i < open && tags[i] != pdu_task_tag(p->header))
            i++;
        ck_assert_uint_lt(i, open);
        ck_assert_uint_eq(get_be32(p->data), lbas[i]);
        ck_assert_uint_eq(pdu_max_cmdsn(p->header) - pdu_exp_cmdsn(p->header), 32 - open);
        tags[i] = tags[--open];
        lbas[i] = lbas[open];
        answered++;
        fake_pdu_free(p);
    }
    fake_store_hold(store, false);
}
END_TEST

START_TEST(a_session_that_does_not_read_is_not_read_from)
{
    fixture_login(&one, 0, 1, "");
    ck_assert(session_wants_input(one.session));
    for (unsigned i = 0; i < 20; i++) {
        struct fake_command c = fake_read(0, 0, 128);

        fake_command(&one, &c);
    }
    fixture_settle();
    ck_assert(!session_wants_input(one.session));
    for (unsigned i = 0; i < 20; i++) {
        struct fake_pdu *p = expect(&one, PDU_DATA_IN);

        fake_pdu_free(p);
    }
    ck_assert(session_wants_input(one.session));
}
END_TEST

START_TEST(a_session_lives_until_its_last_command_has_ended)
{
    struct fake_command c = fake_write(0, 0, 1);
    uint8_t data[512] = {1};

    fixture_login(&one, 0, 1, "");
    fake_store_hold(fixture_store(0), true);
    c.data = data;
    c.length = sizeof data;
    fake_command(&one, &c);
    fixture_settle();
    ck_assert_uint_eq(fake_store_held(fixture_store(0)), 1);
    fake_disconnect(&one);
    ck_assert_uint_eq(session_count(), 1);
    fake_store_release(fixture_store(0), 0, 0);
    fixture_settle();
    ck_assert_uint_eq(session_count(), 0);
    fake_store_hold(fixture_store(0), false);
}
END_TEST

START_TEST(a_new_login_replaces_the_session_of_the_same_port_once_its_io_has_ended)
{
    struct fake_command c = fake_write(0, 0, 1);
    uint8_t data[512] = {1};

    fixture_login(&one, 0, 77, "");
    fake_store_hold(fixture_store(0), true);
    c.data = data;
    c.length = sizeof data;
    fake_command(&one, &c);
    fixture_settle();

    static const char keys[] = "InitiatorName=" INITIATOR "\0TargetName=" TARGET;
    fixture_enter(1);
    fake_connect(&two, 1000);
    ck_assert_int_eq(fake_login(&two, 77, keys, sizeof keys), -1);
    ck_assert(!session_wants_input(two.session));
    fixture_settle();
    ck_assert_int_eq(session_end_state(one.session), SESSION_CLOSE_NOW);
    ck_assert_int_eq(fake_login_finish(&two), -1); /* the write is not done */
    fixture_enter(0);
    fake_store_release(fixture_store(0), 0, 0);
    fixture_settle();
    fixture_enter(1);
    ck_assert_int_eq(fake_login_finish(&two), 0);
    ck_assert(session_wants_input(two.session));
    fake_store_hold(fixture_store(0), false);
    ck_assert_uint_eq(registry_count(TARGET), 1);
    fixture_enter(1);
    fake_disconnect(&two);
}
END_TEST

/* It had proved nothing, because nothing was demanded when it began. */
START_TEST(a_login_that_waits_while_CHAP_comes_in_is_refused)
{
    static const char keys[] = "InitiatorName=" INITIATOR "\0TargetName=" TARGET;
    struct fake_command c = fake_read(0, 0, 1);
    struct session_refusals before = session_refusals();
    struct plan locked = usual_plan;

    locked.auth = chap_credentials_new("user", "twelve bytes", NULL, NULL, CHAP_ALLOW_MD5);
    fixture_login(&one, 0, 77, "");
    fake_store_hold(fixture_store(0), true);
    fake_command(&one, &c);
    fixture_settle();
    fixture_enter(1);
    fake_connect(&two, 1000);
    ck_assert_int_eq(fake_login(&two, 77, keys, sizeof keys), -1);
    fixture_publish(&locked);
    fixture_settle();
    ck_assert_int_eq(fake_login_finish(&two), -1);
    fixture_enter(0);
    fake_store_release(fixture_store(0), 0, 0);
    fixture_settle();
    fixture_enter(1);
    ck_assert_int_eq(fake_login_finish(&two), 0x0201);
    ck_assert_int_eq(session_end_state(two.session), SESSION_CLOSE_AFTER_OUTPUT);
    ck_assert_uint_eq(session_refusals().all, before.all + 1);
    ck_assert_uint_eq(session_refusals().unauthenticated, before.unauthenticated + 1);
    fake_store_hold(fixture_store(0), false);
    fake_disconnect(&two);
    chap_credentials_unref(locked.auth);
}
END_TEST

START_TEST(a_session_stays_when_CHAP_comes_in)
{
    struct plan locked = usual_plan;

    locked.auth = chap_credentials_new("user", "twelve bytes", NULL, NULL, CHAP_ALLOW_MD5);
    fixture_login(&one, 0, 1, "");
    fixture_publish(&locked);
    fixture_settle();
    expect_status(&one, test_unit_ready(&one, 0), 0);
    ck_assert_int_eq(session_end_state(one.session), SESSION_OPEN);
    chap_credentials_unref(locked.auth);
}
END_TEST

START_TEST(who_speaks_before_the_login_is_answered_is_sent_away)
{
    static const char keys[] = "InitiatorName=" INITIATOR "\0TargetName=" TARGET;
    struct fake_command c = fake_read(0, 0, 1);

    fixture_login(&one, 0, 77, "");
    fake_store_hold(fixture_store(0), true);
    fake_command(&one, &c);
    fixture_settle();
    fake_connect(&two, 1000);
    ck_assert_int_eq(fake_login(&two, 77, keys, sizeof keys), -1);
    test_unit_ready(&two, 0);
    ck_assert_int_eq(session_end_state(two.session), SESSION_CLOSE_NOW);
    fake_store_hold(fixture_store(0), false);
}
END_TEST

static const struct {
    const char *keys;
    size_t length;
    int status;
} refusals[] = {
    {KEYS("InitiatorName=" INITIATOR "\0TargetName=iqn.2026-01.org.example:none\0"), 0x0203},
    {KEYS("TargetName=" TARGET "\0"), 0x0207},
    {KEYS("InitiatorName=" INITIATOR "\0"), 0x0207},
};

START_TEST(a_refused_login_is_told_why_and_the_connection_ends)
{
    fixture_enter(0);
    fake_connect(&one, 1000);
    ck_assert_int_eq(fake_login(&one, 1, refusals[_i].keys, refusals[_i].length),
                     refusals[_i].status);
    ck_assert_int_eq(session_end_state(one.session), SESSION_CLOSE_AFTER_OUTPUT);
    ck_assert_uint_eq(registry_count(NULL), 0);
}
END_TEST

START_TEST(anything_but_a_login_ends_a_connection_that_has_not_logged_in)
{
    fixture_enter(0);
    fake_connect(&one, 1000);
    test_unit_ready(&one, 0);
    ck_assert_int_eq(fake_login_finish(&one), 0x020b);
    ck_assert_int_eq(session_end_state(one.session), SESSION_CLOSE_AFTER_OUTPUT);
    session_tick(one.session, 1000000); /* it does not go */
    ck_assert_int_eq(session_end_state(one.session), SESSION_CLOSE_NOW);
}
END_TEST

TCase *
session_cases(void)
{
    TCase *tcase = tcase_create("session");

    tcase_add_checked_fixture(tcase, fixture_open, fixture_close);
    tcase_add_loop_test(tcase, what_is_written_is_read_back_however_the_bytes_are_cut, 0,
                        (int)(sizeof writes / sizeof *writes) * CHUNKS);
    tcase_add_test(tcase, a_read_is_split_by_the_peers_segment_and_by_bursts);
    tcase_add_test(tcase, a_thousand_commands_complete_in_random_order);
    tcase_add_test(tcase, a_session_that_does_not_read_is_not_read_from);
    tcase_add_test(tcase, a_session_lives_until_its_last_command_has_ended);
    tcase_add_test(tcase,
                   a_new_login_replaces_the_session_of_the_same_port_once_its_io_has_ended);
    tcase_add_test(tcase, a_login_that_waits_while_CHAP_comes_in_is_refused);
    tcase_add_test(tcase, a_session_stays_when_CHAP_comes_in);
    tcase_add_test(tcase, who_speaks_before_the_login_is_answered_is_sent_away);
    tcase_add_loop_test(tcase, a_refused_login_is_told_why_and_the_connection_ends, 0,
                        sizeof refusals / sizeof *refusals);
    tcase_add_test(tcase, anything_but_a_login_ends_a_connection_that_has_not_logged_in);
    return tcase;
}
