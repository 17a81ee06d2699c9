/* publish.c: one message to each worker, which swaps its pointer and answers. */
#include "catalog/publish.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "catalog/catalog.h"
#include "core/crew.h"

struct publication {
    struct broadcast broadcast;
    struct catalog *next;
    void (*done)(void *arg);
    void *arg;
};

/* Each worker's pointer, by worker_id(): read and swapped by that worker only. */
static struct catalog *installed[WORKERS_MAX + 1];

/* Who wants to know of a swap; set before the first publication, so it needs no lock. */
static void (*on_install)(struct worker *worker, const struct catalog *old,
                          const struct catalog *now);

const struct catalog *
catalog_current(void)
{
    const struct worker *worker = worker_current();

    assert(worker != NULL);
    return installed[worker_id(worker)];
}

void
catalog_on_install(void (*hook)(struct worker *worker, const struct catalog *old,
                                const struct catalog *now))
{
    on_install = hook;
}

static struct publication *
publication_of(struct broadcast *b)
{
    return (struct publication *)((char *)b - offsetof(struct publication, broadcast));
}

static void
install_on_worker(struct broadcast_part *part, struct worker *w)
{
    struct catalog *next = publication_of(part->of)->next;
    struct catalog *old = installed[worker_id(w)];

    installed[worker_id(w)] = catalog_ref(next);
    if (on_install != NULL)
        on_install(w, old, next);
    catalog_unref(old);
    broadcast_answer(part);
}

/* Messages arrive in order, so publications end in the order they were made in, and main never
 * goes back either. */
static void
installed_everywhere(struct broadcast *b)
{
    struct publication *p = publication_of(b);
    struct catalog *old = installed[WORKERS_MAX];

    installed[WORKERS_MAX] = p->next;
    catalog_unref(old);
    p->done(p->arg);
    free(p);
}

int
catalog_publish(struct catalog *next, void (*done)(void *arg), void *arg)
{
    struct publication *p = calloc(1, sizeof *p);

    assert(worker_is_current(crew_main()));
    if (p == NULL)
        return -ENOMEM;
    p->broadcast.work = install_on_worker;
    p->broadcast.done = installed_everywhere;
    p->next = next;
    p->done = done;
    p->arg = arg;
    broadcast_start(&p->broadcast);
    return 0;
}

void
catalog_publish_shutdown(void)
{
    for (size_t i = 0; i <= WORKERS_MAX; i++) {
        catalog_unref(installed[i]);
        installed[i] = NULL;
    }
}
