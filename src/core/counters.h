/*
 * counters.h: counts that one thread writes and any thread may read.
 *
 * An object that is used on several workers has one set per worker (index worker_id()) and adds
 * them up when asked. Relaxed loads and stores: no lock, no locked instruction.
 */
#ifndef CORE_COUNTERS_H
#define CORE_COUNTERS_H

#include <stdatomic.h>
#include <stdint.h>

typedef _Atomic uint64_t counter;

static inline void
counter_add(counter *c, uint64_t n)
{
    atomic_store_explicit(c, atomic_load_explicit(c, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

static inline uint64_t
counter_get(const counter *c)
{
    return atomic_load_explicit(c, memory_order_relaxed);
}

struct latency;

/* Why commands did not end well: those that failed by sense key (SPC-4 table 48; as `errors`,
 * so without unit attentions), those that were refused by status. */
#define SENSE_KEYS 16
struct refusals {
    counter by_sense_key[SENSE_KEYS];
    counter task_set_full, busy, reservation_conflict;
};

/* The same, as plain numbers. */
struct refusal_totals {
    uint64_t by_sense_key[SENSE_KEYS];
    uint64_t task_set_full, busy, reservation_conflict;
};

/* What a store or a session did. Times are sums over commands. in_flight = started - finished.
 */
struct io_counters {
    counter read_ops, write_ops, unmap_ops, flush_ops, other_ops;
    counter read_bytes, write_bytes, unmap_bytes;
    counter errors;
    counter read_time_us, write_time_us;
    counter started, finished;
    _Atomic(struct latency *) latency;   /* latency.h; NULL: nothing was counted there */
    _Atomic(struct refusals *) refusals; /* NULL: there was none */
} __attribute__((aligned(64)));

/* The same, as plain numbers. */
struct io_totals {
    uint64_t read_ops, write_ops, unmap_ops, flush_ops, other_ops;
    uint64_t read_bytes, write_bytes, unmap_bytes;
    uint64_t errors;
    uint64_t read_time_us, write_time_us;
    uint64_t in_flight;
};

/* Adds the N sets at COUNTERS to TOTALS, which the caller has zeroed. */
void io_counters_sum(const struct io_counters *counters, unsigned n, struct io_totals *totals);
void refusals_sum(const struct io_counters *counters, unsigned n,
                  struct refusal_totals *totals);

/* For the thread that writes COUNTERS: where it counts refusals, which is made when first
 * asked for. NULL where memory is short. */
struct refusals *io_counters_refusals(struct io_counters *counters);

/* Frees what the N sets at COUNTERS hold, not the sets. */
void io_counters_done(struct io_counters *counters, unsigned n);

#endif
