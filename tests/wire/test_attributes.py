"""Disks that change while sessions use them: by MODE SELECT, by the API, and their medium."""

import os
import threading

import scsi
from daemon import TARGET, MIB, eventually
from runner import cases


def setup(daemon):
    daemon.make_disk("disk0")
    daemon.make_disk("file", "rdwr", size=4 * MIB, removable=True)
    daemon.make_target(luns={0: "disk0", 1: "file"})


def sense(c, cdb=None, lun=0, **how):
    task = c.try_scsi(cdb or scsi.test_unit_ready(), lun=lun, **how)
    return tuple(task.sense) if task.status == scsi.CHECK_CONDITION else task.status


def modes(daemon, name="disk0"):
    return {k for k, v in daemon.call("backstore.get", name=name)["modes"].items() if v}


def select(c, pages, lun=0):
    cdb, data = scsi.mode_select6(pages)
    c.scsi(cdb, lun=lun, write=data)


def test_mode_select_is_told_to_others_and_seen_over_the_api(daemon):
    with daemon.session() as c, daemon.session() as other:
        select(c, scsi.control_page(swp=True, tas=True))
        assert sense(c) == scsi.GOOD
        assert sense(other) == scsi.MODE_CHANGED
        assert sense(other) == scsi.GOOD
        assert modes(daemon) == {"write_cache", "software_write_protect", "tas"}
        assert sense(other, scsi.write(0, 1), write=bytes(512)) == scsi.SOFTWARE_WRITE_PROTECTED
        select(other, scsi.control_page())
        assert sense(c) == scsi.MODE_CHANGED
        c.scsi(scsi.write(0, 1), write=bytes(512))


def test_d_sense_is_for_all_sense_data(daemon):
    with daemon.session() as c:
        select(c, scsi.control_page(d_sense=True))
        task = c.try_scsi(scsi.read(1 << 40, 1, size=16), read=512)
        assert tuple(task.sense) == scsi.LBA_OUT_OF_RANGE
        assert task.sense.raw[0] == 0x72
        assert int.from_bytes(task.sense.raw[12:20], "big") == 1 << 40
        select(c, scsi.control_page())
        assert c.try_scsi(scsi.read(1 << 40, 1, size=16), read=512).sense.raw[0] == 0x70


def inquiry(page, begin, end):
    return lambda c: bytes(c.scsi(scsi.inquiry(255, page), read=255).data)[begin:end]


def capacity(at, mask):
    return lambda c: c.scsi(scsi.read_capacity16(), read=32).data[at] & mask


def mode(page, at, mask, subpage=0):
    """AT: from the begin of the page; None where there is no such page."""

    def look(c):
        task = c.try_scsi(bytes([0x1A, 8, page, subpage, 255, 0]), read=255)
        return task.data[4 + at] & mask if task.status == scsi.GOOD else None

    return look


def has_name(naa):
    return lambda c: bytes.fromhex(naa) in bytes(c.scsi(scsi.inquiry(255, 0x83), read=255).data)


def full_at(depth):
    """Whether DEPTH commands are taken, and no more: those that wait for data stay open."""

    def look(c):
        tasks = [c.submit(scsi.write(0, 8), write=b"\x55" * 4096, unsolicited=(0, 0)) for _ in range(depth + 1)]
        for task in tasks:
            c.wait(task)
        return [t.status for t in tasks] == [scsi.GOOD] * depth + [scsi.TASK_SET_FULL]

    return look


# What is set, what its initiators hear, where they see it, and what.
ATTRIBUTES = (
    ({"vendor_id": "OTHER"}, {scsi.INQUIRY_CHANGED}, inquiry(None, 8, 16), b"OTHER   "),
    ({"product_id": "mine"}, {scsi.INQUIRY_CHANGED}, inquiry(None, 16, 32), b"mine            "),
    ({"product_revision": "9"}, {scsi.INQUIRY_CHANGED}, inquiry(None, 32, 36), b"9   "),
    ({"serial": "0815"}, {scsi.INQUIRY_CHANGED}, inquiry(0x80, 4, 8), b"0815"),
    ({"naa": "3000000000000001"}, {scsi.INQUIRY_CHANGED}, has_name("3000000000000001"), True),
    ({"rotation_rate": 7200}, {scsi.INQUIRY_CHANGED}, inquiry(0xB1, 4, 6), (7200).to_bytes(2, "big")),
    ({"rotation_rate": 1}, {scsi.INQUIRY_CHANGED}, inquiry(0xB1, 4, 6), b"\x00\x01"),
    ({"removable": True}, {scsi.INQUIRY_CHANGED}, inquiry(None, 1, 2), b"\x80"),
    ({"atomic_writes": True}, {scsi.INQUIRY_CHANGED}, inquiry(0xB0, 44, 48), (8 << 20 >> 9).to_bytes(4, "big")),
    ({"write_cache": False}, {scsi.MODE_CHANGED}, mode(0x08, 2, 0x04), 0),
    ({"tas": True}, {scsi.MODE_CHANGED}, mode(0x0A, 5, 0x40), 0x40),
    ({"d_sense": True}, {scsi.MODE_CHANGED}, mode(0x0A, 2, 0x04), 0x04),
    ({"read_only": True}, {scsi.MODE_CHANGED}, mode(0x0A, -2, 0x80), 0x80),
    ({"unmap": True}, {scsi.CAPACITY_CHANGED, scsi.INQUIRY_CHANGED}, capacity(14, 0xC0), 0xC0),
    ({"physical_block_size": 8192}, {scsi.CAPACITY_CHANGED, scsi.INQUIRY_CHANGED}, capacity(13, 0x0F), 4),
    ({"unmap": True, "space_threshold": 5 << 20}, {scsi.CAPACITY_CHANGED, scsi.INQUIRY_CHANGED, scsi.MODE_CHANGED},
     mode(0x1C, 23, 0xFF, subpage=2), 5),
    ({"queue_depth": 7}, set(), full_at(7), True),
)  # fmt: skip


@cases(*range(len(ATTRIBUTES)))
def test_attribute_changes_under_a_session(daemon, row):
    """Nobody is in the way, the session and what is running stay, and it hears of it."""
    members, attentions, look, value = ATTRIBUTES[row]
    name = f"changing{row}"
    daemon.make_disk(name, "rdwr", size=4 * MIB)
    daemon.make_target(f"{TARGET}-{name}", luns={0: name})
    with daemon.session(f"{TARGET}-{name}") as c:
        own = "d_sense" if "tas" in members else "tas"
        select(c, scsi.control_page(**{own: True}))
        assert look(c) != value
        daemon.call("backstore.update", name=name, set=members)
        told = set()
        while (now := sense(c)) != scsi.GOOD:
            told.add(now)
        assert told == attentions
        assert look(c) == value
        assert own in modes(daemon, name), "what MODE SELECT has changed stays"
        state = daemon.call("backstore.get", name=name)
        for member in members:
            assert {**state["options"], **state}[member] == members[member]
        if "read_only" in members:
            assert sense(c, scsi.write(0, 1), write=bytes(512)) == (scsi.DATA_PROTECT, 0x27, 0)
            daemon.call("backstore.update", name=name, set={"read_only": False})
            assert sense(c) == scsi.MODE_CHANGED
        c.scsi(scsi.write(0, 1), write=bytes(512))


def test_medium_is_ejected_and_loaded(daemon):
    with daemon.session(lun=1) as c, daemon.session(lun=1) as other:
        c.scsi(scsi.prevent_removal(), lun=1)
        assert sense(other, scsi.start_stop(eject=True), lun=1) == scsi.REMOVAL_PREVENTED
        c.scsi(scsi.prevent_removal(False), lun=1)
        other.scsi(scsi.start_stop(eject=True), lun=1)
        assert sense(c, lun=1) == scsi.MEDIUM_NOT_PRESENT
        assert daemon.call("backstore.get", name="file")["medium"] == "ejected"
        other.scsi(scsi.start_stop(start=True, eject=True), lun=1)
        assert sense(other, lun=1) == scsi.GOOD
        assert sense(c, lun=1) == scsi.MEDIUM_CHANGED
        assert sense(c, lun=1) == scsi.GOOD


def test_who_is_gone_prevents_nothing(daemon):
    with daemon.session(lun=1) as c:
        with daemon.session(lun=1) as other:
            other.scsi(scsi.prevent_removal(), lun=1)
            assert sense(c, scsi.start_stop(eject=True), lun=1) == scsi.REMOVAL_PREVENTED
        eventually(
            lambda: sense(c, scsi.start_stop(eject=True), lun=1) == scsi.GOOD,
            "the medium can be ejected",
        )
        c.scsi(scsi.start_stop(start=True, eject=True), lun=1)


def test_disk_that_is_removable_no_more_has_its_medium(daemon):
    with daemon.session(lun=1) as c:
        c.scsi(scsi.start_stop(eject=True), lun=1)
        daemon.call("backstore.update", name="file", set={"removable": False})
        assert sense(c, lun=1) == scsi.MEDIUM_CHANGED
        assert sense(c, lun=1) == scsi.INQUIRY_CHANGED
        assert sense(c, lun=1) == scsi.GOOD
        assert sense(c, scsi.prevent_removal(), lun=1) == scsi.INVALID_OPCODE
        daemon.call("backstore.update", name="file", set={"removable": True})


@cases("kill", "stop")
def test_saved_modes_are_there_after_a_restart(start_daemon, how):
    daemon = start_daemon()
    daemon.make_disk(type="rdwr")
    daemon.make_target()
    with daemon.session() as c:
        cdb, data = scsi.mode_select6(scsi.control_page(swp=True, tas=True), save=True)
        c.scsi(cdb, write=data)
        select(c, scsi.control_page(d_sense=True))  # not saved
    if how == "kill":
        daemon.kill()
        daemon.start()
    else:
        daemon.restart()
    assert modes(daemon) == {"write_cache", "software_write_protect", "tas"}
    with daemon.session() as c:
        assert sense(c, scsi.write(0, 1), write=bytes(512)) == scsi.SOFTWARE_WRITE_PROTECTED
        daemon.call("backstore.update", name="disk0", set={"tas": True})  # the operator, later
        daemon.call("backstore.update", name="disk0", set={"tas": False})
    daemon.restart()
    assert modes(daemon) == {"write_cache", "software_write_protect"}


def test_modes_that_cannot_be_saved_are_not_changed(start_daemon):
    daemon = start_daemon()
    daemon.make_disk()
    daemon.make_target()
    os.rmdir(daemon.path("state/units"))
    with daemon.session() as c:
        cdb, data = scsi.mode_select6(scsi.control_page(swp=True), save=True)
        assert sense(c, cdb, write=data) == (4, 0x44, 0)
        assert modes(daemon) == {"write_cache"}
        select(c, scsi.control_page(swp=True))
        assert modes(daemon) == {"write_cache", "software_write_protect"}


def pipelined(c, commands, lun=0):
    """All at once, as an initiator sends them that has heard of nothing yet."""
    tasks = [c.submit(cdb, lun=lun, **how) for cdb, how in commands]
    for task in tasks:
        c.wait(task)
    return [tuple(t.sense) if t.status == scsi.CHECK_CONDITION else t.status for t in tasks]


def test_other_block_size_under_a_session(start_daemon):
    """What ran before ends where it was meant, and what still comes does nothing until its
    initiator has read the capacity."""
    daemon = start_daemon(faults=True)
    daemon.make_disk(type="rdwr", size=4 * MIB)
    daemon.make_target()
    late = [(scsi.write(8, 8), {"write": b"\x33" * 4096}), (scsi.read(8, 8), {"read": 4096})]
    with daemon.session() as c, daemon.session() as other:
        c.scsi(scsi.write(0, 512), write=b"\x11" * 512 * 512)
        daemon.fault("disk0", "write hold")
        running = c.submit(scsi.write(8, 8), write=b"\x22" * 4096)
        eventually(lambda: daemon.held() == 1, "the write is in the store")
        change = threading.Thread(
            target=daemon.call,
            args=("backstore.update",),
            kwargs={"name": "disk0", "set": {"block_size": 4096}, "force": True},
        )
        change.start()
        eventually(lambda: other.try_scsi(scsi.test_unit_ready()).sense, "the change is under way")
        daemon.fault("disk0")
        c.wait(running)
        assert running.status == scsi.GOOD
        change.join()
        for session in (c, other):
            told = pipelined(session, late * 8)
            assert told[:3].count(scsi.CAPACITY_CHANGED) >= 1, told
            assert set(told) <= {scsi.POWER_ON, scsi.LUNS_CHANGED, scsi.CAPACITY_CHANGED}, told
            assert told[4:] == [scsi.CAPACITY_CHANGED] * 12, told
            assert sense(session) == scsi.GOOD
            capacity = bytes(session.scsi(scsi.read_capacity16(), read=32).data)
            assert capacity[:12] == (1023).to_bytes(8, "big") + (4096).to_bytes(4, "big")
            assert bytes(session.scsi(scsi.read(1, 1), read=4096).data) == b"\x22" * 4096
            assert bytes(session.scsi(scsi.read(8, 1), read=4096).data) == b"\x11" * 4096
        c.scsi(scsi.write(8, 1), write=b"\x44" * 4096)
        assert bytes(other.scsi(scsi.read(8, 1), read=4096).data) == b"\x44" * 4096
