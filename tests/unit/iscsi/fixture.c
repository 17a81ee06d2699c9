/* fixture.c: workers, disks, a target and initiators for the tests of sessions. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/catalog.h"
#include "catalog/credentials.h"
#include "catalog/publish.h"
#include "core/bytes.h"
#include "core/crew.h"
#include "core/iobuf.h"
#include "iscsi/registry.h"
#include "iscsi/session.h"
#include "scsi/cmd.h"
#include "scsi/lun.h"

#define WORKERS 2
/* More turns than any chain of messages in these tests needs. */
#define TURNS 8

const struct plan usual_plan = {.queue_depth = 32, .lun_count = 1, .luns = {{0, 0, false}}};
const struct plan two_luns = {
    .queue_depth = 32, .lun_count = 2, .luns = {{0, 0, false}, {1, 1, false}}};

struct fake_initiator one, two;

static struct {
    struct backstore *disks[DISKS];
    struct store *stores[DISKS];
    struct lun *luns[DISKS];
    unsigned released, revision, worker;
    bool is_published;
} fixture;

static void
released(struct lun *lun)
{
    (void)lun;
    fixture.released++;
}

static void
open_disk(unsigned i)
{
    static const struct lun_attributes attributes = {.block_size = 512,
                                                     .modes = LUN_WRITE_CACHE | LUN_UNMAP};
    struct lun_identity identity = {.vendor_id = "VENDOR",
                                    .product_id = "disk",
                                    .product_revision = "1",
                                    .naa = {0x60, (uint8_t)i},
                                    .naa_length = 16};
    struct backstore *b = calloc(1, sizeof *b);

    snprintf(identity.serial, sizeof identity.serial, "%u", i);
    fixture.stores[i] = fake_store_open(DISK_BLOCKS * 512, 512, FAKE_STORE_ALL);
    fixture.luns[i] = lun_new(&identity, &attributes, fixture.stores[i], released, NULL);
    ck_assert_ptr_nonnull(b);
    ck_assert_ptr_nonnull(fixture.luns[i]);
    atomic_init(&b->refs, 1);
    b->name = strdup("disk");
    b->type = strdup("fake");
    b->lun = fixture.luns[i];
    fixture.disks[i] = b;
}

void
fixture_open(void)
{
    memset(&fixture, 0, sizeof fixture);
    one = two = (struct fake_initiator){0};
    ck_assert_int_eq(crew_new(WORKERS), 0);
    fixture_enter(0);
    catalog_on_install(sessions_catalog_installed);
    for (unsigned i = 0; i < DISKS; i++)
        open_disk(i);
    fixture_publish(&usual_plan);
}

static void
disconnect(struct fake_initiator *f)
{
    if (f->session != NULL)
        worker_enter(f->worker);
    fake_disconnect(f);
}

void
fixture_close(void)
{
    for (unsigned i = 0; i < DISKS; i++)
        fake_store_hold(fixture.stores[i], false);
    fixture_settle();
    disconnect(&one);
    disconnect(&two);
    fixture_settle();
    for (unsigned i = 0; i < WORKERS; i++) {
        fixture_enter(i);
        ck_assert_uint_eq(session_count(), 0);
    }
    ck_assert_uint_eq(registry_count(NULL), 0);
    catalog_publish_shutdown();
    for (unsigned i = 0; i < DISKS; i++)
        backstore_unref(fixture.disks[i]);
    ck_assert_uint_eq(fixture.released, DISKS);
    for (unsigned i = 0; i < DISKS; i++) {
        store_close(fixture.stores[i]);
        lun_free(fixture.luns[i]);
    }
    worker_enter(NULL);
    crew_free();
    iobuf_cache_free();
}

struct store *
fixture_store(unsigned disk)
{
    return fixture.stores[disk];
}

void
fixture_hold(void)
{
    for (unsigned i = 0; i < DISKS; i++)
        fake_store_hold(fixture.stores[i], true);
}

void
fixture_release(unsigned disk, unsigned i, unsigned worker)
{
    fixture_enter(worker);
    fake_store_release(fixture.stores[disk], i, 0);
    fixture_settle();
}

struct lun *
fixture_lun(unsigned disk)
{
    return fixture.luns[disk];
}

void
fixture_enter(unsigned i)
{
    fixture.worker = i;
    worker_enter(crew_worker(i));
}

void
fixture_settle(void)
{
    for (unsigned n = 0; n < TURNS; n++) {
        for (unsigned i = 0; i < WORKERS; i++) {
            worker_enter(crew_worker(i));
            worker_turn(crew_worker(i), false);
        }
        worker_enter(crew_main());
        worker_turn(crew_main(), false);
    }
    fixture_enter(fixture.worker);
}

static struct target *
make_target(const struct plan *plan)
{
    struct target *t = calloc(1, sizeof *t);

    atomic_init(&t->refs, 1);
    t->name = strdup(TARGET);
    t->enabled = true;
    t->parameters = (struct target_parameters){
        .immediate_data = true,
        .max_recv_data_segment_length = 65536,
        .max_burst_length = 65536,
        .first_burst_length = 16384,
        .max_outstanding_r2t = 2,
        .default_time2wait = 2,
        .header_digests = DIGEST_ALLOW_NONE | DIGEST_ALLOW_CRC32C,
        .data_digests = DIGEST_ALLOW_NONE | DIGEST_ALLOW_CRC32C,
        .nop_interval_s = plan->nop_interval_s,
        .nop_timeout_s = plan->nop_timeout_s,
        .queue_depth = plan->queue_depth,
    };
    t->portal_groups = calloc(1, sizeof *t->portal_groups);
    t->portal_groups[t->portal_group_count++].tag = 1;
    t->acls = calloc(1, sizeof *t->acls);
    t->acls[0].initiator = strdup(plan->acl != NULL ? plan->acl : "*");
    if (plan->auth != NULL)
        t->acls[0].auth = chap_credentials_ref(plan->auth);
    if (plan->shows_some) {
        t->acls[0].luns = calloc(plan->shown_count + 1, sizeof t->acls[0].luns[0]);
        memcpy(t->acls[0].luns, plan->shown, plan->shown_count * sizeof plan->shown[0]);
        t->acls[0].lun_count = plan->shown_count;
    }
    t->acl_count = 1;
    t->luns = calloc(plan->lun_count + 1, sizeof *t->luns);
    for (unsigned i = 0; i < plan->lun_count; i++)
        t->luns[t->lun_count++] =
            (struct lun_export){.number = plan->luns[i].number,
                                .read_only = plan->luns[i].read_only,
                                .enabled = true,
                                .backstore = backstore_ref(fixture.disks[plan->luns[i].disk]),
                                .counters = export_counters_new()};
    return t;
}

static struct portal_group *
make_group(void)
{
    struct portal_group *g = calloc(1, sizeof *g);

    atomic_init(&g->refs, 1);
    g->tag = 1;
    g->portals = calloc(1, sizeof *g->portals);
    g->portals[g->portal_count++] = (struct portal){"192.0.2.1", 3260};
    return g;
}

static void
published(void *arg)
{
    (void)arg;
    fixture.is_published = true;
}

void
fixture_publish(const struct plan *plan)
{
    struct catalog *c = calloc(1, sizeof *c);
    unsigned worker = fixture.worker;

    atomic_init(&c->refs, 1);
    c->revision = ++fixture.revision;
    c->targets = calloc(1, sizeof(struct target *));
    if (!plan->has_no_target)
        c->targets[c->target_count++] = make_target(plan);
    c->portal_groups = calloc(1, sizeof(struct portal_group *));
    c->portal_groups[c->portal_group_count++] = make_group();
    fixture.is_published = false;
    worker_enter(crew_main());
    ck_assert_int_eq(catalog_publish(c, published, NULL), 0);
    fixture_enter(worker);
    fixture_settle();
    ck_assert(fixture.is_published);
}

void
fixture_login_with(struct fake_initiator *f, unsigned i, uint64_t isid, const char *more,
                   size_t more_length)
{
    static const char names[] = "InitiatorName=" INITIATOR "\0TargetName=" TARGET;
    char keys[1024];
    int status;

    ck_assert_uint_le(sizeof names + more_length, sizeof keys);
    memcpy(keys, names, sizeof names);
    memcpy(keys + sizeof names, more, more_length);
    fixture_enter(i);
    fake_connect(f, 1000);
    status = fake_login(f, isid, keys, sizeof names + more_length);
    if (status < 0) { /* an older session has to go first */
        fixture_settle();
        status = fake_login_finish(f);
    }
    ck_assert_int_eq(status, 0);
    expect_sense(f, test_unit_ready(f, 0), 6, 0x2900);
}

struct fake_pdu *
expect(struct fake_initiator *f, enum pdu_opcode opcode)
{
    struct fake_pdu *p = fake_receive(f);
    bool has_status = true;

    if (p == NULL) {
        unsigned worker = fixture.worker;

        fixture_settle();
        fixture_enter(worker);
        p = fake_receive(f);
    }
    ck_assert_msg(p != NULL, "%s expected, nothing came",
                  pdu_name(&(uint8_t){(uint8_t)opcode}));
    ck_assert_msg(pdu_opcode(p->header) == opcode, "%s came", pdu_name(p->header));
    if (opcode == PDU_DATA_IN)
        has_status = p->header[1] & 0x01;
    if (opcode == PDU_R2T || (opcode == PDU_NOP_IN && pdu_task_tag(p->header) == PDU_NO_TAG))
        ck_assert_uint_eq(pdu_statsn(p->header), f->exp_statsn);
    else if (has_status)
        ck_assert_uint_eq(pdu_statsn(p->header), f->exp_statsn++);
    return p;
}

void
expect_nothing(struct fake_initiator *f)
{
    struct fake_pdu *p;

    fixture_settle();
    p = fake_receive(f);
    ck_assert_msg(p == NULL, "%s came", pdu_name(p->header));
}

static void
check_response(struct fake_initiator *f, uint32_t tag, uint8_t status, uint8_t key,
               uint16_t asc_ascq)
{
    struct fake_pdu *p = expect(f, PDU_SCSI_RESPONSE);
    struct pdu_scsi_response r;

    pdu_scsi_response_get(p->header, &r);
    ck_assert_uint_eq(r.task_tag, tag);
    ck_assert_uint_eq(r.response, RESPONSE_COMPLETED);
    ck_assert_uint_eq(r.status, status);
    if (key != 0) {
        ck_assert_uint_ge(p->length, 20);
        ck_assert_uint_eq(get_be16(p->data), p->length - 2);
        ck_assert_uint_eq(p->data[2] & 0x7f, 0x70);
        ck_assert_uint_eq(p->data[4] & 0x0f, key);
        ck_assert_uint_eq(get_be16(p->data + 14), asc_ascq);
    }
    fake_pdu_free(p);
}

void
expect_status(struct fake_initiator *f, uint32_t tag, uint8_t status)
{
    check_response(f, tag, status, 0, 0);
}

void
expect_sense(struct fake_initiator *f, uint32_t tag, uint8_t key, uint16_t asc_ascq)
{
    check_response(f, tag, SCSI_CHECK_CONDITION, key, asc_ascq);
}

void
expect_reject(struct fake_initiator *f, uint8_t reason, const uint8_t *header)
{
    struct fake_pdu *p = expect(f, PDU_REJECT);

    ck_assert_uint_eq(p->header[2], reason);
    ck_assert_uint_eq(pdu_task_tag(p->header), PDU_NO_TAG);
    ck_assert_uint_eq(p->length, PDU_HEADER_SIZE);
    if (header != NULL)
        ck_assert_mem_eq(p->data, header, PDU_HEADER_SIZE);
    fake_pdu_free(p);
}

void
expect_management(struct fake_initiator *f, uint32_t tag, uint8_t response)
{
    struct fake_pdu *p = expect(f, PDU_TASK_MANAGEMENT_RESPONSE);

    ck_assert_uint_eq(pdu_task_tag(p->header), tag);
    ck_assert_uint_eq(p->header[2], response);
    fake_pdu_free(p);
}

uint32_t
test_unit_ready(struct fake_initiator *f, uint64_t lun)
{
    return fake_command(f, &(struct fake_command){.lun = lun});
}

void
fill_pattern(uint8_t *bytes, size_t n, unsigned seed)
{
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)(i * 7 + (i >> 8) + (i >> 16) + seed);
}
