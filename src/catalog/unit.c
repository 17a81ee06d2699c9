/* unit.c: units by name, from the first disk of a backstore to its removal. */
#include "catalog/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>

#include "catalog/catalog.h"
#include "catalog/disk.h"
#include "catalog/unit_file.h"
#include "catalog/unit_modes.h"
#include "catalog/unit_reservations.h"
#include "catalog/unit_sanitize.h"
#include "core/log.h"
#include "core/pool.h"
#include "scsi/lun.h"
#include "scsi/reservations.h"
#include "scsi/sanitize.h"

/* Helpers that write unit files: not those that open and close stores, which may hang. */
#define UNIT_THREADS 4

struct unit {
    unsigned refs; /* the list's, while it is in it, and each disk's */
    char *name;
    struct unit_file *file; /* NULL: it keeps nothing */
    struct reservations *reservations;
    struct error error; /* why what it has kept is not known; code NONE: it is */
    LIST_ENTRY(unit) link;
};

/* All that have not been forgotten, by the hash of their names; main's. */
#define BUCKETS 4096
static LIST_HEAD(unit_list, unit) units[BUCKETS];
static char *folder;      /* NULL: nothing is kept; set before the first unit */
static struct pool *pool; /* … */

int
units_open(const char *state_dir, struct error *err)
{
    if (state_dir == NULL)
        return 0;
    if (asprintf(&folder, "%s/units", state_dir) < 0)
        folder = NULL;
    pool = pool_new("units", UNIT_THREADS);
    if (folder == NULL || pool == NULL)
        return error_set(err, ERROR_INTERNAL, "out of memory");
    if (mkdir(folder, 0700) < 0 && errno != EEXIST)
        return error_set(err, ERROR_PERSIST_FAILED, "cannot make the folder '%s': %m", folder);
    return 0;
}

static void
forget(struct unit *unit)
{
    LIST_REMOVE(unit, link);
    unit_unref(unit);
}

void
units_close(void)
{
    for (size_t i = 0; i < BUCKETS; i++)
        while (!LIST_EMPTY(&units[i]))
            forget(LIST_FIRST(&units[i]));
    pool_free(pool);
    pool = NULL;
    free(folder);
    folder = NULL;
}

void
unit_unref(struct unit *unit)
{
    if (unit == NULL || --unit->refs > 0)
        return;
    reservations_unref(unit->reservations);
    unit_file_free(unit->file);
    free(unit->name);
    free(unit);
}

/* FNV-1a; the names are the operator's own. */
static struct unit_list *
bucket_of(const char *name)
{
    uint32_t hash = 2166136261;

    for (; *name != '\0'; name++)
        hash = (hash ^ (uint8_t)*name) * 16777619;
    return &units[hash % BUCKETS];
}

static struct unit *
find(const char *name)
{
    struct unit *unit;

    LIST_FOREACH (unit, bucket_of(name), link)
        if (strcmp(unit->name, name) == 0)
            return unit;
    return NULL;
}

/* What it has kept comes into force; or ERROR says why not. */
static void
load(struct unit *unit)
{
    enum sanitize_mark sanitize;
    struct saved_modes modes;
    struct pr_state state;

    unit->error = (struct error){0};
    if (unit->file == NULL)
        return;
    pr_state_init(&state);
    if (unit_file_load(unit->file, &unit->error) == 0 &&
        unit_modes_load(unit->file, &modes, &unit->error) == 0 &&
        unit_sanitize_load(unit->file, &sanitize, &unit->error) == 0 &&
        unit_reservations_load(unit->file, &state, &unit->error) == 0)
        reservations_restore(unit->reservations, &state);
    pr_state_done(&state);
}

static struct unit *
unit_new(const char *name)
{
    struct unit *unit = calloc(1, sizeof *unit);

    if (unit == NULL)
        return NULL;
    unit->refs = 1;
    unit->name = strdup(name);
    unit->reservations = reservations_new();
    if (folder != NULL)
        unit->file = unit_file_new(folder, name);
    if (unit->name == NULL || unit->reservations == NULL ||
        (folder != NULL && unit->file == NULL)) {
        unit_unref(unit);
        return NULL;
    }
    LIST_INSERT_HEAD(bucket_of(name), unit, link);
    return unit;
}

struct unit *
unit_get(const char *name)
{
    struct unit *unit = find(name);

    if (unit == NULL) {
        unit = unit_new(name);
        if (unit == NULL)
            return NULL;
        load(unit);
    }
    unit->refs++;
    return unit;
}

int
unit_check(const char *name, bool is_new, struct error *err)
{
    struct unit *unit = find(name);

    if (unit == NULL) {
        unit = unit_new(name);
        if (unit == NULL)
            return error_set(err, ERROR_INTERNAL, "out of memory");
        if (is_new && unit->file != NULL) {
            unit_file_remove(unit->file);
            forget(unit);
            return 0;
        }
        load(unit);
    } else if (unit->error.code != ERROR_NONE) {
        load(unit); /* it may have been mended */
    }
    if (unit->error.code == ERROR_NONE)
        return 0;
    if (err != NULL) {
        error_set(err, ERROR_BACKEND,
                  "%.400s. It is kept as it is; who is to be kept out is not known without it",
                  unit->error.message);
    }
    return -1;
}

static void
save_work(struct pool_job *job)
{
    struct lun_save *save = (struct lun_save *)((char *)job - offsetof(struct lun_save, job));
    const struct unit *unit = disk_unit_of(save->lun);

    save->error = 0;
    if (save->reservations != NULL)
        save->error = unit_reservations_save(unit->file, save->reservations);
    if (save->error == 0 && save->modes != NULL)
        save->error = unit_modes_save(unit->file, save->modes);
    if (save->error == 0 && save->sanitize != NULL)
        save->error = unit_sanitize_save(unit->file, *save->sanitize);
    if (save->error < 0)
        log_error("catalog", "what a disk is to keep could not be saved", "path",
                  unit_file_path(unit->file), "error", strerrordesc_np(-save->error), NULL);
}

static void
save_done(struct pool_job *job)
{
    struct lun_save *save = (struct lun_save *)((char *)job - offsetof(struct lun_save, job));

    save->done(save);
}

/* Any worker. */
static void
keep(struct lun_save *save)
{
    save->job.work = save_work;
    save->job.done = save_done;
    pool_submit(pool, &save->job);
}

void
unit_attach(struct unit *unit, struct lun *lun)
{
    enum sanitize_mark sanitize;
    struct saved_modes modes;

    reservations_attach(lun, unit->reservations);
    if (unit->file == NULL)
        return;
    lun->save = keep;
    if (unit_modes_load(unit->file, &modes, NULL) == 0)
        lun_set_saved_modes(lun, &modes, true);
    if (unit_sanitize_load(unit->file, &sanitize, NULL) == 0)
        sanitize_restore(lun, sanitize);
}

void
unit_save_modes(struct lun *lun)
{
    const struct unit *unit = disk_unit_of(lun);
    const struct saved_modes modes = lun_saved_modes(lun);
    int error = unit->file == NULL ? 0 : unit_modes_save(unit->file, &modes);

    if (error < 0)
        log_error("catalog", "modes that were saved once could not be taken back", "path",
                  unit_file_path(unit->file), "error", strerrordesc_np(-error), NULL);
}

void
units_forget_others(const struct catalog *view)
{
    struct unit *unit, *next;

    for (size_t i = 0; i < BUCKETS; i++)
        for (unit = LIST_FIRST(&units[i]); unit != NULL; unit = next) {
            next = LIST_NEXT(unit, link);
            if (catalog_backstore(view, unit->name) != NULL)
                continue;
            if (unit->file != NULL)
                unit_file_remove(unit->file);
            forget(unit);
        }
}
