/*
 * session.h: one iSCSI session of one connection, its commands in flight and what it counts.
 *
 * A session belongs to one thread at a time: the first logs it in, a runner takes it over.
 */
#ifndef BENCH_LOAD_SESSION_H
#define BENCH_LOAD_SESSION_H

#include <netdb.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench/load/histogram.h"
#include "bench/load/keys.h"
#include "bench/load/outbox.h"
#include "bench/load/settings.h"
#include "bench/load/stream.h"

#define SENSE_MAX 256 /* bytes of sense data, and the two of its length */

/* What all threads see. */
struct run {
    const struct settings *settings;
    const struct addrinfo *address;
    const uint8_t *write_data;         /* of modes whose blocks all look alike */
    _Atomic uint64_t start_ns, end_ns; /* what is measured lies between */
    _Atomic bool failed;               /* a session is lost: everybody stops */
};

/* What one thread counts. */
struct counts {
    struct histogram latency; /* in ns */
    uint64_t commands, bytes;
    uint64_t errors;          /* answers that were not GOOD, not whole, or not right */
    uint64_t unit_attentions; /* no errors: something has changed, the command is sent again */
    uint64_t pings, async_messages;
    uint64_t receives, sends; /* system calls */
    uint64_t logins;
    double cpu_user, cpu_system;
};

/* A command in flight. */
struct slot {
    uint64_t started_ns, lba, generation;
    uint32_t task_tag, received, length;
    uint16_t lun, uses, retries;
    bool is_busy, is_write;
    uint8_t *data; /* NULL: nobody looks at it */
};

struct session {
    const struct run *run;
    struct counts *counts;
    unsigned id;
    int fd;
    uint8_t isid[6];
    uint16_t tsih;
    uint32_t cmdsn, expstatsn, maxcmdsn;
    struct negotiated negotiated;
    struct stream stream;
    struct outbox outbox;

    /* The unit: the first of them where there are several. */
    uint32_t block_size;
    uint64_t block_count;

    /* Commands. */
    struct slot *slots, *answered; /* that whose PDU is coming in */
    uint16_t *free_slots;
    unsigned free_count;
    uint8_t *memory, *sense;
    uint64_t commands_left;
    uint64_t now; /* when the bytes came that are looked at */

    /* What comes next: work.c. */
    uint64_t random, first, position, end; /* in blocks */
    unsigned next_lun;
    struct verify *verify;
    bool is_finished;
};

uint64_t now_ns(void);

/* The 8 bytes of a LUN on the wire: flat addressing from 256 on (SAM-5 section 4.7). */
void lun_put(uint8_t *p, unsigned lun);

/* Makes room for commands in flight, once the session is logged in and probed. Ends the process
 * where there is none, or where the unit is too small. */
void session_prepare(struct session *s);
void session_free(struct session *s);

static inline bool
session_is_idle(const struct session *s)
{
    return s->free_count == s->run->settings->depth;
}

/* Sends what may be in flight now: command.c. */
int session_submit(struct session *s, uint64_t now);
/* Sends a command again. */
int session_retry(struct session *s, struct slot *slot);
/* Answers an R2T. */
int session_send_data(struct session *s, struct slot *slot, uint32_t transfer_tag,
                      uint32_t offset, uint32_t length);
/* Takes in what has come: answer.c. Both return -1 where the session is lost. */
int session_receive(struct session *s, uint8_t *buffer, bool wait);
extern const struct stream_handler session_answers;

#endif
