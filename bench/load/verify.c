/* verify.c: write, read back, compare. */
#include "bench/load/verify.h"

#include <stdlib.h>

#include "bench/load/complain.h"
#include "bench/load/pattern.h"
#include "bench/load/session.h"

#define ATTEMPTS   8          /* at a place where nothing is in flight */
#define BLOCKS_MAX (1u << 26) /* of a session: 4 bytes of memory each */
#define UNKNOWN    0          /* what a block holds after a write that failed */

enum phase { PHASE_FILL, PHASE_MIX, PHASE_CHECK };

struct verify {
    enum phase phase;
    uint32_t generation;    /* the last that was given */
    uint32_t generations[]; /* what each block of the session holds */
};

void
verify_prepare(struct session *s)
{
    uint64_t blocks = s->end - s->first;

    if (blocks > BLOCKS_MAX)
        give_up("verify: use --span, of at most %u blocks for each session", BLOCKS_MAX);
    s->verify = calloc(1, sizeof *s->verify + blocks * sizeof s->verify->generations[0]);
    if (s->verify == NULL)
        give_up("out of memory");
}

void
verify_free(struct session *s)
{
    free(s->verify);
    s->verify = NULL;
}

static bool
collides(const struct session *s, const struct slot *new)
{
    uint64_t end = new->lba + new->length / s->block_size;

    for (unsigned i = 0; i < s->run->settings->depth; i++) {
        const struct slot *old = &s->slots[i];

        if (old->is_busy && old != new && (old->is_write || new->is_write) &&
            old->lba < end &&new->lba < old->lba + old->length / s->block_size)
            return true;
    }
    return false;
}

/* Small lengths are as likely as large ones. */
static uint32_t
random_length(struct session *s)
{
    uint32_t max = s->run->settings->block_size / s->block_size, limit = max;
    uint64_t r = work_random(s);

    for (uint64_t halve = r >> 40; limit > 1 && halve & 1; halve >>= 1)
        limit /= 2;
    return (uint32_t)(r % limit) + 1;
}

static void
begin_write(struct session *s, struct slot *slot)
{
    if (++s->verify->generation == UNKNOWN)
        s->verify->generation++;
    slot->generation = s->verify->generation;
    work_put_pattern(s, slot);
}

static bool
next_in_order(struct session *s, struct slot *slot, bool is_write)
{
    uint32_t blocks = random_length(s);

    if (s->position == s->end)
        return false;
    if (blocks > s->end - s->position)
        blocks = (uint32_t)(s->end - s->position);
    slot->is_write = is_write;
    slot->lba = s->position;
    slot->length = blocks * s->block_size;
    s->position += blocks;
    if (is_write)
        begin_write(s, slot);
    return true;
}

static bool
next_anywhere(struct session *s, struct slot *slot)
{
    slot->is_write = work_random(s) % 100 >= s->run->settings->reads_percent;
    for (int i = 0; i < ATTEMPTS; i++) {
        uint32_t blocks = random_length(s);

        if (blocks > s->end - s->first)
            blocks = (uint32_t)(s->end - s->first);
        slot->lba = s->first + work_random(s) % (s->end - s->first - blocks + 1);
        slot->length = blocks * s->block_size;
        if (collides(s, slot))
            continue;
        if (slot->is_write)
            begin_write(s, slot);
        return true;
    }
    return false;
}

bool
verify_next(struct session *s, struct slot *slot, bool is_over)
{
    struct verify *v = s->verify;
    /* The slot that is to be filled is not free any more. */
    bool nothing_in_flight = s->free_count + 1 == s->run->settings->depth;

    slot->lun = (uint16_t)s->run->settings->lun;
    if (v->phase == PHASE_FILL && !next_in_order(s, slot, true)) {
        if (!nothing_in_flight)
            return false;
        v->phase = PHASE_MIX;
    } else if (v->phase == PHASE_FILL) {
        return true;
    }
    if (v->phase == PHASE_MIX && !is_over)
        return next_anywhere(s, slot);
    if (v->phase == PHASE_MIX) {
        if (!nothing_in_flight)
            return false;
        v->phase = PHASE_CHECK;
        s->position = s->first;
    }
    if (next_in_order(s, slot, false))
        return true;
    s->is_finished = true;
    return false;
}

bool
verify_is_right(struct session *s, const struct slot *slot)
{
    uint64_t lba, generation;

    for (uint32_t i = 0; i < slot->length / s->block_size; i++) {
        const uint8_t *block = slot->data + (size_t)i * s->block_size;
        uint32_t right = s->verify->generations[slot->lba + i - s->first];
        uint32_t wrong;

        if (right == UNKNOWN)
            continue;
        wrong = pattern_check(block, s->block_size, slot->lba + i, right);
        if (wrong == s->block_size)
            continue;
        pattern_name(block, &lba, &generation);
        complain(
            "session %u: LBA %llu, byte %u: wrong data: write %u of it is expected, what is "
            "there says LBA %llu, write %llu (read of %u bytes from LBA %llu)",
            s->id, (unsigned long long)(slot->lba + i), wrong, right, (unsigned long long)lba,
            (unsigned long long)generation, slot->length, (unsigned long long)slot->lba);
        return false;
    }
    return true;
}

void
verify_done(struct session *s, struct slot *slot, bool is_good)
{
    uint32_t holds = is_good ? (uint32_t)slot->generation : UNKNOWN;

    if (!slot->is_write)
        return;
    for (uint32_t i = 0; i < slot->length / s->block_size; i++)
        s->verify->generations[slot->lba + i - s->first] = holds;
}
