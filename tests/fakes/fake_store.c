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
    bool *is_allocated; /* for each block */
    bool has_space;     /* SPACE says what the test has said */
    struct store_space space;
    bool is_no_target; /* for store_can_copy() */
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
    f->is_allocated = calloc(size / block_size + 1, sizeof *f->is_allocated);
    if (f->bytes == NULL || f->is_allocated == NULL) {
        free(f->bytes);
        free(f->is_allocated);
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
    free(f->is_allocated);
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

void
fake_store_allocate(struct store *s, uint64_t offset, uint64_t length, bool is_allocated)
{
    struct fake_store *f = (struct fake_store *)s;

    assert(offset <= f->capacity && length <= f->capacity - offset);
    for (uint64_t i = offset / s->block_size; i < (offset + length) / s->block_size; i++)
        f->is_allocated[i] = is_allocated;
}

void
fake_store_space(struct store *s, uint64_t used, uint64_t available)
{
    struct fake_store *f = (struct fake_store *)s;

    f->has_space = true;
    f->space = (struct store_space){used, available};
}

static bool
fake_can_copy(const struct store *to, const struct store *from)
{
    return from->type == &fake_store_type && !((const struct fake_store *)to)->is_no_target;
}

void
fake_store_no_copy(struct store *s, bool is_late)
{
    if (is_late)
        fake_store_fail(s, STORE_COPY, 0, EOPNOTSUPP);
    else
        ((struct fake_store *)s)->is_no_target = true;
}

static struct store_extent
extent_of(const struct fake_store *f, uint64_t offset, uint64_t length)
{
    const bool *map = f->is_allocated + offset / f->store.block_size;
    uint64_t n = 1;

    while (n < length / f->store.block_size && map[n] == map[0])
        n++;
    return (struct store_extent){n * f->store.block_size, map[0]};
}

static struct store_space
space_of(const struct fake_store *f)
{
    uint64_t size = atomic_load(&f->store.size), used = 0;

    if (f->has_space)
        return f->space;
    for (uint64_t i = 0; i < size / f->store.block_size; i++)
        used += f->is_allocated[i] ? f->store.block_size : 0;
    return (struct store_space){used, size - used};
}

static int
copy(struct fake_store *f, const struct store_io *io)
{
    const struct fake_store *from = (const struct fake_store *)io->copy.from;
    uint64_t offset = io->copy.from_offset;

    if (offset > from->capacity || io->length > from->capacity - offset)
        return EIO;
    memcpy(f->bytes + io->offset, from->bytes + offset, io->length);
    fake_store_allocate(&f->store, io->offset, io->length, true);
    return 0;
}

/* What IO does to the bytes, or learns about them. */
static int
carry_out(struct fake_store *f, struct store_io *io)
{
    switch (io->op) {
    case STORE_READ:
        memcpy(io->data, f->bytes + io->offset, io->length);
        break;
    case STORE_WRITE:
        memcpy(f->bytes + io->offset, io->data, io->length);
        fake_store_allocate(&f->store, io->offset, io->length, true);
        break;
    case STORE_UNMAP:
    case STORE_ZERO:
        memset(f->bytes + io->offset, 0, io->length);
        fake_store_allocate(&f->store, io->offset, io->length, io->op == STORE_ZERO);
        break;
    case STORE_EXTENT:
        io->extent = extent_of(f, io->offset, io->length);
        break;
    case STORE_COPY:
        return copy(f, io);
    case STORE_SPACE:
        io->space = space_of(f);
        break;
    case STORE_FLUSH:
    case STORE_PREFETCH:
    case STORE_OPS:
        break;
    }
    return 0;
}

/* The bytes move only now: until then the operation has touched nothing. */
static void
finish(struct store_io *io, int error)
{
    struct fake_store *f = (struct fake_store *)io->store;
    bool has_range = io->op != STORE_FLUSH && io->op != STORE_SPACE;

    if (error == 0 && has_range &&
        (io->offset > f->capacity || io->length > f->capacity - io->offset))
        error = EIO;
    store_complete(io, error != 0 ? error : carry_out(f, io));
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
    if (io->op == STORE_COPY)
        r->copy = io->copy;
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
    .can_copy = fake_can_copy,
    .resize = fake_resize,
};
