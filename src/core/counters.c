/* counters.c: adding up what workers counted. */
#include "core/counters.h"

#include <stdlib.h>

void
io_counters_sum(const struct io_counters *counters, unsigned n, struct io_totals *totals)
{
    for (const struct io_counters *c = counters; c < counters + n; c++) {
        totals->read_ops += counter_get(&c->read_ops);
        totals->write_ops += counter_get(&c->write_ops);
        totals->unmap_ops += counter_get(&c->unmap_ops);
        totals->flush_ops += counter_get(&c->flush_ops);
        totals->other_ops += counter_get(&c->other_ops);
        totals->read_bytes += counter_get(&c->read_bytes);
        totals->write_bytes += counter_get(&c->write_bytes);
        totals->unmap_bytes += counter_get(&c->unmap_bytes);
        totals->errors += counter_get(&c->errors);
        totals->read_time_us += counter_get(&c->read_time_us);
        totals->write_time_us += counter_get(&c->write_time_us);
        /* Read in this order a command may look finished but not started: never below zero. */
        uint64_t finished = counter_get(&c->finished), started = counter_get(&c->started);
        totals->in_flight += started > finished ? started - finished : 0;
    }
}

struct refusals *
io_counters_refusals(struct io_counters *counters)
{
    struct refusals *r = atomic_load_explicit(&counters->refusals, memory_order_relaxed);

    if (r != NULL)
        return r;
    r = calloc(1, sizeof *r);
    atomic_store_explicit(&counters->refusals, r, memory_order_release);
    return r;
}

void
refusals_sum(const struct io_counters *counters, unsigned n, struct refusal_totals *totals)
{
    for (const struct io_counters *c = counters; c < counters + n; c++) {
        const struct refusals *r = atomic_load_explicit(&c->refusals, memory_order_acquire);

        if (r == NULL)
            continue;
        for (unsigned key = 0; key < SENSE_KEYS; key++)
            totals->by_sense_key[key] += counter_get(&r->by_sense_key[key]);
        totals->task_set_full += counter_get(&r->task_set_full);
        totals->busy += counter_get(&r->busy);
        totals->reservation_conflict += counter_get(&r->reservation_conflict);
    }
}

void
io_counters_done(struct io_counters *counters, unsigned n)
{
    for (struct io_counters *c = counters; c < counters + n; c++) {
        free(atomic_exchange(&c->latency, NULL));
        free(atomic_exchange(&c->refusals, NULL));
    }
}
