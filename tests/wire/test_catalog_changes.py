"""What sessions see when the configuration changes under them."""

import os
import threading

import scsi
from daemon import FILE_TYPES, MIB, TARGET, RpcError, eventually
from initiator import LoginFailed
from runner import cases

SECOND = TARGET + "-second"


def setup(daemon):
    for name in ("disk0", "disk1", "disk2"):
        daemon.make_disk(name)
    daemon.make_disk("file", "rdwr", size=4 * MIB)
    daemon.make_target()


def luns(c):
    return scsi.parse_luns(c.scsi(scsi.report_luns(), read=4096).data)


def attention(c, lun=0):
    task = c.try_scsi(scsi.test_unit_ready(), lun=lun)
    assert task.status == scsi.CHECK_CONDITION, "no unit attention"
    return tuple(task.sense)


def test_new_and_removed_LUN_is_announced_and_usable(daemon):
    with daemon.session() as c:
        daemon.call("lun.create", target=TARGET, lun=5, backstore="disk1")
        assert attention(c) == scsi.LUNS_CHANGED
        c.scsi(scsi.test_unit_ready())
        assert luns(c) == [0, 5]
        c.settle(5)
        data = os.urandom(4096)
        c.scsi(scsi.write(0, 8), lun=5, write=data)
        assert bytes(c.scsi(scsi.read(0, 8), lun=5, read=4096).data) == data
        daemon.call("lun.delete", target=TARGET, lun=5, force=True)
        assert c.try_scsi(scsi.test_unit_ready(), lun=5).sense == scsi.LUN_NOT_SUPPORTED
        assert attention(c) == scsi.LUNS_CHANGED
        assert luns(c) == [0]


def test_report_luns_clears_the_announcement(daemon):
    """SPC-4: REPORTED LUNS DATA HAS CHANGED does not stop REPORT LUNS and is cleared by it."""
    with daemon.session() as c:
        daemon.call("lun.create", target=TARGET, lun=6, backstore="disk1")
        assert luns(c) == [0, 6]
        daemon.call("lun.delete", target=TARGET, lun=6, force=True)
        assert luns(c) == [0]


def test_inquiry_passes_a_unit_attention(daemon):
    with daemon.session() as c:
        daemon.call("lun.create", target=TARGET, lun=6, backstore="disk1")
        c.scsi(scsi.inquiry(36), read=36)
        assert attention(c) == scsi.LUNS_CHANGED
        daemon.call("lun.delete", target=TARGET, lun=6, force=True)


def test_LUN_number_above_255(daemon):
    daemon.call("lun.create", target=TARGET, lun=1000, backstore="disk2")
    with daemon.session() as c:
        assert luns(c) == [0, 1000]
        c.settle(1000)
        c.scsi(scsi.write(0, 1), lun=1000, write=bytes(512))
    eventually(lambda: not daemon.sessions(), "the session is gone")
    daemon.call("lun.delete", target=TARGET, lun=1000)


def test_capacity_change_is_announced(daemon):
    daemon.call("lun.create", target=TARGET, lun=1, backstore="file")
    with daemon.session(lun=1) as c:
        daemon.call("backstore.resize", name="file", size=8 * MIB)
        assert attention(c, 1) == scsi.CAPACITY_CHANGED
        last = int.from_bytes(c.scsi(scsi.read_capacity16(), lun=1, read=32).data[:8], "big")
        assert last == 8 * MIB // 512 - 1
        c.scsi(scsi.write(last, 1), lun=1, write=bytes(512))
    daemon.call("lun.delete", target=TARGET, lun=1, force=True)


def test_shrunk_disk_refuses_what_is_gone(daemon):
    daemon.call("lun.create", target=TARGET, lun=1, backstore="file")
    daemon.call("backstore.resize", name="file", size=8 * MIB)
    with daemon.session(lun=1) as c:
        try:
            daemon.call("backstore.resize", name="file", size=4 * MIB, force=True)
        except RpcError as e:
            assert e.name in ("BUSY", "NOT_SUPPORTED", "INVALID_PARAMS"), e
        else:
            assert attention(c, 1) == scsi.CAPACITY_CHANGED
            task = c.try_scsi(scsi.read(4 * MIB // 512, 1), lun=1, read=512)
            assert task.sense == scsi.LBA_OUT_OF_RANGE, task.sense
    daemon.call("lun.delete", target=TARGET, lun=1, force=True)


def test_read_only_LUN(daemon):
    daemon.call("lun.create", target=TARGET, lun=3, backstore="disk1", read_only=True)
    with daemon.session(lun=3) as c:
        c.scsi(scsi.read(0, 1), lun=3, read=512)
        task = c.try_scsi(scsi.write(0, 1), lun=3, write=bytes(512))
        assert task.status == scsi.CHECK_CONDITION and task.sense[0] == scsi.DATA_PROTECT, task.sense
        assert task.sense[1] == 0x27, task.sense
        sense = c.scsi(scsi.mode_sense6(), lun=3, read=255).data
        assert sense[2] & 0x80, "MODE SENSE tells of write protection"
    daemon.call("lun.delete", target=TARGET, lun=3, force=True)


def test_access_that_is_taken_away_and_given(daemon):
    daemon.make_target(SECOND, initiators=[])
    try:
        daemon.session(SECOND)
        raise AssertionError("no ACL entry, yet a login")
    except LoginFailed as e:
        assert e.status == (2, 2)
    daemon.call("acl.create", target=SECOND, initiator="*")
    daemon.check_serving(SECOND)
    eventually(lambda: not daemon.sessions(target=SECOND), "the session is gone")
    daemon.call("acl.delete", target=SECOND, initiator="*")
    try:
        daemon.session(SECOND)
        raise AssertionError("the ACL entry is gone, yet a login")
    except LoginFailed as e:
        assert e.status == (2, 2)
    daemon.call("target.delete", name=SECOND)


def test_target_that_is_removed_with_force_closes_its_sessions(daemon):
    daemon.make_target(SECOND)
    with daemon.session(SECOND) as c:
        try:
            daemon.call("target.delete", name=SECOND)
            raise AssertionError("deleted a target in use without force")
        except RpcError as e:
            assert e.name == "BUSY", e
            assert any(o.get("kind") == "session" for o in e.data["objects"]), e.data
        c.scsi(scsi.test_unit_ready())
        daemon.call("target.delete", name=SECOND, force=True)
        c.strict = False
        c.expect_close()
    try:
        daemon.session(SECOND)
        raise AssertionError("logged in to a target that is gone")
    except LoginFailed as e:
        assert e.status == (2, 3), e
    daemon.check_serving()


class Load:
    """A session of its own that writes and verifies until told to stop; errors are kept."""

    def __init__(self, daemon):
        self.session = daemon.session()
        self.error, self.rounds, self.going = None, 0, True
        self.attentions = []
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        c = self.session
        try:
            while self.going:
                data = os.urandom(16384)
                lba = self.rounds % 100 * 32
                self._do(c, scsi.write(lba, 32), write=data)
                assert bytes(self._do(c, scsi.read(lba, 32), read=16384).data) == data
                self.rounds += 1
        except BaseException as e:
            self.error = e

    def _do(self, c, cdb, **how):
        """Unit attentions are news, not errors."""
        while True:
            task = c.try_scsi(cdb, **how)
            if task.status == scsi.CHECK_CONDITION and task.sense[0] == scsi.UNIT_ATTENTION:
                self.attentions.append(tuple(task.sense))
                continue
            assert task.status == scsi.GOOD, (task.status, task.sense)
            return task

    def stop(self):
        self.going = False
        self.thread.join()
        self.session.close()
        if self.error:
            raise self.error
        assert self.rounds > 0


def test_changes_under_load_are_not_felt(daemon):
    load = Load(daemon)
    try:
        for n in range(15):
            daemon.call("lun.create", target=TARGET, lun=7, backstore="disk1")
            daemon.call("backstore.resize", name="file", size=(5 + n % 2) * MIB, force=True)
            daemon.call("acl.create", target=TARGET, initiator=f"iqn.2026-01.org.blockgate.test:{n}")
            daemon.make_target(f"{SECOND}-{n}", luns={0: "disk2"})
            daemon.call("lun.delete", target=TARGET, lun=7, force=True)
            daemon.call("acl.delete", target=TARGET, initiator=f"iqn.2026-01.org.blockgate.test:{n}")
            daemon.call("target.delete", name=f"{SECOND}-{n}")
    finally:
        load.stop()
    assert set(load.attentions) <= {scsi.LUNS_CHANGED}, load.attentions


def test_LUN_removed_while_it_is_used(daemon):
    """Commands under way end normally; later ones find no LUN."""
    for _ in range(10):
        daemon.call("lun.create", target=TARGET, lun=8, backstore="disk1")
        with daemon.session(lun=8) as c:
            tasks = [c.submit(scsi.read(0, 256), lun=8, read=131072) for _ in range(30)]
            daemon.call("lun.delete", target=TARGET, lun=8, force=True)
            for task in tasks:
                c.wait(task)
                assert task.status == 0 or task.sense in (scsi.LUN_NOT_SUPPORTED, scsi.LUNS_CHANGED), task.sense
            c.settle(0)
    daemon.check_serving()


@cases("ram", *FILE_TYPES)
def test_identity_and_data_of_each_store(daemon, kind):
    name = f"id-{kind}"
    daemon.make_disk(name, kind, size=4 * MIB)
    made = daemon.call("backstore.get", name=name)
    state = made.get("backstore", made)
    daemon.call("lun.create", target=TARGET, lun=20, backstore=name)
    with daemon.session(lun=20) as c:
        serial = bytes(c.scsi(scsi.inquiry(255, 0x80), lun=20, read=255).data[4:]).decode().strip()
        assert serial and serial == state["serial"], (serial, state)
        page = bytes(c.scsi(scsi.inquiry(255, 0x83), lun=20, read=255).data)
        assert bytes.fromhex(state["naa"]) in page
        data = os.urandom(MIB)
        c.scsi(scsi.write(100, 2048), lun=20, write=data)
        assert bytes(c.scsi(scsi.read(100, 2048), lun=20, read=MIB).data) == data
    daemon.call("lun.delete", target=TARGET, lun=20, force=True)
