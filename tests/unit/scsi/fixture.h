/* fixture.h: a logical unit over a fake store, one initiator at it, and commands run to their
 * end. */
#ifndef TESTS_UNIT_SCSI_FIXTURE_H
#define TESTS_UNIT_SCSI_FIXTURE_H

#include <check.h>

#include "core/bytes.h"
#include "core/counters.h"
#include "core/iobuf.h"
#include "scsi/cmd.h"
#include "scsi/lun.h"
#include "scsi/nexus.h"
#include "tests/fakes/fake_store.h"

#define BLOCK  512
#define BLOCKS 4096 /* 2 MiB */

/* Stores that lack something. */
#define NO_FUA   (FAKE_STORE_ALL & ~(unsigned)STORE_CAN_FUA)
#define NO_FLUSH (NO_FUA & ~(unsigned)STORE_CAN_FLUSH)

/* What a command that reads and writes says when one of its operations fails. */
#define STORE_FAILURES 4
extern const struct store_failure {
    enum store_op op;
    int error;
    const char *outcome;
} store_failures[STORE_FAILURES];

struct fixture {
    struct worker *worker;
    struct store *store;
    struct lun *lun;
    struct nexus *nexus; /* its power on attention is taken already */
    struct it_nexus it;
    uint16_t luns[3];
    struct nexus *nexuses[2];
    struct io_counters session, export;
    bool released;
};

/* One command, from start to after `done`. */
struct call {
    struct scsi_cmd cmd;
    int done; /* how often */
};

/* What most tests use: everything supported, write cache on, 512 byte blocks. */
void fixture_open(struct fixture *f);
void fixture_open_as(struct fixture *f, unsigned capabilities, struct lun_attributes attributes,
                     uint64_t blocks);
void fixture_close(struct fixture *f);

/* A second initiator at the same unit, with its attention still pending; for nexus_free(). */
struct nexus *fixture_nexus(struct fixture *f, bool read_only);

/* Fills in a command: CDB in hex digits, spaces ignored, the rest zero. Announces as much data
 * as the command takes or has, unless changed before the start. */
void call_init(struct call *c, struct fixture *f, const char *cdb);

/* Starts C and gives it the first min(out_length, expected_out, LENGTH) bytes of OUT; then
 * turns the worker until it is done. */
void call_run(struct call *c, struct fixture *f, const void *out, size_t length);

/* The same in steps: what scsi_start() said, and whether done came. */
enum scsi_progress call_start(struct call *c, const void *out, size_t length);
void turn_until_done(struct call *c, struct fixture *f);

/* Frees what C still holds. */
void call_end(struct call *c);

/* All in one, for a command that has no Data-Out. */
void run(struct call *c, struct fixture *f, const char *cdb);

/* Status and sense as "GOOD", "BUSY" or "5/24/00". Static. */
const char *outcome(const struct call *c);
#define assert_outcome(c, text) ck_assert_str_eq(outcome(c), text)

/* The field pointer of fixed format sense: "cdb 1.7", "list 2", "none". Static. */
const char *field_pointer(const struct call *c);

/* INFORMATION of fixed format sense; -1 where it is not valid. */
int64_t information(const struct call *c);

/* The N-th operation of the store as "WRITE fua 1024+512". Static; "" where there is none. */
const char *asked(const struct fixture *f, unsigned n);

#endif
