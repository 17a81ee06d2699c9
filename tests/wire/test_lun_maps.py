"""Each initiator sees the LUNs that its ACL entry shows, under the numbers it gives them."""

import os

import scsi
from daemon import TARGET, RpcError, eventually
from runner import cases

ONE = "iqn.2026-01.org.blockgate.test:one"
TWO = "iqn.2026-01.org.blockgate.test:two"
DISKS = {0: "disk0", 5: "disk5", 700: "disk700"}


def setup(daemon):
    for name in DISKS.values():
        daemon.make_disk(name)
    daemon.make_target(luns=DISKS, initiators=["*"])


def show(daemon, entries, **how):
    """The target has "*" and ENTRIES: {initiator: luns, or None for all}."""
    known = daemon.call("config.get")["config"]["targets"][TARGET]["acls"]
    acls = {**dict.fromkeys(known), "*": {}}
    acls.update({name: {"luns": luns} for name, luns in entries.items()})
    return daemon.call("config.apply", mode="merge", config={"targets": {TARGET: {"acls": acls}}},
                       **{"force": True, **how})  # fmt: skip


def session(daemon, name, lun=0):
    return daemon.session(connection={"name": name}, lun=lun)


def luns(c):
    return scsi.parse_luns(c.scsi(scsi.report_luns(), read=4096).data)


def serial(c, lun):
    return bytes(c.scsi(scsi.inquiry(255, 0x80), lun=lun, read=255).data[4:])


def mark(c, lun, text):
    c.scsi_after_attentions(scsi.write(8, 1), lun=lun, write=text.ljust(512, b"."))


def read(c, lun):
    return bytes(c.scsi_after_attentions(scsi.read(8, 1), lun=lun, read=512).data).rstrip(b".")


def attentions(c, lun):
    return c.settle(lun)


def test_two_initiators_see_different_numbers(daemon):
    show(daemon, {ONE: [{"lun": 5, "seen_as": 0}, {"lun": 0, "seen_as": 1}],
                  TWO: [{"lun": 700, "seen_as": 0}, {"lun": 5, "seen_as": 300}]})  # fmt: skip
    with session(daemon, ONE) as one, session(daemon, TWO) as two, session(daemon, ONE + "x") as all_:
        assert luns(one) == [0, 1] and luns(two) == [0, 300] and luns(all_) == [0, 5, 700]
        for lun in (0, 5, 700):
            mark(all_, lun, b"disk%d" % lun)
        assert [read(one, lun) for lun in (0, 1)] == [b"disk5", b"disk0"]
        assert [read(two, lun) for lun in (0, 300)] == [b"disk700", b"disk5"]
        assert serial(one, 0) == serial(two, 300) == serial(all_, 5)
        for c, lun in ((one, 5), (one, 700), (two, 1), (two, 5), (two, 700)):
            task = c.try_scsi(scsi.test_unit_ready(), lun=lun)
            assert task.sense == scsi.LUN_NOT_SUPPORTED, (lun, task.sense)


@cases("read", "write", "inquiry")
def test_masked_LUN_is_not_there(daemon, what):
    show(daemon, {ONE: [{"lun": 0}]})
    with session(daemon, ONE) as c:
        assert luns(c) == [0]
        if what == "inquiry":
            data = c.scsi(scsi.inquiry(36), lun=5, read=36).data
            assert data[0] == 0x7F, data[0]
            return
        how = {"read": 512} if what == "read" else {"write": bytes(512)}
        cdb = scsi.read(0, 1) if what == "read" else scsi.write(0, 1)
        assert c.try_scsi(cdb, lun=5, **how).sense == scsi.LUN_NOT_SUPPORTED


def test_entry_that_shows_nothing(daemon):
    show(daemon, {ONE: []})
    with daemon.connect(name=ONE) as c:
        c.login(TARGET)
        assert luns(c) == []
        assert c.try_scsi(scsi.test_unit_ready()).sense == scsi.LUN_NOT_SUPPORTED
        assert c.logout() == 0


def test_read_only_for_one_initiator_only(daemon):
    show(daemon, {ONE: [{"lun": 5, "read_only": True}, {"lun": 0}]})
    with session(daemon, ONE, 5) as one, session(daemon, TWO, 5) as two:
        mark(two, 5, b"before")
        task = one.try_scsi(scsi.write(8, 1), lun=5, write=bytes(512))
        assert task.sense[:2] == (scsi.DATA_PROTECT, 0x27), task.sense
        assert one.scsi(scsi.mode_sense6(), lun=5, read=255).data[2] & 0x80
        assert not two.scsi(scsi.mode_sense6(), lun=5, read=255).data[2] & 0x80
        assert read(one, 5) == read(two, 5) == b"before"
        mark(one, 0, b"another LUN may be written")
        mark(two, 5, b"after")
        assert read(one, 5) == b"after"


def test_read_only_comes_and_goes_while_logged_in(daemon):
    show(daemon, {ONE: [{"lun": 5, "seen_as": 0}]})
    with session(daemon, ONE) as c:
        mark(c, 0, b"written")
        show(daemon, {ONE: [{"lun": 5, "seen_as": 0, "read_only": True}]}, force=False)
        task = c.try_scsi(scsi.write(8, 1), write=bytes(512))
        while task.sense and task.sense[0] == scsi.UNIT_ATTENTION:
            task = c.try_scsi(scsi.write(8, 1), write=bytes(512))
        assert task.sense[0] == scsi.DATA_PROTECT, task.sense
        assert read(c, 0) == b"written"
        show(daemon, {ONE: [{"lun": 5, "seen_as": 0}]}, force=False)
        mark(c, 0, b"again")


def test_map_that_changes_while_logged_in(daemon):
    show(daemon, {ONE: [{"lun": 0}, {"lun": 5}]})
    with session(daemon, ONE) as c, session(daemon, TWO) as other:
        for lun in (0, 5, 700):
            mark(other, lun, b"disk%d" % lun)
        c.settle(5)
        show(daemon, {ONE: [{"lun": 0}, {"lun": 5, "seen_as": 3}, {"lun": 700, "seen_as": 4}]})
        assert attentions(c, 0) == [scsi.LUNS_CHANGED]
        assert luns(c) == [0, 3, 4]
        assert c.try_scsi(scsi.test_unit_ready(), lun=5).sense == scsi.LUN_NOT_SUPPORTED
        assert read(c, 0) == b"disk0" and read(c, 3) == b"disk5" and read(c, 4) == b"disk700"
        assert attentions(other, 0) == [], "another initiator's map is none of its business"
        assert luns(other) == [0, 5, 700]


def test_number_that_gets_another_disk_says_so(daemon):
    show(daemon, {ONE: [{"lun": 0}]})
    with session(daemon, ONE) as c:
        show(daemon, {ONE: [{"lun": 5, "seen_as": 0}]})
        task = c.try_scsi(scsi.write(8, 1), write=bytes(512))
        assert task.sense[0] == scsi.UNIT_ATTENTION, "a write for the disk that was there before"
        assert scsi.LUNS_CHANGED in [tuple(task.sense), *attentions(c, 0)]


def test_commands_go_on_while_the_map_changes_around_them(daemon):
    show(daemon, {ONE: [{"lun": 0}, {"lun": 5}]})
    with session(daemon, ONE) as c:
        c.settle(5)
        data = os.urandom(65536)
        for n in range(20):
            writes = [c.submit(scsi.write(128 * k, 128), write=data) for k in range(4)]
            show(daemon, {ONE: [{"lun": 0}, {"lun": 5, "seen_as": 5 + n % 2}]})
            for task in writes:
                c.wait(task)
                assert task.status == scsi.GOOD or tuple(task.sense) == scsi.LUNS_CHANGED, task.sense
            c.settle(0)
        for k in range(4):
            c.scsi(scsi.write(128 * k, 128), write=data)
            assert bytes(c.scsi(scsi.read(128 * k, 128), read=65536).data) == data


def test_LUN_that_is_taken_from_a_session_needs_force(daemon):
    show(daemon, {ONE: None})
    with session(daemon, ONE) as c:
        less = {"target": TARGET, "initiator": ONE, "set": {"luns": [{"lun": 0}]}}
        try:
            daemon.call("acl.update", **less)
            raise AssertionError("a session had the LUN")
        except RpcError as e:
            assert e.name == "BUSY" and e.data["objects"][0]["initiator"] == ONE, e
        told = daemon.call("acl.update", **less, dry_run=True, force=True)
        assert told["changes"][0]["disruptive"] is True
        assert luns(c) == [0, 5, 700]
        daemon.call("acl.update", **less, force=True)
        assert luns(c) == [0]
        done = daemon.call("acl.update", target=TARGET, initiator=ONE, set={"luns": None})
        assert done["changed"] and luns(c) == [0, 5, 700]


def test_new_entry_takes_over_from_the_star(daemon):
    """The session stays; it sees what its own entry shows from now on."""
    show(daemon, {})
    with session(daemon, ONE) as c:
        assert luns(c) == [0, 5, 700]
        daemon.call("acl.create", target=TARGET, initiator=TWO, luns=[{"lun": 0}])
        assert attentions(c, 0) == []
        entry = {"target": TARGET, "initiator": ONE, "luns": [{"lun": 700, "seen_as": 0}]}
        try:
            daemon.call("config.apply", mode="merge", config={
                "targets": {TARGET: {"acls": {ONE: {"luns": entry["luns"]}}}}})  # fmt: skip
            raise AssertionError("takes LUNs from a session")
        except RpcError as e:
            assert e.name == "BUSY", e
        daemon.call("config.apply", mode="merge", force=True, config={
            "targets": {TARGET: {"acls": {ONE: {"luns": entry["luns"]}}}}})  # fmt: skip
        assert luns(c) == [0]


def test_LUN_that_an_entry_names_is_not_deleted(daemon):
    show(daemon, {ONE: [{"lun": 700, "seen_as": 0}]})
    try:
        daemon.call("lun.delete", target=TARGET, lun=700, force=True)
        raise AssertionError("the entry would name nothing")
    except RpcError as e:
        assert e.name == "BUSY", e
        assert e.data["objects"] == [{"kind": "acl", "target": TARGET, "initiator": ONE}], e.data
    show(daemon, {})
    daemon.call("lun.delete", target=TARGET, lun=700)
    daemon.call("lun.create", target=TARGET, lun=700, backstore="disk700")


def test_LUN_of_nobody_is_taken_without_force(daemon):
    show(daemon, {ONE: [{"lun": 0}]})
    with session(daemon, ONE) as c:
        daemon.call("lun.update", target=TARGET, lun=5, set={"enabled": False})
        assert attentions(c, 0) == [], "it has never seen that LUN"
        daemon.call("lun.update", target=TARGET, lun=5, set={"enabled": True})
    eventually(lambda: not daemon.sessions(), "the session is gone")
