/* metrics_text.c: families, labels and numbers as Prometheus reads them. */
#include "rpc/metrics_text.h"

#include <stdlib.h>
#include <string.h>

#include "core/latency.h"

void
metrics_text_init(struct metrics_text *t)
{
    *t = (struct metrics_text){.family = ""};
}

static void
add_bytes(struct metrics_text *t, const char *bytes, size_t n)
{
    if (t->is_broken)
        return;
    if (t->room - t->length <= n) {
        size_t room = (t->length + n + 1) * 2 + 4096;
        char *more = realloc(t->bytes, room);

        if (more == NULL) {
            t->is_broken = true;
            return;
        }
        t->bytes = more;
        t->room = room;
    }
    memcpy(t->bytes + t->length, bytes, n);
    t->length += n;
    t->bytes[t->length] = '\0';
}

static void
add(struct metrics_text *t, const char *text)
{
    add_bytes(t, text, strlen(text));
}

/* printf() would be most of the time that ten thousand LUNs take. */
static void
add_number(struct metrics_text *t, uint64_t value)
{
    char digits[24];
    size_t at = sizeof digits;

    do
        digits[--at] = (char)('0' + value % 10);
    while ((value /= 10) > 0);
    add_bytes(t, digits + at, sizeof digits - at);
}

static void
add_seconds(struct metrics_text *t, uint64_t us)
{
    char fraction[8] = ".";
    uint64_t rest = us % 1000000;
    size_t n = 6;

    add_number(t, us / 1000000);
    if (rest == 0)
        return;
    for (size_t i = 6; i > 0; i--, rest /= 10)
        fraction[i] = (char)('0' + rest % 10);
    while (fraction[n] == '0')
        n--;
    add_bytes(t, fraction, n + 1);
}

char *
metrics_text_done(struct metrics_text *t, size_t *length)
{
    if (t->is_broken) {
        free(t->bytes);
        t->bytes = NULL;
    }
    *length = t->bytes != NULL ? t->length : 0;
    return t->bytes;
}

void
metrics_family(struct metrics_text *t, const char *name, const char *type, const char *help)
{
    t->family = name;
    add(t, "# HELP ");
    add(t, name);
    add(t, " ");
    add(t, help);
    add(t, "\n# TYPE ");
    add(t, name);
    add(t, " ");
    add(t, type);
    add(t, "\n");
}

static void
begin_line(struct metrics_text *t, const char *suffix, const char *labels)
{
    add(t, t->family);
    add(t, suffix);
    if (labels[0] == '\0') {
        add(t, " ");
        return;
    }
    add(t, "{");
    add(t, labels);
    add(t, "} ");
}

void
metrics_number(struct metrics_text *t, const char *labels, uint64_t value)
{
    begin_line(t, "", labels);
    add_number(t, value);
    add(t, "\n");
}

void
metrics_seconds(struct metrics_text *t, const char *labels, uint64_t us)
{
    begin_line(t, "", labels);
    add_seconds(t, us);
    add(t, "\n");
}

static void
add_bucket(struct metrics_text *t, const char *labels, unsigned bucket, uint64_t value)
{
    add(t, t->family);
    add(t, "_bucket{");
    add(t, labels);
    add(t, labels[0] != '\0' ? ",le=\"" : "le=\"");
    if (bucket < LATENCY_BUCKETS - 1)
        add_seconds(t, latency_bound_us(bucket));
    else
        add(t, "+Inf");
    add(t, "\"} ");
    add_number(t, value);
    add(t, "\n");
}

void
metrics_histogram(struct metrics_text *t, const char *labels, const uint64_t *counts,
                  uint64_t sum_us)
{
    uint64_t all = 0;

    for (unsigned i = 0; i < LATENCY_BUCKETS; i++)
        add_bucket(t, labels, i, all += counts[i]);
    begin_line(t, "_sum", labels);
    add_seconds(t, sum_us);
    add(t, "\n");
    begin_line(t, "_count", labels);
    add_number(t, all);
    add(t, "\n");
}

/* How many bytes the character at P has; 0: it is not UTF-8 (RFC 3629 section 4). */
static size_t
character_length(const unsigned char *p)
{
    size_t n = p[0] < 0x80    ? 1
               : p[0] < 0xc2  ? 0
               : p[0] < 0xe0  ? 2
               : p[0] < 0xf0  ? 3
               : p[0] <= 0xf4 ? 4
                              : 0;

    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return n;
}

bool
metrics_label(char *labels, size_t size, const char *name, const char *value)
{
    const size_t before = strlen(labels), name_length = strlen(name);
    const unsigned char *p = (const unsigned char *)value;
    size_t at = before;

    if (before + name_length + sizeof ",=\"\"" > size)
        return false;
    if (before > 0)
        labels[at++] = ',';
    memcpy(labels + at, name, name_length);
    at += name_length;
    labels[at++] = '=';
    labels[at++] = '"';
    while (*p != '\0') {
        size_t n = character_length(p);

        if (at + 4 + 2 > size) { /* the longest, the quote and the end */
            labels[before] = '\0';
            return false;
        }
        if (*p == '\\' || *p == '"' || *p == '\n') {
            labels[at++] = '\\';
            labels[at++] = *p == '\n' ? 'n' : (char)*p;
        } else if (n == 0) {
            labels[at++] = '?';
        } else {
            memcpy(labels + at, p, n);
            at += n;
        }
        p += n > 0 ? n : 1;
    }
    labels[at++] = '"';
    labels[at] = '\0';
    return true;
}
