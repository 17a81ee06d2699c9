/*
 * disk.h: the logical unit of a backstore and its open store, from opening to closing.
 *
 * A disk lives as long as somebody holds its LUN: views, and sessions with commands in flight.
 * When the last one lets go, its store is closed on a helper. Main only, unless said otherwise.
 */
#ifndef CATALOG_DISK_H
#define CATALOG_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

struct backstore_options;
struct lun;
struct pool;
struct store;
struct unit;

/* Which file is behind it. */
struct disk_file {
    bool exists;
    dev_t device;
    ino_t inode;
};

/* POOL (borrowed) closes the stores. */
void disk_layer_start(struct pool *pool);

/* Takes STORE (NULL: it is not open, the LUN answers NOT READY). A LUN with one reference, or
 * NULL: out of memory, and STORE is still the caller's. */
struct lun *disk_new(const struct backstore_options *options, const struct disk_file *file,
                     struct store *store);

const struct disk_file *disk_file_of(const struct lun *lun);

/* What its backstore keeps whatever LUN it has. Any thread. */
struct unit *disk_unit_of(const struct lun *lun);

/* Its file goes with it: what was made by a change that failed. */
void disk_remove_file(struct lun *lun);

/* Calls VISIT for each disk whose file is open. */
void disk_visit(void (*visit)(const struct lun *lun, const char *name,
                              const struct disk_file *file, void *arg),
                void *arg);

/* Calls VISIT for each disk that is open and that somebody holds: it may take a reference. */
void disk_visit_luns(void (*visit)(struct lun *lun, const char *name));

/*
 * disk_await() counts LUN's disk among those that are to be closed; call it while the caller
 * knows that LUN is still held. disk_wait() calls DONE once they are, or after TIMEOUT_MS; a
 * disk that is not closed by then is closed when its last user lets go.
 */
void disk_await(struct lun *lun);
void disk_wait(unsigned timeout_ms, void (*done)(void *arg), void *arg);

/* A reference to LUN of the disk called NAME, where somebody still holds one; NULL: nobody. */
struct lun *disk_revive(const char *name);

/* How many there are: open, or being closed. */
size_t disk_count(void);

/* At the end, after the workers have been joined: closes every disk that nobody holds any more
 * at once. Blocks. */
void disk_layer_stop(void);

#endif
