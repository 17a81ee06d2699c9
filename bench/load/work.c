/* work.c: commands that all have the same length. */
#include "bench/load/work.h"

#include <string.h>

#include "bench/load/complain.h"
#include "bench/load/pattern.h"
#include "bench/load/session.h"
#include "bench/load/verify.h"

uint64_t
work_random(struct session *s)
{
    uint64_t x = s->random;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return s->random = x;
}

/* Which blocks the session may use: its share of them in order, or all of them at random. */
void
work_prepare(struct session *s)
{
    const struct settings *settings = s->run->settings;
    uint32_t length = settings->block_size / s->block_size;
    uint64_t blocks = s->block_count, pieces;

    if (settings->block_size % s->block_size != 0)
        give_up("the unit has blocks of %u bytes: --block-size must be a multiple of that",
                s->block_size);
    if (settings->span / s->block_size > blocks)
        give_up("--span is larger than the unit");
    if (settings->span > 0)
        blocks = settings->span / s->block_size;
    pieces = blocks / length;
    if (pieces < settings->sessions)
        give_up("the unit is too small");
    s->random = (settings->seed + s->id + 1) * 0x9e3779b97f4a7c15ull | 1;
    s->first = pieces / settings->sessions * s->id * length;
    s->end = s->id + 1 == settings->sessions ? pieces * length
                                             : s->first + pieces / settings->sessions * length;
    if (!settings->sequential && !mode_has_pattern(settings->mode)) {
        s->first = 0;
        s->end = pieces * length;
    }
    s->position = s->first;
    if (settings->mode == MODE_VERIFY)
        verify_prepare(s);
}

void
work_free(struct session *s)
{
    verify_free(s);
}

void
work_put_pattern(struct session *s, struct slot *slot)
{
    for (uint32_t at = 0, i = 0; at < slot->length; at += s->block_size, i++)
        pattern_fill(slot->data + at, s->block_size, slot->lba + i, slot->generation);
}

static bool
next_to_fill(struct session *s, struct slot *slot)
{
    if (s->position == s->end) {
        s->is_finished = true;
        return false;
    }
    slot->is_write = true;
    slot->lun = (uint16_t)s->run->settings->lun;
    slot->lba = s->position;
    slot->length = s->run->settings->block_size;
    slot->generation = 1;
    s->position += slot->length / s->block_size;
    work_put_pattern(s, slot);
    return true;
}

bool
work_next(struct session *s, struct slot *slot, bool is_over)
{
    const struct settings *settings = s->run->settings;
    uint32_t blocks = settings->block_size / s->block_size;

    if (settings->mode == MODE_VERIFY)
        return verify_next(s, slot, is_over);
    if (is_over) {
        s->is_finished = true;
        return false;
    }
    if (settings->mode == MODE_FILL)
        return next_to_fill(s, slot);
    slot->length = settings->block_size;
    slot->is_write =
        settings->mode == MODE_WRITE ||
        (settings->mode == MODE_MIX && work_random(s) % 100 >= settings->reads_percent);
    if (settings->sequential) {
        slot->lba = s->position;
        s->position += blocks;
        if (s->position == s->end)
            s->position = s->first;
    } else {
        slot->lba = work_random(s) % (s->end / blocks) * blocks;
    }
    slot->lun = (uint16_t)(settings->lun + s->next_lun);
    if (settings->luns > 1 && ++s->next_lun == settings->luns)
        s->next_lun = 0;
    return true;
}

bool
work_is_right(struct session *s, const struct slot *slot)
{
    return s->verify == NULL || verify_is_right(s, slot);
}

void
work_done(struct session *s, struct slot *slot, bool is_good)
{
    if (s->verify != NULL)
        verify_done(s, slot, is_good);
}
