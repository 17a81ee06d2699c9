/*
 * file.h: what the types that keep their data in a file or on a block device have in common.
 *
 * file_open.c opens, locks, measures and resizes; file_make.c makes new files; file_lock.c
 * keeps others out; file_io.c moves data with calls that block, on helpers, file_batch.c many
 * writes at a time; file_space.c knows what is allocated, and copies.
 */
#ifndef STORE_FILE_H
#define STORE_FILE_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "store/store.h"

struct file_store {
    struct store store;
    char *path;
    bool is_block, is_direct, is_sync;
    enum store_preallocate preallocate;
    dev_t file_system; /* that the file is in */

    /*
     * FD moves the data: O_DIRECT where asked for, O_EXCL on a block device. PLAIN_FD is a
     * second opening of the same file, never O_DIRECT: for what is not aligned, and for
     * flushes. Linux reports a failed writeback once to each open file, so a write with
     * RWF_DSYNC on FD cannot use up an error that a flush must report.
     */
    int fd, plain_fd;

    /* What O_DIRECT asks of addresses, and of offsets and lengths; 1 without. */
    unsigned memory_alignment, offset_alignment;

    /* Found out by trying: what the kernel or the file system turned out not to support. */
    atomic_bool no_nowait[STORE_OPS], no_dsync, no_zero_range, no_aio_flush;

    atomic_bool wrote_plain; /* something was written through the page cache */

    /* What each worker, by worker_id(), has of its own: operations in its queue (file_queue.h),
     * and writes into the page cache that wait for the batch before them. */
    struct {
        unsigned in_queue;
        bool is_writing;
        STAILQ_HEAD(, store_io) writes;
        uint64_t slow_until_ms; /* no batches before that time */
    } __attribute__((aligned(64))) on_worker[WORKERS_MAX + 1];

    /* After a failed flush the data may be gone from the page cache, and the next fdatasync()
     * would report success: the store goes on to fail flushes until it is opened again. */
    atomic_int flush_error;
    pthread_mutex_t flush_lock;
    _Atomic uint64_t flushes_begun;
};

/* What an operation on a file needs, in its own.words. */
struct __attribute__((may_alias)) file_op {
    struct iobuf *bounce; /* of io->length bytes, or NULL */
    uint64_t progress;    /* bytes moved so far */
    uint64_t for_type[8]; /* aio: its iocb */
};

static inline struct file_op *
file_op(struct store_io *io)
{
    _Static_assert(sizeof(struct file_op) <= sizeof io->own.words, "own.words is too small");
    return (struct file_op *)(void *)io->own.words;
}

/* As the table of a type wants them. With check_only *ret is untouched. */
int file_store_open(const struct store_type *type, const struct store_config *config,
                    struct file_store **ret, struct error *err);
void file_store_close(struct store *store);
int file_store_resize(struct store *store, uint64_t size, struct error *err);

/* Moves what the page cache can at once and leaves the rest to a helper. */
void file_submit(struct store *store, struct store_io *io);

/* Whether O_DIRECT can move N bytes between P and OFFSET as they are. */
bool file_is_aligned(const struct file_store *f, const uint8_t *p, uint64_t offset, uint64_t n);

/* Sets up IO's file_op: nothing moved, no bounce buffer. Before everything else. */
void file_op_start(struct store_io *io);

/* Gives IO, or what of it is left to do, to a helper. Any operation; completes it. */
void file_submit_to_helper(struct file_store *f, struct store_io *io);

/* Reads or writes what is left of IO. Blocks. 0 or a positive errno. */
int file_move(struct file_store *f, struct store_io *io);

/* Has a helper do IO, a write into the page cache, together with others of this worker. */
void file_batch_add(struct file_store *f, struct store_io *io);

/* Gives back the bounce buffer and completes IO. On its worker. */
void file_complete(struct store_io *io, int error);

/* Blocks. 0 or a positive errno; after the first failure always that. */
int file_flush(struct file_store *f);

/* A flush has failed with ERROR (positive): all that follow will. Any thread. */
void file_flush_failed(struct file_store *f, int error);

/* Has the range read as zeroes, giving back its space where possible. Blocks. 0 or a positive
 * errno. */
int file_clear(struct file_store *f, uint64_t offset, uint64_t length);

/* Operations that file_submit_to_helper() does; each blocks and gives 0 or a positive errno.
 * The others say, when F is opened, whether it can do them. */
int file_extent(struct file_store *f, struct store_io *io);
int file_prefetch(struct file_store *f, struct store_io *io);
int file_copy(struct file_store *f, struct store_io *io);
int file_space(struct file_store *f, struct store_io *io);
bool file_can_extent(const struct file_store *f);
bool file_can_prefetch(const struct file_store *f);
bool file_can_copy(const struct file_store *f);
bool file_can_space(const struct file_store *f);

/* For the tables of types: files can be copied to files in the same file system, unless their
 * space was meant to be set aside: a copy may share blocks or leave them out. */
bool file_store_can_copy(const struct store *to, const struct store *from);

/*
 * Makes the file of CONFIG, with its size, locked; on failure nothing is left of it. _check()
 * says whether that would work, without trying. file_extend() makes FD longer, from FROM to TO
 * bytes, in steps, and tells PROGRESS (may be NULL); returns 0 or a negative errno, ECANCELED
 * among them.
 */
int file_make(const struct store_config *config, int *fd, struct error *err);
int file_make_check(const struct store_config *config, struct error *err);
int file_extend(int fd, uint64_t from, uint64_t to, enum store_preallocate preallocate,
                struct store_progress *progress);

/* Keeps others out of FD as long as it is open: all of them, or with SHARED those that write.
 */
int file_lock(int fd, const char *path, bool shared, struct error *err);

#endif
