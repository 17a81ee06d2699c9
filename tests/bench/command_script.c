/*
 * command_script.c: a fixed script of commands through the protocol layers, without sockets,
 * for counting what a command costs in instructions: bench/instructions runs it.
 *
 * usage: command_script read|write COUNT
 *
 * Commands come in batches of 32, as from a deep queue, of 4 KiB each, over a `null` store.
 * What is to be counted runs inside serve(); making requests and looking at answers does not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "core/bytes.h"
#include "core/crew.h"
#include "iscsi/session.h"
#include "scsi/lun.h"
#include "store/store.h"
#include "tests/fakes/fake_initiator.h"
#include "tests/fakes/fake_target.h"

#define BATCH     32
#define PIECES    (3 * BATCH)
#define LENGTH    4096
#define BLOCKS    (LENGTH / 512)
#define DISK_SIZE (UINT64_C(1) << 30)

static void
must(bool fact, const char *what)
{
    if (fact)
        return;
    fprintf(stderr, "command_script: %s\n", what);
    exit(1);
}

/* A batch of requests as bytes, and of answers. */
static uint8_t requests[BATCH * (PDU_HEADER_SIZE + LENGTH)];
static size_t requests_length;
static uint8_t answers[BATCH * (PDU_HEADER_SIZE + LENGTH)];

static void
make_requests(struct fake_initiator *f, bool writes, unsigned first)
{
    uint8_t *at = requests;

    for (unsigned i = 0; i < BATCH; i++) {
        uint8_t cdb[16] = {writes ? 0x8a : 0x88}; /* WRITE(16), READ(16) */
        struct pdu_scsi_command c = {.is_final = true,
                                     .is_read = !writes,
                                     .is_write = writes,
                                     .attributes = 1, /* SIMPLE */
                                     .task_tag = f->next_tag++,
                                     .expected_length = LENGTH,
                                     .cmdsn = f->cmdsn++,
                                     .exp_statsn = f->exp_statsn};

        put_be64(cdb + 2, (uint64_t)(first + i) * 7919 % (DISK_SIZE / LENGTH) * BLOCKS);
        put_be32(cdb + 10, BLOCKS);
        memcpy(c.cdb, cdb, sizeof cdb);
        pdu_scsi_command_put(at, &c);
        if (writes)
            pdu_put_data_length(at, LENGTH);
        at += PDU_HEADER_SIZE;
        if (writes) {
            memset(at, (int)i, LENGTH);
            at += LENGTH;
        }
    }
    requests_length = (size_t)(at - requests);
}

/* What a worker does with a batch: read, execute, answer. Counted. */
__attribute__((noinline)) static int
serve(struct session *s, struct iovec *iov)
{
    session_feed(s, requests, requests_length);
    worker_turn(crew_worker(0), false);
    return session_output(s, iov, PIECES);
}

/* What it does when the answers have been sent. Counted. */
__attribute__((noinline)) static void
served(struct session *s, size_t sent)
{
    session_output_sent(s, sent);
}

static void
look_at_answers(struct fake_initiator *f, bool writes, size_t length)
{
    size_t each = PDU_HEADER_SIZE + (writes ? 0 : LENGTH);

    must(length == BATCH * each, "the answers have another length");
    for (unsigned i = 0; i < BATCH; i++) {
        const uint8_t *header = answers + i * each;

        must(pdu_opcode(header) == (writes ? PDU_SCSI_RESPONSE : PDU_DATA_IN), "what is that?");
        must(header[3] == 0, "a command has failed");
        must(get_be32(header + 44) == 0 || writes, "a residual");
    }
    f->exp_statsn += BATCH;
}

static void
run(struct fake_initiator *f, bool writes, unsigned count)
{
    struct iovec iov[PIECES];

    for (unsigned n = 0; n < count; n += BATCH) {
        size_t length = 0;
        int pieces;

        make_requests(f, writes, n);
        pieces = serve(f->session, iov);
        for (int i = 0; i < pieces; i++) {
            must(length + iov[i].iov_len <= sizeof answers, "too many answers");
            memcpy(answers + length, iov[i].iov_base, iov[i].iov_len);
            length += iov[i].iov_len;
        }
        served(f->session, length);
        look_at_answers(f, writes, length);
    }
}

/* Takes the unit attention of a new session. */
static void
take_attention(struct fake_initiator *f)
{
    const struct fake_command test_unit_ready = {.is_immediate = false};

    fake_command(f, &test_unit_ready);
    fake_target_settle();
    fake_pdu_free(fake_receive(f));
}

int
main(int argc, char **argv)
{
    static const char keys[] =
        "SessionType=Normal\0InitiatorName=iqn.2026-01.org.example:script"
        "\0TargetName=" FAKE_TARGET "\0InitialR2T=No\0ImmediateData=Yes\0"
        "MaxRecvDataSegmentLength=262144\0FirstBurstLength=262144";
    static const struct store_config store = {
        .type = "null", .name = "script", .size = DISK_SIZE, .block_size = 512};
    static const struct target_parameters parameters = {
        .immediate_data = true,
        .max_recv_data_segment_length = 262144,
        .max_burst_length = 262144,
        .first_burst_length = 262144,
        .max_outstanding_r2t = 1,
        .header_digests = DIGEST_ALLOW_NONE | DIGEST_ALLOW_CRC32C,
        .data_digests = DIGEST_ALLOW_NONE | DIGEST_ALLOW_CRC32C,
        .queue_depth = 128,
    };
    struct fake_initiator f = {0};
    bool writes;

    must(argc == 3 && (strcmp(argv[1], "read") == 0 || strcmp(argv[1], "write") == 0),
         "usage: command_script read|write COUNT");
    writes = strcmp(argv[1], "write") == 0;
    fake_target_open(&store, LUN_UNMAP | LUN_WRITE_CACHE, &parameters, 1);
    fake_connect(&f, 0);
    must(fake_login(&f, 1, keys, sizeof keys) == 0, "the login fails");
    take_attention(&f);
    run(&f, writes, BATCH); /* pools fill once */
    run(&f, writes, (unsigned)strtoul(argv[2], NULL, 10));
    return 0;
}
