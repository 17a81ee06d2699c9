/*
 * ram.c: a store in memory, lost with the process; takes memory only for what was written.
 *
 * All of the address space that the store may ever grow into is reserved when it is opened, so
 * that its place never changes: workers copy in and out without a lock while a helper resizes.
 * What was readable once stays mapped until close; an operation that races with a shrink
 * touches memory that is still there.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/error.h"
#include "store/types.h"

/* A ram store can grow to this, or to twice its first size where that is more. */
#define RESERVE_MIN (UINT64_C(64) << 30)

/* Clearing more than this is done on a helper: giving back pages takes time. */
#define CLEAR_ON_WORKER_MAX (UINT64_C(4) << 20)

struct ram_store {
    struct store store;
    uint8_t *bytes;
    uint64_t reserved; /* address space at BYTES */
    uint64_t mapped;   /* of it, readable and writable; changed by resize only */
};

static uint64_t
round_to_pages(uint64_t size)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

    return (size + page - 1) / page * page;
}

static int
reserve(struct ram_store *r, uint64_t size)
{
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    void *p;

    r->mapped = round_to_pages(size);
    r->reserved = RESERVE_MIN;
    if (r->mapped > RESERVE_MIN / 2)
        r->reserved = r->mapped > SIZE_MAX / 2 ? r->mapped : 2 * r->mapped;
    p = mmap(NULL, r->reserved, PROT_NONE, flags, -1, 0);
    if (p == MAP_FAILED) { /* a limit on the address space: then it cannot grow */
        r->reserved = r->mapped;
        p = mmap(NULL, r->reserved, PROT_NONE, flags, -1, 0);
    }
    if (p == MAP_FAILED)
        return -errno;
    if (mprotect(p, r->mapped, PROT_READ | PROT_WRITE) < 0) {
        int error = errno;

        munmap(p, r->reserved);
        return -error;
    }
    madvise(p, r->reserved, MADV_DONTDUMP);
    r->bytes = p;
    return 0;
}

static int
ram_open(const struct store_config *config, struct store **ret, struct error *err)
{
    struct ram_store *r = store_alloc(sizeof *r, &ram_store_type, config);
    int error;

    if (r == NULL)
        return error_set(err, ERROR_INTERNAL, "out of memory");
    error = reserve(r, config->size);
    if (error < 0) {
        store_dealloc(&r->store);
        errno = -error;
        return error_set(err, ERROR_BACKEND, "cannot reserve %" PRIu64 " bytes of memory: %m",
                         config->size);
    }
    if (config->check_only) {
        r->store.type->close(&r->store);
        return 0;
    }
    atomic_init(&r->store.size, config->size);
    r->store.physical_block_size = 4096; /* of a part of a page nothing is given back */
    r->store.capabilities = STORE_CAN_FLUSH | STORE_IS_VOLATILE;
    if (!config->read_only)
        r->store.capabilities |= STORE_CAN_WRITE | STORE_CAN_FUA | STORE_CAN_UNMAP |
                                 STORE_CAN_ZERO | STORE_CAN_RESIZE;
    *ret = &r->store;
    return 0;
}

static void
ram_close(struct store *store)
{
    struct ram_store *r = (struct ram_store *)store;

    munmap(r->bytes, r->reserved);
    store_dealloc(store);
}

/* Whole pages go back to the system and read as zeroes afterwards; the edges are overwritten.
 */
static void
clear(struct ram_store *r, uint64_t offset, uint64_t length)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t end = offset + length;
    uint64_t first = round_to_pages(offset), last = end / page * page;

    /* DONTNEED fails where the process has locked its memory. */
    if (first >= last || madvise(r->bytes + first, last - first, MADV_DONTNEED) < 0) {
        memset(r->bytes + offset, 0, length);
        return;
    }
    memset(r->bytes + offset, 0, first - offset);
    memset(r->bytes + last, 0, end - last);
}

static struct store_io *
job_io(struct pool_job *job)
{
    return (struct store_io *)((char *)job - offsetof(struct store_io, job));
}

static void
clear_on_helper(struct pool_job *job)
{
    struct store_io *io = job_io(job);

    clear((struct ram_store *)io->store, io->offset, io->length);
}

static void
cleared(struct pool_job *job)
{
    store_complete(job_io(job), 0);
}

static void
ram_submit(struct store *store, struct store_io *io)
{
    struct ram_store *r = (struct ram_store *)store;

    switch (io->op) {
    case STORE_READ:
        memcpy(io->data, r->bytes + io->offset, io->length);
        break;
    case STORE_WRITE:
        memcpy(r->bytes + io->offset, io->data, io->length);
        break;
    case STORE_UNMAP:
    case STORE_ZERO:
        if (io->length > CLEAR_ON_WORKER_MAX) {
            io->job.work = clear_on_helper;
            io->job.done = cleared;
            pool_submit(store_pool(), &io->job);
            return;
        }
        clear(r, io->offset, io->length);
        break;
    case STORE_FLUSH:
    case STORE_OPS:
        break;
    }
    store_complete_later(io, 0);
}

static int
ram_resize(struct store *store, uint64_t size, struct error *err)
{
    struct ram_store *r = (struct ram_store *)store;
    uint64_t old = atomic_load(&store->size);
    uint64_t pages = round_to_pages(size);

    if (size == 0)
        return 0;
    if (size > r->reserved)
        return error_set(err, ERROR_LIMIT_EXCEEDED,
                         "'%s' can grow to %" PRIu64 " bytes: room for a ram store is reserved "
                         "when it is opened",
                         store->name, r->reserved);
    if (pages > r->mapped) {
        if (mprotect(r->bytes + r->mapped, pages - r->mapped, PROT_READ | PROT_WRITE) < 0)
            return error_set(err, ERROR_BACKEND, "cannot grow '%s' to %" PRIu64 " bytes: %m",
                             store->name, size);
        r->mapped = pages;
    }
    if (size < old) {
        atomic_store(&store->size, size);
        clear(r, size, old - size);
    } else {
        /* A write that raced with an earlier shrink may have left something here. */
        clear(r, old, size - old);
        atomic_store(&store->size, size);
    }
    return 0;
}

const struct store_type ram_store_type = {
    .name = "ram",
    .description = "in memory, lost when the daemon ends",
    .open = ram_open,
    .close = ram_close,
    .submit = ram_submit,
    .resize = ram_resize,
};
