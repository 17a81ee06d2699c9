/* report.c: results on stdout. */
#include "bench/load/report.h"

#include <stdio.h>

#include "bench/load/modes.h"

static double
us(const struct histogram *h, double fraction)
{
    return (double)histogram_percentile(h, fraction) / 1e3;
}

/* What one command, or one login, cost the target. */
static double
target_us_each(const struct result *r)
{
    uint64_t n = r->counts.commands > 0 ? r->counts.commands : r->counts.logins;

    return n > 0 ? (r->target.user + r->target.system) * 1e6 / (double)n : 0;
}

static double
per_session_kib(const struct result *r)
{
    return ((double)r->target.rss_kib - (double)r->logins.rss_before_kib) /
           (double)r->counts.logins;
}

static void
text_of_target(const struct settings *s, const struct result *r)
{
    if (s->pid_count == 0)
        return;
    printf("target    %.2f s user, %.2f s system, %.0f %% of a CPU", r->target.user,
           r->target.system, 100 * (r->target.user + r->target.system) / r->seconds);
    if (s->mode != MODE_IDLE)
        printf(", %.2f us each", target_us_each(r));
    printf("; %llu KiB resident\n", (unsigned long long)r->target.rss_kib);
}

static void
text_of_latency(const struct histogram *h)
{
    printf("latency   mean %.1f us, p50 %.1f, p90 %.1f, p99 %.1f, p99.9 %.1f, max %.1f\n",
           histogram_mean(h) / 1e3, us(h, 0.5), us(h, 0.9), us(h, 0.99), us(h, 0.999),
           (double)h->max / 1e3);
}

static void
text_of_errors(const struct counts *c)
{
    printf("errors    %llu", (unsigned long long)c->errors);
    if (c->unit_attentions > 0)
        printf(", %llu unit attentions", (unsigned long long)c->unit_attentions);
    if (c->pings > 0)
        printf(", %llu pings answered", (unsigned long long)c->pings);
    if (c->async_messages > 0)
        printf(", %llu asynchronous messages", (unsigned long long)c->async_messages);
    printf("\n");
}

static void
text_of_work(const struct settings *s, const struct result *r)
{
    switch (s->mode) {
    case MODE_LOGIN:
        printf("login     %u at a time, %.2f s\nrate      %.0f a second\n", s->sessions,
               r->seconds, (double)r->counts.logins / r->seconds);
        break;
    case MODE_IDLE:
        printf("idle      %llu sessions, logged in within %.2f s, held %.2f s\n",
               (unsigned long long)r->counts.logins, r->login_seconds, r->seconds);
        if (s->pid_count > 0)
            printf("memory    %.1f KiB per session\n", per_session_kib(r));
        break;
    default:
        printf("%-9s %s, %u bytes, depth %u, %u sessions, %.2f s\n", mode_name(s->mode),
               s->sequential || s->mode == MODE_FILL ? "sequential" : "random", s->block_size,
               s->depth, s->sessions, r->seconds);
        printf("rate      %.0f IOPS, %.1f MB/s (%llu commands)\n",
               (double)r->counts.commands / r->seconds,
               (double)r->counts.bytes / r->seconds / 1e6,
               (unsigned long long)r->counts.commands);
    }
}

void
report_text(const struct settings *s, const struct result *r)
{
    text_of_work(s, r);
    if (s->mode != MODE_IDLE)
        text_of_latency(&r->counts.latency);
    text_of_target(s, r);
    text_of_errors(&r->counts);
}

static void
json_of_rate(const struct settings *s, const struct result *r)
{
    switch (s->mode) {
    case MODE_LOGIN:
        printf("\"logins\":%llu,\"logins_per_s\":%.1f,", (unsigned long long)r->counts.logins,
               (double)r->counts.logins / r->seconds);
        break;
    case MODE_IDLE:
        printf("\"logins\":%llu,\"login_s\":%.4f,\"kib_per_session\":%.2f,"
               "\"rss_before_kib\":%llu,",
               (unsigned long long)r->counts.logins, r->login_seconds, per_session_kib(r),
               (unsigned long long)r->logins.rss_before_kib);
        break;
    default:
        printf("\"commands\":%llu,\"iops\":%.1f,\"mb_per_s\":%.2f,",
               (unsigned long long)r->counts.commands, (double)r->counts.commands / r->seconds,
               (double)r->counts.bytes / r->seconds / 1e6);
    }
}

void
report_json(const struct settings *s, const struct result *r)
{
    const struct counts *c = &r->counts;
    const struct histogram *h = &c->latency;
    const struct negotiated *n = &r->negotiated;

    printf(
        "{\"label\":\"%s\",\"mode\":\"%s\",\"pattern\":\"%s\",\"block_size\":%u,\"depth\":%u,"
        "\"sessions\":%u,\"threads\":%u,\"seconds\":%.3f,",
        s->label, mode_name(s->mode),
        s->sequential || s->mode == MODE_FILL ? "sequential" : "random", s->block_size,
        s->depth, s->sessions, s->threads, r->seconds);
    json_of_rate(s, r);
    printf(
        "\"latency_us\":{\"mean\":%.1f,\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"p99.9\":%.1f,"
        "\"max\":%.1f},",
        histogram_mean(h) / 1e3, us(h, 0.5), us(h, 0.9), us(h, 0.99), us(h, 0.999),
        (double)h->max / 1e3);
    printf("\"errors\":%llu,\"unit_attentions\":%llu,\"pings\":%llu,\"async_messages\":%llu,",
           (unsigned long long)c->errors, (unsigned long long)c->unit_attentions,
           (unsigned long long)c->pings, (unsigned long long)c->async_messages);
    printf("\"client\":{\"cpu_user_s\":%.3f,\"cpu_system_s\":%.3f,\"receives\":%llu,"
           "\"sends\":%llu},",
           c->cpu_user, c->cpu_system, (unsigned long long)c->receives,
           (unsigned long long)c->sends);
    printf("\"target\":{\"cpu_user_s\":%.2f,\"cpu_system_s\":%.2f,\"cpu_us_each\":%.3f,"
           "\"rss_kib\":%llu,\"threads\":%llu},",
           r->target.user, r->target.system, target_us_each(r),
           (unsigned long long)r->target.rss_kib, (unsigned long long)r->target.threads);
    printf("\"machine\":{\"others_cpu_s\":%.2f,\"stolen_cpu_s\":%.2f},", r->target.others,
           r->target.stolen);
    printf(
        "\"negotiated\":{\"max_recv_data\":%u,\"max_burst\":%u,\"first_burst\":%u,"
        "\"immediate_data\":%s,\"initial_r2t\":%s,\"header_digest\":%s,\"data_digest\":%s}}\n",
        n->max_recv_data, n->max_burst, n->first_burst, n->immediate_data ? "true" : "false",
        n->initial_r2t ? "true" : "false", n->header_digest ? "true" : "false",
        n->data_digest ? "true" : "false");
}
