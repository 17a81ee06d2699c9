/* fake_initiator.c: builds and reads PDUs in memory. */
#include "tests/fakes/fake_initiator.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "core/bytes.h"
#include "core/crc32c.h"
#include "core/worker.h"
#include "iscsi/login.h"
#include "iscsi/session.h"

static void
woken(void *arg)
{
    ((struct fake_initiator *)arg)->is_woken = true;
}

void
fake_connect(struct fake_initiator *f, uint64_t now_ms)
{
    const struct session_peer peer = {
        .remote = "192.0.2.7:48812", .local = "192.0.2.1:3260", .portal_group = 1};

    assert(f->session == NULL);
    f->worker = worker_current();
    f->session = session_new(&peer, now_ms, woken, f);
    assert(f->session != NULL);
    f->cmdsn = 0xfffffff0; /* so that the numbers wrap in every longer test */
    f->exp_statsn = 0;
    f->next_tag = 1;
    f->header_digest = f->data_digest = false;
    pdu_reader_init(&f->reader, PDU_DATA_MAX);
    STAILQ_INIT(&f->came);
    f->partial = NULL;
}

void
fake_pdu_free(struct fake_pdu *p)
{
    if (p == NULL)
        return;
    free(p->data);
    free(p);
}

void
fake_disconnect(struct fake_initiator *f)
{
    struct fake_pdu *p;

    if (f->session == NULL)
        return;
    session_disconnected(f->session);
    f->session = NULL;
    while ((p = STAILQ_FIRST(&f->came)) != NULL) {
        STAILQ_REMOVE_HEAD(&f->came, link);
        fake_pdu_free(p);
    }
    fake_pdu_free(f->partial);
    f->partial = NULL;
}

/* As a connection does: what the session wants directly goes there, the rest is fed. */
static void
feed_piece(struct fake_initiator *f, const uint8_t *bytes, size_t n)
{
    while (n > 0) {
        void *space;
        size_t room = f->uses_direct ? session_direct_space(f->session, &space) : 0;

        if (room == 0) {
            session_feed(f->session, bytes, n);
            return;
        }
        if (room > n)
            room = n;
        memcpy(space, bytes, room);
        session_direct_filled(f->session, room);
        bytes += room;
        n -= room;
    }
}

void
fake_send_bytes(struct fake_initiator *f, const uint8_t *bytes, size_t n)
{
    while (n > 0) {
        size_t piece = f->chunk > 0 && f->chunk < n ? f->chunk : n;
        /* A copy of just that size: reading beyond it is found out. */
        uint8_t *copy = malloc(piece);

        assert(copy != NULL);
        memcpy(copy, bytes, piece);
        feed_piece(f, copy, piece);
        free(copy);
        bytes += piece;
        n -= piece;
    }
}

static size_t
put_digest(uint8_t *to, uint32_t crc, bool *damages)
{
    crc ^= *damages;
    *damages = false;
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(crc >> 8 * i);
    return 4;
}

void
fake_send(struct fake_initiator *f, uint8_t *header, const void *data, size_t length)
{
    size_t padded = length + pdu_padding(length), n = PDU_HEADER_SIZE;
    uint8_t *bytes = calloc(1, PDU_HEADER_SIZE + padded + 8);

    assert(bytes != NULL);
    pdu_put_data_length(header, length);
    memcpy(bytes, header, PDU_HEADER_SIZE);
    if (f->header_digest)
        n += put_digest(bytes + n, crc32c(0, bytes, n), &f->damages_header);
    if (length > 0) {
        memcpy(bytes + n, data, length);
        n += padded;
        if (f->data_digest)
            n += put_digest(bytes + n, crc32c(0, bytes + n - padded, padded), &f->damages_data);
    }
    fake_send_bytes(f, bytes, n);
    free(bytes);
}

/* What came from the target, piece by piece, into PDUs. */
static void
take_bytes(struct fake_initiator *f, const uint8_t *bytes, size_t n)
{
    enum pdu_reader_event event;

    while ((event = pdu_reader_feed(&f->reader, &bytes, &n)) != READER_MORE) {
        if (event == READER_HEADER) {
            f->partial = calloc(1, sizeof *f->partial);
            assert(f->partial != NULL);
            memcpy(f->partial->header, f->reader.header, PDU_HEADER_SIZE);
            f->partial->length = pdu_data_length(f->reader.header);
            f->partial->data = calloc(1, f->partial->length + 1);
            assert(f->partial->data != NULL);
            if (f->partial->length > 0)
                pdu_reader_data_goes_to(&f->reader, f->partial->data, f->partial->length);
        } else {
            assert(event == READER_PDU);
            STAILQ_INSERT_TAIL(&f->came, f->partial, link);
            f->partial = NULL;
        }
    }
}

static void
pull(struct fake_initiator *f)
{
    struct iovec iov[5];
    int count;

    while (f->session != NULL && (count = session_output(f->session, iov, 5)) > 0) {
        size_t left = f->take > 0 ? f->take : SIZE_MAX, taken = 0;

        for (int i = 0; i < count && left > 0; i++) {
            size_t n = iov[i].iov_len < left ? iov[i].iov_len : left;

            take_bytes(f, iov[i].iov_base, n);
            taken += n;
            left -= n;
        }
        session_output_sent(f->session, taken);
    }
}

struct fake_pdu *
fake_receive(struct fake_initiator *f)
{
    struct fake_pdu *p;

    pull(f);
    p = STAILQ_FIRST(&f->came);
    if (p != NULL)
        STAILQ_REMOVE_HEAD(&f->came, link);
    return p;
}

int
fake_login_finish(struct fake_initiator *f)
{
    struct fake_pdu *p = fake_receive(f);
    struct pdu_login_response r;

    if (p == NULL)
        return -1;
    pdu_login_response_get(p->header, &r);
    f->tsih = r.tsih;
    f->exp_statsn = pdu_statsn(p->header) + 1;
    fake_pdu_free(p);
    return r.status;
}

int
fake_login(struct fake_initiator *f, uint64_t isid, const char *keys, size_t keys_length)
{
    const struct pdu_login_request r = {
        .immediate = true,
        .transit = true,
        .current_stage = STAGE_OPERATIONAL,
        .next_stage = STAGE_FULL_FEATURE,
        .isid = isid,
        .task_tag = f->next_tag++,
        .cid = 1,
        .cmdsn = f->cmdsn,
    };
    uint8_t header[PDU_HEADER_SIZE];

    pdu_login_request_put(header, &r);
    fake_send(f, header, keys, keys_length);
    return fake_login_finish(f);
}

uint32_t
fake_command(struct fake_initiator *f, const struct fake_command *c)
{
    struct pdu_scsi_command p = {
        .immediate = c->is_immediate,
        .is_final = !c->is_not_final,
        .is_read = c->is_read,
        .is_write = c->is_write,
        .attributes = c->attributes != 0 ? c->attributes : 1,
        .lun = c->lun,
        .task_tag = f->next_tag++,
        .expected_length = c->expected,
        .cmdsn = f->cmdsn,
        .exp_statsn = f->exp_statsn,
    };
    uint8_t header[PDU_HEADER_SIZE];

    f->cmdsn += !c->is_immediate;
    memcpy(p.cdb, c->cdb, sizeof p.cdb);
    pdu_scsi_command_put(header, &p);
    fake_send(f, header, c->data, c->length);
    return p.task_tag;
}

void
fake_data_out(struct fake_initiator *f, uint32_t tag, uint32_t transfer_tag, uint32_t data_sn,
              uint32_t offset, const void *data, size_t length, bool is_final)
{
    const struct pdu_data_out p = {
        .is_final = is_final,
        .task_tag = tag,
        .transfer_tag = transfer_tag,
        .exp_statsn = f->exp_statsn,
        .datasn = data_sn,
        .buffer_offset = offset,
    };
    uint8_t header[PDU_HEADER_SIZE];

    pdu_data_out_put(header, &p);
    fake_send(f, header, data, length);
}

uint32_t
fake_management(struct fake_initiator *f, uint8_t function, uint64_t lun,
                uint32_t referenced_tag, uint32_t referenced_cmdsn)
{
    const struct pdu_task_management p = {
        .function = function,
        .lun = lun,
        .task_tag = f->next_tag++,
        .referenced_task_tag = referenced_tag,
        .cmdsn = f->cmdsn++,
        .exp_statsn = f->exp_statsn,
        .referenced_cmdsn = referenced_cmdsn,
    };
    uint8_t header[PDU_HEADER_SIZE];

    pdu_task_management_put(header, &p);
    fake_send(f, header, NULL, 0);
    return p.task_tag;
}

uint32_t
fake_nop(struct fake_initiator *f, const void *data, size_t length)
{
    const struct pdu_nop_out p = {
        .task_tag = f->next_tag++,
        .transfer_tag = PDU_NO_TAG,
        .cmdsn = f->cmdsn++,
        .exp_statsn = f->exp_statsn,
    };
    uint8_t header[PDU_HEADER_SIZE];

    pdu_nop_out_put(header, &p);
    fake_send(f, header, data, length);
    return p.task_tag;
}

uint32_t
fake_logout(struct fake_initiator *f, uint8_t reason, uint16_t cid)
{
    const struct pdu_logout_request p = {
        .reason = reason,
        .task_tag = f->next_tag++,
        .cid = cid,
        .cmdsn = f->cmdsn++,
        .exp_statsn = f->exp_statsn,
    };
    uint8_t header[PDU_HEADER_SIZE];

    pdu_logout_request_put(header, &p);
    fake_send(f, header, NULL, 0);
    return p.task_tag;
}

uint32_t
fake_text(struct fake_initiator *f, uint32_t transfer_tag, bool is_final, bool is_continued,
          const void *text, size_t length)
{
    const struct pdu_text_request p = {
        .is_final = is_final,
        .is_continued = is_continued,
        .task_tag = f->next_tag++,
        .transfer_tag = transfer_tag,
        .cmdsn = f->cmdsn++,
        .exp_statsn = f->exp_statsn,
    };
    uint8_t header[PDU_HEADER_SIZE];

    pdu_text_request_put(header, &p);
    fake_send(f, header, text, length);
    return p.task_tag;
}

static struct fake_command
transfer(uint8_t opcode, uint64_t lun, uint32_t lba, uint16_t blocks)
{
    struct fake_command c = {.lun = lun, .expected = blocks * 512u, .cdb = {opcode}};

    put_be32(c.cdb + 2, lba);
    put_be16(c.cdb + 7, blocks);
    return c;
}

struct fake_command
fake_read(uint64_t lun, uint32_t lba, uint16_t blocks)
{
    struct fake_command c = transfer(0x28, lun, lba, blocks);

    c.is_read = true;
    return c;
}

struct fake_command
fake_write(uint64_t lun, uint32_t lba, uint16_t blocks)
{
    struct fake_command c = transfer(0x2a, lun, lba, blocks);

    c.is_write = true;
    return c;
}
