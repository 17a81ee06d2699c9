/* log.c: logfmt lines to stderr. */
#include "core/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/events.h"

#define LINE_MAX_LENGTH 2048

static const char *const level_names[LOG_LEVELS] = {
    [LOG_LEVEL_ERROR] = "error",
    [LOG_LEVEL_WARNING] = "warning",
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_DEBUG] = "debug",
};

static const char *const modules[] = {"core", "store", "scsi", "catalog", "iscsi",
                                      "net",  "rpc",   "main", NULL};
#define MODULES (sizeof modules / sizeof modules[0] - 1)

/* Set by log.set, read by every thread that logs. */
static atomic_int levels[MODULES] = {LOG_LEVEL_INFO, LOG_LEVEL_INFO, LOG_LEVEL_INFO,
                                     LOG_LEVEL_INFO, LOG_LEVEL_INFO, LOG_LEVEL_INFO,
                                     LOG_LEVEL_INFO, LOG_LEVEL_INFO};

struct line {
    char text[LINE_MAX_LENGTH];
    size_t length;
};

static int
module_index(const char *module)
{
    for (size_t i = 0; i < MODULES; i++)
        if (strcmp(modules[i], module) == 0)
            return (int)i;
    return -1;
}

static void
put_char(struct line *l, char c)
{
    if (l->length < sizeof l->text - 1) /* room for the newline */
        l->text[l->length++] = c;
}

static void
put_text(struct line *l, const char *s)
{
    while (*s != '\0')
        put_char(l, *s++);
}

/* Quotes where a reader of logfmt would be misled, and escapes whatever could forge a line. */
static void
put_value(struct line *l, const char *s)
{
    static const char hex[] = "0123456789abcdef";
    bool quote = *s == '\0';

    for (const char *p = s; *p != '\0' && !quote; p++)
        quote = *p <= ' ' || *p == '"' || *p == '=' || *p == '\\' || *p == 0x7f || *p < 0;
    if (!quote) {
        put_text(l, s);
        return;
    }
    put_char(l, '"');
    for (; *s != '\0'; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\') {
            put_char(l, '\\');
            put_char(l, (char)c);
        } else if (c < ' ' || c == 0x7f) {
            put_text(l, "\\x");
            put_char(l, hex[c >> 4]);
            put_char(l, hex[c & 15]);
        } else {
            put_char(l, (char)c);
        }
    }
    put_char(l, '"');
}

static void
put_time(struct line *l)
{
    struct timespec now;
    struct tm utc;
    char text[40], fraction[8];

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(text, sizeof text, "ts=%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(fraction, sizeof fraction, ".%03uZ", (unsigned)(now.tv_nsec / 1000000) % 1000);
    put_text(l, text);
    put_text(l, fraction);
}

bool
log_enabled(enum log_level level, const char *module)
{
    int i = module_index(module);

    return i < 0 || (int)level <= atomic_load_explicit(&levels[i], memory_order_relaxed);
}

/* What an operator should look at is an event, too. */
static void
post_event(enum log_level level, const char *module, const char *message, va_list args)
{
    struct event_member members[EVENT_MEMBERS_MAX + 1] = {EVENT_TEXT("module", module),
                                                          EVENT_TEXT("message", message)};
    const char *key;
    size_t n = 2;

    while (n < EVENT_MEMBERS_MAX && (key = va_arg(args, const char *)) != NULL)
        members[n++] = (struct event_member)EVENT_TEXT(key, va_arg(args, const char *));
    event_post_members(level == LOG_LEVEL_ERROR ? EVENT_LOG_ERROR : EVENT_LOG_WARNING, members);
}

void
log_write(enum log_level level, const char *module, const char *message, ...)
{
    struct line l = {.length = 0};
    const char *key;
    va_list args;

    if (!log_enabled(level, module))
        return;
    put_time(&l);
    put_text(&l, " level=");
    put_text(&l, level_names[level]);
    put_text(&l, " module=");
    put_text(&l, module);
    put_text(&l, " msg=");
    put_value(&l, message);
    va_start(args, message);
    while ((key = va_arg(args, const char *)) != NULL) {
        const char *value = va_arg(args, const char *);
        put_char(&l, ' ');
        put_text(&l, key);
        put_char(&l, '=');
        put_value(&l, value != NULL ? value : "");
    }
    va_end(args);
    l.text[l.length++] = '\n';
    (void)!write(STDERR_FILENO, l.text, l.length);
    if (level <= LOG_LEVEL_WARNING) {
        va_start(args, message);
        post_event(level, module, message, args);
        va_end(args);
    }
}

bool
log_limit_allows(struct log_limit *limit)
{
    struct timespec now;
    unsigned left_out;

    clock_gettime(CLOCK_MONOTONIC, &now);
    if ((uint64_t)now.tv_sec != limit->second) {
        left_out = limit->suppressed;
        *limit = (struct log_limit){.second = (uint64_t)now.tv_sec};
        if (left_out > 0)
            log_warning("core", "lines like the next one were left out", "count",
                        log_number(left_out), NULL);
    }
    if (limit->count++ < 10)
        return true;
    limit->suppressed++;
    return false;
}

const char *
log_number_format(char text[24], uint64_t value)
{
    snprintf(text, 24, "%llu", (unsigned long long)value);
    return text;
}

int
log_set_level(const char *module, enum log_level level)
{
    int only = module != NULL ? module_index(module) : -1;

    if (module != NULL && only < 0)
        return -1;
    for (size_t i = 0; i < MODULES; i++)
        if (only < 0 || (size_t)only == i)
            atomic_store_explicit(&levels[i], (int)level, memory_order_relaxed);
    return 0;
}

enum log_level
log_level_of(const char *module)
{
    int i = module_index(module);

    return i < 0 ? LOG_LEVEL_INFO
                 : (enum log_level)atomic_load_explicit(&levels[i], memory_order_relaxed);
}

const char *const *
log_modules(void)
{
    return modules;
}

int
log_level_from_name(const char *name)
{
    for (int i = 0; i < LOG_LEVELS; i++)
        if (strcmp(level_names[i], name) == 0)
            return i;
    return -1;
}

const char *
log_level_name(enum log_level level)
{
    return level_names[level];
}
