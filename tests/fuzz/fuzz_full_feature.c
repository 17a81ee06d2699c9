/*
 * fuzz_full_feature.c: anything after a login: bytes, headers with fitting numbers, data for
 * R2Ts, time, and the disk's pace.
 *
 * Input: a byte whose bits choose the negotiation, then steps: a byte that says what to do and
 * what it needs. What must hold: what the session sends can be parsed, and nothing is left of
 * the session when its connection is gone and the disk has done its work.
 */
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "iscsi/registry.h"
#include "iscsi/session.h"
#include "scsi/lun.h"
#include "store/store.h"
#include "tests/fakes/fake_initiator.h"
#include "tests/fakes/fake_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

enum { STORE_SIZE = 512 * 512, STEPS_MAX = 200 };
enum step { SEND_BYTES, SEND_PDU, ANSWER_R2T, TURN, TICK, READ_OUTPUT, STEPS };

struct input {
    const uint8_t *bytes;
    size_t n;
};

static struct lun *lun;
static uint64_t now_ms;

static void
check(bool fact)
{
    if (!fact)
        abort();
}

static void
open_all(void)
{
    static const struct store_config store = {
        .type = "ram", .name = "fuzz", .size = STORE_SIZE, .block_size = 512};
    static const struct target_parameters parameters = {
        .immediate_data = true,
        .max_recv_data_segment_length = 4096,
        .max_burst_length = 8192,
        .first_burst_length = 4096,
        .max_outstanding_r2t = 2,
        .header_digests = DIGEST_ALLOW_NONE | DIGEST_ALLOW_CRC32C,
        .data_digests = DIGEST_ALLOW_NONE | DIGEST_ALLOW_CRC32C,
        .nop_interval_s = 5,
        .nop_timeout_s = 5,
        .queue_depth = 8,
    };

    if (lun == NULL)
        lun = fake_target_open(&store, LUN_UNMAP, &parameters, 2);
}

static uint8_t
take_byte(struct input *in)
{
    if (in->n == 0)
        return 0;
    in->n--;
    return *in->bytes++;
}

static const uint8_t *
take_bytes(struct input *in, size_t *n)
{
    const uint8_t *bytes = in->bytes;

    if (*n > in->n)
        *n = in->n;
    in->bytes += *n;
    in->n -= *n;
    return bytes;
}

/* The header as it comes, with numbers that have a chance: small tags, the next CmdSN. */
static void
send_pdu(struct fake_initiator *f, struct input *in, uint32_t transfer_tag)
{
    uint8_t header[PDU_HEADER_SIZE] = {0};
    size_t n = PDU_HEADER_SIZE, length = take_byte(in) * 8u;
    uint8_t how = take_byte(in);
    const uint8_t *bytes = take_bytes(in, &n);
    const uint8_t *data = take_bytes(in, &length);

    memcpy(header, bytes, n);
    if (!(how & 1))
        header[4] = 0;
    if (!(how & 2))
        put_be32(header + 24, f->cmdsn + (how >> 6));
    if (!(how & 4))
        put_be32(header + 16, header[19] & 7);
    if (how & 8)
        put_be32(header + 20, header[23] & 1 ? transfer_tag : PDU_NO_TAG);
    if (how & 16)
        memset(header + 8, 0, 8);
    if (!(header[0] & 0x40) && !(how & 2) && how >> 6 == 0 &&
        (header[0] & 0x3f) != PDU_DATA_OUT && (header[0] & 0x3f) < 0x10)
        f->cmdsn++;
    f->damages_data = how == 0x21;
    if (header[4] == 0) {
        fake_send(f, header, data, length);
    } else { /* it says there is an AHS: what follows is taken for it */
        fake_send_bytes(f, header, sizeof header);
        fake_send_bytes(f, data, length);
    }
}

/* Reads what has come; remembers the last R2T. */
static void
read_output(struct fake_initiator *f, struct pdu_r2t *r2t)
{
    struct fake_pdu *p;

    while ((p = fake_receive(f)) != NULL) {
        const struct pdu_opcode_info *info = pdu_opcode_info(p->header);

        check(info != NULL && !(info->properties & PDU_FROM_INITIATOR));
        if (pdu_opcode(p->header) == PDU_R2T)
            pdu_r2t_get(p->header, r2t);
        fake_pdu_free(p);
    }
}

static void
answer_r2t(struct fake_initiator *f, struct input *in, const struct pdu_r2t *r2t)
{
    static const uint8_t zeroes[8192];
    uint8_t how = take_byte(in);
    uint32_t length = r2t->desired_length < sizeof zeroes ? r2t->desired_length : 512;

    if (length > 4096)
        length = 4096;
    if (how & 1)
        length /= 2;
    fake_data_out(f, r2t->task_tag, how & 2 ? PDU_NO_TAG : r2t->transfer_tag, how >> 4,
                  r2t->buffer_offset, zeroes, length, how & 4);
}

static void
run_steps(struct fake_initiator *f, struct input *in)
{
    struct pdu_r2t r2t = {0};

    for (unsigned i = 0; i < STEPS_MAX && in->n > 0; i++) {
        size_t n;

        switch ((enum step)(take_byte(in) % STEPS)) {
        case SEND_BYTES:
            n = take_byte(in);
            {
                const uint8_t *bytes = take_bytes(in, &n);
                fake_send_bytes(f, bytes, n);
            }
            break;
        case SEND_PDU:
            send_pdu(f, in, r2t.transfer_tag);
            break;
        case ANSWER_R2T:
            answer_r2t(f, in, &r2t);
            break;
        case TURN:
            fake_target_settle();
            break;
        case TICK:
            now_ms += take_byte(in) * UINT64_C(50);
            session_tick(f->session, now_ms);
            break;
        case READ_OUTPUT:
            read_output(f, &r2t);
            break;
        case STEPS:
            break;
        }
    }
    fake_target_settle();
    read_output(f, &r2t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static const char keys[] =
        "InitiatorName=iqn.2026-01.example:fuzz\0TargetName=" FAKE_TARGET
        "\0MaxOutstandingR2T=2\0MaxRecvDataSegmentLength=2048\0InitialR2T=No";
    static const char digests[] =
        "InitiatorName=iqn.2026-01.example:fuzz\0TargetName=" FAKE_TARGET
        "\0HeaderDigest=CRC32C\0DataDigest=CRC32C";
    static const char discovery[] =
        "InitiatorName=iqn.2026-01.example:fuzz\0SessionType=Discovery";
    struct fake_initiator f = {0};
    struct input in = {bytes, n};
    uint8_t how = take_byte(&in);

    open_all();
    atomic_store(&lun->stopped, false);
    now_ms += 1000;
    fake_connect(&f, now_ms);
    f.uses_direct = how & 4;
    f.chunk = how & 8 ? 7 : 0;
    f.take = how & 16 ? 5 : 0;
    if (how & 1) {
        check(fake_login(&f, 1, digests, sizeof digests) == 0);
        f.header_digest = f.data_digest = true;
        f.reader.header_digest = f.reader.data_digest = true;
    } else if (how & 2) {
        check(fake_login(&f, 1, discovery, sizeof discovery) == 0);
    } else {
        check(fake_login(&f, 1, keys, sizeof keys) == 0);
    }
    run_steps(&f, &in);
    fake_disconnect(&f);
    for (unsigned i = 0; i < 100 && session_count() > 0; i++)
        fake_target_settle();
    check(session_count() == 0);
    check(registry_count(NULL) == 0);
    return 0;
}
