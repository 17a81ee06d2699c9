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

/* What a store or a session did. Times are sums over commands. in_flight = started - finished.
 */
struct io_counters {
    counter read_ops, write_ops, unmap_ops, flush_ops, other_ops;
    counter read_bytes, write_bytes, unmap_bytes;
    counter errors;
    counter read_time_us, write_time_us;
    counter started, finished;
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

#endif
