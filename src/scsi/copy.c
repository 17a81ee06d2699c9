/* copy.c: the engine of all commands that copy. */
#include "scsi/copy.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/iobuf.h"
#include "scsi/commands.h"
#include "scsi/disk.h"
#include "scsi/execute.h"
#include "scsi/lun.h"
#include "scsi/lun_space.h"
#include "scsi/nexus.h"
#include "scsi/rod.h"

struct copy *
copy_new(struct scsi_cmd *cmd, size_t max)
{
    struct copy *copy = calloc(1, sizeof *copy + max * sizeof copy->pieces[0]);

    if (copy != NULL)
        copy->cmd = cmd;
    return copy;
}

/* Only the nexus of the command itself is kept by its task. */
void
copy_add(struct copy *copy, const struct copy_piece *piece)
{
    copy->pieces[copy->piece_count++] = *piece;
    if (piece->from != NULL)
        nexus_pin(piece->from);
    nexus_pin(piece->to);
}

void
copy_free(struct copy *copy)
{
    if (copy == NULL)
        return;
    for (size_t i = 0; i < copy->piece_count; i++) {
        if (copy->pieces[i].from != NULL)
            nexus_unpin(copy->pieces[i].from);
        nexus_unpin(copy->pieces[i].to);
    }
    iobuf_unref(copy->buffer);
    free(copy);
}

/* What stops a READ(16) or WRITE(16) of that nexus. Its unit attentions are not for us. */
static bool
is_stopped(const struct nexus *nexus, bool writes)
{
    static const uint8_t read_cdb[SCSI_CDB_MAX] = {0x88}, write_cdb[SCSI_CDB_MAX] = {0x8a};
    const uint8_t *cdb = writes ? write_cdb : read_cdb;
    unsigned verdict = atomic_load_explicit(&nexus->verdict, memory_order_acquire);

    verdict &= ~(unsigned)(VERDICT_RESET | VERDICT_ATTENTION);
    return (verdict & command_stopped_by(command_find(cdb), cdb)) != 0;
}

static enum copy_end
check_side(const struct nexus *nexus, uint64_t lba, uint64_t count, bool writes)
{
    if (is_stopped(nexus, writes) || (writes && nexus_is_read_only(nexus)))
        return COPY_REFUSED;
    if (lun_readiness(nexus->lun) != SENSE_NO_SENSE)
        return COPY_NOT_READY;
    return count == 0 || lun_has_range(nexus->lun, lba, count) ? COPY_GOOD : COPY_OUTSIDE;
}

enum copy_end
copy_check(const struct copy_piece *piece, bool *is_source)
{
    enum copy_end end = COPY_GOOD;

    *is_source = true;
    if (piece->from != NULL)
        end = check_side(piece->from, piece->from_lba, piece->count, false);
    if (end != COPY_GOOD)
        return end;
    *is_source = false;
    return check_side(piece->to, piece->to_lba, piece->count, true);
}

static struct copy_piece *
current(struct copy *copy)
{
    return &copy->pieces[copy->pieces_done];
}

static unsigned
block_size(struct copy *copy)
{
    return current(copy)->to->lun->block_size;
}

static struct copy *
of_io(struct store_io *io)
{
    return (struct copy *)(void *)((char *)io - offsetof(struct copy, io));
}

static void
leave_claims(struct copy *copy)
{
    while (copy->claimed > 0)
        (void)range_leave(&copy->claims[--copy->claimed], NULL); /* shared: gone at once */
}

static void
finish(struct copy *copy, enum copy_end end)
{
    leave_claims(copy);
    copy->done(copy, end);
}

static void step(struct copy *copy);

static bool
must_be_stable(const struct lun *lun)
{
    return !lun_is(lun, LUN_WRITE_CACHE);
}

static void
submit(struct copy *copy, struct store *store, enum store_op op, uint64_t lba,
       void (*done)(struct store_io *io))
{
    const struct lun *to = current(copy)->to->lun;
    unsigned block = block_size(copy);
    bool writes = op != STORE_READ;

    copy->io = (struct store_io){
        .op = op,
        .fua = writes && (store->capabilities & STORE_CAN_FUA) && must_be_stable(to),
        .offset = lba * block,
        .length = copy->length * block,
        .done = done,
    };
    if (op == STORE_COPY)
        copy->io.copy = (struct store_copy){
            .from = current(copy)->from->lun->store,
            .from_offset = (current(copy)->from_lba + copy->lba) * block,
        };
    else if (op == STORE_READ || op == STORE_WRITE)
        copy->io.data = copy->buffer->data;
    current(copy)->is_unstable |= writes && !copy->io.fua;
    store_submit(store, &copy->io);
}

/* True: it is over for COPY. */
static bool
has_failed(struct copy *copy)
{
    int error = copy->io.error;

    if (error != 0) {
        copy->is_source = copy->io.op == STORE_READ;
        if (sense_of_errno(error, copy->is_source) == SENSE_SPACE_ALLOCATION_FAILED)
            lun_note_no_space(current(copy)->to->lun, current(copy)->to);
        finish(copy,
               error == ENOMEM || error == EAGAIN || error == EBUSY ? COPY_BUSY : COPY_FAILED);
        return true;
    }
    return false;
}

/* False: it is over for COPY. */
static bool
holds(struct copy *copy)
{
    if (copy->still_holds == NULL || copy->still_holds(copy))
        return true;
    copy->is_source = true;
    finish(copy, COPY_REVOKED);
    return false;
}

static void
written(struct store_io *io)
{
    struct copy *copy = of_io(io);

    if (io->op == STORE_COPY && io->error == EOPNOTSUPP) { /* then through a buffer */
        copy->by_store = false;
    } else if (has_failed(copy) || (io->op == STORE_COPY && !holds(copy))) {
        return;
    } else {
        copy->blocks_done += copy->length;
        copy->bytes += io->length;
        copy->cmd->moved += io->length;
    }
    leave_claims(copy);
    step(copy);
}

static void
read_done(struct store_io *io)
{
    struct copy *copy = of_io(io);

    if (has_failed(copy) || !holds(copy))
        return;
    submit(copy, current(copy)->to->lun->store, STORE_WRITE, current(copy)->to_lba + copy->lba,
           written);
}

/* How PIECE, which is of zeroes, is written without a buffer; STORE_WRITE: not at all. */
static enum store_op
zero_operation(const struct copy_piece *piece)
{
    unsigned capabilities = lun_capabilities(piece->to->lun);

    return capabilities & STORE_CAN_UNMAP  ? STORE_UNMAP
           : capabilities & STORE_CAN_ZERO ? STORE_ZERO
                                           : STORE_WRITE;
}

static void
submit_zeroes(struct copy *copy)
{
    const struct copy_piece *piece = current(copy);
    enum store_op op = zero_operation(piece);

    if (op == STORE_WRITE)
        memset(copy->buffer->data, 0, copy->length * block_size(copy));
    submit(copy, piece->to->lun->store, op, piece->to_lba + copy->lba, written);
}

static void
submit_step(struct copy *copy)
{
    const struct copy_piece *piece = current(copy);

    rod_written(piece->to->lun, piece->to_lba + copy->lba, copy->length);
    if (piece->from == NULL)
        submit_zeroes(copy);
    else if (copy->by_store)
        submit(copy, piece->to->lun->store, STORE_COPY, piece->to_lba + copy->lba, written);
    else
        submit(copy, piece->from->lun->store, STORE_READ, piece->from_lba + copy->lba,
               read_done);
}

/* The blocks of the step are ours to read and to write. */
static void
go(struct copy *copy)
{
    const struct copy_piece *piece = current(copy);
    enum copy_end end = copy_check(piece, &copy->is_source);

    if (copy->cmd->aborted)
        finish(copy, COPY_ENDED);
    else if (end != COPY_GOOD)
        finish(copy, end);
    else
        submit_step(copy);
}

static void first_granted(struct range_claim *claim);
static void second_granted(struct range_claim *claim);

static void
claim_next(struct copy *copy)
{
    while (copy->claimed < copy->wanted) {
        const struct copy_want *want = &copy->wants[copy->claimed];

        if (range_share(want->guard, &copy->claims[copy->claimed], want->first, want->count,
                        copy->claimed == 0 ? first_granted : second_granted) == CLAIM_MUST_WAIT)
            return;
        copy->claimed++;
    }
    go(copy);
}

static void
granted(struct copy *copy)
{
    copy->claimed++;
    claim_next(copy);
}

static void
first_granted(struct range_claim *claim)
{
    granted((struct copy *)(void *)((char *)claim - offsetof(struct copy, claims[0])));
}

static void
second_granted(struct range_claim *claim)
{
    granted((struct copy *)(void *)((char *)claim - offsetof(struct copy, claims[1])));
}

static void
want(struct copy *copy, const struct nexus *nexus, uint64_t lba)
{
    copy->wants[copy->wanted++] =
        (struct copy_want){nexus->lun->guard, lba + copy->lba, copy->length};
}

/*
 * Who has a claim waits for no other, so that nobody waits for ever: of one unit there is one
 * claim, on all that lies between; of two units the claims are taken in the same order by all
 * who take two.
 */
static void
claim_step(struct copy *copy)
{
    const struct copy_piece *piece = current(copy);
    struct copy_want *a = &copy->wants[0], *b = &copy->wants[1], first;

    copy->wanted = copy->claimed = 0;
    want(copy, piece->to, piece->to_lba);
    if (piece->from != NULL)
        want(copy, piece->from, piece->from_lba);
    if (copy->wanted == 2 && a->guard == b->guard) {
        uint64_t low = a->first < b->first ? a->first : b->first;
        uint64_t high = a->first < b->first ? b->first : a->first;

        *a = (struct copy_want){a->guard, low, high - low + copy->length};
        copy->wanted = 1;
    } else if (copy->wanted == 2 && (uintptr_t)b->guard < (uintptr_t)a->guard) {
        first = *b;
        *b = *a;
        *a = first;
    }
    claim_next(copy);
}

static bool
overlaps(const struct copy_piece *piece)
{
    uint64_t from = piece->from_lba, to = piece->to_lba;

    return piece->from != NULL && piece->from->lun == piece->to->lun &&
           (from < to ? to - from : from - to) < piece->count;
}

/* As memmove() does: what is still to be read is not written before. */
static bool
goes_backwards(const struct copy_piece *piece)
{
    return overlaps(piece) && piece->from_lba < piece->to_lba;
}

static void
begin_piece(struct copy *copy)
{
    const struct copy_piece *piece = current(copy);

    copy->by_store = piece->from != NULL && !overlaps(piece) &&
                     piece->from->lun->store != NULL && piece->to->lun->store != NULL &&
                     store_can_copy(piece->to->lun->store, piece->from->lun->store);
}

static bool
needs_buffer(const struct copy *copy, const struct copy_piece *piece)
{
    return piece->from == NULL ? zero_operation(piece) == STORE_WRITE : !copy->by_store;
}

static bool
get_buffer(struct copy *copy)
{
    if (copy->buffer == NULL)
        copy->buffer = iobuf_new(DISK_STEP_MAX);
    return copy->buffer != NULL;
}

static void
flushed(struct store_io *io)
{
    struct copy *copy = of_io(io);

    if (io->error != 0)
        finish(copy, COPY_FAILED);
    else
        step(copy);
}

/* All is written: makes it stable, unit after unit, where it must be. */
static void
flush_or_finish(struct copy *copy)
{
    for (size_t i = 0; i < copy->piece_count; i++) {
        struct lun *lun = copy->pieces[i].to->lun;

        if (!copy->pieces[i].is_unstable)
            continue;
        for (size_t k = i; k < copy->piece_count; k++)
            if (copy->pieces[k].to->lun == lun)
                copy->pieces[k].is_unstable = false;
        if (must_be_stable(lun) && (lun->store->capabilities & STORE_CAN_FLUSH)) {
            copy->io = (struct store_io){.op = STORE_FLUSH, .done = flushed};
            store_submit(lun->store, &copy->io);
            return;
        }
    }
    finish(copy, COPY_GOOD);
}

/* The next blocks of the piece, or the next piece. */
static void
step(struct copy *copy)
{
    const struct copy_piece *piece;
    uint64_t left, max;

    while (copy->pieces_done < copy->piece_count && copy->blocks_done == current(copy)->count) {
        copy->pieces_done++;
        copy->blocks_done = 0;
        if (copy->pieces_done < copy->piece_count)
            begin_piece(copy);
    }
    if (copy->cmd->aborted) {
        finish(copy, COPY_ENDED);
        return;
    }
    if (copy->pieces_done == copy->piece_count) {
        flush_or_finish(copy);
        return;
    }
    piece = current(copy);
    if (needs_buffer(copy, piece) && !get_buffer(copy)) {
        finish(copy, COPY_BUSY);
        return;
    }
    max = (needs_buffer(copy, piece) ? DISK_STEP_MAX : DISK_SPACE_STEP_MAX) / block_size(copy);
    left = piece->count - copy->blocks_done;
    copy->length = left < max ? left : max;
    copy->lba = goes_backwards(piece) ? left - copy->length : copy->blocks_done;
    claim_step(copy);
}

void
copy_start(struct copy *copy, void (*done)(struct copy *copy, enum copy_end end))
{
    copy->done = done;
    if (copy->piece_count > 0)
        begin_piece(copy);
    step(copy);
}
