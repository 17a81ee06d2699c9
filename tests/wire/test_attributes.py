"""Disks that change while sessions use them: by MODE SELECT, by the API, and their medium."""

import os

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


ATTRIBUTES = (
    ({"vendor_id": "OTHER"}, {scsi.INQUIRY_CHANGED}),
    ({"serial": "0815"}, {scsi.INQUIRY_CHANGED}),
    ({"rotation_rate": 7200}, {scsi.INQUIRY_CHANGED}),
    ({"removable": True}, {scsi.INQUIRY_CHANGED}),
    ({"write_cache": False, "tas": True}, {scsi.MODE_CHANGED}),
    ({"read_only": True}, {scsi.MODE_CHANGED}),
    ({"unmap": True}, {scsi.CAPACITY_CHANGED, scsi.INQUIRY_CHANGED}),
    ({"physical_block_size": 8192}, {scsi.CAPACITY_CHANGED, scsi.INQUIRY_CHANGED}),
    ({"queue_depth": 7}, set()),
)


@cases(*range(len(ATTRIBUTES)))
def test_attribute_changes_under_a_session(daemon, row):
    """Nobody is in the way, the session and what is running stay, and it hears of it."""
    members, attentions = ATTRIBUTES[row]
    name = f"changing{row}"
    daemon.make_disk(name, "rdwr", size=4 * MIB)
    daemon.make_target(f"{TARGET}-{name}", luns={0: name})
    with daemon.session(f"{TARGET}-{name}") as c:
        select(c, scsi.control_page(d_sense=True))
        daemon.call("backstore.update", name=name, set=members)
        told = set()
        while (now := sense(c)) != scsi.GOOD:
            told.add(now)
        assert told == attentions
        assert "d_sense" in modes(daemon, name), "what MODE SELECT has changed stays"
        state = daemon.call("backstore.get", name=name)
        for member, value in members.items():
            assert {**state["options"], **state}[member] == value
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
