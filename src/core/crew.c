/* crew.c: the workers of this process, and broadcasts to them. */
#include "core/crew.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>

/* There is one crew in a process: it is what "every worker" means. Changed only while none
 * runs. */
static struct worker *main_worker;
static struct worker *workers[WORKERS_MAX];
static unsigned worker_count, started_count;

int
crew_new(unsigned n)
{
    assert(main_worker == NULL && n >= 1 && n <= WORKERS_MAX);
    main_worker = worker_new(WORKERS_MAX);
    if (main_worker == NULL)
        return -ENOMEM;
    for (worker_count = 0; worker_count < n; worker_count++) {
        workers[worker_count] = worker_new(worker_count);
        if (workers[worker_count] == NULL) {
            crew_free();
            return -ENOMEM;
        }
    }
    return 0;
}

int
crew_start(void)
{
    for (started_count = 0; started_count < worker_count; started_count++) {
        int error = worker_start(workers[started_count]);
        if (error < 0) {
            crew_stop();
            return error;
        }
    }
    return 0;
}

void
crew_stop(void)
{
    for (unsigned i = 0; i < started_count; i++)
        worker_stop(workers[i]);
    for (unsigned i = 0; i < started_count; i++)
        worker_join(workers[i]);
    started_count = 0;
}

void
crew_free(void)
{
    for (unsigned i = 0; i < worker_count; i++) {
        worker_free(workers[i]);
        workers[i] = NULL;
    }
    worker_count = 0;
    worker_free(main_worker);
    main_worker = NULL;
}

struct worker *
crew_main(void)
{
    return main_worker;
}

unsigned
crew_size(void)
{
    return worker_count;
}

struct worker *
crew_worker(unsigned i)
{
    assert(i < worker_count);
    return workers[i];
}

static struct broadcast_part *
part_of(struct message *m)
{
    return (struct broadcast_part *)((char *)m - offsetof(struct broadcast_part, message));
}

static void
count_answer(struct message *m, struct worker *w)
{
    struct broadcast *b = part_of(m)->of;

    (void)w;
    if (--b->waiting == 0)
        b->done(b);
}

static void
run_part(struct message *m, struct worker *w)
{
    struct broadcast_part *part = part_of(m);

    part->of->work(part, w);
}

void
broadcast_start(struct broadcast *b)
{
    b->from = worker_current();
    assert(b->from != NULL);
    b->waiting = worker_count;
    for (unsigned i = 0; i < worker_count; i++) {
        b->parts[i] = (struct broadcast_part){.message.run = run_part, .of = b};
        worker_post(workers[i], &b->parts[i].message);
    }
}

void
broadcast_answer(struct broadcast_part *part)
{
    part->message.run = count_answer; /* the same message carries the answer back */
    worker_post(part->of->from, &part->message);
}
