/* one_worker.h: a worker that a test turns by hand, and operations that it waits for. */
#ifndef TESTS_UNIT_STORE_ONE_WORKER_H
#define TESTS_UNIT_STORE_ONE_WORKER_H

#include "store/store.h"

struct request {
    struct store_io io;
    unsigned done;  /* how often `done` was called */
    unsigned order; /* the how-manieth to complete, from 1 */
};

/* As checked fixtures: the worker with a pool and the store layer started on it. */
void one_worker_setup(void);
void one_worker_teardown(void);
struct worker *one_worker(void);

/* Submits R, whose io has op, offset, length, data and fua. */
void request_start(struct store *s, struct request *r);

/* Submits N reads of the first 4 KiB to DATA in one turn. */
void reads_start(struct store *s, struct request *r, unsigned n, uint8_t *data);

/* Turns the worker until R is done; gives its error. */
int request_wait(struct request *r);

/* Both, for one operation. */
int run_io(struct store *s, enum store_op op, uint64_t offset, uint64_t length, void *data);
int run_fua(struct store *s, enum store_op op, uint64_t offset, uint64_t length, void *data);

/* BATCH operations of 4 KiB at once: writes first, then reads that look at the bytes. */
#define BATCH 100
void run_batches(struct store *s);

/* BATCH reads at once, for whose end the worker looks without ever sleeping. */
void poll_for_reads(struct store *s);

/* Those that give or take more. Each must succeed but run_copy(), which gives the error. */
struct store_extent run_extent(struct store *s, uint64_t offset, uint64_t length);
struct store_space run_space(struct store *s);
int run_copy(struct store *to, uint64_t offset, uint64_t length, struct store *from,
             uint64_t from_offset);

/* How the range is allocated, as text: "-" for each unit of UNIT bytes that is not, "#" for one
 * that is. At most 63 units, each wholly one or the other. Valid until the next call. */
const char *run_map(struct store *s, uint64_t offset, uint64_t length, uint64_t unit);

/* Bytes that tell their own position: byte I of a device written with SEED. */
void pattern_fill(uint8_t *data, uint64_t offset, uint64_t length, unsigned seed);
bool pattern_holds(const uint8_t *data, uint64_t offset, uint64_t length, unsigned seed);
bool all_zero(const uint8_t *data, uint64_t length);

#endif
