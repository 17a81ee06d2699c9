/*
 * lun.h: one logical unit: a store with an identity, and the nexuses that reach it.
 *
 * Shared by all workers, counted; fields are constant after lun_new() unless said otherwise.
 * The lock guards the list of nexuses and their unit attentions, and is never taken on the path
 * of an ordinary command.
 */
#ifndef SCSI_LUN_H
#define SCSI_LUN_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct nexus;
struct store;

/* Made once for each backstore, unique between hosts, kept in the configuration. */
struct lun_identity {
    char vendor_id[8 + 1]; /* T10 vendor, ASCII; padded with spaces when sent */
    char product_id[16 + 1];
    char product_revision[4 + 1];
    char serial[32 + 1]; /* VPD 80h */
    uint8_t naa[16];     /* VPD 83h */
    uint8_t naa_length;  /* 8 or 16 */
};

struct lun_attributes {
    unsigned block_size; /* 512 or 4096 */
    bool read_only;
    bool write_cache; /* WCE: a volatile cache that SYNCHRONIZE CACHE empties; false: every
                         write is made stable */
    bool unmap;       /* UNMAP and WRITE SAME with UNMAP are accepted (where the store can) */
};

struct lun {
    atomic_uint refs;
    struct lun_identity identity;
    struct lun_attributes attributes;
    struct store *store;               /* NULL: could not be opened; answers NOT READY */
    void (*released)(struct lun *lun); /* the last reference is gone; any worker. Must get
                                          lun_free() called, where closing may block */
    void *owner;                       /* for RELEASED's use */
    atomic_bool stopped;               /* START STOP UNIT with START=0 */

    pthread_mutex_t lock;
    LIST_HEAD(, nexus) nexuses; /* under lock */
};

/* Takes STORE (may be NULL). NULL where memory is short: then STORE is still the caller's. */
struct lun *lun_new(const struct lun_identity *identity,
                    const struct lun_attributes *attributes, struct store *store,
                    void (*released)(struct lun *lun), void *owner);
struct lun *lun_ref(struct lun *lun);
void lun_unref(struct lun *lun); /* accepts NULL */

/* Frees LUN itself, not its store, which the caller takes out before. From RELEASED or after
 * it. */
void lun_free(struct lun *lun);

/* Size in blocks, as it is now. */
uint64_t lun_blocks(const struct lun *lun);

/* Whether the COUNT blocks from LBA on are all there. An LBA behind the last block is not, even
 * with no blocks at all. */
bool lun_has_range(const struct lun *lun, uint64_t lba, uint64_t count);

/* What its store can do (enum store_capability) and its attributes allow. Without a store
 * everything that they allow: there it is NOT READY that an initiator gets to see. */
unsigned lun_capabilities(const struct lun *lun);

/* The capacity changed (main, after store_resize()): CAPACITY DATA HAS CHANGED for every nexus.
 */
void lun_capacity_changed(struct lun *lun);

/*
 * LOGICAL UNIT RESET (SAM-5 section 6.3.3), once all tasks of the unit have been ended by the
 * transport: BUS DEVICE RESET FUNCTION OCCURRED for every nexus, the one that asked included.
 */
void lun_reset(struct lun *lun);

#endif
