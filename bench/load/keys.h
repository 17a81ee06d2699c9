/* keys.h: text keys of a login (RFC 7143 section 6), and what they settle. Pure. */
#ifndef BENCH_LOAD_KEYS_H
#define BENCH_LOAD_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct settings;

#define KEYS_ROOM 4096

/* Pairs as they go on the wire, each ended by a zero byte. */
struct keys {
    char text[KEYS_ROOM];
    uint32_t length;
};

void keys_add(struct keys *keys, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The value of NAME in the LENGTH bytes at TEXT, which end with a zero byte; NULL: not there.
 */
const char *keys_find(const char *text, uint32_t length, const char *name);

/* What holds for a session once it is logged in. */
struct negotiated {
    uint32_t max_recv_data; /* the target's: what one Data-Out may carry */
    uint32_t max_burst, first_burst;
    bool immediate_data, initial_r2t, header_digest, data_digest;
};

/* What SETTINGS offer, as far as the target has not spoken. */
void negotiated_init(struct negotiated *n, const struct settings *settings);
void keys_add_offers(struct keys *keys, const struct settings *settings);

/* Takes in what the target says. */
void negotiated_settle(struct negotiated *n, const char *text, uint32_t length);

#endif
