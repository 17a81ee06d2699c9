"""Thin disks whose space gets short, and ends."""

import errno

import scsi
from daemon import MIB, eventually

THRESHOLD_REACHED = (scsi.UNIT_ATTENTION, 0x38, 7)
SPACE_ALLOCATION_FAILED = (scsi.DATA_PROTECT, 0x27, 7)


def sense(c, cdb=None, **how):
    task = c.try_scsi(cdb or scsi.test_unit_ready(), **how)
    return tuple(task.sense) if task.status == scsi.CHECK_CONDITION else task.status


def thin_disk(start_daemon, space_threshold=8 * MIB):
    daemon = start_daemon(faults=True)
    daemon.make_disk(type="rdwr", unmap=True, space_threshold=space_threshold)
    daemon.make_target()
    return daemon


def log_page(c, page=0x0C):
    cdb = bytes([0x4D, 0, 0x40 | page, 0, 0, 0, 0, 0, 255, 0])
    return bytes(c.scsi(cdb, read=255).data)


def test_soft_threshold_is_told_once_each_time_it_is_crossed(start_daemon):
    daemon = thin_disk(start_daemon)
    with daemon.session() as c, daemon.session() as other:
        for _ in range(2):
            daemon.fault("disk0", f"space answer {3 * MIB} {7 * MIB}")
            eventually(lambda: sense(c) == THRESHOLD_REACHED, "the initiator is told")
            assert sense(other) == THRESHOLD_REACHED, "and so is the other"
            assert sense(c) == sense(other) == scsi.GOOD
            assert log_page(c)[8:12] == (7).to_bytes(4, "big"), "sets of a MiB are available"
            assert log_page(c)[20:24] == (3).to_bytes(4, "big"), "and taken"
            daemon.fault("disk0", f"space answer {3 * MIB} {9 * MIB}")
            daemon.call("backstore.update", name="disk0", set={"space_threshold": 4 * MIB})
            assert sense(c) == sense(other) == scsi.MODE_CHANGED
            daemon.call("backstore.update", name="disk0", set={"space_threshold": 8 * MIB})
            assert sense(c) == sense(other) == scsi.MODE_CHANGED
    assert "little space is left" in daemon.log()


def test_disk_without_space_can_still_be_read_and_written_where_it_was(start_daemon):
    daemon = thin_disk(start_daemon)
    with daemon.session() as c:
        c.scsi(scsi.write(0, 8), write=b"\x11" * 4096)
        daemon.fault("disk0", f"write error {errno.ENOSPC} {MIB} {16 * MIB}")
        assert sense(c, scsi.write(2048, 8), write=bytes(4096)) == SPACE_ALLOCATION_FAILED
        assert bytes(c.scsi(scsi.read(0, 8), read=4096).data) == b"\x11" * 4096
        assert bytes(c.scsi(scsi.read(2048, 8), read=4096).data) == bytes(4096)
        c.scsi(scsi.write(0, 8), write=b"\x22" * 4096)
        assert sense(c) == scsi.GOOD
        daemon.fault("disk0")
        c.scsi(scsi.write(2048, 8), write=b"\x33" * 4096)
        assert bytes(c.scsi(scsi.read(2048, 8), read=4096).data) == b"\x33" * 4096


def test_end_of_space_is_told_to_the_others_once_until_there_is_some_again(start_daemon):
    daemon = thin_disk(start_daemon, space_threshold=0)
    full = f"write error {errno.ENOSPC}"
    write = scsi.write(2048, 8)
    with daemon.session() as c, daemon.session() as other:
        daemon.fault("disk0", full, f"space answer {MIB} 0")
        assert sense(c, write, write=bytes(4096)) == SPACE_ALLOCATION_FAILED
        task = other.try_scsi(scsi.read(0, 8), read=4096)
        assert tuple(task.sense) == THRESHOLD_REACHED
        descriptor = int.from_bytes(task.sense.raw[3:7], "big")
        page = bytes(c.scsi(bytes([0x1A, 8, 0x1C, 2, 255, 0]), read=255).data)[4:]
        assert page[descriptor : descriptor + 8] == bytes([0x80, 1, 0, 0, 0, 0, 0, 1])
        assert sense(c) == sense(other) == scsi.GOOD
        assert sense(other, write, write=bytes(4096)) == SPACE_ALLOCATION_FAILED
        assert sense(c) == sense(other) == scsi.GOOD
        daemon.fault("disk0", full, f"space answer {MIB} {8 * MIB}")
        eventually(
            lambda: sense(c, write, write=bytes(4096)) == SPACE_ALLOCATION_FAILED
            and sense(other) == THRESHOLD_REACHED,
            "the next end of space is told, too",
        )
    assert "has run out of space" in daemon.log()
