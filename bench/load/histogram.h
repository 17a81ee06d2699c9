/* histogram.h: how long things took, in buckets that are exact to 3 %. One thread at a time. */
#ifndef BENCH_LOAD_HISTOGRAM_H
#define BENCH_LOAD_HISTOGRAM_H

#include <stdint.h>

/* Each power of two has 2^HISTOGRAM_BITS buckets; what is less than that has its own. */
#define HISTOGRAM_BITS    5
#define HISTOGRAM_BUCKETS ((64 - HISTOGRAM_BITS + 1) << HISTOGRAM_BITS)

struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS];
    uint64_t total, sum, max;
};

static inline unsigned
histogram_bucket(uint64_t value)
{
    unsigned power;

    if (value < 1u << HISTOGRAM_BITS)
        return (unsigned)value;
    power = 63 - (unsigned)__builtin_clzll(value) - HISTOGRAM_BITS;
    return ((power + 1) << HISTOGRAM_BITS) +
           (unsigned)(value >> power & ((1u << HISTOGRAM_BITS) - 1));
}

static inline void
histogram_add(struct histogram *h, uint64_t value)
{
    h->counts[histogram_bucket(value)]++;
    h->total++;
    h->sum += value;
    if (value > h->max)
        h->max = value;
}

void histogram_merge(struct histogram *into, const struct histogram *from);

/* The value that FRACTION (0 to 1) of all do not exceed: the middle of its bucket, and never
 * more than the largest. 0 where there are none. */
uint64_t histogram_percentile(const struct histogram *h, double fraction);

double histogram_mean(const struct histogram *h);

#endif
