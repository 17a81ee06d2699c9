/*
 * opening.h: what a change does to stores on helpers, several at a time: look whether their
 * files are there, try to open them, open them, resize them. Main only.
 */
#ifndef CATALOG_OPENING_H
#define CATALOG_OPENING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catalog/build.h"
#include "catalog/disk.h"
#include "core/error.h"
#include "core/pool.h"

enum opening_task {
    OPENING_NOTHING, /* not this one, this time */
    OPENING_LOOK,    /* fills in `file` */
    OPENING_CHECK,   /* whether it could be opened */
    OPENING_OPEN,    /* fills in `store` */
    OPENING_RESIZE,  /* `store` to `size`; 0: to what is found */
};

struct opening_group;

/* One store. Strings in OPTIONS are borrowed, and must not change meanwhile. */
struct opening {
    enum opening_task task;
    struct backstore_options options;
    struct store *store;
    uint64_t size;
    struct store_progress *progress; /* of opening or resizing it; borrowed; or NULL */
    /* The result. */
    struct disk_file file;
    struct error error; /* code ERROR_NONE: it went well */
    /* private */
    struct pool_job job;
    struct opening_group *group;
};

struct opening_group {
    void (*done)(struct opening_group *group);
    /* private */
    unsigned waiting;
};

/* Does each one's task; GROUP->done runs once all are done, never before this has returned
 * where there is any, and at once where there is none. */
void openings_run(struct pool *pool, struct opening_group *group, struct opening **openings,
                  size_t count);

#endif
