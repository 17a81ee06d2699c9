/* test_catalog.c: lookups in a view made by hand, who may log in, and references. */
#include <stdlib.h>
#include <string.h>

#include "catalog/access.h"
#include "catalog/catalog.h"
#include "core/counters.h"
#include "core/network.h"
#include "suites.h"

#define FIRST  "iqn.2026-01.org.example:alpha"
#define SECOND "iqn.2026-01.org.example:beta"

static struct catalog *view;

static struct backstore *
make_backstore(const char *name)
{
    struct backstore *b = calloc(1, sizeof *b);

    atomic_init(&b->refs, 1);
    b->name = strdup(name);
    b->type = strdup("ram");
    return b;
}

static struct target *
make_target(const char *name)
{
    struct target *t = calloc(1, sizeof *t);

    atomic_init(&t->refs, 1);
    t->name = strdup(name);
    return t;
}

static struct portal_group *
make_group(uint16_t tag)
{
    struct portal_group *g = calloc(1, sizeof *g);

    atomic_init(&g->refs, 1);
    g->tag = tag;
    return g;
}

static void
add_lun(struct target *t, uint16_t number, bool enabled, struct backstore *b)
{
    t->luns = realloc(t->luns, (t->lun_count + 1) * sizeof t->luns[0]);
    t->luns[t->lun_count++] = (struct lun_export){.number = number,
                                                  .enabled = enabled,
                                                  .backstore = backstore_ref(b),
                                                  .counters = export_counters_new()};
}

static void
setup(void)
{
    view = calloc(1, sizeof *view);
    atomic_init(&view->refs, 1);
    view->backstores = calloc(2, sizeof view->backstores[0]);
    view->backstores[view->backstore_count++] = make_backstore("disk0");
    view->backstores[view->backstore_count++] = make_backstore("disk1");
    view->targets = calloc(2, sizeof view->targets[0]);
    view->targets[view->target_count++] = make_target(FIRST);
    view->targets[view->target_count++] = make_target(SECOND);
    view->portal_groups = calloc(2, sizeof view->portal_groups[0]);
    view->portal_groups[view->portal_group_count++] = make_group(1);
    view->portal_groups[view->portal_group_count++] = make_group(65535);
    add_lun(view->targets[0], 0, true, view->backstores[0]);
    add_lun(view->targets[0], 7, false, view->backstores[1]);
    add_lun(view->targets[0], 16383, true, view->backstores[1]);
}

static void
teardown(void)
{
    catalog_unref(view);
}

static const struct {
    const char *name;
    int index; /* -1: not there */
} target_names[] = {
    {FIRST, 0},
    {SECOND, 1},
    {"IQN.2026-01.ORG.EXAMPLE:ALPHA", 0},
    {"", -1},
    {FIRST "\xc3\xa9", -1},
    {"iqn.2026-01.org.example:alph", -1},
};

START_TEST(a_target_is_found_by_its_name_without_regard_to_case)
{
    struct target *found = catalog_target(view, target_names[_i].name);

    if (target_names[_i].index < 0)
        ck_assert_ptr_null(found);
    else
        ck_assert_ptr_eq(found, view->targets[target_names[_i].index]);
}
END_TEST

START_TEST(backstores_and_portal_groups_are_found)
{
    ck_assert_ptr_eq(catalog_backstore(view, "disk1"), view->backstores[1]);
    ck_assert_ptr_null(catalog_backstore(view, "DISK1"));
    ck_assert_ptr_eq(catalog_portal_group(view, 65535), view->portal_groups[1]);
    ck_assert_ptr_null(catalog_portal_group(view, 2));
}
END_TEST

START_TEST(an_empty_view_finds_nothing)
{
    const struct catalog empty = {0};
    const struct target bare = {0};
    const struct ip_address nowhere = {0};

    ck_assert_ptr_null(catalog_target(&empty, FIRST));
    ck_assert_ptr_null(catalog_backstore(&empty, "disk0"));
    ck_assert_ptr_null(catalog_portal_group(&empty, 1));
    ck_assert_ptr_null(target_lun(&bare, 0));
    ck_assert(!target_has_portal_group(&bare, 1));
    ck_assert_ptr_null(access_entry(&bare, FIRST, &nowhere));
}
END_TEST

START_TEST(a_lun_that_is_not_enabled_is_not_there)
{
    const struct target *t = view->targets[0];

    ck_assert_ptr_eq(target_lun(t, 0), &t->luns[0]);
    ck_assert_ptr_eq(target_lun(t, 16383), &t->luns[2]);
    ck_assert_ptr_null(target_lun(t, 7));
    ck_assert_ptr_null(target_lun(t, 1));
}
END_TEST

START_TEST(a_target_is_reached_through_its_portal_groups_only)
{
    struct target_port_group groups[] = {{.tag = 1}, {.tag = 5}, {.tag = 9}};
    const struct target t = {.portal_groups = groups, .portal_group_count = 3};

    ck_assert(target_has_portal_group(&t, 1));
    ck_assert(target_has_portal_group(&t, 9));
    ck_assert(!target_has_portal_group(&t, 2));
}
END_TEST

START_TEST(what_a_newer_view_shares_outlives_the_older_one)
{
    struct target *kept = target_ref(view->targets[0]);

    catalog_unref(view);
    view = NULL;
    ck_assert_str_eq(kept->luns[2].backstore->name, "disk1");
    ck_assert_str_eq(kept->name, FIRST);
    target_unref(kept);
}
END_TEST

START_TEST(counters_of_an_export_are_added_up_over_workers)
{
    struct export_counters *counters = view->targets[0]->luns[0].counters;
    struct worker *first = worker_new(0), *last = worker_new(WORKERS_MAX);
    struct io_totals totals = {0};

    counter_add(&export_counters_of(counters, first)->read_ops, 2);
    counter_add(&export_counters_of(counters, last)->read_ops, 3);
    export_counters_total(counters, &totals);
    ck_assert_uint_eq(totals.read_ops, 5);
    worker_free(first);
    worker_free(last);
}
END_TEST

TCase *
catalog_cases(void)
{
    TCase *t = tcase_create("catalog");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, a_target_is_found_by_its_name_without_regard_to_case, 0,
                        sizeof target_names / sizeof target_names[0]);
    tcase_add_test(t, backstores_and_portal_groups_are_found);
    tcase_add_test(t, an_empty_view_finds_nothing);
    tcase_add_test(t, a_lun_that_is_not_enabled_is_not_there);
    tcase_add_test(t, a_target_is_reached_through_its_portal_groups_only);
    tcase_add_test(t, what_a_newer_view_shares_outlives_the_older_one);
    tcase_add_test(t, counters_of_an_export_are_added_up_over_workers);
    return t;
}
