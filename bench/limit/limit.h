/*
 * limit.h: a server that exchanges the same bytes as an iSCSI target, and has no target behind
 * it.
 *
 * It answers every login with the same keys and every READ and WRITE with the right bytes, and
 * knows no order of commands, no errors and no initiators: what a target with one thread could
 * reach on this machine if all it has to do took no time. It trusts its peer: it is for
 * measurements on the loopback interface alone.
 */
#ifndef BENCH_LIMIT_LIMIT_H
#define BENCH_LIMIT_LIMIT_H

#include <libaio.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/load/outbox.h"

#define SEGMENT_MAX 262144u /* the most data of one PDU, and of one command */
#define BLOCK_SIZE  512u

struct connection;
struct loop;

/* Where data is. */
struct medium {
    const char *name;
    bool is_file, is_direct, drops_writes;
    /* Each 0, or -1: the connection ends. Data of WRITE lies in the receive buffer. */
    int (*read)(struct connection *c, uint32_t tag, uint64_t offset, uint32_t length);
    int (*write)(struct connection *c, uint32_t tag, uint64_t offset, const uint8_t *data,
                 uint32_t length);
};
const struct medium *medium_find(const char *name);
void medium_open(void); /* what the options name; ends the process where that fails */

struct options {
    uint16_t port; /* 0: any */
    unsigned threads;
    int cpu; /* -1: any */
    const struct medium *medium;
    const char *path;
    uint64_t size;
    unsigned spin_us; /* before it sleeps */
    unsigned flush;   /* answers after which it sends at the latest; 0: when no more are due */
    size_t receive_size; /* what one recv may bring */
};
extern struct options options; /* set once, before any thread starts */

/* A transfer by Linux AIO. */
struct transfer {
    struct iocb iocb;
    struct connection *connection;
    struct transfer *next;
    uint8_t *buffer; /* SEGMENT_MAX bytes, aligned */
    uint32_t length, tag;
    bool is_write;
};

#define SUBMIT_MAX 1024

struct loop {
    int epoll, eventfd, listener;
    io_context_t aio;
    struct iocb *submit[SUBMIT_MAX]; /* of this turn */
    unsigned submit_count;
    struct transfer *free_transfers;
    struct connection *free_connections;
    bool keeps_connections; /* for the next ones: nobody else makes any */
};

struct connection {
    int fd;
    struct loop *loop;
    uint32_t statsn, expcmdsn;
    uint8_t *received;
    size_t have, done; /* bytes in `received`, and how many of them are dealt with */
    size_t skip;       /* data that nobody wants */
    struct outbox outbox;
    unsigned answers; /* since the last flush */
    uint8_t *data;    /* for this turn's answers */
    size_t data_used;
    bool wants_out, is_closed;
    bool is_leaving; /* the answer to its logout is the last */
    unsigned in_flight;
    struct transfer *sending; /* their buffers are in the outbox */
    struct connection *next_free;
};

#define PDUS_MAX 4096
#define DATA_MAX (16u << 20)

/* connection.c */
struct connection *connection_new(int fd, struct loop *l);
void connection_close(struct connection *c);
int connection_receive(struct connection *c); /* 0 or -1 */
int connection_flush(struct connection *c);   /* 0, or -1; wants_out where the socket is full */

/* answer.c: a whole PDU with its data, or (null) without. 0 or -1. */
int answer_pdu(struct connection *c, const uint8_t *pdu, const uint8_t *data, uint32_t length);
int answer_response(struct connection *c, uint32_t tag);
int answer_data(struct connection *c, uint32_t tag, const uint8_t *data, uint32_t length);

/* direct.c */
int direct_open(struct loop *l);
int direct_read(struct connection *c, uint32_t tag, uint64_t offset, uint32_t length);
int direct_write(struct connection *c, uint32_t tag, uint64_t offset, const uint8_t *data,
                 uint32_t length);
int direct_submit(struct loop *l);     /* what this turn has gathered */
void direct_completed(struct loop *l); /* its eventfd says so */
void direct_sent(struct connection *c);

extern int medium_fd;

#endif
