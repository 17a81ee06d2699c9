/*
 * lun.h: one logical unit: a store with an identity, and the nexuses that reach it.
 *
 * Shared by all workers, counted; fields are constant after lun_new() unless said otherwise.
 * The lock guards the list of nexuses, their unit attentions and what they may do, and is never
 * taken on the path of an ordinary command.
 */
#ifndef SCSI_LUN_H
#define SCSI_LUN_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "scsi/lun_save.h"
#include "scsi/nexus.h"
#include "scsi/reservations.h"

struct io_counters;
struct io_totals;
struct range_guard;
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

/* What a unit is, or is set to: bits that may change while commands run. */
enum lun_mode {
    LUN_READ_ONLY = 1 << 0,
    LUN_WRITE_CACHE = 1 << 1, /* WCE: a volatile cache that SYNCHRONIZE CACHE empties; without,
                                 every write is made stable */
    LUN_UNMAP = 1 << 2,       /* UNMAP and WRITE SAME with UNMAP are accepted (where the store
                                 can) */
    LUN_SWP = 1 << 3,         /* software write protect, by mode page */
    LUN_D_SENSE = 1 << 4,     /* sense data in descriptor format */
    LUN_TAS = 1 << 5,         /* who is aborted by another is told by TASK ABORTED */
    LUN_REMOVABLE = 1 << 6,   /* its medium can be ejected */
    LUN_LBPERE = 1 << 7,      /* it tells when its space gets short */
    LUN_ATOMIC = 1 << 8, /* below the store no write is torn: the operator vouches for it */

    /* What mode pages say, and MODE SELECT changes. */
    LUN_MODES_OF_PAGES = LUN_WRITE_CACHE | LUN_SWP | LUN_D_SENSE | LUN_TAS | LUN_LBPERE,
};

/* SBC-3 section 4.11 */
enum sanitize_state {
    SANITIZE_IDLE,    /* no sanitize operation, or the last one has succeeded */
    SANITIZE_RUNNING, /* only what has DURING_SANITIZE works */
    SANITIZE_FAILED,  /* the same, until another one succeeds or is not asked for */
};

struct lun_sanitize {
    atomic_int state;     /* enum sanitize_state; changed under the lock */
    atomic_uint progress; /* of one that runs, in 65536ths */
    bool is_unrestricted; /* the last one: may be left by EXIT FAILURE MODE. Under the lock */
};

/* What a new unit begins with. */
struct lun_attributes {
    unsigned block_size;          /* 512 or 4096 */
    unsigned modes;               /* enum lun_mode */
    unsigned physical_block_size; /* 0: the store's */
    unsigned rotation_rate;       /* VPD B1h; 0: what the store tells */
    uint64_t space_threshold;     /* bytes: its space is short with less available; 0: never */
    unsigned queue_depth;         /* commands that each nexus may have open; 0: no limit but the
                                     transport's */
};

struct lun {
    atomic_uint refs;
    struct lun_identity identity; /* under lock: see lun_identity() */
    unsigned block_size;
    atomic_uint physical_block_size, rotation_rate, queue_depth; /* see the attributes */
    atomic_uint modes;                                           /* enum lun_mode */
    atomic_uint default_modes;                                   /* … as its attributes say */
    struct saved_modes saved;          /* by MODE SELECT; under lock */
    atomic_bool is_saving;             /* one MODE SELECT at a time does */
    struct store *store;               /* NULL: could not be opened; answers NOT READY */
    void (*released)(struct lun *lun); /* the last reference is gone; any worker. Must get
                                          lun_free() called, where closing may block */
    void *owner;                       /* for RELEASED's and SAVE's use */
    /* Keeps what must survive a loss of power; NULL: nothing does. Any worker; set before the
     * first nexus. */
    void (*save)(struct lun_save *save);
    _Atomic uint64_t space_threshold; /* … and */
    atomic_bool is_short;             /* whether less is available */
    atomic_bool has_no_space;         /* nothing to speak of is; see lun_space.h */
    struct io_counters *counters;     /* one set for each worker */
    atomic_uint start_stop_cycles;    /* how often it was stopped */
    atomic_bool stopped;              /* START STOP UNIT with START=0 */
    struct range_guard *guard;        /* of its blocks; whose they are, it knows itself */
    atomic_bool ejected;              /* … and LOEJ=1; written under lock */

    pthread_mutex_t lock;
    LIST_HEAD(, nexus) nexuses;      /* under lock */
    struct port_override *overrides; /* by SET TARGET PORT GROUPS; under lock */
    size_t override_count;
    struct lun_sanitize sanitize;
    TAILQ_HEAD(, rod_token) tokens; /* rod.h; under lock, as all of it */
    unsigned token_count;
    uint64_t token_number;
    atomic_bool has_tokens;            /* that a write may revoke; read without */
    struct reservations *reservations; /* counted */
    LIST_ENTRY(lun) reservations_link; /* under its lock */
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

/* The lock, for the files of this folder. */
void lun_lock(struct lun *lun);
void lun_unlock(struct lun *lun);

/* Whether A and B stand for the same disk: a change of the configuration may give it another
 * unit, while commands still run at the one that it had. */
static inline bool
lun_is_same_disk(const struct lun *a, const struct lun *b)
{
    return a == b || a->reservations == b->reservations;
}

/* Whether any of MODES is set. */
static inline bool
lun_is(const struct lun *lun, unsigned modes)
{
    return (atomic_load_explicit(&lun->modes, memory_order_relaxed) & modes) != 0;
}

/* Those of enum lun_mode that are in MASK become as they are in VALUES, at once; returns which
 * of them were not so before. Any thread. */
unsigned lun_set_modes(struct lun *lun, unsigned mask, unsigned values);

struct lun_identity lun_identity(struct lun *lun);

/* Bytes, at least the block size. */
unsigned lun_physical_block_size(const struct lun *lun);

/*
 * Other attributes than it had, and another identity: what MODE SELECT has changed stays but
 * for what the attributes change. Each nexus hears what is no longer as it knows it. BLOCK_SIZE
 * must be what it was. True: fewer modes are saved than before. Any thread.
 */
bool lun_reconfigure(struct lun *lun, const struct lun_identity *identity,
                     const struct lun_attributes *attributes);

/* What all commands of all nexuses came to. */
void lun_totals(const struct lun *lun, struct io_totals *totals);

/* What its modes are after a reset: what is saved, else what the attributes say. */
unsigned lun_reset_modes(struct lun *lun);

/* MODES are saved from now on; with IN_FORCE, which is for a new unit, the modes are those. Any
 * thread. */
void lun_set_saved_modes(struct lun *lun, const struct saved_modes *modes, bool in_force);
struct saved_modes lun_saved_modes(struct lun *lun);

/* Size in blocks, as it is now. */
uint64_t lun_blocks(const struct lun *lun);

/* Whether the COUNT blocks from LBA on are all there. An LBA behind the last block is not, even
 * with no blocks at all. */
bool lun_has_range(const struct lun *lun, uint64_t lba, uint64_t count);

/* What its store can do (enum store_capability) and its attributes allow. Without a store
 * everything that they allow: there it is NOT READY that an initiator gets to see. */
unsigned lun_capabilities(const struct lun *lun);

/* ATTENTION for every nexus but EXCEPT, the one that caused it (NULL: for all). Any thread. */
void lun_raise(struct lun *lun, enum unit_attention attention, const struct nexus *except);

/* Takes the medium out; false where a nexus prevents that (nexus_prevent_removal()). Any
 * thread.
 */
bool lun_eject(struct lun *lun);

/* Puts it in, and starts the unit, with MEDIUM MAY HAVE CHANGED for every nexus but LOADER
 * (NULL: for all) where it was out; false where a nexus prevents that. Any thread. */
bool lun_load(struct lun *lun, const struct nexus *loader);

/*
 * LOGICAL UNIT RESET (SAM-5 section 6.3.3), once all tasks of the unit have been ended by the
 * transport: BUS DEVICE RESET FUNCTION OCCURRED for every nexus, the one that asked included,
 * what MODE SELECT has changed is as it was before, and nobody prevents the removal of the
 * medium. What RESERVE(6) or (10) began ends; registrations and persistent reservations stay.
 */
void lun_reset(struct lun *lun);

/* TARGET RESET as NEXUS has it: the same for its unit, with SCSI BUS RESET OCCURRED for NEXUS.
 * On its worker. */
void lun_bus_reset(struct nexus *nexus);

#endif
