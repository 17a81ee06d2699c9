/*
 * ram.c: a store in memory, lost with the process; takes memory only for what was written.
 *
 * All of the address space that the store may ever grow into is reserved when it is opened, so
 * that its place never changes: workers copy in and out without a lock while a helper resizes.
 * What was readable once stays mapped until close; an operation that races with a shrink
 * touches memory that is still there.
 *
 * What has been written is noted for each page: the system could tell only what is resident,
 * and that grows by reading.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/error.h"
#include "store/types.h"

/* A ram store can grow to this, or to twice its first size where that is more. */
#define RESERVE_MIN (UINT64_C(64) << 30)

/* Clearing more than this is done on a helper: giving back pages takes time. */
#define CLEAR_ON_WORKER_MAX (UINT64_C(4) << 20)

/* And copying more than this, and looking at the notes of more. */
#define COPY_ON_WORKER_MAX   (UINT64_C(1) << 20)
#define EXTENT_ON_WORKER_MAX (UINT64_C(256) << 20)

struct ram_store {
    struct store store;
    uint8_t *bytes;
    uint64_t reserved; /* address space at BYTES */
    uint64_t mapped;   /* of it, readable and writable; changed by resize only */
    unsigned page_shift;

    /*
     * For each page whether it was written and not given back. A write sets it when the bytes
     * are there, an unmap clears it before they go: in whatever order the two meet, a page that
     * holds something written is never taken for one that does not.
     */
    atomic_uchar *is_written;
};

static uint64_t
round_to_pages(uint64_t size)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

    return (size + page - 1) / page * page;
}

static int
reserve_bytes(struct ram_store *r, uint64_t size)
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
    r->bytes = p;
    if (mprotect(p, r->mapped, PROT_READ | PROT_WRITE) < 0)
        return -errno;
    madvise(p, r->reserved, MADV_DONTDUMP);
    return 0;
}

/* On failure what was reserved is the caller's to release. */
static int
reserve(struct ram_store *r, uint64_t size)
{
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    int error = reserve_bytes(r, size);
    void *p;

    if (error < 0)
        return error;
    r->page_shift = (unsigned)__builtin_ctzl((unsigned long)sysconf(_SC_PAGESIZE));
    p = mmap(NULL, r->reserved >> r->page_shift, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (p == MAP_FAILED)
        return -errno;
    madvise(p, r->reserved >> r->page_shift, MADV_DONTDUMP);
    r->is_written = p;
    return 0;
}

static void
ram_close(struct store *store)
{
    struct ram_store *r = (struct ram_store *)store;

    if (r->is_written != NULL)
        munmap(r->is_written, r->reserved >> r->page_shift);
    if (r->bytes != NULL)
        munmap(r->bytes, r->reserved);
    store_dealloc(store);
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
        ram_close(&r->store);
        errno = -error;
        return error_set(err, ERROR_BACKEND, "cannot reserve %" PRIu64 " bytes of memory: %m",
                         config->size);
    }
    if (config->check_only) {
        ram_close(&r->store);
        return 0;
    }
    atomic_init(&r->store.size, config->size);
    r->store.physical_block_size = 4096; /* of a part of a page nothing is given back */
    r->store.capabilities = STORE_CAN_FLUSH | STORE_IS_VOLATILE | STORE_CAN_EXTENT |
                            STORE_CAN_PREFETCH | STORE_CAN_SPACE;
    if (!config->read_only)
        r->store.capabilities |= STORE_CAN_WRITE | STORE_CAN_FUA | STORE_CAN_UNMAP |
                                 STORE_CAN_ZERO | STORE_CAN_RESIZE | STORE_CAN_COPY |
                                 STORE_CAN_ATOMIC;
    *ret = &r->store;
    return 0;
}

/* Notes all pages that the range touches. */
static void
note(struct ram_store *r, uint64_t offset, uint64_t length, bool is_written)
{
    uint64_t last = (offset + length - 1) >> r->page_shift;

    for (uint64_t i = offset >> r->page_shift; i <= last; i++)
        atomic_store_explicit(&r->is_written[i], is_written, memory_order_release);
}

/* Whole pages go back to the system and read as zeroes afterwards; the edges are overwritten.
 */
static void
clear(struct ram_store *r, uint64_t offset, uint64_t length)
{
    uint64_t end = offset + length;
    uint64_t first = round_to_pages(offset), last = end >> r->page_shift << r->page_shift;

    if (first < last)
        note(r, first, last - first, false);
    /* DONTNEED fails where the process has locked its memory. */
    if (first >= last || madvise(r->bytes + first, last - first, MADV_DONTNEED) < 0) {
        memset(r->bytes + offset, 0, length);
        return;
    }
    memset(r->bytes + offset, 0, first - offset);
    memset(r->bytes + last, 0, end - last);
}

static void
fill(struct ram_store *r, uint64_t offset, const uint8_t *data, uint64_t length)
{
    memcpy(r->bytes + offset, data, length);
    note(r, offset, length, true);
}

static struct store_extent
extent_of(const struct ram_store *r, uint64_t offset, uint64_t length)
{
    uint64_t i = offset >> r->page_shift, last = (offset + length - 1) >> r->page_shift;
    bool first = atomic_load_explicit(&r->is_written[i], memory_order_acquire);

    do
        i++;
    while (i <= last && first == atomic_load_explicit(&r->is_written[i], memory_order_acquire));
    if (i <= last)
        length = (i << r->page_shift) - offset;
    return (struct store_extent){length, first};
}

/* What was never written there is given back here: a copy takes no more memory than what it is
 * a copy of. */
static void
copy(struct ram_store *r, const struct store_io *io)
{
    struct ram_store *from = (struct ram_store *)io->copy.from;
    uint64_t offset = io->copy.from_offset;

    for (uint64_t moved = 0; moved < io->length;) {
        struct store_extent e = extent_of(from, offset + moved, io->length - moved);

        if (e.is_allocated)
            fill(r, io->offset + moved, from->bytes + offset + moved, e.length);
        else
            clear(r, io->offset + moved, e.length);
        moved += e.length;
    }
}

static bool
ram_can_copy(const struct store *to, const struct store *from)
{
    return from->type == to->type;
}

/* What the machine could still give, as the kernel estimates it. */
static uint64_t
available_memory(void)
{
    FILE *file = fopen("/proc/meminfo", "re");
    unsigned long long kib = 0;
    char line[128];

    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1)
            break;
    if (file != NULL)
        fclose(file);
    return (uint64_t)kib << 10;
}

static struct store_space
space_of(const struct ram_store *r)
{
    uint64_t size = atomic_load(&r->store.size), used = 0;

    for (uint64_t at = 0; at < size;) {
        struct store_extent e = extent_of(r, at, size - at);

        used += e.is_allocated ? e.length : 0;
        at += e.length;
    }
    return (struct store_space){used, available_memory()};
}

/* What IO does. */
static void
carry_out(struct ram_store *r, struct store_io *io)
{
    switch (io->op) {
    case STORE_READ:
        memcpy(io->data, r->bytes + io->offset, io->length);
        break;
    case STORE_WRITE:
        fill(r, io->offset, io->data, io->length);
        break;
    case STORE_UNMAP:
        clear(r, io->offset, io->length);
        break;
    case STORE_ZERO: /* written all the same, so far as users are concerned */
        clear(r, io->offset, io->length);
        note(r, io->offset, io->length, true);
        break;
    case STORE_EXTENT:
        io->extent = extent_of(r, io->offset, io->length);
        break;
    case STORE_COPY:
        copy(r, io);
        break;
    case STORE_SPACE:
        io->space = space_of(r);
        break;
    case STORE_FLUSH:
    case STORE_PREFETCH:
    case STORE_OPS:
        break;
    }
}

/* What takes longer goes to a helper, by its length. An absent entry never does. */
static const uint64_t on_worker_max[STORE_OPS] = {
    [STORE_UNMAP] = CLEAR_ON_WORKER_MAX,
    [STORE_ZERO] = CLEAR_ON_WORKER_MAX,
    [STORE_EXTENT] = EXTENT_ON_WORKER_MAX,
    [STORE_COPY] = COPY_ON_WORKER_MAX,
};

static struct store_io *
job_io(struct pool_job *job)
{
    return (struct store_io *)((char *)job - offsetof(struct store_io, job));
}

static void
work(struct pool_job *job)
{
    struct store_io *io = job_io(job);

    carry_out((struct ram_store *)io->store, io);
}

static void
worked(struct pool_job *job)
{
    store_complete(job_io(job), 0);
}

static void
ram_submit(struct store *store, struct store_io *io)
{
    uint64_t max = on_worker_max[io->op];

    if (io->op == STORE_SPACE || (max != 0 && io->length > max)) {
        store_submit_job(io, work, worked);
        return;
    }
    carry_out((struct ram_store *)store, io);
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
    .can_copy = ram_can_copy,
    .resize = ram_resize,
};
