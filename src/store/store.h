/*
 * store.h: block I/O behind one table; what a backend provides and what its users may ask.
 *
 * A store knows offsets and bytes, no opcodes. It is used from every worker at once: an
 * operation completes on the worker that submitted it. Opening, resizing and closing may block
 * and run on a helper thread.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/counters.h"
#include "core/pool.h"
#include "core/worker.h"

struct error;
struct iobuf;
struct store;

/* What an open store can do. Nothing is advertised to initiators that is not set here. */
enum store_capability {
    STORE_CAN_WRITE = 1 << 0, /* not read-only */
    STORE_CAN_FLUSH = 1 << 1, /* STORE_FLUSH puts earlier completed writes on stable storage */
    STORE_CAN_FUA = 1 << 2,   /* a write with `fua` is on stable storage when it completes */
    STORE_CAN_UNMAP = 1 << 3, /* STORE_UNMAP gives space back; the range then reads as zeroes */
    STORE_CAN_ZERO = 1 << 4,  /* STORE_ZERO writes zeroes without a buffer */
    STORE_CAN_RESIZE = 1 << 5,   /* store_resize() may change the size */
    STORE_IS_VOLATILE = 1 << 6,  /* contents are lost with the process (ram, null) */
    STORE_CAN_EXTENT = 1 << 7,   /* STORE_EXTENT knows what is allocated */
    STORE_CAN_PREFETCH = 1 << 8, /* STORE_PREFETCH makes later reads faster */
    STORE_CAN_COPY = 1 << 9,     /* STORE_COPY to it, from some stores: store_can_copy() */
    STORE_CAN_SPACE = 1 << 10,   /* STORE_SPACE knows how much is left */
    STORE_CAN_ATOMIC =
        1 << 11, /* whatever happens, of a write all is there later, or nothing */
};

enum store_preallocate {
    STORE_PREALLOCATE_OFF,
    STORE_PREALLOCATE_FALLOC,
    STORE_PREALLOCATE_FULL
};

/* How far a call is that takes long, in bytes, and whether it is to be given up: then it fails
 * with ERROR_CANCELLED and leaves nothing behind. Any thread. */
struct store_progress {
    _Atomic uint64_t done, total;
    atomic_bool is_cancelled;
};

/* Everything any type can be told; a type ignores what is not its own. Strings are borrowed
 * during open. */
struct store_config {
    const char *type;    /* "ram", "null", "rdwr", "aio", "io_uring" */
    const char *name;    /* of the backstore, for messages */
    const char *path;    /* file or block device; NULL for ram and null */
    uint64_t size;       /* bytes; 0: what is found at PATH */
    unsigned block_size; /* logical block of the users: size, offsets and lengths are multiples;
                            512 or 4096 */
    bool read_only;
    bool create;  /* make the file where it is missing; needs size */
    bool existed; /* there was a file at PATH: where it is missing, CREATE is no way out */
    enum store_preallocate preallocate; /* of a file that is made */
    struct store_progress *progress;    /* of making it; borrowed while it is opened; or NULL */
    bool direct;                        /* O_DIRECT */
    bool sync;                          /* every write is stable when it completes */
    bool check_only; /* dry run: find out whether open would succeed; make nothing, take no lock
                        that lasts */
};

enum store_op {
    STORE_READ,
    STORE_WRITE,
    STORE_FLUSH,
    STORE_UNMAP,
    STORE_ZERO,
    STORE_EXTENT,   /* how the range is allocated, from its beginning: gives `extent` */
    STORE_PREFETCH, /* the range will be read soon: has it brought to where reads are fast. Done
                       when that is on its way */
    STORE_COPY,     /* the range becomes what `copy` says, without a buffer */
    STORE_SPACE,    /* what is taken and what is left: gives `space` */
    STORE_OPS
};

/* What begins at `offset`; what follows it may be allocated in the same way. */
struct store_extent {
    uint64_t length;   /* whole blocks, at least one and at most the length asked about */
    bool is_allocated; /* else it reads as zeroes, and to write it may need space */
};

/*
 * LENGTH bytes from FROM_OFFSET of FROM, which the caller keeps open until the copy is done.
 * FROM_OFFSET and the length are multiples of FROM's block size too. EOPNOTSUPP where this way
 * does not exist: then read and write, anew from the beginning. Nothing stops a copy that runs:
 * large ones are asked for in pieces.
 */
struct store_copy {
    struct store *from;
    uint64_t from_offset;
};

/* In bytes. AVAILABLE is what the medium has left for all its users: it may be more than the
 * store can take, or gone a moment later. */
struct store_space {
    uint64_t used, available;
};

/* One operation. The user embeds it and fills the first part; it is the store's from submit to
 * done. */
struct store_io {
    enum store_op op;
    bool fua;        /* WRITE, ZERO, UNMAP, COPY: stable when done; only where STORE_CAN_FUA */
    uint64_t offset; /* bytes */
    uint64_t length; /* bytes; READ and WRITE: at most data_capacity of the buffer. FLUSH and
                        SPACE: ignored */
    union {
        uint8_t *data; /* READ, WRITE: borrowed until done. Any alignment; 4096 avoids a copy
                          with direct */
        struct store_extent extent; /* valid in done, without an error */
        struct store_copy copy;
        struct store_space space; /* valid in done, without an error */
    };
    void (*done)(struct store_io *io); /* on the worker that submitted */

    int error; /* valid in done: 0 or a positive errno (EIO, ENOSPC, …) */

    /* private to store.c and the type */
    struct store *store;
    struct worker *worker;
    uint64_t started_us;
    struct deferred deferred;
    struct pool_job job; /* for a type's blocking part: store_submit_job() */
    struct {
        STAILQ_ENTRY(store_io) link;
        uint64_t words[10]; /* what a type needs per operation, without malloc */
    } own;
};

/* What a backend provides. One row each in types.c. */
struct store_type {
    const char *name;
    const char *description; /* one line for backstore.types */
    bool needs_path;

    /* Optional. Says why the type cannot be used on this machine: 0 or -1. Any thread. */
    int (*check)(struct error *err);

    /*
     * Opens CONFIG. Blocks: never on an I/O worker. On success sets *ret (not with check_only),
     * with `size`, `capabilities` and `physical_block_size` filled in; on failure says why,
     * with path and errno, and *ret is untouched.
     */
    int (*open)(const struct store_config *config, struct store **ret, struct error *err);
    void (*close)(struct store *store); /* blocks; no operation is in flight; frees STORE */

    /* Starts IO. Never completes it before returning: finish later by store_complete(), or
     * store_complete_later(). */
    void (*submit)(struct store *store, struct store_io *io);

    /* With STORE_CAN_COPY: whether trying to copy from FROM to TO may succeed. Any thread. */
    bool (*can_copy)(const struct store *to, const struct store *from);

    /* Optional. Changes the size to SIZE, or with 0 reads again what is there. Blocks. I/O may
     * be in flight. */
    int (*resize)(struct store *store, uint64_t size, struct error *err);

    /* Optional: what this type keeps on each worker. Called on that worker's thread. 0 or a
     * negative errno. */
    int (*worker_start)(struct worker *worker);
    void (*worker_stop)(struct worker *worker);
};

struct store {
    const struct store_type *type;
    char *name;
    _Atomic uint64_t size;           /* bytes; changed by store_resize() only */
    unsigned block_size;             /* as configured */
    unsigned physical_block_size;    /* what the medium likes; at least block_size */
    unsigned capabilities;           /* enum store_capability */
    bool made;                       /* by opening it: there was no such file before */
    struct pool_share share;         /* of the helpers */
    struct store_progress *progress; /* of a resize: set by whoever calls for one; or NULL */
    struct io_counters counters[WORKERS_MAX + 1]; /* by worker_id() */
};

/* The compiled-in types, ended by NULL; store_type_find() gives NULL where there is none. */
extern const struct store_type *const store_types[];
const struct store_type *store_type_find(const char *name);

/*
 * Starts the layer: POOL (borrowed) is where stores run blocking I/O. Main, before the workers
 * start. store_worker_start() and _stop() run on each worker's own thread.
 */
void store_layer_start(struct pool *pool);
struct pool *store_pool(void);
int store_worker_start(struct worker *worker, struct error *err);
void store_worker_stop(struct worker *worker);

/* Checks CONFIG's size rules, opens by its type. Blocks. 0 or -1. With check_only *ret is
 * untouched. */
int store_open(const struct store_config *config, struct store **ret, struct error *err);

/* Blocks. No operation may be in flight. Accepts NULL. */
void store_close(struct store *store);

/* Blocks. ERROR_NOT_SUPPORTED where the type cannot. SIZE 0: read the size again. */
int store_resize(struct store *store, uint64_t size, struct error *err);

/*
 * Starts IO on the current worker. The range must lie in the store and be a multiple of
 * block_size, and the capability for the operation must be there: both are asserted (SCSI has
 * checked; peers cannot get here wrongly). A range that lies outside because the store shrank
 * meanwhile completes with EIO, a copy from a range to one that overlaps it with EOPNOTSUPP. A
 * range that is empty completes with nothing done; EXTENT must not be asked about one.
 */
void store_submit(struct store *store, struct store_io *io);

/* Whether STORE_COPY from FROM to TO is worth trying; they may be the same. Any thread. */
bool store_can_copy(const struct store *to, const struct store *from);

/* For types, on io->worker: IO is done with ERROR (0 or a positive errno). Counts, then calls
 * io->done. */
void store_complete(struct store_io *io, int error);

/* For types that finish at once: completes at the end of this turn. */
void store_complete_later(struct store_io *io, int error);

/* For types: has WORK done by a helper, and then DONE on io->worker; both get &io->job. A store
 * whose calls hang leaves helpers for the others. */
void store_submit_job(struct store_io *io, void (*work)(struct pool_job *job),
                      void (*done)(struct pool_job *job));

/* Adds up the counters of all workers. Any thread. */
void store_totals(const struct store *store, struct io_totals *totals);

/* For types: zeroed memory for a struct that begins with struct store, cache-line aligned;
 * name, type and block size set. */
void *store_alloc(size_t size, const struct store_type *type,
                  const struct store_config *config);
void store_dealloc(struct store *store);

#endif
