/* task.c: one SCSI command, from its header to its answer. RFC 7143 sections 11.3, 11.7 and
 * 11.8. */
#include "iscsi/task.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/iobuf.h"
#include "iscsi/full_feature.h"
#include "iscsi/pdu.h"
#include "iscsi/session_private.h"
#include "iscsi/sweep.h"
#include "iscsi/task_answer.h"
#include "scsi/sense.h"

/* Tasks that a worker keeps for reuse. */
#define FREE_TASKS_MAX 512

/* Immediate commands are outside the window; that many may be open. */
#define IMMEDIATE_MAX 16

/* Types of additional header segments (section 11.2.2.2). */
enum { AHS_EXTENDED_CDB = 1, AHS_BIDIRECTIONAL_LENGTH = 2 };

static struct task_list *
bucket_of(const struct session *s, uint32_t tag)
{
    /* Multiplicative hashing: tags may differ in any of their bits. */
    return &s->task_buckets[(tag * 0x9e3779b1u >> 16) & s->task_bucket_mask];
}

struct task *
task_find(const struct session *s, uint32_t tag)
{
    struct task *t;

    LIST_FOREACH (t, bucket_of(s, tag), bucket_link)
        if (t->tag == tag)
            return t;
    return NULL;
}

/* Everything but the large parts of its command, which need not be: a kilobyte for each command
 * shows. */
static void
clear(struct task *t)
{
    memset(&t->cmd, 0, SCSI_CMD_CLEARED);
    memset((uint8_t *)t + sizeof t->cmd, 0, sizeof *t - sizeof t->cmd);
}

static struct task *
task_new(struct session *s, const struct pdu_scsi_command *c)
{
    struct session_worker *here = session_worker_here();
    struct task *t = LIST_FIRST(&here->free_tasks);

    if (t != NULL) {
        LIST_REMOVE(t, link);
        here->free_task_count--;
    } else {
        t = malloc(sizeof *t);
        if (t == NULL)
            return NULL;
    }
    clear(t);
    t->session = s;
    t->wire_lun = c->lun;
    t->sequence = ++here->task_sequence;
    t->tag = c->task_tag;
    t->cmd_sn = c->cmdsn;
    t->expected = c->expected_length;
    t->is_read = c->is_read;
    t->is_write = c->is_write;
    t->is_immediate = c->immediate;
    t->is_pdu_open = true;
    LIST_INSERT_HEAD(&s->tasks, t, link);
    LIST_INSERT_HEAD(bucket_of(s, t->tag), t, bucket_link);
    s->task_count++;
    s->immediate_count += t->is_immediate;
    session_pin(s);
    return t;
}

static void
release_window(struct task *t)
{
    if (t->is_counted)
        window_release(&t->session->window);
    t->is_counted = false;
}

static void
recycle(struct task *t)
{
    struct session_worker *here = session_worker_here();

    if (here->free_task_count == FREE_TASKS_MAX) {
        free(t);
        return;
    }
    LIST_INSERT_HEAD(&here->free_tasks, t, link);
    here->free_task_count++;
}

static void
task_end(struct task *t)
{
    struct session *s = t->session;
    struct session_lun *lun = t->lun;

    release_window(t);
    iobuf_unref(t->cmd.in);
    LIST_REMOVE(t, link);
    LIST_REMOVE(t, bucket_link);
    s->task_count--;
    s->immediate_count -= t->is_immediate;
    buffers_give_back(s, t->buffer_bytes);
    if (s->incoming.task == t)
        s->incoming.task = NULL;

    if (t->is_swept)
        sweeps_task_ended(t);
    session_lun_unref(lun);
    recycle(t);
    session_task_ended(s);
    session_unpin(s);
}

/* The transfer or the command's form has failed: what the initiator hears when no data is under
 * way any more. */
static void
task_set_answer(struct task *t, enum scsi_status status)
{
    if (t->state == TASK_COLLECTING || t->state == TASK_DORMANT)
        scsi_give_up(&t->cmd);
    t->state = TASK_ENDED;
    if (t->cmd.nexus != NULL)
        nexus_count_refusal(t->cmd.nexus, status);
    t->cmd.status = status;
    t->cmd.sense_length = 0;
    data_out_stop(&t->out);
}

static void
task_fail(struct task *t, enum sense_condition condition)
{
    const struct sense sense = {.condition = condition};

    task_set_answer(t, SCSI_CHECK_CONDITION);
    t->cmd.sense_length = sense_write(&sense, cmd_has_descriptor_sense(&t->cmd), t->cmd.sense);
}

static void
send_r2ts(struct task *t)
{
    struct session *s = t->session;
    struct data_out_r2t r2t;

    while (data_out_next_r2t(&t->out, &s->next_tag, &r2t)) {
        const struct pdu_r2t p = {.lun = t->wire_lun,
                                  .task_tag = t->tag,
                                  .transfer_tag = r2t.tag,
                                  .r2tsn = r2t.r2t_sn,
                                  .buffer_offset = r2t.offset,
                                  .desired_length = r2t.length};
        uint8_t header[PDU_HEADER_SIZE];

        pdu_r2t_put(header, &p);
        session_send(s, header);
    }
}

/* Whatever can be done next with T is done. T may be gone afterwards. */
static void
advance(struct task *t)
{
    if (t->is_pdu_open || t->state == TASK_RUNNING || t->state == TASK_DORMANT)
        return;
    if (!data_out_is_complete(&t->out)) {
        send_r2ts(t);
        return;
    }
    if (t->state == TASK_COLLECTING) {
        t->state = TASK_RUNNING;
        if (t->cmd.out != NULL)
            t->cmd.out->length = t->out.wanted;
        scsi_continue(&t->cmd);
        return;
    }
    release_window(t);
    task_answer(t);
    task_end(t);
}

static void
done(struct scsi_cmd *cmd)
{
    struct task *t = (struct task *)cmd; /* its first member */

    t->state = TASK_ENDED;
    if (t->is_told) {
        /* Whoever waits for it does not wait for data that may be under way. */
        cmd->status = SCSI_TASK_ABORTED;
        cmd->sense_length = 0;
        release_window(t);
        task_answer(t);
    }
    if (cmd->aborted) {
        task_end(t);
        return;
    }
    /* It may have ended without its data. */
    data_out_stop(&t->out);
    advance(t);
}

void
task_abort(struct task *t)
{
    enum task_state state = t->state;

    t->is_told = false;
    if (state == TASK_RUNNING) {
        t->is_swept = true;
        scsi_abort_command(&t->cmd);
        return; /* done() will come */
    }
    t->cmd.aborted = true;
    if (state == TASK_COLLECTING || state == TASK_DORMANT)
        scsi_give_up(&t->cmd);
    task_end(t);
}

void
task_abort_and_tell(struct task *t)
{
    if (t->state == TASK_RUNNING) {
        t->is_told = !t->cmd.aborted; /* who has given it up does not want to hear of it */
        t->is_swept = true;
        scsi_abort_command(&t->cmd);
        return;
    }
    task_set_answer(t, SCSI_TASK_ABORTED);
    advance(t);
}

/* Space for SIZE bytes of data, and the data that came with the command into it. */
static void
make_space(struct task *t, uint32_t size, uint32_t immediate)
{
    if (size == 0)
        return;
    t->cmd.out = iobuf_new(size);
    if (t->cmd.out == NULL)
        task_set_answer(t, SCSI_BUSY);
    else if (immediate > 0)
        incoming_goes_to(t->session, t->cmd.out, 0, immediate);
}

/* While T waits for others its unsolicited data comes in. How much its command wants is not
 * known yet, but not more than is expected. */
static void
lie_dormant(struct task *t, uint32_t immediate)
{
    uint32_t most = t->is_write ? t->expected : 0;

    t->state = TASK_DORMANT;
    make_space(t, most > SESSION_BUFFERS_MAX ? (uint32_t)SESSION_BUFFERS_MAX : most, immediate);
}

/* The command wants its data. The bytes it takes; more than there can be space for is refused,
 * which takes until done() comes. */
static uint32_t
begin_collecting(struct task *t)
{
    uint32_t wanted = t->is_write ? t->expected : 0;

    if (wanted > t->cmd.out_length)
        wanted = (uint32_t)t->cmd.out_length;
    data_out_want(&t->out, wanted);
    if (data_out_room(&t->out) > SESSION_BUFFERS_MAX) {
        scsi_refuse_transfer(&t->cmd);
        return 0;
    }
    t->state = TASK_COLLECTING;
    return data_out_room(&t->out);
}

/* What scsi_start() has said, or would have said had T not been dormant. */
static void
started(struct scsi_cmd *cmd, enum scsi_progress progress)
{
    struct task *t = (struct task *)cmd; /* its first member */

    t->state = TASK_RUNNING;
    if (progress == SCSI_WANTS_DATA)
        begin_collecting(t); /* into the space that was made for it at first */
    else
        data_out_stop(&t->out);
    advance(t);
}

/* Section 11.3.1: ATTR. That of ACA is for a condition that never is (SAM-5 section 8.7), those
 * above it are reserved. */
static const enum task_attribute attributes[] = {
    TASK_SIMPLE, /* untagged */
    TASK_SIMPLE,
    TASK_ORDERED,
    TASK_HEAD_OF_QUEUE,
};
#define ATTRIBUTES (sizeof attributes / sizeof attributes[0])

/* Section 11.3.1 and 11.2.2: what a command may look like beside its CDB. The condition it
 * fails with, or SENSE_NO_SENSE. */
static enum sense_condition
check_form(const struct task *t, const struct pdu_scsi_command *c,
           const struct incoming *incoming)
{
    if (c->attributes >= ATTRIBUTES)
        return SENSE_INVALID_MESSAGE;
    if (incoming->ahs_length >= 4 && incoming->ahs[2] == AHS_EXTENDED_CDB)
        return SENSE_INVALID_OPCODE; /* there is no command of more than 16 bytes */
    if (incoming->ahs_length > 0 || (t->is_read && t->is_write))
        return SENSE_SHORT_DATA_OUT; /* INVALID FIELD IN COMMAND INFORMATION UNIT: no
                                        bidirectional commands */
    return SENSE_NO_SENSE;
}

/* Takes the memory that T will occupy. It may claim more than it moves; the command knows. */
static enum scsi_status
take_buffers(struct task *t, const uint8_t *cdb)
{
    uint64_t need = t->is_read || t->is_write ? t->expected : 0;
    enum scsi_status status;

    if (need > SESSION_BUFFERS_MAX)
        need = SESSION_BUFFERS_MAX;
    need += scsi_scratch_max(cdb);
    status = buffers_take(t->session, need);
    if (status == SCSI_GOOD)
        t->buffer_bytes = (uint32_t)need;
    return status;
}

static void
begin(struct task *t, uint32_t immediate)
{
    t->state = TASK_RUNNING;
    switch (scsi_start(&t->cmd)) {
    case SCSI_RUNNING:
        data_out_stop(&t->out);
        break;
    case SCSI_WANTS_DATA:
        make_space(t, begin_collecting(t), immediate);
        break;
    case SCSI_DORMANT:
        lie_dormant(t, immediate);
        break;
    }
}

static void
start(struct task *t, const struct pdu_scsi_command *c, uint32_t immediate)
{
    struct session *s = t->session;
    enum sense_condition condition = check_form(t, c, &s->incoming);
    const struct params *params = &s->negotiation.params;
    const struct data_out_limits limits = {
        .first_burst = params->first_burst_length,
        .max_burst = params->max_burst_length,
        .max_outstanding_r2t = (uint16_t)params->max_outstanding_r2t,
        .initial_r2t = params->initial_r2t,
        .immediate_data = params->immediate_data,
    };
    enum scsi_status status;
    enum data_out_verdict verdict =
        data_out_init(&t->out, &limits, t->is_write ? t->expected : 0, immediate,
                      c->is_final || !t->is_write);

    t->state = TASK_ENDED;
    t->lun = session_luns_find(s, t->wire_lun);
    if (t->lun != NULL)
        t->cmd.nexus = session_lun_ref(t->lun)->nexus;
    if (condition != SENSE_NO_SENSE) {
        task_fail(t, condition);
    } else if (verdict != DATA_OUT_MORE) {
        task_fail(t, SENSE_UNEXPECTED_UNSOLICITED_DATA);
    } else if ((status = take_buffers(t, c->cdb)) != SCSI_GOOD) {
        task_set_answer(t, status);
    } else {
        t->cmd.it_nexus = &s->it_nexus;
        t->cmd.attribute = attributes[c->attributes];
        memcpy(t->cmd.cdb, c->cdb, sizeof t->cmd.cdb);
        t->cmd.expected_out = t->is_write ? t->expected : 0;
        t->cmd.expected_in = t->is_read ? t->expected : 0;
        t->cmd.done = done;
        t->cmd.started = started;
        begin(t, immediate);
    }
}

void
task_command_header(struct session *s, const uint8_t *header)
{
    uint32_t immediate = (uint32_t)pdu_data_length(header);
    struct pdu_scsi_command c;
    struct task *t;

    pdu_scsi_command_get(header, &c);
    if (c.task_tag == PDU_NO_TAG) {
        incoming_reject(s, REJECT_INVALID_FIELD);
    } else if (task_find(s, c.task_tag) != NULL) {
        incoming_reject(s, REJECT_TASK_IN_PROGRESS);
    } else if (immediate > 0 && !c.is_write) {
        incoming_reject(s, REJECT_PROTOCOL_ERROR);
    } else if (c.immediate && s->immediate_count >= IMMEDIATE_MAX) {
        incoming_reject(s, REJECT_IMMEDIATE);
    } else if ((t = task_new(s, &c)) == NULL) {
        session_close(s, SESSION_CLOSE_NOW, "out of memory");
    } else {
        t->is_counted = s->incoming.is_counted;
        s->incoming.is_counted = false; /* the task's now */
        s->incoming.task = t;
        start(t, &c, immediate);
    }
}

/* Whether what comes for T is wanted. */
static bool
takes_data(const struct task *t)
{
    return t->state == TASK_COLLECTING || t->state == TASK_DORMANT;
}

void
task_command_pdu(struct session *s, const uint8_t *header, bool data_is_good)
{
    struct task *t = s->incoming.task;

    /*
     * Section 7.8: the data is lost, the command is not. Its header was good, so its place in
     * the order of commands is taken, and an answer with its tag tells the initiator to repeat
     * it.
     */
    if (!data_is_good)
        session_reject(s, header, REJECT_DATA_DIGEST_ERROR);
    if (t == NULL)
        return;
    t->is_pdu_open = false;
    if (!data_is_good && takes_data(t))
        task_fail(t, SENSE_PROTOCOL_SERVICE_CRC);
    advance(t);
}

void
task_data_out_header(struct session *s, const uint8_t *header)
{
    uint32_t length = (uint32_t)pdu_data_length(header);
    enum data_out_verdict verdict;
    struct pdu_data_out p;
    struct task *t;

    pdu_data_out_get(header, &p);
    t = task_find(s, p.task_tag);
    if (t == NULL)
        return; /* late data of a command that was aborted: nobody wants it */

    verdict = data_out_check(&t->out, p.transfer_tag, p.datasn, p.buffer_offset, length);
    s->incoming.task = t;
    s->incoming.verdict = verdict;
    if (verdict == DATA_OUT_MORE && takes_data(t) && length > 0)
        incoming_goes_to(s, t->cmd.out, p.buffer_offset, length);
}

/* The sequences of T cannot be told apart any more, or the peer sends what nobody asked for. */
static void
break_connection(struct session *s, const uint8_t *header, enum data_out_verdict verdict)
{
    session_reject(s, header, REJECT_PROTOCOL_ERROR);
    session_close(s, SESSION_CLOSE_AFTER_OUTPUT,
                  verdict == DATA_OUT_BAD_TAG ? "Data-Out with a wrong Target Transfer Tag"
                                              : "more Data-Out than was asked for");
}

void
task_data_out_pdu(struct session *s, const uint8_t *header, bool data_is_good)
{
    enum data_out_verdict verdict = (enum data_out_verdict)s->incoming.verdict;
    struct task *t = s->incoming.task;
    bool is_final = header[1] & 0x80;

    if (!data_is_good)
        session_reject(s, header, REJECT_DATA_DIGEST_ERROR);
    if (t == NULL)
        return;
    if (verdict == DATA_OUT_BAD_TAG || verdict == DATA_OUT_TOO_LONG) {
        break_connection(s, header, verdict);
        return;
    }
    if (takes_data(t)) {
        /* Section 7.9: a gap means that a PDU was lost, as if its digest had been wrong. */
        if (!data_is_good || verdict == DATA_OUT_BAD_SN)
            task_fail(t, SENSE_PROTOCOL_SERVICE_CRC);
    }
    if (data_out_take(&t->out, (uint32_t)pdu_data_length(header), is_final) ==
        DATA_OUT_BAD_AMOUNT)
        task_fail(t, SENSE_INCORRECT_AMOUNT_OF_DATA);
    advance(t);
}
