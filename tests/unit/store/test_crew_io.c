/* test_crew_io.c: several hundred operations at a time on two workers, each verified, while the
 * store is resized. */
#include <stdlib.h>
#include <string.h>

#include "core/crew.h"
#include "core/error.h"
#include "core/iobuf.h"
#include "one_worker.h"
#include "suites.h"
#include "temp_file.h"

#define WORKERS 2
#define SLOTS   150 /* operations in flight on each */
#define ROUNDS  6

#define SLOT_SIZE  (12 * KIB)
#define HALF       (WORKERS * SLOTS * SLOT_SIZE)
#define STORE_SIZE (2 * HALF)

/* What a slot does in a round, with its part of the first half of the store or the second; what
 * the store cannot do is left out. */
static const struct step {
    enum store_op op;
    bool is_second;
    unsigned needs;
} steps[] = {
    {STORE_WRITE, false, 0},
    {STORE_READ, false, 0},
    {STORE_EXTENT, false, STORE_CAN_EXTENT},
    {STORE_COPY, true, STORE_CAN_COPY},
    {STORE_READ, true, STORE_CAN_COPY},
    {STORE_SPACE, false, STORE_CAN_SPACE},
    {STORE_PREFETCH, true, STORE_CAN_PREFETCH},
    {STORE_UNMAP, true, STORE_CAN_UNMAP},
    {STORE_FLUSH, false, 0},
    {STORE_ZERO, false, 0},
};

#define STEPS (sizeof steps / sizeof steps[0])

/* A slot does its rounds with other bytes each time. */
struct slot {
    struct store_io io;
    struct load *load;
    unsigned round, step;
    uint64_t offset; /* in the first half */
    uint8_t *bytes;  /* in DATA */
    uint8_t data[SLOT_SIZE + 64];
};

struct load {
    struct broadcast_part *part;
    unsigned running;
    struct slot slots[SLOTS];
};

static struct load *loads[WORKERS];
static struct store *store;
static bool all_done;

static const struct {
    const char *type;
    bool direct;
} rows[] = {{"ram", false}, {"rdwr", false},    {"rdwr", true},     {"aio", true},
            {"aio", false}, {"io_uring", true}, {"io_uring", false}};

static void
everyone_is_done(struct broadcast *b)
{
    (void)b;
    all_done = true;
}

/* Runs WORK on every worker, and the loop of main until all have answered. */
static void
on_all_workers(void (*work)(struct broadcast_part *part, struct worker *w), uint64_t *sizes)
{
    struct broadcast b = {.work = work, .done = everyone_is_done};
    struct error err;

    all_done = false;
    broadcast_start(&b);
    for (unsigned i = 0; !all_done; i++) {
        if (sizes != NULL)
            ck_assert_msg(store_resize(store, sizes[i % 2], &err) == 0, "%s", err.message);
        worker_turn(crew_main(), sizes == NULL);
    }
}

static void
start_worker(struct broadcast_part *part, struct worker *w)
{
    struct error err;

    ck_assert_int_eq(store_worker_start(w, &err), 0);
    broadcast_answer(part);
}

static void
stop_worker(struct broadcast_part *part, struct worker *w)
{
    store_worker_stop(w);
    iobuf_cache_free();
    broadcast_answer(part);
}

static void slot_done(struct store_io *io);

static void
slot_start(struct slot *s)
{
    const struct step *step = &steps[s->step];

    s->io = (struct store_io){.op = step->op,
                              .fua = step->op == STORE_WRITE && s->round % 4 == 3,
                              .offset = s->offset + (step->is_second ? HALF : 0),
                              .length = SLOT_SIZE,
                              .done = slot_done};
    if (step->op == STORE_WRITE)
        pattern_fill(s->bytes, s->offset, SLOT_SIZE, s->round);
    else if (step->op == STORE_READ)
        memset(s->bytes, 0, SLOT_SIZE);
    if (step->op == STORE_WRITE || step->op == STORE_READ)
        s->io.data = s->bytes;
    else if (step->op == STORE_COPY)
        s->io.copy = (struct store_copy){store, s->offset};
    store_submit(store, &s->io);
}

static void
slot_done(struct store_io *io)
{
    struct slot *s = (struct slot *)((char *)io - offsetof(struct slot, io));

    ck_assert_int_eq(io->error, 0);
    if (io->op == STORE_READ)
        ck_assert(pattern_holds(io->data, s->offset, SLOT_SIZE, s->round));
    if (io->op == STORE_EXTENT) /* it was written a moment ago */
        ck_assert(io->extent.is_allocated && io->extent.length == SLOT_SIZE);
    if (io->op == STORE_SPACE)
        ck_assert_uint_ge(io->space.used, SLOT_SIZE);
    do
        s->step++;
    while (s->step < STEPS && (steps[s->step].needs & ~store->capabilities) != 0);
    if (s->step == STEPS) {
        s->step = 0;
        s->round++;
    }
    if (s->round < ROUNDS)
        slot_start(s);
    else if (--s->load->running == 0)
        broadcast_answer(s->load->part);
}

/* Every third slot has a buffer that O_DIRECT cannot take. */
static void
run_load(struct broadcast_part *part, struct worker *w)
{
    struct load *l = loads[worker_id(w)];

    l->part = part;
    l->running = SLOTS;
    for (unsigned i = 0; i < SLOTS; i++) {
        struct slot *s = &l->slots[i];

        s->load = l;
        s->offset = (i * WORKERS + worker_id(w)) * SLOT_SIZE;
        s->bytes = s->data + (i % 3 == 0 ? 1 : 0);
        slot_start(s);
    }
}

START_TEST(hundreds_of_operations_on_two_workers_keep_their_data)
{
    struct pool *pool = pool_new("test", 8);
    struct store_config config = {.type = rows[_i].type,
                                  .name = "load",
                                  .path = temp_path("file"),
                                  .size = STORE_SIZE,
                                  .block_size = 512,
                                  .create = true,
                                  .direct = rows[_i].direct};
    uint64_t sizes[] = {STORE_SIZE, STORE_SIZE + MIB};
    struct io_totals t;

    ck_assert_int_eq(crew_new(WORKERS), 0);
    worker_enter(crew_main());
    store_layer_start(pool);
    for (unsigned i = 0; i < WORKERS; i++)
        loads[i] = calloc(1, sizeof *loads[i]);
    store = must_open(&config);
    ck_assert_int_eq(crew_start(), 0);
    on_all_workers(start_worker, NULL);
    on_all_workers(run_load, sizes);
    store_totals(store, &t);
    ck_assert_uint_eq(t.write_ops, WORKERS * SLOTS * ROUNDS);
    ck_assert_uint_eq(t.read_bytes, WORKERS * SLOTS * ROUNDS * SLOT_SIZE *
                                        ((store->capabilities & STORE_CAN_COPY) != 0 ? 2 : 1));
    ck_assert_uint_eq(t.errors, 0);
    ck_assert_uint_eq(t.in_flight, 0);
    on_all_workers(stop_worker, NULL);
    crew_stop();
    iobuf_cache_free();
    store_close(store);
    pool_free(pool);
    for (unsigned i = 0; i < WORKERS; i++)
        free(loads[i]);
    worker_enter(NULL);
    crew_free();
}
END_TEST

TCase *
crew_io_cases(void)
{
    TCase *c = tcase_create("crew_io");

    tcase_add_checked_fixture(c, temp_folder_setup, temp_folder_teardown);
    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, hundreds_of_operations_on_two_workers_keep_their_data, 0,
                        usable_rows(sizeof rows / sizeof rows[0], 2));
    return c;
}
