/*
 * metrics.h: all that can be counted, for Prometheus: GET /metrics. Main only.
 */
#ifndef RPC_METRICS_H
#define RPC_METRICS_H

#include <stddef.h>

struct dispatch;

/* What is left out unless asked for: there may be many. */
enum metrics_option {
    METRICS_SESSIONS = 1 << 0, /* a series for each session: ?sessions=1 */
};

/* LUNs with a latency histogram: those that had commands, in the order of their names. What is
 * left out is counted in blockgate_lun_histograms_omitted. */
#define METRICS_HISTOGRAM_LUNS_MAX 1000

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* The text (caller frees); NULL where memory is short. OPTIONS: enum metrics_option. */
char *metrics_get(const struct dispatch *dispatch, unsigned options, size_t *length);

/* For metrics.c: what the kernel says of this process (metrics_process.c). */
struct metrics_text;
void metrics_process(struct metrics_text *t);

#endif
