/* test_commit_attributes.c: a disk that changes while it is used, and who hears of it. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catalog/catalog.h"
#include "scsi/lun.h"
#include "scsi/nexus.h"
#include "service.h"
#include "store/store.h"
#include "suites.h"

/* What changes a disk in place, and the attentions (bits) that belong to it. */
#define MODES    (1u << ATTENTION_MODE_CHANGED)
#define INQUIRY  (1u << ATTENTION_INQUIRY_CHANGED)
#define CAPACITY (1u << ATTENTION_CAPACITY_CHANGED)
static const struct {
    const char *members;
    unsigned attentions;
} in_place[] = {
    {"'size':131072", CAPACITY},
    {"'serial':'S9'", INQUIRY},
    {"'naa':'3000000000000001'", INQUIRY},
    {"'vendor_id':'ME'", INQUIRY},
    {"'product_id':'mine'", INQUIRY},
    {"'product_revision':'9'", INQUIRY},
    {"'removable':true", INQUIRY},
    {"'rotation_rate':7200", INQUIRY},
    {"'write_cache':false", MODES},
    {"'tas':true", MODES},
    {"'d_sense':true", MODES},
    {"'read_only':true", MODES},
    {"'unmap':true", INQUIRY | CAPACITY},
    {"'physical_block_size':8192", INQUIRY | CAPACITY},
    {"'queue_depth':3", 0},
    {"'space_threshold':1048576", MODES},
    {"'size':131072,'tas':true,'serial':'S9'", CAPACITY | MODES | INQUIRY},
};

START_TEST(size_and_attributes_are_changed_in_place)
{
    static const char *const disks[] = {"r", "d"};
    static const struct it_nexus it;
    char patch[128];

    apply_well(RAM);
    apply_well(FILE_D);
    for (size_t i = 0; i < 2; i++) {
        const struct backstore *b = backstore_called(disks[i]);
        struct nexus *nexus = nexus_new(b->lun, &it, false, NULL);
        snprintf(patch, sizeof patch, "{'backstores':{'%s':{%s}}}", disks[i],
                 in_place[_i].members);
        ck_assert_int_eq(mkdir(in_folder("state/state.json.new"), 0700), 0);
        apply_in_vain(patch, ERROR_PERSIST_FAILED, "cannot save");
        ck_assert_int_eq(rmdir(in_folder("state/state.json.new")), 0);
        ck_assert_uint_eq(nexus->attentions & ~CAPACITY, 1u << ATTENTION_POWER_ON);
        nexus->attentions = 0;
        apply_well(patch);
        ck_assert_ptr_eq(backstore_called(disks[i]), b);
        ck_assert_uint_eq(nexus->attentions, in_place[_i].attentions);
        nexus_free(nexus);
        apply_well("{'backstores':{'r':null}}"); /* no two have one serial number */
    }
}
END_TEST

START_TEST(a_file_does_atomic_writes_where_the_operator_vouches_for_it)
{
    static const struct it_nexus it;
    const struct backstore *b;
    struct nexus *nexus;

    apply_well(FILE_D);
    b = backstore_called("d");
    nexus = nexus_new(b->lun, &it, false, NULL);
    ck_assert_uint_eq(lun_capabilities(b->lun) & STORE_CAN_ATOMIC, 0);
    nexus->attentions = 0;
    apply_well("{'backstores':{'d':{'atomic_writes':true}}}");
    ck_assert_ptr_eq(backstore_called("d"), b);
    ck_assert_uint_eq(nexus->attentions, INQUIRY);
    ck_assert_uint_ne(lun_capabilities(b->lun) & STORE_CAN_ATOMIC, 0);
    apply_well("{'backstores':{'d':{'atomic_writes':null}}}");
    ck_assert_uint_eq(lun_capabilities(b->lun) & STORE_CAN_ATOMIC, 0);
    nexus_free(nexus);
}
END_TEST

START_TEST(a_disk_is_what_it_was_changed_to)
{
    struct lun *lun;

    apply_well(RAM);
    lun = backstore_called("r")->lun;
    apply_well("{'backstores':{'r':{'unmap':true,'serial':'S9','vendor_id':'ME','tas':true,"
               "'rotation_rate':7200,'physical_block_size':8192,'queue_depth':3,"
               "'read_only':true,'removable':true}}}");
    ck_assert_ptr_eq(backstore_called("r")->lun, lun);
    ck_assert_uint_eq(atomic_load(&lun->modes), LUN_UNMAP | LUN_TAS | LUN_READ_ONLY |
                                                    LUN_REMOVABLE | LUN_WRITE_CACHE |
                                                    LUN_LBPERE);
    ck_assert_str_eq(lun_identity(lun).serial, "S9");
    ck_assert_str_eq(lun_identity(lun).vendor_id, "ME");
    ck_assert_uint_eq(lun_physical_block_size(lun), 8192);
    ck_assert_uint_eq(atomic_load(&lun->rotation_rate), 7200);
    ck_assert_uint_eq(atomic_load(&lun->queue_depth), 3);
    apply_well("{'backstores':{'r':{'read_only':false,'unmap':null}}}");
    ck_assert_ptr_eq(backstore_called("r")->lun, lun);
    ck_assert_uint_eq(atomic_load(&lun->modes),
                      LUN_TAS | LUN_REMOVABLE | LUN_WRITE_CACHE | LUN_LBPERE);
}
END_TEST

START_TEST(a_physical_block_is_not_smaller_than_a_logical_one)
{
    apply_in_vain("{'backstores':{'r':{'type':'ram','size':65536,'block_size':4096,"
                  "'physical_block_size':512}}}",
                  ERROR_INVALID_CONFIG, "below the block size");
}
END_TEST

TCase *
commit_attributes_cases(void)
{
    TCase *t = tcase_create("commit_attributes");

    tcase_add_checked_fixture(t, service_begin, service_end);
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, size_and_attributes_are_changed_in_place, 0,
                        sizeof in_place / sizeof in_place[0]);
    tcase_add_test(t, a_file_does_atomic_writes_where_the_operator_vouches_for_it);
    tcase_add_test(t, a_disk_is_what_it_was_changed_to);
    tcase_add_test(t, a_physical_block_is_not_smaller_than_a_logical_one);
    return t;
}
