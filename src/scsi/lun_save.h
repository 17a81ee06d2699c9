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

/* The one who asks fills in the first part, and keeps it until DONE. */
struct lun_save {
    struct lun *lun;
    const struct pr_state *reservations; /* NULL: they stay as they are kept */
    const struct saved_modes *modes;     /* … */
    /* On the worker that asked, never from within the asking. */
    void (*done)(struct lun_save *save);
    int error; /* 0: it is on stable storage; a negative errno: what was there still is */
    struct pool_job job; /* for who keeps it */
};

#endif
