/*
 * log.h: one line an event, in logfmt, to stderr.
 *
 *     log_info("net", "connection opened", "remote", remote, "worker", log_number(id), NULL);
 *     ts=2026-11-22T06:00:00.123Z level=info module=net msg="connection opened" remote=...
 * worker=1
 *
 * Keys are literals; values are strings and are quoted and escaped where needed, so
 * text that a peer chose cannot forge a line. Any thread; one write(2) a line. A warning or
 * error is also an event (events.h).
 */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level {
    LOG_LEVEL_ERROR,
    LOG_LEVEL_WARNING,
    LOG_LEVEL_INFO,
    LOG_LEVEL_DEBUG,
    LOG_LEVELS
};

/* MODULE is the layer's name: "core", "store", "scsi", "catalog", "iscsi", "net", "rpc",
 * "main". */
void log_write(enum log_level level, const char *module, const char *message, ...)
    __attribute__((sentinel));

#define log_error(module, ...)   log_write(LOG_LEVEL_ERROR, module, __VA_ARGS__)
#define log_warning(module, ...) log_write(LOG_LEVEL_WARNING, module, __VA_ARGS__)
#define log_info(module, ...)    log_write(LOG_LEVEL_INFO, module, __VA_ARGS__)
#define log_debug(module, ...)                                                              \
    (log_enabled(LOG_LEVEL_DEBUG, module) ? log_write(LOG_LEVEL_DEBUG, module, __VA_ARGS__) \
                                          : (void)0)

/*
 * For lines that a peer can cause: at most 10 a second from each place in the code; how many
 * were left out is said with the next line that is let through.
 */
struct log_limit {
    uint64_t second;
    unsigned count, suppressed;
};
bool log_limit_allows(struct log_limit *limit);
#define log_limited(level, module, ...)               \
    do {                                              \
        static _Thread_local struct log_limit limit_; \
        if (log_limit_allows(&limit_))                \
            log_write(level, module, __VA_ARGS__);    \
    } while (0)

/* A number as text, valid until the end of the enclosing block. */
const char *log_number_format(char text[24], uint64_t value);
#define log_number(value) log_number_format((char[24]){0}, (uint64_t)(value))

bool log_enabled(enum log_level level, const char *module);

/* MODULE NULL sets the level of all. Returns 0, or -1 where there is no such module. Any
 * thread. */
int log_set_level(const char *module, enum log_level level);
enum log_level log_level_of(const char *module);

/* The modules, ended by NULL. */
const char *const *log_modules(void);

/* "info" and so on; -1 where NAME is none of them. */
int log_level_from_name(const char *name);
const char *log_level_name(enum log_level level);

#endif
