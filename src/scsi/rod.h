/*
 * rod.h: the ROD tokens of a unit (SPC-4 section 5.16.6): who has one may have its blocks
 * copied as they were when it was made.
 *
 * A token is of the type "point in time copy - change vulnerable": no block is kept for it.
 * Whatever writes to its blocks revokes it first, and whoever copies looks after each read
 * whether it still holds. That costs a write one relaxed load while the unit has no token: to
 * make one takes its blocks alone (range_guard.h), so that all who write after that see it.
 *
 * A unit has at most ROD_TOKENS_MAX; the oldest goes for a new one. Any thread.
 */
#ifndef SCSI_ROD_H
#define SCSI_ROD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scsi/lun.h"

enum { ROD_TOKENS_MAX = 64, ROD_RANGES_MAX = 64, ROD_SECRET_BYTES = 32 };

/* Seconds without use. */
enum { ROD_TIMEOUT_DEFAULT = 30, ROD_TIMEOUT_MAX = 300 };

/* The most bytes that a token stands for, and that are written by one. */
#define ROD_BYTES_MAX (64u << 20)

struct rod_range {
    uint64_t lba, count;
};

enum rod_state { ROD_VALID, ROD_UNKNOWN, ROD_REVOKED, ROD_EXPIRED };

/* What a token stands for. */
struct rod {
    uint8_t secret[ROD_SECRET_BYTES]; /* nobody can guess it */
    uint64_t number;                  /* of the unit's tokens */
    uint64_t blocks;                  /* of all ranges */
    size_t range_count;
    struct rod_range ranges[ROD_RANGES_MAX];
};

/* Makes a token of ROD's ranges, fills in the rest. Whoever calls has the blocks alone. 0 or a
 * negative errno. */
int rod_create(struct lun *lun, struct rod *rod, unsigned timeout_seconds);

/* Fills in *ROD where the token with SECRET is valid: then it is in use until rod_used(). */
enum rod_state rod_use(struct lun *lun, const uint8_t secret[ROD_SECRET_BYTES],
                       struct rod *rod);
void rod_used(struct lun *lun, const uint8_t secret[ROD_SECRET_BYTES]);

/* Whether it still is. */
bool rod_is_valid(struct lun *lun, const uint8_t secret[ROD_SECRET_BYTES]);
void rod_delete(struct lun *lun, const uint8_t secret[ROD_SECRET_BYTES]);

/* Before the COUNT blocks from LBA on are changed: by who has a claim on them. */
void rod_revoke(struct lun *lun, uint64_t lba, uint64_t count);

static inline void
rod_written(struct lun *lun, uint64_t lba, uint64_t count)
{
    if (atomic_load_explicit(&lun->has_tokens, memory_order_relaxed))
        rod_revoke(lun, lba, count);
}

/* The end of the unit. */
void rods_free(struct lun *lun);

#endif
