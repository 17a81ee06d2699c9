/* counters.c: adding up what workers counted. */
#include "core/counters.h"

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
