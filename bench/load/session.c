/* session.c: what a session needs to have commands in flight. */
#include "bench/load/session.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/load/complain.h"
#include "bench/load/work.h"
#include "core/bytes.h"

#define ALIGNMENT  4096
#define PDUS_SPARE 256 /* for answers to pings */

uint64_t
now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void
lun_put(uint8_t *p, unsigned lun)
{
    memset(p, 0, 8);
    put_be16(p, (uint16_t)(lun < 256 ? lun : 0x4000 | lun));
}

/* PDUs that one command may send: itself, and Data-Out that may be cut at the end of each burst
 * too. */
static unsigned
pdus_of_a_command(const struct session *s)
{
    uint32_t size = s->run->settings->block_size;
    const struct negotiated *n = &s->negotiated;

    return 2 + size / n->max_recv_data + 2 * (size / n->max_burst + 1) + 1;
}

/* No new command is begun with half of it in use; so those in flight always have room. */
static void
prepare_outbox(struct session *s)
{
    unsigned depth = s->run->settings->depth;

    if (outbox_init(&s->outbox, 2 * depth * pdus_of_a_command(s) + PDUS_SPARE) < 0)
        give_up("out of memory");
    s->outbox.header_digest = s->negotiated.header_digest;
    s->outbox.data_digest = s->negotiated.data_digest;
}

static void
prepare_slots(struct session *s)
{
    const struct settings *settings = s->run->settings;
    size_t room = (settings->block_size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);

    s->slots = calloc(settings->depth, sizeof *s->slots);
    s->free_slots = calloc(settings->depth, sizeof *s->free_slots);
    s->sense = calloc(1, SENSE_MAX);
    if (mode_has_pattern(settings->mode))
        s->memory = aligned_alloc(ALIGNMENT, room * settings->depth);
    if (s->slots == NULL || s->free_slots == NULL || s->sense == NULL ||
        (mode_has_pattern(settings->mode) && s->memory == NULL))
        give_up("out of memory");
    for (unsigned i = 0; i < settings->depth; i++) {
        s->free_slots[s->free_count++] = (uint16_t)(settings->depth - 1 - i);
        if (s->memory != NULL)
            s->slots[i].data = s->memory + i * room;
    }
}

void
session_prepare(struct session *s)
{
    const struct settings *settings = s->run->settings;

    s->commands_left = settings->commands == 0
                           ? UINT64_MAX
                           : settings->commands / settings->sessions +
                                 (s->id < settings->commands % settings->sessions);
    prepare_outbox(s);
    prepare_slots(s);
    work_prepare(s);
}

void
session_free(struct session *s)
{
    work_free(s);
    outbox_done(&s->outbox);
    free(s->slots);
    free(s->free_slots);
    free(s->sense);
    free(s->memory);
}
