/*
 * latency.h: how long commands took, as counts by powers of two of microseconds.
 *
 * As counters.h: one thread writes, any thread may read. What no command was counted in takes
 * no memory: the first one makes it.
 */
#ifndef CORE_LATENCY_H
#define CORE_LATENCY_H

#include <stddef.h>
#include <stdint.h>

#include "core/counters.h"

enum latency_kind {
    LATENCY_READ,
    LATENCY_WRITE,
    LATENCY_FLUSH,
    LATENCY_OTHER,
    LATENCY_KINDS,
};

/* Bucket I has what took at most LATENCY_FIRST_US << I, and longer than the one before; the
 * last has the rest: 16 us to 4.2 s. */
#define LATENCY_BUCKETS  20
#define LATENCY_FIRST_US 16

struct latency {
    counter time_us[LATENCY_KINDS]; /* sums */
    counter counts[LATENCY_KINDS][LATENCY_BUCKETS];
};

/* The same, as plain numbers. */
struct latency_totals {
    uint64_t time_us[LATENCY_KINDS];
    uint64_t counts[LATENCY_KINDS][LATENCY_BUCKETS];
};

static inline unsigned
latency_bucket(uint64_t us)
{
    uint64_t above = us > 0 ? (us - 1) / LATENCY_FIRST_US : 0;
    unsigned bucket = above > 0 ? 64 - (unsigned)__builtin_clzll(above) : 0;

    return bucket < LATENCY_BUCKETS ? bucket : LATENCY_BUCKETS - 1;
}

/* The longest that is in BUCKET, which is not the last. */
static inline uint64_t
latency_bound_us(unsigned bucket)
{
    return (uint64_t)LATENCY_FIRST_US << bucket;
}

/* "read"; static. */
const char *latency_kind_name(enum latency_kind kind);

/* For latency_count(): NULL where memory is short, then it is not counted. */
struct latency *latency_make(struct io_counters *counters);

/* Of the thread that writes COUNTERS. */
static inline void
latency_count(struct io_counters *counters, enum latency_kind kind, uint64_t us)
{
    struct latency *l = atomic_load_explicit(&counters->latency, memory_order_relaxed);

    if (l == NULL && (l = latency_make(counters)) == NULL)
        return;
    counter_add(&l->time_us[kind], us);
    counter_add(&l->counts[kind][latency_bucket(us)], 1);
}

/* Adds the N sets at COUNTERS to TOTALS, which the caller has zeroed. Any thread. */
void latency_sum(const struct io_counters *counters, unsigned n, struct latency_totals *totals);
void latency_add(struct latency_totals *to, const struct latency_totals *from);

#endif
