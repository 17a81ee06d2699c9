/* latency.c: making and adding up counts of how long commands took. */
#include "core/latency.h"

#include <stdlib.h>

const char *
latency_kind_name(enum latency_kind kind)
{
    static const char *const names[LATENCY_KINDS] = {
        [LATENCY_READ] = "read",
        [LATENCY_WRITE] = "write",
        [LATENCY_FLUSH] = "flush",
        [LATENCY_OTHER] = "other",
    };

    return names[kind];
}

struct latency *
latency_make(struct io_counters *counters)
{
    struct latency *l = calloc(1, sizeof *l);

    atomic_store_explicit(&counters->latency, l, memory_order_release);
    return l;
}

void
latency_sum(const struct io_counters *counters, unsigned n, struct latency_totals *totals)
{
    for (const struct io_counters *c = counters; c < counters + n; c++) {
        const struct latency *l = atomic_load_explicit(&c->latency, memory_order_acquire);

        for (unsigned kind = 0; l != NULL && kind < LATENCY_KINDS; kind++) {
            totals->time_us[kind] += counter_get(&l->time_us[kind]);
            for (unsigned i = 0; i < LATENCY_BUCKETS; i++)
                totals->counts[kind][i] += counter_get(&l->counts[kind][i]);
        }
    }
}

void
latency_add(struct latency_totals *to, const struct latency_totals *from)
{
    for (unsigned kind = 0; kind < LATENCY_KINDS; kind++) {
        to->time_us[kind] += from->time_us[kind];
        for (unsigned i = 0; i < LATENCY_BUCKETS; i++)
            to->counts[kind][i] += from->counts[kind][i];
    }
}
