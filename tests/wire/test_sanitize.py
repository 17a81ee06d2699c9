"""SANITIZE (SBC-3 section 4.11) as initiators see it, through resets and new sessions."""

import os
import struct

import scsi
from daemon import MIB, TARGET, eventually
from runner import cases
from test_task_management import ABORT_TASK, COLD_RESET, COMPLETE, LUN_RESET, WARM_RESET

IN_PROGRESS = (scsi.NOT_READY, 0x04, 0x1B)
FAILED = (scsi.MEDIUM_ERROR, 0x31, 3)
OVERWRITE, BLOCK_ERASE, EXIT = 1, 2, 0x1F


def sanitize(action, immed=False, length=0):
    return struct.pack(">BB5xHB", 0x48, immed << 7 | action, length, 0)


def overwrite_list(pattern, count=1):
    return struct.pack(">BBH", count, 0, len(pattern)) + pattern


def setup(daemon):
    daemon.make_disk(unmap=True)
    daemon.make_target()


def start_overwrite(c, immed, pattern=b"wipe", count=1):
    data = overwrite_list(pattern, count)
    return c.submit(sanitize(OVERWRITE, immed, len(data)), write=data)


def progress(c):
    """Of what is under way, in 65536ths."""
    sense = bytes(c.scsi(scsi.request_sense(), read=252).data)
    assert tuple(scsi.Sense(sense)) == IN_PROGRESS, sense.hex()
    return struct.unpack_from(">H", sense, 16)[0]


def is_idle(daemon):
    """Whether the unit is ready; while it is not, the reason must be the right one."""
    with daemon.session(settle=False) as c:
        task = c.try_scsi(scsi.test_unit_ready())
        while task.status and task.sense[0] == scsi.UNIT_ATTENTION:
            task = c.try_scsi(scsi.test_unit_ready())
        assert task.status == scsi.GOOD or task.sense == IN_PROGRESS, task.sense
        return task.status == scsi.GOOD


def wait_until_idle(daemon):
    eventually(lambda: is_idle(daemon), "the sanitize operation ends", limit=40, step=0.1)


def test_an_overwrite_is_answered_when_all_blocks_have_the_pattern(daemon):
    with daemon.session() as c:
        c.scsi(scsi.write(1000, 16), write=os.urandom(8192))
        task = start_overwrite(c, immed=False)
        assert c.wait(task).status == scsi.GOOD
        assert bytes(c.scsi(scsi.read(1000, 16), read=8192).data) == b"wipe" * 2048


def test_a_block_erase_leaves_zeroes(daemon):
    with daemon.session() as c:
        c.scsi(scsi.write(1000, 16), write=os.urandom(8192))
        c.scsi(sanitize(BLOCK_ERASE))
        assert bytes(c.scsi(scsi.read(1000, 16), read=8192).data) == bytes(8192)


@cases(LUN_RESET, WARM_RESET, COLD_RESET)
def test_it_goes_on_through_abort_reset_and_the_loss_of_its_session(daemon, function):
    with daemon.session() as c:
        task = start_overwrite(c, immed=False, pattern=bytes([function]), count=2)
        sense = c.scsi(scsi.request_sense(), read=252).data
        assert tuple(scsi.Sense(bytes(sense))) == IN_PROGRESS, bytes(sense)
        assert c.task_management(ABORT_TASK, task=task, refcmdsn=c.cmdsn - 2) == COMPLETE
        del c.tasks[task.itt]
        assert c.task_management(function) == COMPLETE
    assert not is_idle(daemon), "it has ended with its session"
    wait_until_idle(daemon)
    with daemon.session() as c:
        for lba in 0, 16 * MIB // 512 - 16:
            assert bytes(c.scsi(scsi.read(lba, 16), read=8192).data) == bytes([function]) * 8192


def test_another_session_is_not_ready_meanwhile_and_gets_in_with_no_data(daemon):
    with daemon.session() as c, daemon.session() as other:
        held = []
        other.on_r2t = lambda task, r2t: held.append((task, r2t))
        late = other.submit(scsi.write(0, 128), write=os.urandom(65536), unsolicited=(0, 0))
        while not held:
            other.pump()
        c.scsi(sanitize(OVERWRITE, True, 5), write=overwrite_list(b"x"))
        for cdb in scsi.read(0, 1), scsi.write(0, 1), scsi.read_capacity10():
            assert other.try_scsi(cdb, read=512).sense == IN_PROGRESS
        other.on_r2t = None
        other.data_out(late, held[0][1].offset, held[0][1].length, held[0][1].ttt)
        assert other.wait(late).sense == IN_PROGRESS
        wait_until_idle(daemon)
        assert bytes(other.scsi(scsi.read(0, 1), read=512).data) == b"x" * 512


def test_the_daemon_stops_in_the_middle_of_it(start_daemon):
    daemon = start_daemon()
    daemon.make_disk(size=512 * MIB, unmap=True)
    daemon.make_target()
    with daemon.session() as c:
        c.scsi(sanitize(OVERWRITE, True, 5), write=overwrite_list(b"x"))
    daemon.stop(limit=5)


@cases("stop", "kill")
def test_what_was_under_way_at_the_end_of_the_daemon_has_failed(start_daemon, end):
    daemon = start_daemon()
    daemon.make_disk(type="rdwr", size=256 * MIB, unmap=True)
    daemon.make_target()
    with daemon.session() as c:
        c.scsi(sanitize(OVERWRITE, True, 5), write=overwrite_list(b"x"))
        # Beyond the begin, which is kept before the first write.
        eventually(lambda: progress(c) > 0, "progress")
    if end == "kill":
        daemon.kill()
    else:
        daemon.stop()
    daemon.start()
    with daemon.session(settle=False) as c:
        while c.try_scsi(scsi.test_unit_ready()).sense[0] == scsi.UNIT_ATTENTION:
            pass
        for cdb in scsi.test_unit_ready(), scsi.read(0, 1):
            assert c.try_scsi(cdb, read=512).sense == FAILED
        assert c.try_scsi(sanitize(EXIT)).sense == scsi.INVALID_FIELD_IN_CDB
        c.scsi(sanitize(BLOCK_ERASE))
        assert bytes(c.scsi(scsi.read(0, 1), read=512).data) == bytes(512)
    daemon.restart()
    daemon.check_serving()


def test_a_backstore_that_is_deleted_meanwhile_goes(start_daemon):
    daemon = start_daemon()
    daemon.make_disk(size=512 * MIB, unmap=True)
    daemon.make_target()
    with daemon.session() as c:
        c.scsi(sanitize(OVERWRITE, True, 5), write=overwrite_list(b"x"))
    eventually(lambda: not daemon.sessions(), "the session has ended")
    daemon.call("target.delete", name=TARGET)
    daemon.call("backstore.delete", name="disk0")
    daemon.make_disk(size=MIB)
    daemon.make_target()
    daemon.check_serving()
