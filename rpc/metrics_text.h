/*
 * metrics_text.h: writing Prometheus' text format, version 0.0.4. Pure.
 *
 * A writer that has run out of memory stays so; what it is told then goes nowhere.
 */
#ifndef RPC_METRICS_TEXT_H
#define RPC_METRICS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct metrics_text {
    char *bytes;
    size_t length, room;
    bool is_broken;
    const char *family; /* borrowed until the next one */
};

void metrics_text_init(struct metrics_text *t);

/* What was written, terminated (caller frees); NULL where memory was short. */
char *metrics_text_done(struct metrics_text *t, size_t *length);

/* The lines of a metric come together, after this. TYPE: "counter", "gauge", "histogram". */
void metrics_family(struct metrics_text *t, const char *name, const char *type,
                    const char *help);

/* A line of the family. LABELS, as metrics_label() makes them, may be "". */
void metrics_number(struct metrics_text *t, const char *labels, uint64_t value);

/* The same for microseconds, which are written as seconds. */
void metrics_seconds(struct metrics_text *t, const char *labels, uint64_t us);

/* The lines of a histogram in the buckets of core/latency.h. */
void metrics_histogram(struct metrics_text *t, const char *labels, const uint64_t *counts,
                       uint64_t sum_us);

/*
 * Adds NAME="VALUE" to LABELS, of SIZE bytes, with a comma where there are some already. VALUE
 * may be anything: it is escaped, and what is not UTF-8 becomes '?'. False: it did not fit, and
 * LABELS is as before.
 */
bool metrics_label(char *labels, size_t size, const char *name, const char *value);

#endif
