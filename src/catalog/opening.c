/* opening.c: blocking calls on stores, on helpers. */
#include "catalog/opening.h"

#include <sys/stat.h>

static void
look(struct opening *o)
{
    struct stat st;

    o->file = (struct disk_file){0};
    if (o->options.config.path == NULL || stat(o->options.config.path, &st) < 0)
        return;
    o->file = (struct disk_file){.exists = true, .device = st.st_dev, .inode = st.st_ino};
    if (S_ISBLK(st.st_mode)) /* one device may have several names */
        o->file = (struct disk_file){.exists = true, .device = 0, .inode = st.st_rdev};
}

static void
check(struct opening *o)
{
    struct store_config config = o->options.config;
    struct store *none = NULL;

    config.check_only = true;
    (void)store_open(&config, &none, &o->error);
}

/* A file that this makes is looked at again, so that others are known to be the same. */
static void
open_store(struct opening *o)
{
    bool was_there = o->file.exists;

    o->options.config.progress = o->progress;
    if (store_open(&o->options.config, &o->store, &o->error) == 0 && !was_there)
        look(o);
}

static void
resize(struct opening *o)
{
    o->store->progress = o->progress;
    (void)store_resize(o->store, o->size, &o->error);
    o->store->progress = NULL;
}

static void
work(struct pool_job *job)
{
    static void (*const tasks[])(struct opening *) = {
        [OPENING_LOOK] = look,
        [OPENING_CHECK] = check,
        [OPENING_OPEN] = open_store,
        [OPENING_RESIZE] = resize,
    };
    struct opening *o = (struct opening *)((char *)job - offsetof(struct opening, job));

    tasks[o->task](o);
}

static void
worked(struct pool_job *job)
{
    struct opening *o = (struct opening *)((char *)job - offsetof(struct opening, job));

    if (--o->group->waiting == 0)
        o->group->done(o->group);
}

void
openings_run(struct pool *pool, struct opening_group *group, struct opening **openings,
             size_t count)
{
    group->waiting = 1; /* this call: where no thread can be started, jobs are done at once */
    for (size_t i = 0; i < count; i++) {
        struct opening *o = openings[i];
        if (o->task == OPENING_NOTHING)
            continue;
        o->error = (struct error){0};
        o->job.work = work;
        o->job.done = worked;
        o->group = group;
        group->waiting++;
        pool_submit(pool, &o->job);
    }
    if (--group->waiting == 0)
        group->done(group);
}
