/*
 * fault_store.c: the stores of blockgated-faults: the real ones, whose operations wait or fail
 * as a file says. Takes the place of src/store/types.c when that program is linked; blockgated
 * has nothing of it.
 *
 * $BLOCKGATE_FAULTS names a folder. The file in it that has the name of a backstore has a line
 * for each fault, "OPERATION ACTION [FROM TO]"; the first that fits counts. OPERATION is read,
 * write, flush, unmap, zero, extent, prefetch, copy, space or any, FROM and TO the bytes that
 * it must touch. ACTION is one of
 *
 *   hold                     it waits until the file says something else, and then does that
 *   delay MS                 it waits so long
 *   error ERRNO              it does nothing and fails with that number
 *   answer USED AVAILABLE    space: it gives that
 *
 * What waits has not reached its store: it has changed no byte. How many wait is in the file
 * ".held" of the folder.
 */
#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "core/cleanup.h"
#include "store/types.h"

#define LOOK_AGAIN_MS 5

enum action { PASS, HOLD, DELAY, FAIL, ANSWER };

struct fault {
    enum action action;
    uint64_t numbers[2]; /* of DELAY, FAIL, ANSWER */
};

static const char *const op_names[STORE_OPS] = {
    [STORE_READ] = "read",         [STORE_WRITE] = "write", [STORE_FLUSH] = "flush",
    [STORE_UNMAP] = "unmap",       [STORE_ZERO] = "zero",   [STORE_EXTENT] = "extent",
    [STORE_PREFETCH] = "prefetch", [STORE_COPY] = "copy",   [STORE_SPACE] = "space",
};

static const struct {
    const char *name;
    unsigned numbers;
} actions[] = {
    [PASS] = {"pass", 0},  [HOLD] = {"hold", 0},     [DELAY] = {"delay", 1},
    [FAIL] = {"error", 1}, [ANSWER] = {"answer", 2},
};

/* What waits on this worker, and what looks after it. */
static _Thread_local STAILQ_HEAD(, store_io) waiting;
static _Thread_local struct event *timer;

static pthread_mutex_t held_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned held_count;

/* Held operations own these words of theirs; the real type uses them afterwards. */
enum { WORD_DUE_MS };

static const char *
folder(void)
{
    const char *name = getenv("BLOCKGATE_FAULTS");

    return name != NULL ? name : ".";
}

static void
count_held(int change)
{
    char path[4096], temporary[4096];
    FILE *file;

    snprintf(path, sizeof path, "%s/.held", folder());
    snprintf(temporary, sizeof temporary, "%s/.held.new", folder());
    pthread_mutex_lock(&held_lock);
    held_count += (unsigned)change;
    file = fopen(temporary, "we");
    if (file != NULL) {
        fprintf(file, "%u\n", held_count);
        fclose(file);
        (void)rename(temporary, path);
    }
    pthread_mutex_unlock(&held_lock);
}

/* A line is for IO: *fault is what it says. What is written wrongly ends the program: a test
 * must not pass because its fault was not understood. */
static bool
line_fits(char *line, const struct store_io *io, struct fault *fault)
{
    char *rest = NULL, *op = strtok_r(line, " \n", &rest),
         *action = strtok_r(NULL, " \n", &rest);
    uint64_t range[2] = {0, UINT64_MAX};
    unsigned known, named = 0;

    if (op == NULL)
        return false;
    for (known = 0; known < STORE_OPS && strcmp(op, op_names[known]) != 0; known++)
        ;
    assert(action != NULL && (known < STORE_OPS || strcmp(op, "any") == 0));
    while (strcmp(action, actions[named].name) != 0) {
        named++;
        assert(named < sizeof actions / sizeof actions[0]);
    }
    fault->action = named;
    for (unsigned i = 0; i < actions[named].numbers + 2; i++) {
        char *number = strtok_r(NULL, " \n", &rest);

        assert(number != NULL || i >= actions[named].numbers);
        if (number != NULL && i < actions[named].numbers)
            fault->numbers[i] = strtoull(number, NULL, 0);
        else if (number != NULL)
            range[i - actions[named].numbers] = strtoull(number, NULL, 0);
    }
    if (known != STORE_OPS && (enum store_op)known != io->op)
        return false;
    return io->op == STORE_FLUSH || io->op == STORE_SPACE ||
           (io->offset < range[1] && io->offset + io->length > range[0]);
}

static struct fault
fault_for(const struct store *store, const struct store_io *io)
{
    struct fault fault = {.action = PASS};
    char path[4096], line[256];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder(), store->name);
    file = fopen(path, "re");
    if (file == NULL)
        return fault;
    while (fgets(line, sizeof line, file) != NULL) {
        if (line_fits(line, io, &fault)) {
            fclose(file);
            return fault;
        }
    }
    fclose(file);
    return (struct fault){.action = PASS};
}

static const struct store_type *real_type(const struct store *store);

static void
look_again_later(void)
{
    const struct timeval soon = {.tv_usec = LOOK_AGAIN_MS * 1000};

    event_add(timer, &soon);
}

/* Does what FAULT says with IO, which has not waited or waits no longer. */
static void
act(struct store *store, struct store_io *io, const struct fault *fault)
{
    if (fault->action == FAIL) {
        store_complete_later(io, (int)fault->numbers[0]);
    } else if (fault->action == ANSWER) {
        assert(io->op == STORE_SPACE);
        io->space = (struct store_space){fault->numbers[0], fault->numbers[1]};
        store_complete_later(io, 0);
    } else {
        real_type(store)->submit(store, io);
    }
}

/* Whether IO, with this fault, goes on waiting. */
static bool
must_wait(const struct store_io *io, const struct fault *fault)
{
    return fault->action == HOLD ||
           (fault->action == DELAY && worker_now_ms(io->worker) < io->own.words[WORD_DUE_MS]);
}

static void
look_again(evutil_socket_t fd, short what, void *arg)
{
    STAILQ_HEAD(, store_io) all = STAILQ_HEAD_INITIALIZER(all);
    struct store_io *io;

    (void)fd, (void)what, (void)arg;
    STAILQ_CONCAT(&all, &waiting);
    while ((io = STAILQ_FIRST(&all)) != NULL) {
        struct fault fault = fault_for(io->store, io);

        STAILQ_REMOVE_HEAD(&all, own.link);
        if (must_wait(io, &fault)) {
            STAILQ_INSERT_TAIL(&waiting, io, own.link);
        } else {
            count_held(-1);
            act(io->store, io, &fault);
        }
    }
    if (!STAILQ_EMPTY(&waiting))
        look_again_later();
}

static void
fault_submit(struct store *store, struct store_io *io)
{
    struct fault fault = fault_for(store, io);

    io->own.words[WORD_DUE_MS] =
        worker_now_ms(io->worker) + (fault.action == DELAY ? fault.numbers[0] : 0);
    if (!must_wait(io, &fault)) {
        act(store, io, &fault);
        return;
    }
    STAILQ_INSERT_TAIL(&waiting, io, own.link);
    count_held(1);
    look_again_later();
}

/* For the row that has nothing of its own here. */
static int
fault_worker_start(struct worker *worker)
{
    STAILQ_INIT(&waiting);
    timer = event_new(worker_base(worker), -1, 0, look_again, NULL);
    return timer != NULL ? 0 : -ENOMEM;
}

static void
fault_worker_stop(struct worker *worker)
{
    (void)worker;
    assert(STAILQ_EMPTY(&waiting));
    event_free(timer);
}

/* --- the table: the real types, with submit and open taken over --- */

static const struct store_type *const real_types[] = {
    &aio_store_type,
    &rdwr_store_type,
    &ram_store_type,
#ifdef HAVE_LIBURING
    &uring_store_type,
#endif
};

#define REAL_TYPES (sizeof real_types / sizeof real_types[0])

static struct store_type faulty_types[REAL_TYPES];

const struct store_type *const store_types[] = {
    &faulty_types[0],
    &faulty_types[1],
    &faulty_types[2],
    &null_store_type,
#ifdef HAVE_LIBURING
    &faulty_types[3],
#endif
    NULL,
};

static const struct store_type *
real_type(const struct store *store)
{
    return real_types[store->type - faulty_types];
}

/* The store is what the real type makes of it, and is asked by way of its faulty one. */
static int
fault_open(const struct store_config *config, struct store **ret, struct error *err)
{
    const struct store_type *faulty = store_type_find(config->type);
    struct store *s = NULL;

    if (real_types[faulty - faulty_types]->open(config, &s, err) < 0)
        return -1;
    if (s == NULL)
        return 0;
    s->type = faulty;
    *ret = s;
    return 0;
}

__attribute__((constructor)) static void
make_faulty(void)
{
    for (size_t i = 0; i < REAL_TYPES; i++) {
        faulty_types[i] = *real_types[i];
        faulty_types[i].open = fault_open;
        faulty_types[i].submit = fault_submit;
        if (real_types[i] == &ram_store_type) {
            assert(ram_store_type.worker_start == NULL);
            faulty_types[i].worker_start = fault_worker_start;
            faulty_types[i].worker_stop = fault_worker_stop;
        }
    }
}

const struct store_type *
store_type_find(const char *name)
{
    for (const struct store_type *const *t = store_types; *t != NULL; t++)
        if (strcmp((*t)->name, name) == 0)
            return *t;
    return NULL;
}
