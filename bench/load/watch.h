/* watch.h: what processes use, from /proc. */
#ifndef BENCH_LOAD_WATCH_H
#define BENCH_LOAD_WATCH_H

#include <stdint.h>

struct settings;

struct watch {
    double user, system; /* CPU seconds of all of them */
    double others;       /* CPU seconds of the whole machine, without them and this process */
    double stolen;       /* by the machine's host */
    uint64_t rss_kib, threads;
};

/* Between two looks. */
struct watch_span {
    double user, system, others, stolen;
    uint64_t rss_before_kib, rss_kib, threads;
};

/* Processes that there are not count as nothing. */
void watch_look(struct watch *w, const struct settings *settings);
struct watch_span watch_between(const struct watch *from, const struct watch *to);

#endif
