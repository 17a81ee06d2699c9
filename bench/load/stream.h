/*
 * stream.h: the bytes of a connection, in whatever pieces they come, as PDUs. No I/O; one
 * thread.
 *
 * Checks the digests. The data of a segment is put where the handler wants it, or left alone.
 */
#ifndef BENCH_LOAD_STREAM_H
#define BENCH_LOAD_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/load/pdu.h"

struct stream_handler {
    /* A header has come; LENGTH bytes of data follow. *INTO (NULL before): where they go.
     * Returns 0, or -1: the connection is of no more use. */
    int (*header)(void *arg, const uint8_t *bhs, uint32_t length, uint8_t **into);
    /* The PDU is whole. Returns the same. */
    int (*whole)(void *arg, const uint8_t *bhs);
};

struct stream {
    const struct stream_handler *handler;
    void *arg;
    bool header_digest, data_digest;
    const char *error; /* what was wrong with the bytes; NULL where the handler refused them */
    /* private */
    uint8_t header[BHS_LENGTH + 4], digest[4];
    uint8_t *into;
    unsigned header_have, digest_have;
    uint32_t data_left, crc;
    uint8_t padding_left, digest_left;
};

/* Borrows HANDLER. No digests at first: they begin after the login. */
void stream_init(struct stream *s, const struct stream_handler *handler, void *arg);

/* Takes in N bytes. 0, or -1: see `error`. */
int stream_feed(struct stream *s, const uint8_t *bytes, size_t n);

/* How many bytes the present PDU wants at least: never 0, and no byte of the next one. */
size_t stream_wants(const struct stream *s);

#endif
