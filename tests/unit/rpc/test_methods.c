/* test_methods.c: stories told to the API over a real catalog with stores in memory and files.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"
#include "suites.h"

#define PLAY(...)                                          \
    do {                                                   \
        static const struct step steps_[] = {__VA_ARGS__}; \
        api_play(steps_, sizeof steps_ / sizeof *steps_);  \
    } while (0)

#define DISK(name)                                                                       \
    {                                                                                    \
        "backstore.create",                                                              \
            "{'backstore': {'name': '" name "', 'type': 'ram', 'size': 1048576}}", NULL, \
            "{'changed': true}"                                                          \
    }
#define EMPTY_TARGET                                                         \
    {                                                                        \
        "target.create", "{'name': '" TARGET "'}", NULL, "{'changed': true}" \
    }

START_TEST(a_backstore_is_made_shown_changed_and_deleted)
{
    PLAY(DISK("disk0"),
         {"backstore.list", NULL, NULL,
          "{'revision': 1, 'backstores': [{'name': 'disk0', 'type': 'ram',"
          " 'state': 'online', 'size': 1048576, 'block_size': 512,"
          " 'read_only': false, 'used_by': [],"
          " 'options': {'write_cache': true, 'unmap': false}}]}"},
         {"backstore.list", "{'type': 'aio'}", NULL, "{'backstores': []}"},
         {"backstore.get", "{'name': 'disk0'}", NULL, "{'state': 'online'}"},
         {"backstore.update", "{'name': 'disk0', 'set': {'unmap': true}}", NULL,
          "{'changed': true, 'backstore': {'options': {'unmap': true}},"
          " 'changes': [{'path': '/backstores/disk0/unmap', 'after': true}]}"},
         {"backstore.update", "{'name': 'disk0', 'set': {'unmap': null}}", NULL,
          "{'changed': true, 'backstore': {'options': {'unmap': false}}}"},
         {"backstore.delete", "{'name': 'disk0', 'dry_run': true}", NULL,
          "{'changed': true, 'dry_run': true, 'revision': 3}"},
         {"backstore.delete", "{'name': 'disk0'}", NULL, "{'changed': true, 'revision': 4}"},
         {"backstore.delete", "{'name': 'disk0'}", NULL, "{'changed': false, 'revision': 4}"},
         {"backstore.list", NULL, NULL, "{'backstores': []}"});
}
END_TEST

START_TEST(creating_twice_is_the_same_as_once_unless_it_differs)
{
    PLAY(
        DISK("disk0"),
        {"backstore.create", "{'backstore': {'name': 'disk0', 'type': 'ram', 'size': 1048576}}",
         NULL,
         "{'changed': false, 'revision': 1, 'changes': [], 'backstore': {'name': 'disk0'}}"},
        {"backstore.create",
         "{'backstore': {'name': 'disk0', 'type': 'ram', 'size': 1048576, 'unmap': false}}",
         NULL, "{'changed': false}"},
        {"backstore.create", "{'backstore': {'name': 'disk0', 'type': 'ram', 'size': 512}}",
         "ALREADY_EXISTS",
         "{'kind': 'backstore', 'object': 'disk0',"
         " 'differences': [{'path': '/size', 'wanted': 512, 'found': 1048576}]}"},
        {"backstore.create",
         "{'backstore': {'name': 'disk0', 'type': 'null', 'size': 512, 'block_size': 4096}}",
         "ALREADY_EXISTS", NULL},
        EMPTY_TARGET,
        {"target.create", "{'name': '" TARGET "', 'enabled': true, 'parameters': {}}", NULL,
         "{'changed': false}"},
        {"target.create", "{'name': '" TARGET "', 'luns': [], 'acls': []}", NULL,
         "{'changed': false}"},
        {"target.create", "{'name': '" TARGET "', 'acls': [{'initiator': '*'}]}",
         "ALREADY_EXISTS", "{'differences': [{'path': '/acls/*'}]}"},
        {"target.create", "{'name': '" TARGET "', 'enabled': false, 'alias': 'a'}",
         "ALREADY_EXISTS",
         "{'differences': [{'path': '/alias', 'wanted': 'a'},"
         " {'path': '/enabled', 'wanted': false, 'found': true}]}"},
        {"target.create", "{'name': '" TARGET "', 'parameters': {'queue_depth': 1}}",
         "ALREADY_EXISTS",
         "{'differences': [{'path': '/parameters/queue_depth', 'found': 128}]}"},
        {"lun.create", "{'target': '" TARGET "', 'lun': 3, 'backstore': 'disk0'}", NULL,
         "{'changed': true}"},
        {"lun.create",
         "{'target': '" TARGET "', 'lun': 3, 'backstore': 'disk0', 'read_only': false}", NULL,
         "{'changed': false}"},
        {"lun.create",
         "{'target': '" TARGET "', 'lun': 3, 'backstore': 'disk0', 'read_only': true}",
         "ALREADY_EXISTS", "{'kind': 'lun', 'object': '" TARGET "/3'}"},
        {"acl.create", "{'target': '" TARGET "', 'initiator': '*'}", NULL, "{'changed': true}"},
        {"acl.create", "{'target': '" TARGET "', 'initiator': '*'}", NULL,
         "{'changed': false}"},
        {"portal_group.create",
         "{'tag': 2, 'portals': [{'address': '127.0.0.1', 'port': 3261}]}", NULL,
         "{'changed': true, 'portal_group': {'tag': 2, 'portals': [{'listening': true}]}}"},
        {"portal_group.create",
         "{'tag': 2, 'portals': [{'address': '127.0.0.1', 'port': 3261, 'listening': false}]}",
         NULL, "{'changed': false}"},
        {"portal_group.create", "{'tag': 2, 'portals': [{'address': '127.0.0.2'}]}",
         "ALREADY_EXISTS", "{'kind': 'portal_group', 'object': '2'}"});
}
END_TEST

START_TEST(what_is_not_there_is_not_found_and_near_names_are_told)
{
    PLAY(DISK("disk0"), EMPTY_TARGET,
         {"backstore.get", "{'name': 'disk1'}", "NOT_FOUND",
          "{'kind': 'backstore', 'object': 'disk1', 'near': ['disk0']}"},
         {"backstore.update", "{'name': 'none', 'set': {}}", "NOT_FOUND", "{'near': []}"},
         {"backstore.resize", "{'name': 'none', 'size': 512}", "NOT_FOUND", NULL},
         {"backstore.delete", "{'name': 'disc0', 'missing_ok': false}", "NOT_FOUND",
          "{'near': ['disk0']}"},
         {"target.get", "{'name': '" TARGET "1'}", "NOT_FOUND",
          "{'kind': 'target', 'near': ['" TARGET "']}"},
         {"target.update", "{'name': '" TARGET "1', 'set': {}}", "NOT_FOUND", NULL},
         {"target.delete", "{'name': '" TARGET "1', 'missing_ok': false}", "NOT_FOUND", NULL},
         {"target.create",
          "{'name': '" TARGET "1', 'luns': [{'lun': 0, 'backstore': 'disk1'}]}", "NOT_FOUND",
          "{'kind': 'backstore', 'near': ['disk0']}"},
         {"target.create", "{'name': '" TARGET "1', 'portal_groups': [1, 7]}", "NOT_FOUND",
          "{'kind': 'portal_group', 'object': '7'}"},
         {"lun.list", "{'target': '" TARGET "1'}", "NOT_FOUND", NULL},
         {"lun.get", "{'target': '" TARGET "', 'lun': 1}", "NOT_FOUND",
          "{'kind': 'lun', 'object': '" TARGET "/1', 'near': []}"},
         {"lun.get", "{'target': '" TARGET "1', 'lun': 1}", "NOT_FOUND",
          "{'kind': 'target', 'object': '" TARGET "1', 'near': ['" TARGET "']}"},
         {"lun.create", "{'target': '" TARGET "1', 'backstore': 'disk0'}", "NOT_FOUND",
          "{'kind': 'target'}"},
         {"lun.create", "{'target': '" TARGET "', 'backstore': 'disk1'}", "NOT_FOUND",
          "{'kind': 'backstore'}"},
         {"lun.update", "{'target': '" TARGET "', 'lun': 1, 'set': {}}", "NOT_FOUND",
          "{'kind': 'lun', 'object': '" TARGET "/1'}"},
         {"lun.delete", "{'target': '" TARGET "', 'lun': 1, 'missing_ok': false}", "NOT_FOUND",
          "{'kind': 'lun'}"},
         {"lun.delete", "{'target': '" TARGET "1', 'lun': 1, 'missing_ok': false}", "NOT_FOUND",
          "{'kind': 'target'}"},
         {"lun.delete", "{'target': '" TARGET "1', 'lun': 1}", NULL, "{'changed': false}"},
         {"acl.list", "{'target': '" TARGET "1'}", "NOT_FOUND", NULL},
         {"acl.get", "{'target': '" TARGET "', 'initiator': '*'}", "NOT_FOUND",
          "{'kind': 'acl', 'object': '*', 'near': []}"},
         {"acl.get", "{'target': '" TARGET "1', 'initiator': '*'}", "NOT_FOUND",
          "{'kind': 'target', 'near': ['" TARGET "']}"},
         {"acl.create", "{'target': '" TARGET "1', 'initiator': '*'}", "NOT_FOUND", NULL},
         {"acl.update", "{'target': '" TARGET "', 'initiator': '*', 'set': {}}", "NOT_FOUND",
          "{'kind': 'acl', 'object': '*'}"},
         {"acl.delete", "{'target': '" TARGET "', 'initiator': '*', 'missing_ok': false}",
          "NOT_FOUND", NULL},
         {"acl.delete", "{'target': '" TARGET "', 'initiator': '*'}", NULL,
          "{'changed': false}"},
         {"portal_group.get", "{'tag': 4}", "NOT_FOUND",
          "{'kind': 'portal_group', 'object': '4'}"},
         {"portal_group.update", "{'tag': 4, 'portals': [{'address': '127.0.0.1'}]}",
          "NOT_FOUND", "{'kind': 'portal_group', 'object': '4'}"},
         {"portal_group.delete", "{'tag': 4, 'missing_ok': false}", "NOT_FOUND", NULL},
         {"portal_group.delete", "{'tag': 4}", NULL, "{'changed': false}"},
         {"session.close", "{'id': 's-1'}", "NOT_FOUND", "{'kind': 'session'}"},
         {"log.set", "{'modules': {'iscsy': 'debug'}}", "NOT_FOUND", "{'near': ['iscsi']}"},
         {"config.get", NULL, NULL, "{'revision': 2}"});
}
END_TEST

START_TEST(a_target_is_made_shown_changed_and_deleted)
{
    PLAY(DISK("disk0"),
         {"target.create",
          "{'name': '" TARGET "', 'alias': 'first', 'luns': [{'lun': 10, 'backstore': 'disk0'},"
          " {'lun': 2, 'backstore': 'disk0', 'read_only': true}], 'acls': [{'initiator': '*'}],"
          " 'parameters': {'max_burst_length': 65536}}",
          NULL,
          "{'changed': true, 'target': {'name': '" TARGET "', 'alias': 'first', 'sessions': 0,"
          " 'enabled': true, 'portal_groups': [1], 'acls': [{'initiator': '*'}],"
          " 'luns': [{'lun': 2, 'read_only': true, 'enabled': true},"
          "          {'lun': 10, 'backstore': 'disk0', 'read_only': false}],"
          " 'parameters': {'max_burst_length': 65536, 'initial_r2t': false}}}"},
         {"target.list", NULL, NULL, "{'targets': [{'name': '" TARGET "'}], 'revision': 2}"},
         {"target.list", "{'names': ['" TARGET "2']}", NULL, "{'targets': []}"},
         {"backstore.get", "{'name': 'disk0'}", NULL,
          "{'used_by': [{'target': '" TARGET "', 'lun': 2}, {'target': '" TARGET
          "', 'lun': 10}]}"},
         {"target.update",
          "{'name': '" TARGET "', 'set': {'alias': null, 'enabled': false,"
          " 'parameters': {'max_burst_length': null, 'queue_depth': 7}}}",
          NULL,
          "{'changed': true, 'target': {'enabled': false,"
          " 'parameters': {'max_burst_length': 1048576, 'queue_depth': 7}}}"},
         {"target.update", "{'name': '" TARGET "', 'set': {'luns': {}}}", "INVALID_PARAMS",
          "{'path': '/set/luns'}"},
         {"target.update", "{'name': '" TARGET "', 'set': {'allias': 'x'}}", "INVALID_PARAMS",
          "{'path': '/set/allias'}"},
         {"target.update", "{'name': '" TARGET "', 'set': {'alias': 5}}", "INVALID_CONFIG",
          NULL},
         {"target.get", "{'name': '" TARGET "'}", NULL, "{'enabled': false}"},
         {"target.create",
          "{'name': '" TARGET "2', 'luns': [{'lun': 1, 'backstore': 'disk0'},"
          " {'lun': 1, 'backstore': 'disk0'}]}",
          "INVALID_PARAMS", "{'path': '/luns'}"},
         {"target.delete", "{'name': '" TARGET "'}", NULL, "{'changed': true}"},
         {"target.delete", "{'name': '" TARGET "'}", NULL, "{'changed': false}"});
}
END_TEST

START_TEST(luns_and_acls_come_and_go)
{
    PLAY(DISK("disk0"), DISK("disk1"), EMPTY_TARGET,
         {"lun.create", "{'target': '" TARGET "', 'backstore': 'disk0'}", NULL,
          "{'lun': {'lun': 0, 'backstore': 'disk0'}}"},
         {"lun.create", "{'target': '" TARGET "', 'backstore': 'disk0', 'lun': 2}", NULL, NULL},
         {"lun.create", "{'target': '" TARGET "', 'backstore': 'disk1', 'lun': null}", NULL,
          "{'lun': {'lun': 1}}"},
         {"lun.create", "{'target': '" TARGET "', 'backstore': 'disk1', 'dry_run': true}", NULL,
          "{'dry_run': true, 'lun': {'lun': 3}}"},
         {"lun.list", NULL, NULL,
          "{'luns': [{'target': '" TARGET "', 'lun': 0, 'size': 1048576, 'state': 'online'},"
          " {'lun': 1}, {'lun': 2}]}"},
         {"lun.get", "{'target': '" TARGET "', 'lun': 2}", NULL,
          "{'target': '" TARGET "', 'lun': 2, 'backstore': 'disk0', 'read_only': false,"
          " 'enabled': true, 'size': 1048576, 'state': 'online'}"},
         {"lun.update", "{'target': '" TARGET "', 'lun': 1, 'set': {'read_only': true}}", NULL,
          "{'lun': {'lun': 1, 'read_only': true}}"},
         {"lun.update", "{'target': '" TARGET "', 'lun': 1, 'set': {'backstore': 'disk9'}}",
          "NOT_FOUND", "{'kind': 'backstore'}"},
         {"lun.update", "{'target': '" TARGET "', 'lun': 1, 'set': {'size': 1}}",
          "INVALID_PARAMS", "{'path': '/set/size'}"},
         {"lun.delete", "{'target': '" TARGET "', 'lun': 0}", NULL, "{'changed': true}"},
         {"lun.delete", "{'target': '" TARGET "', 'lun': 0}", NULL, "{'changed': false}"},
         {"lun.create", "{'target': '" TARGET "', 'backstore': 'disk0'}", NULL,
          "{'lun': {'lun': 0}}"},
         {"acl.create", "{'target': '" TARGET "', 'initiator': 'iqn.2026-01.org.example:a'}",
          NULL, "{'acl': {'initiator': 'iqn.2026-01.org.example:a'}}"},
         {"acl.update",
          "{'target': '" TARGET "', 'initiator': 'iqn.2026-01.org.example:a', 'set': {}}", NULL,
          "{'changed': false}"},
         {"acl.list", NULL, NULL,
          "{'acls': [{'target': '" TARGET "', 'initiator': 'iqn.2026-01.org.example:a'}]}"},
         {"acl.get", "{'target': '" TARGET "', 'initiator': 'iqn.2026-01.org.example:a'}", NULL,
          "{'target': '" TARGET "', 'initiator': 'iqn.2026-01.org.example:a'}"},
         {"acl.get", "{'target': '" TARGET "', 'initiator': 'iqn.2026-01.org.example:b'}",
          "NOT_FOUND",
          "{'kind': 'acl', 'object': 'iqn.2026-01.org.example:b',"
          " 'near': ['iqn.2026-01.org.example:a']}"},
         {"acl.create", "{'target': '" TARGET "', 'initiator': 'iqn.a'}", "INVALID_PARAMS",
          NULL},
         {"acl.delete", "{'target': '" TARGET "', 'initiator': 'iqn.2026-01.org.example:a'}",
          NULL, "{'changed': true}"},
         {"acl.list", "{'target': '" TARGET "'}", NULL, "{'acls': []}"});
}
END_TEST

START_TEST(what_is_in_use_is_not_deleted)
{
    PLAY(DISK("disk0"),
         {"target.create", "{'name': '" TARGET "', 'luns': [{'lun': 5, 'backstore': 'disk0'}]}",
          NULL, NULL},
         {"backstore.delete", "{'name': 'disk0'}", "BUSY",
          "{'objects': [{'kind': 'lun', 'target': '" TARGET "', 'lun': 5}]}"},
         {"portal_group.delete", "{'tag': 1}", "BUSY",
          "{'objects': [{'kind': 'target', 'name': '" TARGET "'}]}"},
         {"target.delete", "{'name': '" TARGET "'}", NULL, NULL},
         {"portal_group.delete", "{'tag': 1}", NULL, "{'changed': true}"},
         {"backstore.delete", "{'name': 'disk0'}", NULL, "{'changed': true}"});
}
END_TEST

START_TEST(a_session_in_the_way_is_told_of_and_force_overrides_it)
{
    static const struct session_summary session = {
        .id = "s-4", .target = TARGET, .initiator = "iqn.x", .remote = "192.0.2.7:4"};

    api_set_session(&session);
    PLAY(EMPTY_TARGET,
         {"target.delete", "{'name': '" TARGET "'}", "BUSY",
          "{'objects': [{'kind': 'session', 'id': 's-4'}]}"},
         {"target.delete", "{'name': '" TARGET "', 'force': true}", NULL, "{'changed': true}"});
}
END_TEST

START_TEST(revisions_guard_against_changes_by_others)
{
    PLAY(DISK("disk0"),
         {"backstore.delete", "{'name': 'disk0', 'expect_revision': 0}", "REVISION_MISMATCH",
          "{'expected': 0, 'actual': 1}"},
         {"config.apply", "{'config': {}, 'mode': 'merge', 'expect_revision': 9}",
          "REVISION_MISMATCH", "{'expected': 9, 'actual': 1}"},
         {"backstore.delete", "{'name': 'disk0', 'expect_revision': 1}", NULL,
          "{'revision': 2}"});
}
END_TEST

START_TEST(files_are_made_resized_and_removed)
{
    char path[64];
    struct stat st;

    snprintf(path, sizeof path, "%s/disk.img", api_folder());
    PLAY({"backstore.create",
          "{'backstore': {'name': 'disk0', 'type': 'rdwr', 'path': '@/disk.img'}}",
          "BACKEND_ERROR", "{'errno': 2, 'errno_name': 'ENOENT'}"},
         {"backstore.create",
          "{'backstore': {'name': 'disk0', 'type': 'rdwr', 'path': '@/disk.img',"
          " 'size': 1048576, 'create': true}}",
          NULL, "{'changed': true, 'backstore': {'state': 'online', 'size': 1048576}}"},
         {"backstore.create",
          "{'backstore': {'name': 'disk0', 'type': 'rdwr', 'path': '@/disk.img'}}", NULL,
          "{'changed': false}"},
         {"backstore.resize", "{'name': 'disk0', 'size': 2097152}", NULL,
          "{'changed': true, 'backstore': {'size': 2097152}}"},
         {"backstore.resize", "{'name': 'disk0', 'size': 2097152}", NULL, "{'changed': false}"},
         {"backstore.resize", "{'name': 'disk0', 'size': 1048576}", "BUSY",
          "{'objects': [{'kind': 'backstore', 'name': 'disk0'}]}"},
         {"backstore.resize", "{'name': 'disk0', 'size': 1000}", "INVALID_CONFIG",
          "{'problems': [{'path': '/backstores/disk0/size', 'keyword': 'multipleOf',"
          " 'message': 'not a multiple of the block size (512)'}]}"},
         {"backstore.resize", "{'name': 'disk0', 'size': 1000, 'force': true}",
          "INVALID_CONFIG", "{'problems': [{'path': '/backstores/disk0/size'}]}"},
         {"backstore.resize", "{'name': 'disk0', 'size': 512}", "BUSY", NULL},
         {"backstore.resize", "{'name': 'disk0', 'size': 1048576, 'force': true}", NULL,
          "{'changed': true, 'backstore': {'size': 1048576}}"});
    ck_assert_int_eq(truncate(path, 4194304), 0);
    PLAY({"backstore.resize", "{'name': 'disk0', 'size': null}", NULL,
          "{'changed': true, 'backstore': {'size': 4194304}}"},
         {"backstore.delete", "{'name': 'disk0', 'delete_data': true, 'dry_run': true}", NULL,
          "{'dry_run': true}"});
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_eq(st.st_size, 4194304);
    PLAY({"backstore.delete", "{'name': 'disk0', 'delete_data': true}", NULL,
          "{'changed': true}"});
    ck_assert_int_eq(stat(path, &st), -1);
}
END_TEST

START_TEST(only_regular_files_are_removed)
{
    PLAY({"backstore.create",
          "{'backstore': {'name': 'disk0', 'type': 'rdwr', 'path': '@/disk.img',"
          " 'size': 1048576, 'create': true}}",
          NULL, NULL});
    {
        char path[64], other[64];

        /* The file gives way to a link to another one. */
        snprintf(path, sizeof path, "%s/disk.img", api_folder());
        snprintf(other, sizeof other, "%s/other.img", api_folder());
        ck_assert_int_eq(rename(path, other), 0);
        ck_assert_int_eq(symlink(other, path), 0);
        PLAY({"backstore.delete", "{'name': 'disk0', 'delete_data': true}", "NOT_SUPPORTED",
              "{'feature': 'delete_data'}"},
             {"backstore.get", "{'name': 'disk0'}", NULL, NULL});
        ck_assert_int_eq(access(other, F_OK), 0);
    }
}
END_TEST

START_TEST(a_portal_that_cannot_be_bound_changes_nothing)
{
    api_let_portals_fail(true);
    PLAY({"portal_group.create", "{'tag': 2, 'portals': [{'address': '127.0.0.2'}]}",
          "BACKEND_ERROR", "{'errno_name': 'EADDRINUSE'}"},
         {"portal_group.list", NULL, NULL,
          "{'revision': 0, 'portal_groups': [{'tag': 1, 'portals':"
          " [{'address': '127.0.0.1', 'port': 3260, 'listening': true}]}]}"});
}
END_TEST

START_TEST(the_whole_configuration_is_read_and_applied)
{
    PLAY(DISK("old"),
         {"config.apply",
          "{'config': {'backstores': {'disk0': {'type': 'ram', 'size': 1048576}},"
          " 'targets': {'" TARGET
          "': {'luns': {'0': {'backstore': 'disk0'}}, 'acls': {'*': {}}}}},"
          " 'dry_run': true}",
          NULL, "{'changed': true, 'dry_run': true, 'revision': 1}"},
         {"config.get", NULL, NULL, "{'config': {'backstores': {'old': {'type': 'ram'}}}}"},
         {"config.apply",
          "{'config': {'backstores': {'disk0': {'type': 'ram', 'size': 1048576}},"
          " 'targets': {'" TARGET
          "': {'luns': {'0': {'backstore': 'disk0'}}, 'acls': {'*': {}}}}}}",
          NULL,
          "{'changed': true, 'revision': 2, 'before': {'backstores': {'old': {}}},"
          " 'after': {'backstores': {'disk0': {}}}}"},
         {"backstore.get", "{'name': 'old'}", "NOT_FOUND", NULL},
         {"config.apply",
          "{'config': {'targets': {'" TARGET "': {'alias': 'x'}}}, 'mode': 'merge'}", NULL,
          "{'changed': true, 'changes': [{'path': '/targets/" TARGET "/alias'}]}"},
         {"config.get", "{'defaults': true}", NULL,
          "{'config': {'targets': {'" TARGET "': {'enabled': true, 'portal_groups': [1],"
          " 'parameters': {'first_burst_length': 262144}}}}}"},
         {"config.apply",
          "{'mode': 'merge', 'config': {'version': 2, 'colour': 1,"
          " 'backstores': {'a': {'type': 'ram'}}, 'portal_groups': {'0': {'portals': []}},"
          " 'targets': {'" TARGET "': {'luns': {'9': {'backstore': 'none'}}}}}}",
          "INVALID_CONFIG", NULL},
         {"config.get", NULL, NULL, "{'revision': 3}"});
}
END_TEST

START_TEST(what_is_got_may_be_applied_again)
{
    static const char *const modes[] = {"replace", "merge"};
    json_t *got, *params, *done;
    char *text;

    PLAY(DISK("disk0"), EMPTY_TARGET,
         {"lun.create", "{'target': '" TARGET "', 'backstore': 'disk0'}", NULL, NULL});
    for (unsigned i = 0; i < 4; i++) {
        got = api_do("config.get", i < 2 ? "{}" : "{'defaults': true}");
        params = json_pack("{s:O, s:s}", "config", json_object_get(got, "config"), "mode",
                           modes[i % 2]);
        text = json_dumps(params, JSON_COMPACT);
        done = api_do("config.apply", text);
        ck_assert(json_is_false(json_object_get(done, "changed")));
        free(text);
        json_decref(params);
        json_decref(got);
        json_decref(done);
    }
}
END_TEST

START_TEST(the_daemon_tells_of_itself_and_its_health)
{
    PLAY({"daemon.info", NULL, NULL,
          "{'name': 'blockgated', 'api_version': '1.0.0', 'revision': 0}"},
         {"daemon.health", NULL, NULL, "{'status': 'ok'}"},
         {"portal_group.create", "{'tag': 2, 'portals': [{'address': '127.0.0.1', 'port': 9}]}",
          NULL, "{'portal_group': {'portals': [{'listening': false}]}}"},
         {"daemon.health", NULL, NULL,
          "{'status': 'degraded', 'checks': [{'name': 'daemon', 'status': 'ok'},"
          " {'name': 'portals', 'status': 'degraded',"
          "  'message': 'not listening on 127.0.0.1:9'},"
          " {'name': 'backstores', 'status': 'ok'}, {'name': 'state_file', 'status': 'ok'}]}"},
         {"portal_group.update",
          "{'tag': 2, 'portals': [{'address': '127.0.0.1', 'port': 3262}]}", NULL,
          "{'changed': true}"},
         {"daemon.health", NULL, NULL, "{'status': 'ok'}"},
         {"portal_group.get", "{'tag': 2}", NULL,
          "{'tag': 2, 'portals': [{'address': '127.0.0.1', 'port': 3262, 'listening': true}]}"},
         {"portal_group.delete", "{'tag': 1}", NULL, "{'changed': true}"},
         {"portal_group.delete", "{'tag': 2}", NULL, "{'changed': true}"},
         {"daemon.health", NULL, NULL,
          "{'status': 'degraded', 'checks': [{'name': 'daemon', 'status': 'ok'},"
          " {'name': 'portals', 'status': 'degraded',"
          "  'message': 'there is no portal, so nobody can log in: portal_group.create makes"
          " one'},"
          " {'name': 'backstores', 'status': 'ok'}, {'name': 'state_file', 'status': 'ok'}]}"},
         {"rpc.discover", NULL, NULL, "{'openrpc': '1.3.2'}"},
         {"backstore.types", NULL, NULL, NULL},
         {"session.list", NULL, NULL, "{'sessions': []}"});
    api_set_state(RPC_STARTING);
    PLAY({"daemon.health", NULL, NULL, "{'status': 'failing'}"},
         {"config.get", NULL, "UNAVAILABLE", "{'state': 'starting'}"});
    api_set_state(RPC_STOPPING);
    PLAY({"config.get", NULL, NULL, NULL},
         {"target.delete", "{'name': '" TARGET "'}", "UNAVAILABLE", "{'state': 'stopping'}"});
}
END_TEST

START_TEST(counters_are_there_for_every_kind)
{
    PLAY(DISK("disk0"),
         {"target.create", "{'name': '" TARGET "', 'luns': [{'lun': 5, 'backstore': 'disk0'}]}",
          NULL, NULL},
         {"stats.get", "{'kind': 'daemon'}", NULL,
          "{'stats': [{'name': 'blockgated', 'extra': {'targets': 1, 'backstores': 1}}]}"},
         {"stats.get", "{'kind': 'target'}", NULL, "{'stats': [{'name': '" TARGET "'}]}"},
         {"stats.get", "{'kind': 'lun'}", NULL,
          "{'stats': [{'name': '" TARGET "/5', 'io': {'read_ops': 0}}]}"},
         {"stats.get", "{'kind': 'backstore'}", NULL, "{'stats': [{'name': 'disk0'}]}"},
         {"stats.get", "{'kind': 'backstore', 'names': ['x']}", NULL, "{'stats': []}"},
         {"stats.get", "{'kind': 'session'}", NULL, "{'stats': []}"},
         {"stats.get", "{'kind': 'weather'}", "INVALID_PARAMS", NULL});
}
END_TEST

START_TEST(how_long_workers_look_for_work_is_set_and_shown)
{
    PLAY({"worker.get", NULL, NULL, "{'busy_poll_us': 0}"},
         {"worker.set", "{'busy_poll_us': 50}", NULL, "{'busy_poll_us': 50}"},
         {"worker.get", NULL, NULL, "{'busy_poll_us': 50}"},
         {"worker.set", "{'busy_poll_us': 1000001}", "INVALID_PARAMS", NULL},
         {"worker.set", "{}", "INVALID_PARAMS", NULL},
         {"worker.set", "{'busy_poll_us': 0}", NULL, "{'busy_poll_us': 0}"});
}
END_TEST

START_TEST(log_levels_are_set_and_shown)
{
    PLAY({"log.set", "{'level': 'warning'}", NULL, "{'level': 'warning', 'modules': {}}"},
         {"log.set", "{'modules': {'iscsi': 'debug', 'net': 'error'}}", NULL,
          "{'level': 'warning', 'modules': {'iscsi': 'debug', 'net': 'error'}}"},
         {"log.set", "{'modules': {'iscsi': null, 'nat': 'error'}}", "NOT_FOUND", NULL},
         {"log.get", NULL, NULL, "{'modules': {'iscsi': 'debug', 'net': 'error'}}"},
         {"log.set", "{'modules': {'iscsi': null}}", NULL, "{'modules': {'net': 'error'}}"},
         {"log.set", "{'level': 'info', 'modules': {'rpc': 'debug'}}", NULL,
          "{'level': 'info', 'modules': {'rpc': 'debug'}}"},
         {"log.set", "{'level': 'loud'}", "INVALID_PARAMS", NULL});
}
END_TEST

TCase *
methods_cases(void)
{
    TCase *t = tcase_create("methods");

    tcase_add_checked_fixture(t, api_setup, api_teardown);
    tcase_set_timeout(t, 30);
    tcase_add_test(t, a_backstore_is_made_shown_changed_and_deleted);
    tcase_add_test(t, creating_twice_is_the_same_as_once_unless_it_differs);
    tcase_add_test(t, what_is_not_there_is_not_found_and_near_names_are_told);
    tcase_add_test(t, a_target_is_made_shown_changed_and_deleted);
    tcase_add_test(t, luns_and_acls_come_and_go);
    tcase_add_test(t, what_is_in_use_is_not_deleted);
    tcase_add_test(t, a_session_in_the_way_is_told_of_and_force_overrides_it);
    tcase_add_test(t, revisions_guard_against_changes_by_others);
    tcase_add_test(t, files_are_made_resized_and_removed);
    tcase_add_test(t, only_regular_files_are_removed);
    tcase_add_test(t, a_portal_that_cannot_be_bound_changes_nothing);
    tcase_add_test(t, the_whole_configuration_is_read_and_applied);
    tcase_add_test(t, what_is_got_may_be_applied_again);
    tcase_add_test(t, the_daemon_tells_of_itself_and_its_health);
    tcase_add_test(t, counters_are_there_for_every_kind);
    tcase_add_test(t, how_long_workers_look_for_work_is_set_and_shown);
    tcase_add_test(t, log_levels_are_set_and_shown);
    return t;
}
