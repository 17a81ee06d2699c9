/* unit_file.c: loading and saving what a disk keeps. */
#include "catalog/unit_file.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "catalog/stable_file.h"
#include "core/cleanup.h"
#include "core/error.h"
#include "core/log.h"

#define VERSION 1

struct unit_file {
    char *folder, *path, *beside;
    pthread_mutex_t lock; /* held while the file is written: one put at a time */
    json_t *members;      /* without "version"; under lock */
    bool is_wrong;        /* what is there must not be overwritten; under lock */
    bool is_removed;      /* … */
};

struct unit_file *
unit_file_new(const char *folder, const char *name)
{
    struct unit_file *u = calloc(1, sizeof *u);

    if (u == NULL)
        return NULL;
    pthread_mutex_init(&u->lock, NULL);
    u->folder = strdup(folder);
    if (asprintf(&u->path, "%s/%s.json", folder, name) < 0)
        u->path = NULL;
    if (asprintf(&u->beside, "%s/%s.json.new", folder, name) < 0)
        u->beside = NULL;
    u->members = json_object();
    if (u->folder != NULL && u->path != NULL && u->beside != NULL && u->members != NULL)
        return u;
    unit_file_free(u);
    return NULL;
}

void
unit_file_free(struct unit_file *u)
{
    if (u == NULL)
        return;
    json_decref(u->members);
    pthread_mutex_destroy(&u->lock);
    free(u->folder);
    free(u->path);
    free(u->beside);
    free(u);
}

const char *
unit_file_path(const struct unit_file *u)
{
    return u->path;
}

static int
check_version(const struct unit_file *u, const json_t *whole, struct error *err)
{
    const json_t *version = json_object_get(whole, "version");

    if (!json_is_object(whole) || !json_is_integer(version))
        return error_set(err, ERROR_INVALID_CONFIG, "'%s' is damaged: it has no version",
                         u->path);
    if (json_integer_value(version) != VERSION)
        return error_set(err, ERROR_INVALID_CONFIG,
                         "'%s' is of version %lld, written by a newer program; this one knows "
                         "version %d",
                         u->path, (long long)json_integer_value(version), VERSION);
    return 0;
}

int
unit_file_load(struct unit_file *u, struct error *err)
{
    json_t *whole = NULL;
    int result = stable_file_read(u->path, "damaged", &whole, err);

    if (result == -1 && errno == ENOENT) {
        result = 0;
        whole = json_object();
        if (err != NULL)
            *err = (struct error){0};
    } else if (result == 0) {
        result = check_version(u, whole, err);
    }
    pthread_mutex_lock(&u->lock);
    u->is_wrong = result < 0;
    if (result == 0) {
        json_object_del(whole, "version");
        json_decref(u->members);
        u->members = json_incref(whole);
    }
    pthread_mutex_unlock(&u->lock);
    json_decref(whole);
    return result < 0 ? -1 : 0;
}

json_t *
unit_file_get(struct unit_file *u, const char *member)
{
    json_t *value;

    pthread_mutex_lock(&u->lock);
    value = json_incref(json_object_get(u->members, member));
    pthread_mutex_unlock(&u->lock);
    return value;
}

/* Under the lock: MEMBERS are in the file, or there is none for want of any. */
static int
write_members(const struct unit_file *u, const json_t *members)
{
    json_t *whole;
    int result;

    if (json_object_size(members) == 0) {
        if (unlink(u->path) < 0 && errno != ENOENT)
            return -errno;
        return stable_folder_sync(u->folder);
    }
    whole = json_pack("{s:i}", "version", VERSION);
    result = whole == NULL || json_object_update(whole, (json_t *)(uintptr_t)members) < 0
                 ? -ENOMEM
                 : stable_file_write(u->beside, whole);
    json_decref(whole);
    if (result == 0 && rename(u->beside, u->path) < 0)
        result = -errno;
    if (result < 0)
        (void)unlink(u->beside);
    return result == 0 ? stable_folder_sync(u->folder) : result;
}

/* Under the lock. */
static int
put(struct unit_file *u, json_t *members)
{
    int result;

    if (u->is_removed)
        return -ENOENT;
    if (u->is_wrong)
        return -EUCLEAN;
    result = write_members(u, members);
    if (result < 0) { /* the new one may have its name already, though not for sure */
        if (write_members(u, u->members) < 0)
            log_error("catalog", "what a disk keeps could not be put back", "path", u->path,
                      NULL);
        return result;
    }
    json_decref(u->members);
    u->members = json_incref(members);
    return 0;
}

int
unit_file_put(struct unit_file *u, const char *member, json_t *value)
{
    json_t *members;
    int result = -ENOMEM;

    pthread_mutex_lock(&u->lock);
    members = json_copy(u->members);
    if (members != NULL && value == NULL)
        json_object_del(members, member);
    if (members != NULL && (value == NULL || json_object_set(members, member, value) == 0))
        result = json_equal(members, u->members) && !u->is_wrong && !u->is_removed
                     ? 0
                     : put(u, members);
    json_decref(members);
    json_decref(value);
    pthread_mutex_unlock(&u->lock);
    return result;
}

void
unit_file_distrust(struct unit_file *u)
{
    pthread_mutex_lock(&u->lock);
    u->is_wrong = true;
    pthread_mutex_unlock(&u->lock);
}

void
unit_file_remove(struct unit_file *u)
{
    pthread_mutex_lock(&u->lock);
    u->is_removed = true;
    json_object_clear(u->members);
    if (unlink(u->path) == 0)
        (void)stable_folder_sync(u->folder);
    else if (errno != ENOENT)
        log_warning("catalog", "what a disk had kept could not be removed", "path", u->path,
                    "error", strerrordesc_np(errno), NULL);
    pthread_mutex_unlock(&u->lock);
}
