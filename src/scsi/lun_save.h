/* lun_save.h: what of a unit survives a loss of power, on its way to whoever keeps it. */
#ifndef SCSI_LUN_SAVE_H
#define SCSI_LUN_SAVE_H

#include "core/pool.h"

struct lun;
struct pr_state;

/* Modes (enum lun_mode) that MODE SELECT has saved; those that are not in MASK are as the
 * attributes say. */
struct saved_modes {
    unsigned mask, values;
};

/* That a sanitize operation has begun and not ended well, and whether its failure may be left
 * (lun.h). */
enum sanitize_mark {
    SANITIZE_MARK_NONE,
    SANITIZE_MARK_RESTRICTED,
    SANITIZE_MARK_UNRESTRICTED,
};

/* The one who asks fills in the first part, and keeps it until DONE. */
struct lun_save {
    struct lun *lun;
    const struct pr_state *reservations; /* NULL: they stay as they are kept */
    const struct saved_modes *modes;     /* … */
    const enum sanitize_mark *sanitize;  /* … */
    /* On the worker that asked, never from within the asking. */
    void (*done)(struct lun_save *save);
    int error; /* 0: it is on stable storage; a negative errno: what was there still is */
    struct pool_job job; /* for who keeps it */
};

#endif
