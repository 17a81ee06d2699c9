/* store.c: what is common to all stores: opening by type, checks, counting, completion. */
#include "store/store.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/log.h"

/* A process has one pool for blocking I/O; set before the workers start, only read afterwards.
 */
static struct pool *layer_pool;

void
store_layer_start(struct pool *pool)
{
    layer_pool = pool;
}

struct pool *
store_pool(void)
{
    assert(layer_pool != NULL);
    return layer_pool;
}

int
store_worker_start(struct worker *worker, struct error *err)
{
    for (unsigned i = 0; store_types[i] != NULL; i++) {
        int r = store_types[i]->worker_start != NULL ? store_types[i]->worker_start(worker) : 0;

        if (r == 0)
            continue;
        while (i-- > 0)
            if (store_types[i]->worker_stop != NULL)
                store_types[i]->worker_stop(worker);
        errno = -r;
        return error_set(err, ERROR_BACKEND, "cannot start the stores on worker %u: %m",
                         worker_id(worker));
    }
    return 0;
}

void
store_worker_stop(struct worker *worker)
{
    for (const struct store_type *const *t = store_types; *t != NULL; t++)
        if ((*t)->worker_stop != NULL)
            (*t)->worker_stop(worker);
}

void *
store_alloc(size_t size, const struct store_type *type, const struct store_config *config)
{
    size_t alignment = _Alignof(struct store);
    struct store *s = aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);

    if (s == NULL)
        return NULL;
    memset(s, 0, size);
    s->type = type;
    pool_share_init(&s->share);
    s->block_size = config->block_size;
    s->physical_block_size = config->block_size;
    s->name = strdup(config->name != NULL ? config->name : type->name);
    if (s->name == NULL) {
        free(s);
        return NULL;
    }
    return s;
}

void
store_dealloc(struct store *store)
{
    if (store == NULL)
        return;
    free(store->name);
    free(store);
}

static int
check_size(uint64_t size, unsigned block_size, struct error *err)
{
    if (size % block_size != 0)
        return error_set(err, ERROR_INVALID_PARAMS,
                         "the size %" PRIu64 " is not a multiple of the block size %u", size,
                         block_size);
    if (size > INT64_MAX)
        return error_set(err, ERROR_INVALID_PARAMS, "the size %" PRIu64 " is too large", size);
    return 0;
}

static int
check_config(const struct store_config *config, const struct store_type **type,
             struct error *err)
{
    const struct store_type *t = config->type != NULL ? store_type_find(config->type) : NULL;

    if (t == NULL)
        return error_set(err, ERROR_INVALID_PARAMS, "there is no store type '%s'",
                         config->type != NULL ? config->type : "");
    if (config->block_size != 512 && config->block_size != 4096)
        return error_set(err, ERROR_INVALID_PARAMS,
                         "the block size must be 512 or 4096, not %u", config->block_size);
    if (t->needs_path && (config->path == NULL || config->path[0] == '\0'))
        return error_set(err, ERROR_INVALID_PARAMS, "a store of type %s needs a path", t->name);
    if (!t->needs_path && config->size == 0)
        return error_set(err, ERROR_INVALID_PARAMS, "a store of type %s needs a size", t->name);
    if (check_size(config->size, config->block_size, err) < 0)
        return -1;
    *type = t;
    return 0;
}

/* A partial block at the end of what was found cannot be addressed: it is left out. */
static void
settle_sizes(struct store *s)
{
    uint64_t found = atomic_load(&s->size);
    uint64_t whole = found - found % s->block_size;

    if (whole != found)
        log_warning("store", "size is not a multiple of the block size; the rest is left out",
                    "store", s->name, "size", log_number(found), "block_size",
                    log_number(s->block_size), NULL);
    atomic_store(&s->size, whole);
    if (s->physical_block_size < s->block_size)
        s->physical_block_size = s->block_size;
}

int
store_open(const struct store_config *config, struct store **ret, struct error *err)
{
    const struct store_type *type = NULL;
    struct store *s = NULL;

    if (check_config(config, &type, err) < 0 || type->open(config, &s, err) < 0)
        return -1;
    if (config->check_only)
        return 0;
    settle_sizes(s);
    *ret = s;
    return 0;
}

void
store_close(struct store *store)
{
    if (store != NULL)
        store->type->close(store);
}

int
store_resize(struct store *store, uint64_t size, struct error *err)
{
    struct error ignored;

    if (err == NULL)
        err = &ignored;
    if (store->type->resize == NULL ||
        (size != 0 && (store->capabilities & STORE_CAN_RESIZE) == 0))
        return error_set(
            err, ERROR_NOT_SUPPORTED, "the size of '%s' cannot be changed%s", store->name,
            (store->capabilities & STORE_CAN_WRITE) == 0 ? ": it is read-only" : "");
    if (check_size(size, store->block_size, err) < 0)
        return -1;
    return store->type->resize(store, size, err);
}

/* What each operation needs, and what `fua` on top of it. */
static const struct {
    unsigned needs;
    bool has_range, has_data, may_fua;
} op_rules[STORE_OPS] = {
    [STORE_READ] = {0, true, true, false},
    [STORE_WRITE] = {STORE_CAN_WRITE, true, true, true},
    [STORE_FLUSH] = {STORE_CAN_FLUSH, false, false, false},
    [STORE_UNMAP] = {STORE_CAN_UNMAP, true, false, true},
    [STORE_ZERO] = {STORE_CAN_ZERO, true, false, true},
    [STORE_EXTENT] = {STORE_CAN_EXTENT, true, false, false},
    [STORE_PREFETCH] = {STORE_CAN_PREFETCH, true, false, false},
    [STORE_COPY] = {STORE_CAN_WRITE | STORE_CAN_COPY, true, false, true},
    [STORE_SPACE] = {STORE_CAN_SPACE, false, false, false},
};

bool
store_can_copy(const struct store *to, const struct store *from)
{
    return (to->capabilities & STORE_CAN_COPY) != 0 && to->type->can_copy(to, from);
}

static bool
ranges_overlap(const struct store_io *io)
{
    uint64_t from = io->copy.from_offset, to = io->offset;

    return io->copy.from == io->store && (from < to ? to - from : from - to) < io->length;
}

/* Whether IO can go to its type; else its error. */
static int
check_copy(const struct store_io *io)
{
    const struct store *from = io->copy.from;
    uint64_t size = atomic_load_explicit(&from->size, memory_order_acquire);
    uint64_t offset = io->copy.from_offset;

    assert(offset % from->block_size == 0 && io->length % from->block_size == 0);
    if (offset > size || io->length > size - offset)
        return EIO;
    return ranges_overlap(io) || !store_can_copy(io->store, from) ? EOPNOTSUPP : 0;
}

/* Whether IO, which has a range, has been completed for its sake. */
static bool
ended_by_range(struct store *store, struct store_io *io)
{
    uint64_t size = atomic_load_explicit(&store->size, memory_order_acquire);
    int error = 0;

    assert(io->offset % store->block_size == 0 && io->length % store->block_size == 0);
    assert(!op_rules[io->op].has_data || io->length == 0 || io->data != NULL);
    assert(io->op != STORE_EXTENT || io->length > 0);
    if (io->offset > size || io->length > size - io->offset)
        error = EIO;
    else if (io->op == STORE_COPY)
        error = check_copy(io);
    if (error == 0 && io->length > 0)
        return false;
    store_complete_later(io, error);
    return true;
}

void
store_submit(struct store *store, struct store_io *io)
{
    assert(io->op < STORE_OPS && io->done != NULL);
    assert((store->capabilities & op_rules[io->op].needs) == op_rules[io->op].needs);
    assert(!io->fua || (op_rules[io->op].may_fua && store->capabilities & STORE_CAN_FUA));
    io->store = store;
    io->worker = worker_current();
    io->error = 0;
    io->deferred.queued = false;
    assert(io->worker != NULL);
    io->started_us = worker_now_us(io->worker);
    counter_add(&store->counters[worker_id(io->worker)].started, 1);
    if (!op_rules[io->op].has_range || !ended_by_range(store, io))
        store->type->submit(store, io);
}

static void
count(struct io_counters *c, const struct store_io *io)
{
    uint64_t bytes = io->error == 0 ? io->length : 0;

    switch (io->op) {
    case STORE_READ:
        counter_add(&c->read_ops, 1);
        counter_add(&c->read_bytes, bytes);
        counter_add(&c->read_time_us, worker_now_us(io->worker) - io->started_us);
        break;
    case STORE_WRITE:
        counter_add(&c->write_ops, 1);
        counter_add(&c->write_bytes, bytes);
        counter_add(&c->write_time_us, worker_now_us(io->worker) - io->started_us);
        break;
    case STORE_FLUSH:
        counter_add(&c->flush_ops, 1);
        break;
    case STORE_UNMAP:
        counter_add(&c->unmap_ops, 1);
        counter_add(&c->unmap_bytes, bytes);
        break;
    case STORE_EXTENT:
        assert(io->error != 0 || (io->extent.length > 0 && io->extent.length <= io->length &&
                                  io->extent.length % io->store->block_size == 0));
        counter_add(&c->other_ops, 1);
        break;
    case STORE_ZERO:
    case STORE_PREFETCH:
    case STORE_COPY:
    case STORE_SPACE:
    case STORE_OPS:
        counter_add(&c->other_ops, 1);
        break;
    }
    if (io->error != 0)
        counter_add(&c->errors, 1);
    counter_add(&c->finished, 1);
}

void
store_complete(struct store_io *io, int error)
{
    assert(error >= 0);
    assert(worker_is_current(io->worker));
    io->error = error;
    count(&io->store->counters[worker_id(io->worker)], io);
    io->done(io);
}

static void
complete_deferred(struct deferred *d)
{
    struct store_io *io = (struct store_io *)((char *)d - offsetof(struct store_io, deferred));

    store_complete(io, io->error);
}

void
store_complete_later(struct store_io *io, int error)
{
    io->error = error;
    io->deferred.run = complete_deferred;
    worker_defer(io->worker, &io->deferred);
}

void
store_submit_job(struct store_io *io, void (*work)(struct pool_job *job),
                 void (*done)(struct pool_job *job))
{
    io->job.work = work;
    io->job.done = done;
    pool_submit_share(store_pool(), &io->store->share, &io->job);
}

void
store_totals(const struct store *store, struct io_totals *totals)
{
    memset(totals, 0, sizeof *totals);
    io_counters_sum(store->counters, WORKERS_MAX + 1, totals);
}
