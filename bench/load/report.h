/* report.h: results, for people and for programs. */
#ifndef BENCH_LOAD_REPORT_H
#define BENCH_LOAD_REPORT_H

struct settings;
struct result;

void report_text(const struct settings *settings, const struct result *result);

/* One line. */
void report_json(const struct settings *settings, const struct result *result);

#endif
