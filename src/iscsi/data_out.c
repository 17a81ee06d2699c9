/* data_out.c: order and amount of a write's data. RFC 7143 sections 4.2.4.2, 11.7 and 11.8. */
#include "iscsi/data_out.h"

#include <assert.h>

static uint32_t
smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

enum data_out_verdict
data_out_init(struct data_out *d, const struct data_out_limits *limits, uint32_t expected,
              uint32_t immediate, bool is_final)
{
    uint32_t unasked = smaller(limits->first_burst, expected);

    *d = (struct data_out){.max_burst = limits->max_burst,
                           .max_outstanding_r2t = limits->max_outstanding_r2t,
                           .received = immediate,
                           .unsolicited_open = !is_final,
                           .unsolicited_end = is_final ? immediate : unasked};
    if (immediate <= unasked && (immediate == 0 || limits->immediate_data) &&
        (is_final || !limits->initial_r2t))
        return DATA_OUT_MORE;
    /* Who breaks the rules may not end what he has begun either: nothing is waited for. */
    d->unsolicited_open = false;
    return immediate > unasked ? DATA_OUT_TOO_LONG : DATA_OUT_UNEXPECTED;
}

void
data_out_want(struct data_out *d, uint32_t wanted)
{
    d->wanted = wanted;
}

uint32_t
data_out_room(const struct data_out *d)
{
    return d->wanted > d->unsolicited_end ? d->wanted : d->unsolicited_end;
}

void
data_out_stop(struct data_out *d)
{
    d->stopped = true;
}

bool
data_out_is_complete(const struct data_out *d)
{
    if (d->unsolicited_open || d->r2ts_done < d->r2ts_sent)
        return false;
    return d->stopped || d->received >= d->wanted;
}

/* Where the sequence of R2T number N begins; for the one after the last, where it would. */
static uint64_t
r2t_start(const struct data_out *d, uint32_t n)
{
    return d->first_offset + (uint64_t)n * d->max_burst;
}

static uint32_t
r2t_end(const struct data_out *d, uint32_t n)
{
    uint64_t end = r2t_start(d, n + 1);

    return end < d->wanted ? (uint32_t)end : d->wanted;
}

/* Tags for all R2Ts of this task; NO_TAG is none of them. */
static void
take_tags(struct data_out *d, uint32_t *next_tag)
{
    uint32_t n = (d->wanted - d->received - 1) / d->max_burst + 1;

    if (*next_tag >= DATA_OUT_NO_TAG - n)
        *next_tag = 1;
    d->first_tag = *next_tag;
    d->first_offset = d->received;
    *next_tag += n;
}

bool
data_out_next_r2t(struct data_out *d, uint32_t *next_tag, struct data_out_r2t *r2t)
{
    /* Where unsolicited data ends is only known when its F bit has come. */
    if (d->stopped || d->unsolicited_open || d->received >= d->wanted)
        return false;
    if (d->r2ts_sent == 0)
        take_tags(d, next_tag);
    if (d->r2ts_sent - d->r2ts_done >= d->max_outstanding_r2t ||
        r2t_start(d, d->r2ts_sent) >= d->wanted)
        return false;

    r2t->tag = d->first_tag + d->r2ts_sent;
    r2t->r2t_sn = d->r2ts_sent;
    r2t->offset = (uint32_t)r2t_start(d, d->r2ts_sent);
    r2t->length = r2t_end(d, d->r2ts_sent) - r2t->offset;
    d->r2ts_sent++;
    return true;
}

enum data_out_verdict
data_out_check(const struct data_out *d, uint32_t tag, uint32_t data_sn, uint32_t offset,
               uint32_t length)
{
    uint32_t end;

    if (d->stopped)
        return DATA_OUT_MORE;
    if (d->unsolicited_open) {
        if (tag != DATA_OUT_NO_TAG)
            return DATA_OUT_BAD_TAG;
        end = d->unsolicited_end;
    } else {
        if (d->r2ts_done >= d->r2ts_sent || tag != d->first_tag + d->r2ts_done)
            return DATA_OUT_BAD_TAG;
        end = r2t_end(d, d->r2ts_done);
    }
    if (data_sn != d->data_sn || offset != d->received)
        return DATA_OUT_BAD_SN;
    return length > end - d->received ? DATA_OUT_TOO_LONG : DATA_OUT_MORE;
}

/* Data that is thrown away: only its F bit counts. */
static enum data_out_verdict
take_stopped(struct data_out *d, bool is_final)
{
    if (is_final) {
        if (d->unsolicited_open)
            d->unsolicited_open = false;
        else if (d->r2ts_done < d->r2ts_sent)
            d->r2ts_done++;
    }
    return data_out_is_complete(d) ? DATA_OUT_COMPLETE : DATA_OUT_MORE;
}

enum data_out_verdict
data_out_take(struct data_out *d, uint32_t length, bool is_final)
{
    bool is_short;

    if (d->stopped)
        return take_stopped(d, is_final);

    d->received += length;
    d->data_sn++;
    if (!is_final)
        return DATA_OUT_MORE;

    d->data_sn = 0;
    if (d->unsolicited_open) {
        /* Less than FirstBurstLength is not forbidden loudly enough: R2Ts ask for the rest. */
        d->unsolicited_open = false;
    } else {
        is_short = d->received < r2t_end(d, d->r2ts_done);
        d->r2ts_done++;
        if (is_short)
            return DATA_OUT_BAD_AMOUNT;
    }
    return data_out_is_complete(d) ? DATA_OUT_COMPLETE : DATA_OUT_SEQUENCE;
}
