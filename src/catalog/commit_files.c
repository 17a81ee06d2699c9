/* commit_files.c: who shares a file with whom, and who must let go of what first. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/catalog.h"
#include "catalog/commit_private.h"
#include "catalog/document.h"
#include "catalog/publish.h"

static struct backstore_change *
find_change(const struct change *change, const char *name)
{
    for (size_t i = 0; i < change->backstore_count; i++)
        if (strcmp(change->backstores[i].name, name) == 0)
            return &change->backstores[i];
    return NULL;
}

static bool
same_file(const struct disk_file *a, const struct disk_file *b)
{
    return a->exists && b->exists && a->device == b->device && a->inode == b->inode;
}

/* Two of the change's own, or one of them and a backstore that stays, with one file. */
static void
say_same_file(struct change *change, struct backstore_change *b, const char *other,
              json_t *problems)
{
    char path[128];

    if (change->is_boot) {
        error_set(&b->opening.error, ERROR_INVALID_CONFIG,
                  "'%s' is the same file as that of backstore %s",
                  b->opening.options.config.path, other);
        return;
    }
    snprintf(path, sizeof path, "/backstores/%s/path", b->name);
    document_problem(problems, path, "unique", "is the same file as that of backstore \"%s\"",
                     other);
}

static int
displace(struct change *change, const struct backstore *old)
{
    json_t *map = json_object_get(configuration()->complete, "backstores");
    void *at = json_object_iter_at(map, old->name);
    struct displaced_backstore *longer, *d;

    longer = realloc(change->displaced, (change->displaced_count + 1) * sizeof longer[0]);
    if (longer == NULL)
        return change_out_of_memory(change);
    change->displaced = longer;
    d = &longer[change->displaced_count++];
    *d = (struct displaced_backstore){.lun = old->lun, .opening.file = *disk_file_of(old->lun)};
    build_backstore_options(json_object_iter_key(at), json_object_iter_value(at),
                            &d->opening.options);
    d->name = d->opening.options.config.name;
    d->type = d->opening.options.config.type;
    d->opening.options.config.create = false;
    d->opening.options.config.existed = true;
    return 0;
}

struct file_search {
    struct change *change;
    json_t *problems;
    int result;
};

/* A file that is open: which of the change's backstores want it, too? */
static void
compare_with_open(const struct lun *lun, const char *name, const struct disk_file *file,
                  void *arg)
{
    struct file_search *search = arg;
    struct change *change = search->change;
    const struct backstore *old =
        catalog_current() == NULL ? NULL : catalog_backstore(catalog_current(), name);
    const struct backstore_change *own = find_change(change, name);
    bool stays, displaced = false;

    if (old == NULL || old->lun != lun)
        return; /* on its way out; the lock on the file decides */
    stays = json_object_get(json_object_get(change->complete, "backstores"), name) != NULL &&
            (own == NULL || own->action != BACKSTORE_OPEN);
    for (size_t i = 0; i < change->backstore_count; i++) {
        struct backstore_change *b = &change->backstores[i];
        if (b->action != BACKSTORE_OPEN || !same_file(&b->opening.file, file))
            continue;
        if (stays) {
            say_same_file(change, b, name, search->problems);
            continue;
        }
        b->waits = true;
        if (!displaced && displace(change, old) < 0)
            search->result = -1;
        displaced = true;
    }
}

static void
compare_with_each_other(struct change *change, json_t *problems)
{
    for (size_t i = 1; i < change->backstore_count; i++)
        for (size_t j = 0; j < i; j++) {
            struct backstore_change *b = &change->backstores[i];
            const struct backstore_change *other = &change->backstores[j];
            if (same_file(&b->opening.file, &other->opening.file)) {
                say_same_file(change, b, other->name, problems);
                break;
            }
        }
}

int
change_settle_files(struct change *change)
{
    json_t *problems = json_array();
    struct file_search search = {.change = change, .problems = problems};

    compare_with_each_other(change, problems);
    disk_visit(compare_with_open, &search);
    if (search.result == 0 && json_array_size(problems) > 0)
        return change_fail_problems(change, problems);
    json_decref(problems);
    return search.result;
}
