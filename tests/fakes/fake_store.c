/* fake_store.c: a store for tests: completes when told, fails when told, records what it got.
 */
#include "tests/fakes/fake_store.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"

struct fake_rule {
    unsigned nth, seen;
    int error;
};

struct fake_store {
    struct store store;
    uint8_t *bytes;
    uint64_t capacity;
    struct fake_rule rules[STORE_OPS];
    bool hold;
    unsigned delay;
    STAILQ_HEAD(, store_io) held;
    struct fake_record *records;
    unsigned count, room;
};

/* What the fake keeps in own.words of an operation. */
enum { WORD_ERROR, WORD_TURNS };

struct store *
fake_store_open(uint64_t size, unsigned block_size, unsigned capabilities)
{
    const struct store_config config = {
        .type = "fake", .name = "fake", .size = size, .block_size = block_size};
    struct fake_store *f = store_alloc(sizeof *f, &fake_store_type, &config);

    if (f == NULL)
        return NULL;
    f->bytes = calloc(1, size);
    if (f->bytes == NULL) {
        store_dealloc(&f->store);
        return NULL;
    }
    f->capacity = size;
    atomic_init(&f->store.size, size);
    f->store.capabilities = capabilities;
    STAILQ_INIT(&f->held);
    return &f->store;
}

static void
fake_close(struct store *s)
{
    struct fake_store *f = (struct fake_store *)s;

    assert(STAILQ_EMPTY(&f->held));
    free(f->bytes);
    free(f->records);
    store_dealloc(s);
}

static int
fake_open(const struct store_config *config, struct store **ret, struct error *err)
{
    struct store *s = fake_store_open(config->size, config->block_size, FAKE_STORE_ALL);

    if (s == NULL)
        return error_set(err, ERROR_INTERNAL, "out of memory");
    if (config->check_only)
        fake_close(s);
    else
        *ret = s;
    return 0;
}

uint8_t *
fake_store_bytes(struct store *s)
{
    return ((struct fake_store *)s)->bytes;
}

void
fake_store_fail(struct store *s, enum store_op op, unsigned nth, int error)
{
    struct fake_store *f = (struct fake_store *)s;

    f->rules[op] = (struct fake_rule){.nth = nth, .error = error};
}

/* The bytes move only now: until then the operation has touched nothing. */
static void
finish(struct store_io *io, int error)
{
    struct fake_store *f = (struct fake_store *)io->store;

    if (error == 0 && io->op != STORE_FLUSH &&
        (io->offset > f->capacity || io->length > f->capacity - io->offset))
        error = EIO;
    if (error == 0) {
        switch (io->op) {
        case STORE_READ:
            memcpy(io->data, f->bytes + io->offset, io->length);
            break;
        case STORE_WRITE:
            memcpy(f->bytes + io->offset, io->data, io->length);
            break;
        case STORE_UNMAP:
        case STORE_ZERO:
            memset(f->bytes + io->offset, 0, io->length);
            break;
        case STORE_FLUSH:
        case STORE_OPS:
            break;
        }
    }
    store_complete(io, error);
}

static void
turn_passed(struct deferred *d)
{
    struct store_io *io = (struct store_io *)((char *)d - offsetof(struct store_io, deferred));

    finish(io, (int)io->own.words[WORD_ERROR]);
}

/* A message for itself arrives with the next turn. */
static void
one_turn_less(struct message *m, struct worker *w)
{
    struct store_io *io =
        (struct store_io *)((char *)m - offsetof(struct store_io, job.message));

    if (--io->own.words[WORD_TURNS] == 0)
        finish(io, (int)io->own.words[WORD_ERROR]);
    else
        worker_post(w, m);
}

static void
record(struct fake_store *f, const struct store_io *io)
{
    struct fake_record *r;

    if (f->count == f->room) {
        f->room = f->room == 0 ? 64 : 2 * f->room;
        f->records = realloc(f->records, f->room * sizeof *f->records);
        assert(f->records != NULL);
    }
    r = &f->records[f->count++];
    *r = (struct fake_record){
        .op = io->op, .fua = io->fua, .offset = io->offset, .length = io->length};
    if (io->op == STORE_WRITE)
        memcpy(r->first, io->data, io->length < sizeof r->first ? io->length : sizeof r->first);
}

static void
fake_submit(struct store *s, struct store_io *io)
{
    struct fake_store *f = (struct fake_store *)s;
    struct fake_rule *rule = &f->rules[io->op];
    bool fails = rule->error != 0 && (++rule->seen == rule->nth || rule->nth == 0);

    record(f, io);
    io->own.words[WORD_ERROR] = fails ? (uint64_t)rule->error : 0;
    io->own.words[WORD_TURNS] = f->delay;
    io->deferred.run = turn_passed;
    if (f->hold) {
        STAILQ_INSERT_TAIL(&f->held, io, own.link);
    } else if (f->delay > 0) {
        io->job.message.run = one_turn_less;
        worker_post(io->worker, &io->job.message);
    } else {
        worker_defer(io->worker, &io->deferred);
    }
}

void
fake_store_hold(struct store *s, bool hold)
{
    struct fake_store *f = (struct fake_store *)s;

    f->hold = hold;
    while (!hold && !STAILQ_EMPTY(&f->held))
        fake_store_release(s, 0, 0);
}

unsigned
fake_store_held(const struct store *s)
{
    const struct fake_store *f = (const struct fake_store *)s;
    const struct store_io *io;
    unsigned n = 0;

    STAILQ_FOREACH (io, &f->held, own.link)
        n++;
    return n;
}

void
fake_store_release(struct store *s, unsigned i, int error)
{
    struct fake_store *f = (struct fake_store *)s;
    struct store_io *io = STAILQ_FIRST(&f->held);

    while (io != NULL && i-- > 0)
        io = STAILQ_NEXT(io, own.link);
    assert(io != NULL);
    STAILQ_REMOVE(&f->held, io, store_io, own.link);
    finish(io, error != 0 ? error : (int)io->own.words[WORD_ERROR]);
}

void
fake_store_delay(struct store *s, unsigned turns)
{
    ((struct fake_store *)s)->delay = turns;
}

unsigned
fake_store_records(const struct store *s)
{
    return ((const struct fake_store *)s)->count;
}

const struct fake_record *
fake_store_record(const struct store *s, unsigned i)
{
    const struct fake_store *f = (const struct fake_store *)s;

    assert(i < f->count);
    return &f->records[i];
}

void
fake_store_forget(struct store *s)
{
    ((struct fake_store *)s)->count = 0;
}

/* Shrinks, or grows back to at most the size at open. */
static int
fake_resize(struct store *s, uint64_t size, struct error *err)
{
    if (size > ((struct fake_store *)s)->capacity)
        return error_set(err, ERROR_LIMIT_EXCEEDED, "the fake store is smaller than that");
    if (size != 0)
        atomic_store(&s->size, size);
    return 0;
}

const struct store_type fake_store_type = {
    .name = "fake",
    .description = "for tests",
    .open = fake_open,
    .close = fake_close,
    .submit = fake_submit,
    .resize = fake_resize,
};
