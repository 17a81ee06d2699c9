/* one_worker.c: a worker that a test turns by hand, and operations that it waits for. */
#include "one_worker.h"

#include <check.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/iobuf.h"

static struct worker *worker;
static struct pool *pool;
static unsigned completions;

void
one_worker_setup(void)
{
    struct error err;

    worker = worker_new(0);
    pool = pool_new("test", 4);
    ck_assert(worker != NULL && pool != NULL);
    worker_enter(worker);
    store_layer_start(pool);
    ck_assert_int_eq(store_worker_start(worker, &err), 0);
    completions = 0;
}

void
one_worker_teardown(void)
{
    store_worker_stop(worker);
    pool_free(pool);
    iobuf_cache_free();
    worker_enter(NULL);
    worker_free(worker);
}

struct worker *
one_worker(void)
{
    return worker;
}

static void
request_done(struct store_io *io)
{
    struct request *r = (struct request *)((char *)io - offsetof(struct request, io));

    ck_assert(worker_is_current(worker));
    r->done++;
    r->order = ++completions;
}

void
request_start(struct store *s, struct request *r)
{
    r->io.done = request_done;
    r->done = 0;
    store_submit(s, &r->io);
    ck_assert_uint_eq(r->done, 0); /* never inside submit */
}

void
reads_start(struct store *s, struct request *r, unsigned n, uint8_t *data)
{
    for (unsigned i = 0; i < n; i++) {
        r[i].io = (struct store_io){.op = STORE_READ, .length = 4096, .data = data};
        request_start(s, &r[i]);
    }
    worker_turn(one_worker(), true);
}

int
request_wait(struct request *r)
{
    while (r->done == 0)
        worker_turn(worker, true);
    ck_assert_uint_eq(r->done, 1);
    return r->io.error;
}

static int
run(struct store *s, struct store_io io)
{
    struct request r = {.io = io};

    request_start(s, &r);
    return request_wait(&r);
}

int
run_io(struct store *s, enum store_op op, uint64_t offset, uint64_t length, void *data)
{
    return run(s,
               (struct store_io){.op = op, .offset = offset, .length = length, .data = data});
}

int
run_fua(struct store *s, enum store_op op, uint64_t offset, uint64_t length, void *data)
{
    return run(s, (struct store_io){
                      .op = op, .fua = true, .offset = offset, .length = length, .data = data});
}

struct store_extent
run_extent(struct store *s, uint64_t offset, uint64_t length)
{
    struct request r = {.io = {.op = STORE_EXTENT, .offset = offset, .length = length}};

    request_start(s, &r);
    ck_assert_int_eq(request_wait(&r), 0);
    ck_assert_uint_ge(r.io.extent.length, s->block_size);
    ck_assert_uint_le(r.io.extent.length, length);
    ck_assert_uint_eq(r.io.extent.length % s->block_size, 0);
    return r.io.extent;
}

struct store_space
run_space(struct store *s)
{
    struct request r = {.io = {.op = STORE_SPACE}};

    request_start(s, &r);
    ck_assert_int_eq(request_wait(&r), 0);
    return r.io.space;
}

int
run_copy(struct store *to, uint64_t offset, uint64_t length, struct store *from,
         uint64_t from_offset)
{
    return run(to, (struct store_io){.op = STORE_COPY,
                                     .offset = offset,
                                     .length = length,
                                     .copy = {from, from_offset}});
}

const char *
run_map(struct store *s, uint64_t offset, uint64_t length, uint64_t unit)
{
    static char map[64];

    ck_assert_uint_lt(length / unit, sizeof map);
    memset(map, 0, sizeof map);
    for (uint64_t at = 0; at < length;) {
        struct store_extent e = run_extent(s, offset + at, length - at);

        ck_assert_uint_eq(e.length % unit, 0);
        memset(map + at / unit, e.is_allocated ? '#' : '-', e.length / unit);
        at += e.length;
    }
    return map;
}

static uint8_t
pattern_byte(uint64_t position, unsigned seed)
{
    return (uint8_t)((position * 2654435761u >> 7) + (position >> 12) * 31 + seed * 97 + 1);
}

void
pattern_fill(uint8_t *data, uint64_t offset, uint64_t length, unsigned seed)
{
    for (uint64_t i = 0; i < length; i++)
        data[i] = pattern_byte(offset + i, seed);
}

bool
pattern_holds(const uint8_t *data, uint64_t offset, uint64_t length, unsigned seed)
{
    for (uint64_t i = 0; i < length; i++)
        if (data[i] != pattern_byte(offset + i, seed))
            return false;
    return true;
}

bool
all_zero(const uint8_t *data, uint64_t length)
{
    for (uint64_t i = 0; i < length; i++)
        if (data[i] != 0)
            return false;
    return true;
}

void
run_batches(struct store *s)
{
    static struct request r[BATCH];
    uint8_t *data = aligned_alloc(4096, BATCH * 4096);

    for (unsigned pass = 0; pass < 2; pass++) {
        for (unsigned i = 0; i < BATCH; i++) {
            uint8_t *p = data + i * 4096;

            r[i].io = (struct store_io){.op = pass == 0 ? STORE_WRITE : STORE_READ,
                                        .offset = i * 4096,
                                        .length = 4096,
                                        .data = p};
            if (pass == 0)
                pattern_fill(p, i * 4096, 4096, 5);
            else
                memset(p, 0, 4096);
            request_start(s, &r[i]);
        }
        for (unsigned i = 0; i < BATCH; i++)
            ck_assert_int_eq(request_wait(&r[i]), 0);
    }
    ck_assert(pattern_holds(data, 0, BATCH * 4096, 5));
    ck_assert_int_eq(run_io(s, STORE_FLUSH, 0, 0, NULL), 0);
    free(data);
}

void
poll_for_reads(struct store *s)
{
    static struct request r[BATCH];
    uint8_t *data = aligned_alloc(4096, BATCH * 4096);

    for (unsigned i = 0; i < BATCH; i++) {
        r[i].io = (struct store_io){
            .op = STORE_READ, .offset = i * 4096, .length = 4096, .data = data + i * 4096};
        request_start(s, &r[i]);
    }
    for (unsigned i = 0; i < BATCH; i++) {
        while (r[i].done == 0)
            worker_turn(worker, false);
        ck_assert_int_eq(r[i].io.error, 0);
    }
    free(data);
}
