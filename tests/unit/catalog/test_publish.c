/* test_publish.c: four workers read their catalog without pause while main publishes. */
#include <stdatomic.h>
#include <stdlib.h>

#include "catalog/catalog.h"
#include "catalog/publish.h"
#include "core/crew.h"
#include "suites.h"

#define WORKERS 4
#define ROUNDS  2000

/* A worker that looks at its catalog in every turn. */
struct reader {
    struct message begin;
    struct deferred again;
    uint64_t last;
    unsigned long reads, installs;
};
static struct reader readers[WORKERS]; /* [i] belongs to worker i until it is joined */
static uint64_t published;

static struct catalog *
make_view(uint64_t revision)
{
    struct catalog *view = calloc(1, sizeof *view);

    atomic_init(&view->refs, 1);
    view->revision = revision;
    /* Freed with the view: a reader of a freed one is caught by the sanitizers. */
    view->targets = calloc(1, sizeof view->targets[0]);
    view->targets[0] = calloc(1, sizeof *view->targets[0]);
    atomic_init(&view->targets[0]->refs, 1);
    view->targets[0]->lun_count = 0;
    view->targets[0]->parameters.max_burst_length = (uint32_t)revision * 7;
    view->target_count = 1;
    return view;
}

static void
read_again(struct deferred *d)
{
    struct reader *r = &readers[worker_id(worker_current())];
    const struct catalog *view = catalog_current();

    if (view != NULL) {
        ck_assert_uint_eq(view->targets[0]->parameters.max_burst_length,
                          (uint32_t)view->revision * 7);
        ck_assert_uint_ge(view->revision, r->last); /* never goes back */
        r->last = view->revision;
    }
    r->reads++;
    worker_defer(worker_current(), d);
}

static void
begin_to_read(struct message *m, struct worker *w)
{
    (void)m;
    worker_defer(w, &readers[worker_id(w)].again);
}

static void
count_install(struct worker *w, const struct catalog *old, const struct catalog *now)
{
    ck_assert(worker_is_current(w));
    ck_assert_ptr_eq(catalog_current(), now);
    ck_assert_uint_eq(old == NULL ? 0 : old->revision, now->revision - 1);
    readers[worker_id(w)].installs++;
}

static void
look_at_the_first(void *arg)
{
    const uint64_t *revision = arg;

    ck_assert_uint_eq(catalog_current()->revision, *revision);
}

/* Two overlap on purpose: mail is in order, so every worker ends on the newer. */
static void
next_round(void *arg)
{
    static uint64_t first;

    (void)arg;
    if (published > 0)
        ck_assert_uint_eq(catalog_current()->revision, published);
    if (published == ROUNDS) {
        worker_stop(crew_main());
        return;
    }
    first = ++published;
    ck_assert_int_eq(catalog_publish(make_view(first), look_at_the_first, &first), 0);
    ck_assert_int_eq(catalog_publish(make_view(++published), next_round, NULL), 0);
}

static void
begin(struct message *m, struct worker *w)
{
    (void)m, (void)w;
    next_round(NULL);
}

START_TEST(every_worker_sees_each_view_whole_and_in_order)
{
    struct message start = {.run = begin};

    ck_assert_int_eq(crew_new(WORKERS), 0);
    catalog_on_install(count_install);
    ck_assert_int_eq(crew_start(), 0);
    for (unsigned i = 0; i < WORKERS; i++) {
        readers[i] = (struct reader){.begin.run = begin_to_read, .again.run = read_again};
        worker_post(crew_worker(i), &readers[i].begin);
    }
    worker_post(crew_main(), &start);
    worker_run(crew_main());
    crew_stop();
    for (unsigned i = 0; i < WORKERS; i++) {
        ck_assert_uint_eq(readers[i].installs, ROUNDS);
        ck_assert_uint_gt(readers[i].reads, 0);
    }
    catalog_publish_shutdown();
    crew_free();
}
END_TEST

TCase *
publish_cases(void)
{
    TCase *t = tcase_create("publish");

    tcase_set_timeout(t, 60);
    tcase_add_test(t, every_worker_sees_each_view_whole_and_in_order);
    return t;
}
