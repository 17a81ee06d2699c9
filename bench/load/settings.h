/* settings.h: what blockgate-bench is asked to do. */
#ifndef BENCH_LOAD_SETTINGS_H
#define BENCH_LOAD_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define SETTINGS_PIDS_MAX  16
#define SETTINGS_DEPTH_MAX 4096

enum mode {
    MODE_READ,
    MODE_WRITE,
    MODE_MIX,
    MODE_FILL,
    MODE_VERIFY,
    MODE_TUR,
    MODE_NOP,
    MODE_LOGIN,
    MODE_IDLE
};

struct settings {
    const char *host, *port, *target;
    const char *user, *secret; /* NULL: no CHAP */
    const char *initiator, *label;
    uint64_t lun, luns;
    enum mode mode;
    bool sequential, busy, abrupt, json;
    uint32_t block_size; /* of a command; with MODE_VERIFY the largest */
    uint32_t depth, sessions, threads, reads_percent;
    double seconds, warm_up;
    uint64_t commands; /* 0: no bound */
    uint64_t span;     /* bytes; 0: the whole unit */
    uint64_t seed;
    bool header_digest, data_digest, immediate_data, initial_r2t;
    uint32_t max_recv_data, max_burst, first_burst;
    uint32_t receive_buffer;
    int cpu; /* -1: any */
    pid_t pids[SETTINGS_PIDS_MAX];
    unsigned pid_count;
};

/* Ends the process where they are wrong, or only ask for help. The strings live as long as
 * ARGV does. */
void settings_parse(struct settings *settings, int argc, char **argv);

const char *mode_name(enum mode mode);

/* Whether MODE goes once over the unit, instead of until its time is over. */
static inline bool
mode_has_an_end(enum mode mode)
{
    return mode == MODE_FILL || mode == MODE_VERIFY;
}

/* Whether commands of MODE bring blocks of their own (see pattern.h). */
static inline bool
mode_has_pattern(enum mode mode)
{
    return mode == MODE_FILL || mode == MODE_VERIFY;
}

#endif
