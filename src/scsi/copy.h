/*
 * copy.h: blocks from one unit to another, or within one, on behalf of a command.
 *
 * In steps: between two of them an abort is noticed, and looked whether the initiator may still
 * read the one and write the other by itself. The stores copy where they can (STORE_COPY), else
 * a buffer of DISK_STEP_MAX is read and written. Ranges of one unit may overlap: what arrives
 * is what was there before the piece began.
 *
 * On the command's worker.
 */
#ifndef SCSI_COPY_H
#define SCSI_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scsi/range_guard.h"
#include "store/store.h"

struct copy_result;
struct iobuf;
struct nexus;
struct scsi_cmd;

/* All of the same session as the command. Block sizes are the same. */
struct copy_piece {
    struct nexus *from; /* NULL: zeroes */
    struct nexus *to;
    uint64_t from_lba, to_lba, count;
    bool is_unstable; /* private: a volatile cache may have some of it */
};

/* How it ended. */
enum copy_end {
    COPY_GOOD,
    COPY_ENDED,     /* the command was aborted */
    COPY_BUSY,      /* memory is short: again later */
    COPY_REFUSED,   /* a reservation, a state or write protection is in the way */
    COPY_NOT_READY, /* a medium is gone */
    COPY_OUTSIDE,   /* a range is not on its medium */
    COPY_FAILED,    /* a store has failed */
    COPY_REVOKED,   /* `still_holds` said no */
};

struct copy {
    struct scsi_cmd *cmd;
    void (*done)(struct copy *copy, enum copy_end end);

    struct copy_result *result;             /* the user's */
    bool (*still_holds)(struct copy *copy); /* optional: whether what was just read is what was
                                               to be copied */
    void *user;

    /* How far it is. */
    size_t pieces_done;
    uint64_t blocks_done; /* of the piece that runs; of the one that failed */
    uint64_t bytes;       /* written, of all pieces */
    bool is_source;       /* of a failure: whether it was the reading side */

    /* Private. */
    bool by_store;        /* the piece is copied by STORE_COPY */
    uint64_t lba, length; /* blocks of the step that runs, from the begin of the piece */
    struct iobuf *buffer;
    struct store_io io;
    struct range_claim claims[2];
    struct copy_want {
        struct range_guard *guard;
        uint64_t first, count;
    } wants[2];
    unsigned wanted, claimed;

    size_t piece_count;
    struct copy_piece pieces[];
};

/* Room for MAX pieces, none yet; NULL where memory is short. */
struct copy *copy_new(struct scsi_cmd *cmd, size_t max);
void copy_add(struct copy *copy, const struct copy_piece *piece);

/* Accepts NULL. */
void copy_free(struct copy *copy);

/* Whether PIECE could be copied now; COPY_GOOD: yes. */
enum copy_end copy_check(const struct copy_piece *piece, bool *is_source);

/* DONE comes once, also from within; then the copy is still to be freed. */
void copy_start(struct copy *copy, void (*done)(struct copy *copy, enum copy_end end));

#endif
