/* histogram.c: percentiles. */
#include "bench/load/histogram.h"

#include <math.h>

void
histogram_merge(struct histogram *into, const struct histogram *from)
{
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        into->counts[i] += from->counts[i];
    into->total += from->total;
    into->sum += from->sum;
    if (from->max > into->max)
        into->max = from->max;
}

static uint64_t
bucket_middle(unsigned bucket)
{
    unsigned power = bucket >> HISTOGRAM_BITS;
    uint64_t step = bucket & ((1u << HISTOGRAM_BITS) - 1);

    if (power <= 1)
        return bucket;
    power--;
    return (((1u << HISTOGRAM_BITS) + step) << power) + (1ull << power) / 2;
}

uint64_t
histogram_percentile(const struct histogram *h, double fraction)
{
    double rank = ceil(fraction * (double)h->total);
    uint64_t seen = 0, middle;

    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += h->counts[i];
        if (seen > 0 && (double)seen >= rank) {
            middle = bucket_middle(i);
            return middle < h->max ? middle : h->max;
        }
    }
    return h->max;
}

double
histogram_mean(const struct histogram *h)
{
    return h->total > 0 ? (double)h->sum / (double)h->total : 0;
}
