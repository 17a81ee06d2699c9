/* test_build.c: views made of documents; what did not change is shared. */
#include <stdio.h>
#include <string.h>

#include "catalog/build.h"
#include "catalog/catalog.h"
#include "catalog/credentials.h"
#include "catalog/document.h"
#include "catalog/schema.h"
#include "core/counters.h"
#include "core/error.h"
#include "documents.h"
#include "suites.h"

#define A "iqn.2026-01.org.example:a"
#define B "iqn.2026-01.org.example:b"

static json_t *document;        /* complete */
static struct catalog *view;    /* of it */
static struct backstore *d, *e; /* the view's */

static const char *const base =
    "{'portal_groups':{'10':{'portals':[{'address':'::1'}]},"
    "'9':{'portals':[{'address':'127.0.0.1','port':99}]}},"
    "'backstores':{'e':{'type':'null','size':512},'d':{'type':'ram','size':4096}},"
    "'targets':{'" B "':{'portal_groups':[10,9],'luns':{'1':{'backstore':'e'}}},"
    "'" A "':{'portal_groups':[9],'alias':'first','acls':{'*':{},"
    "'iqn.2026-01.b:i':{'auth':{'user':'u','secret':'twelve bytes','mutual_user':'m',"
    "'mutual_secret':'twelve others','algorithms':['sha1','sha3-256']}}},"
    "'parameters':{'data_digest':['crc32c'],'max_burst_length':4096},"
    "'luns':{'10':{'backstore':'d','read_only':true},'9':{'backstore':'e'}}}},"
    "'discovery':{'auth':{'user':'v','secret':'a secret for it'}}}";

static json_t *
complete_of(const char *text)
{
    json_t *given = json_of(text), *complete = document_complete(given);

    json_decref(given);
    return complete;
}

static void
setup(void)
{
    struct error err = {0};
    struct backstore *fresh[2];

    ck_assert_msg(schema_load(&err) == 0, "%s", err.message);
    document = complete_of(base);
    fresh[0] = e = build_backstore("e", "null", NULL, NULL);
    fresh[1] = d = build_backstore("d", "ram", NULL, NULL);
    view = build_catalog(
        &(struct build){.document = document, .revision = 5, .fresh = fresh, .fresh_count = 2});
    backstore_unref(d);
    backstore_unref(e);
}

static void
teardown(void)
{
    catalog_unref(view);
    json_decref(document);
    schema_unload();
}

START_TEST(a_view_knows_what_must_be_proved)
{
    const struct target *t = catalog_target(view, A);
    const struct chap_credentials *own = t->acls[0].auth;

    ck_assert_ptr_null(t->acls[1].auth);
    ck_assert_str_eq(own->user, "u");
    ck_assert_str_eq(own->secret, "twelve bytes");
    ck_assert_str_eq(own->mutual_user, "m");
    ck_assert_str_eq(own->mutual_secret, "twelve others");
    ck_assert_uint_eq(own->algorithms, CHAP_ALLOW_SHA1 | CHAP_ALLOW_SHA3_256);
    ck_assert_str_eq(view->discovery_auth->user, "v");
    ck_assert_ptr_null(view->discovery_auth->mutual_user);
    ck_assert_uint_eq(view->discovery_auth->algorithms, CHAP_ALLOW_MD5 | CHAP_ALLOW_SHA1 |
                                                            CHAP_ALLOW_SHA256 |
                                                            CHAP_ALLOW_SHA3_256);
}
END_TEST

START_TEST(a_view_has_what_its_document_says_in_order)
{
    const struct target *t = catalog_target(view, A);

    ck_assert_uint_eq(view->revision, 5);
    ck_assert_str_eq(view->targets[0]->name, A);
    ck_assert_uint_eq(view->portal_groups[0]->tag, 9);
    ck_assert_uint_eq(view->portal_groups[1]->portals[0].port, 3260);
    ck_assert_str_eq(view->portal_groups[1]->portals[0].address, "::1");
    ck_assert_ptr_eq(catalog_backstore(view, "d"), d);
    ck_assert_str_eq(t->alias, "first");
    ck_assert(t->enabled);
    ck_assert_uint_eq(t->luns[0].number, 9);
    ck_assert(t->luns[1].read_only);
    ck_assert_ptr_eq(t->luns[1].backstore, d);
    ck_assert_str_eq(t->acls[1].initiator, "*");
    ck_assert_uint_eq(catalog_target(view, B)->portal_groups[0].tag, 9);
    ck_assert_uint_eq(catalog_target(view, B)->portal_groups[1].tag, 10);
}
END_TEST

START_TEST(a_redirect_is_written_as_a_target_address)
{
    json_t *complete = complete_of(
        "{'portal_groups':{'1':{'portals':[{'address':'::1'}],'redirect':{'address':'host'}},"
        "'2':{'portals':[{'address':'::1','port':9}]}},'targets':{'" A
        "':{'redirect':{'address':'2001:db8::7','port':860,'permanent':true}},'" B "':{}}}");
    struct catalog *c = build_catalog(&(struct build){.document = complete, .revision = 1});

    ck_assert_str_eq(catalog_portal_group(c, 1)->redirect->address, "host:3260");
    ck_assert(!catalog_portal_group(c, 1)->redirect->is_permanent);
    ck_assert_ptr_null(catalog_portal_group(c, 2)->redirect);
    ck_assert_str_eq(catalog_target(c, A)->redirect->address, "[2001:db8::7]:860");
    ck_assert(catalog_target(c, A)->redirect->is_permanent);
    ck_assert_ptr_null(catalog_target(c, B)->redirect);
    catalog_unref(c);
    json_decref(complete);
}
END_TEST

START_TEST(parameters_have_their_defaults_and_the_bursts_fit)
{
    const struct target_parameters *p = &catalog_target(view, A)->parameters;

    ck_assert(!p->initial_r2t);
    ck_assert(p->immediate_data);
    ck_assert_uint_eq(p->max_recv_data_segment_length, 262144);
    ck_assert_uint_eq(p->max_burst_length, 4096);
    ck_assert_uint_eq(p->first_burst_length, 4096);
    ck_assert_uint_eq(p->max_outstanding_r2t, 8);
    ck_assert_uint_eq(p->header_digests, DIGEST_ALLOW_NONE | DIGEST_ALLOW_CRC32C);
    ck_assert_uint_eq(p->data_digests, DIGEST_ALLOW_CRC32C);
    ck_assert_uint_eq(p->queue_depth, 128);
    ck_assert_uint_eq(p->nop_interval_s, 30); /* who is silent is asked, by default */
    ck_assert_uint_eq(p->nop_timeout_s, 30);
    ck_assert_uint_eq(p->default_time2wait, 2);
}
END_TEST

/* Which parts of the view before the next one has too. */
static const struct {
    const char *patch;
    bool a, b, group;
} shares[] = {
    {"{}", true, true, true},
    {"{'targets':{'" A "':{'alias':null}}}", false, true, true},
    {"{'portal_groups':{'9':{'portals':[{'address':'::'}]}}}", true, true, false},
    {"{'portal_groups':{'9':{'alua_state':'standby'}}}", false, false, false},
    {"{'portal_groups':{'10':{'preferred':true}}}", true, false, true},
    {"{'targets':{'" B "':{'luns':{'1':{'enabled':false}}}}}", true, false, true},
};

START_TEST(what_did_not_change_is_shared)
{
    json_t *patch = json_of(shares[_i].patch), *merged = document_merge(document, patch);
    json_t *after = document_complete(merged);
    struct catalog *next = build_catalog(&(struct build){
        .document = after, .revision = 6, .old = view, .old_document = document});

    ck_assert_int_eq(catalog_target(next, A) == catalog_target(view, A), shares[_i].a);
    ck_assert_int_eq(catalog_target(next, B) == catalog_target(view, B), shares[_i].b);
    ck_assert_int_eq(catalog_portal_group(next, 9) == catalog_portal_group(view, 9),
                     shares[_i].group);
    ck_assert_ptr_eq(catalog_backstore(next, "d"), d);
    catalog_unref(next);
    json_decref(after);
    json_decref(merged);
    json_decref(patch);
}
END_TEST

START_TEST(a_new_backstore_renews_the_targets_that_use_it_but_not_their_counters)
{
    struct backstore *fresh = build_backstore("d", "ram", NULL, NULL);
    struct catalog *next = build_catalog(&(struct build){.document = document,
                                                         .old = view,
                                                         .old_document = document,
                                                         .fresh = &fresh,
                                                         .fresh_count = 1});
    const struct target *before = catalog_target(view, A), *after = catalog_target(next, A);

    ck_assert_ptr_ne(after, before);
    ck_assert_ptr_eq(catalog_target(next, B), catalog_target(view, B));
    ck_assert_ptr_eq(after->luns[1].backstore, fresh);
    ck_assert_ptr_eq(after->luns[1].counters, before->luns[1].counters);
    backstore_unref(fresh);
    catalog_unref(next);
}
END_TEST

START_TEST(options_become_what_the_layers_below_want)
{
    json_t *options = complete_of(
        "{'backstores':{'x':{'type':'rdwr','path':'/p','size':8192,'block_size':4096,"
        "'create':true,'preallocate':'full','sync':true,'unmap':true,"
        "'serial':'S1','naa':'3aBc000000000001','vendor_id':'ME'}}}");
    struct backstore_options o;

    build_backstore_options("x", json_at(options, "/backstores/x"), &o);
    ck_assert_str_eq(o.config.type, "rdwr");
    ck_assert_str_eq(o.config.path, "/p");
    ck_assert_uint_eq(o.config.size, 8192);
    ck_assert_uint_eq(o.config.block_size, 4096);
    ck_assert(o.config.create && o.config.sync && !o.config.direct && !o.config.read_only);
    ck_assert_int_eq(o.config.preallocate, STORE_PREALLOCATE_FULL);
    ck_assert(o.attributes.modes == (LUN_UNMAP | LUN_WRITE_CACHE | LUN_LBPERE));
    ck_assert_str_eq(o.identity.serial, "S1");
    ck_assert_str_eq(o.identity.vendor_id, "ME");
    ck_assert_str_eq(o.identity.product_id, "VIRTUAL-DISK");
    ck_assert_uint_eq(o.identity.naa_length, 8);
    ck_assert_uint_eq(o.identity.naa[0], 0x3a);
    ck_assert_uint_eq(o.identity.naa[1], 0xbc);
    json_decref(options);
}
END_TEST

TCase *
build_cases(void)
{
    TCase *t = tcase_create("build");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_view_has_what_its_document_says_in_order);
    tcase_add_test(t, a_view_knows_what_must_be_proved);
    tcase_add_test(t, a_redirect_is_written_as_a_target_address);
    tcase_add_test(t, parameters_have_their_defaults_and_the_bursts_fit);
    tcase_add_loop_test(t, what_did_not_change_is_shared, 0, sizeof shares / sizeof shares[0]);
    tcase_add_test(t, a_new_backstore_renews_the_targets_that_use_it_but_not_their_counters);
    tcase_add_test(t, options_become_what_the_layers_below_want);
    return t;
}
