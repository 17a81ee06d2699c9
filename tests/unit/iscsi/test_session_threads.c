/*
 * test_session_threads.c: sessions on running workers: I/O, resets, re-logins, hot changes and
 * listings at once. For ThreadSanitizer.
 *
 * Each worker runs one script of its own; the test's thread is main and publishes.
 */
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/catalog.h"
#include "catalog/publish.h"
#include "core/crew.h"
#include "core/iobuf.h"
#include "fixture.h"
#include "iscsi/registry.h"
#include "iscsi/session.h"
#include "iscsi/session_private.h"
#include "scsi/lun.h"
#include "store/store.h"
#include "suites.h"

#define WORKERS 2
#define ROUNDS  300

/* One initiator, which lives on its worker and does a step a turn. */
struct script {
    struct fake_initiator initiator;
    struct message step;
    struct worker *worker;
    unsigned rounds, answers, resets;
    unsigned asked; /* resets that are not answered yet */
    bool is_logged_in;
    struct scsi_abort abort; /* as PREEMPT AND ABORT asks for it */
    bool is_aborting;
    atomic_bool is_done;
};

static struct script scripts[WORKERS];
static struct lun *disk;
static struct backstore *backstore;
static atomic_uint published;

static const char keys[] = "InitiatorName=" INITIATOR "\0TargetName=" TARGET;

static void
released(struct lun *lun)
{
    (void)lun;
}

static void
count_published(void *arg)
{
    (void)arg;
    atomic_fetch_add(&published, 1);
}

/* The target with its LUN, or with another one more. */
static struct catalog *
make_catalog(unsigned luns)
{
    struct catalog *c = calloc(1, sizeof *c);
    struct target *t = calloc(1, sizeof *t);

    atomic_init(&c->refs, 1);
    atomic_init(&t->refs, 1);
    t->name = strdup(TARGET);
    t->enabled = true;
    t->parameters = (struct target_parameters){.immediate_data = true,
                                               .max_recv_data_segment_length = 65536,
                                               .max_burst_length = 65536,
                                               .first_burst_length = 65536,
                                               .max_outstanding_r2t = 1,
                                               .header_digests = DIGEST_ALLOW_NONE,
                                               .data_digests = DIGEST_ALLOW_NONE,
                                               .queue_depth = 32};
    t->portal_groups = calloc(1, sizeof *t->portal_groups);
    t->portal_groups[t->portal_group_count++].tag = 1;
    t->acls = calloc(1, sizeof *t->acls);
    t->acls[t->acl_count++].initiator = strdup("*");
    t->luns = calloc(luns, sizeof *t->luns);
    for (unsigned i = 0; i < luns; i++)
        t->luns[t->lun_count++] = (struct lun_export){.number = (uint16_t)i,
                                                      .enabled = true,
                                                      .backstore = backstore_ref(backstore),
                                                      .counters = export_counters_new()};
    c->targets = calloc(1, sizeof(struct target *));
    c->targets[c->target_count++] = t;
    return c;
}

static void
publish(unsigned luns)
{
    unsigned before = atomic_load(&published);

    ck_assert_int_eq(catalog_publish(make_catalog(luns), count_published, NULL), 0);
    while (atomic_load(&published) == before)
        worker_turn(crew_main(), false);
}

/* Both workers use the same ISID every now and then, so that they replace each other. */
static void
log_in(struct script *s)
{
    uint64_t isid = s->rounds % 3 == 0 ? 7 : 100 + worker_id(s->worker);

    fake_connect(&s->initiator, 1000);
    s->is_logged_in = fake_login(&s->initiator, isid, keys, sizeof keys) == 0;
}

static void
take_answers(struct script *s)
{
    struct fake_pdu *p;

    while ((p = fake_receive(&s->initiator)) != NULL) {
        if (pdu_opcode(p->header) == PDU_LOGIN_RESPONSE) {
            s->is_logged_in = true;
        } else {
            s->answers++;
            if (pdu_opcode(p->header) == PDU_TASK_MANAGEMENT_RESPONSE) {
                s->resets++;
                s->asked--;
            }
            ck_assert_uint_ne(pdu_opcode(p->header), PDU_REJECT);
            s->initiator.exp_statsn++;
        }
        fake_pdu_free(p);
    }
}

static bool
covers_all(const struct scsi_abort *abort, const struct nexus *nexus)
{
    return nexus->lun == abort->lun;
}

static void
aborted(struct scsi_abort *abort)
{
    struct script *s = (struct script *)((char *)abort - offsetof(struct script, abort));

    ck_assert(worker_is_current(s->worker));
    s->is_aborting = false;
}

static void
abort_commands(struct script *s)
{
    const struct it_nexus *it = &s->initiator.session->it_nexus;

    s->abort =
        (struct scsi_abort){.lun = disk, .by = it, .covers = covers_all, .done = aborted};
    s->is_aborting = it->transport->abort(&s->abort) == 0;
    /* What others hear of it comes and goes with this. */
    (void)lun_set_modes(disk, LUN_TAS, s->rounds % 2 ? LUN_TAS : 0);
}

static void
send_commands(struct script *s)
{
    static const uint8_t data[4096];
    /* Each its own part of the disk: bytes that two initiators write at once have no order. */
    uint32_t lba = worker_id(s->worker) * 1000 + s->rounds;
    struct fake_command c = fake_write(0, lba, 8);
    struct fake_command r = fake_read(0, lba, 8);

    c.data = data;
    c.length = sizeof data;
    c.attributes = (uint8_t)(1 + s->rounds % 3); /* SIMPLE, ORDERED, HEAD OF QUEUE */
    r.attributes = (uint8_t)(1 + s->rounds / 3 % 3);
    fake_command(&s->initiator, &c);
    fake_command(&s->initiator, &r);
    if (s->rounds % 5 == 0 || s->rounds % 17 == 0) {
        fake_management(&s->initiator,
                        s->rounds % 5 == 0 ? TMF_LUN_RESET : TMF_TARGET_WARM_RESET, 0,
                        PDU_NO_TAG, 0);
        s->asked++;
    } else if (s->rounds % 4 == 0 && !s->is_aborting) {
        abort_commands(s);
    }
}

static void
step(struct message *m, struct worker *w)
{
    struct script *s = (struct script *)((char *)m - offsetof(struct script, step));

    if (s->initiator.session != NULL)
        take_answers(s);
    if (s->rounds >= ROUNDS) {
        fake_disconnect(&s->initiator);
        if (session_count() == 0 && !s->is_aborting) {
            atomic_store(&s->is_done, true);
            return;
        }
    } else if (s->initiator.session == NULL) {
        log_in(s);
        s->rounds++;
    } else if (session_end_state(s->initiator.session) != SESSION_OPEN ||
               (s->is_logged_in && s->rounds % 7 == 0)) {
        fake_disconnect(&s->initiator);
        s->asked = 0;
    } else if (s->is_logged_in && s->asked == 0) {
        send_commands(s);
        s->rounds++;
    }
    worker_post(w, m);
}

static void
open_disk(void)
{
    static const struct store_config config = {
        .type = "ram", .name = "ram", .size = 1 << 20, .block_size = 512};
    static const struct lun_attributes attributes = {.block_size = 512};
    static const struct lun_identity identity = {
        .vendor_id = "VENDOR", .product_id = "disk", .product_revision = "1", .naa_length = 16};
    struct store *store;

    ck_assert_int_eq(store_open(&config, &store, NULL), 0);
    disk = lun_new(&identity, &attributes, store, released, NULL);
    backstore = calloc(1, sizeof *backstore);
    atomic_init(&backstore->refs, 1);
    backstore->name = strdup("ram");
    backstore->type = strdup("ram");
    backstore->lun = disk;
}

static void
setup(void)
{
    ck_assert_int_eq(crew_new(WORKERS), 0);
    worker_enter(crew_main());
    catalog_on_install(sessions_catalog_installed);
    open_disk();
    ck_assert_int_eq(crew_start(), 0);
    publish(1);
}

static void
teardown(void)
{
    struct store *store = disk->store;

    crew_stop();
    catalog_publish_shutdown();
    backstore_unref(backstore);
    store_close(store);
    lun_free(disk);
    worker_enter(NULL);
    crew_free();
    iobuf_cache_free();
}

static void
ignore(const struct session_info *info, void *arg)
{
    *(uint64_t *)arg += info->io.write_ops + strlen(info->state);
}

static bool
all_done(void)
{
    for (unsigned i = 0; i < WORKERS; i++)
        if (!atomic_load(&scripts[i].is_done))
            return false;
    return true;
}

START_TEST(io_resets_logins_changes_and_listings_go_on_side_by_side)
{
    uint64_t seen = 0;

    for (unsigned i = 0; i < WORKERS; i++) {
        scripts[i].worker = crew_worker(i);
        scripts[i].step.run = step;
        worker_post(crew_worker(i), &scripts[i].step);
    }
    for (unsigned n = 0; !all_done(); n++) {
        publish(1 + n % 2);
        registry_visit(ignore, &seen);
        (void)registry_close("s-40", n % 2, 0);
        sched_yield();
    }
    ck_assert_uint_eq(registry_count(NULL), 0);
    for (unsigned i = 0; i < WORKERS; i++) {
        ck_assert_uint_gt(scripts[i].answers, ROUNDS / 4);
        ck_assert_uint_gt(scripts[i].resets, 0);
    }
}
END_TEST

TCase *
session_threads_cases(void)
{
    TCase *tcase = tcase_create("session_threads");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, io_resets_logins_changes_and_listings_go_on_side_by_side);
    return tcase;
}
