"""Stores that wait and fail: what initiators see of it, and that it holds up nobody else."""

import errno
import os

import scsi
from daemon import FILE_TYPES, eventually
from initiator import FINAL, NONE, TASK_MGMT, TASK_MGMT_RESPONSE, CheckCondition, lun_field
from runner import cases

DAEMON = {"faults": True}
ABORT_TASK, ABORT_TASK_SET, LUN_RESET = 1, 2, 5
LUNS = range(1 + len(FILE_TYPES))  # memory, then a disk of each type


def setup(daemon):
    daemon.make_disk()
    for lun, kind in enumerate(FILE_TYPES, 1):
        daemon.make_disk(f"disk{lun}", type=kind)
    daemon.make_target(luns={lun: f"disk{lun}" for lun in LUNS})


def settled(daemon):
    c = daemon.session()
    for lun in LUNS[1:]:
        c.settle(lun)
    return c


def blocks(c, lun, lba=0, count=16):
    return bytes(c.scsi_after_attentions(scsi.read(lba, count), lun=lun, read=512 * count).data)


def hold_write(daemon, c, lun, data):
    daemon.fault(f"disk{lun}", "write hold")
    task = c.submit(scsi.write(0, len(data) // 512), lun=lun, write=data)
    assert task.unsolicited == len(data), "all of it is on its way"
    eventually(lambda: daemon.held() == 1, "the write waits in the store")
    return task


@cases(*LUNS)
def test_a_write_that_waits_changes_nothing_until_it_goes_on(daemon, lun):
    with settled(daemon) as c:
        before, after = os.urandom(8192), os.urandom(8192)
        c.scsi(scsi.write(0, 16), lun=lun, write=before)
        task = hold_write(daemon, c, lun, after)
        assert blocks(c, lun) == before
        assert not task.done
        daemon.fault(f"disk{lun}")
        assert c.wait(task).status == scsi.GOOD
        assert daemon.held() == 0
        assert blocks(c, lun) == after


@cases(*LUNS)
def test_a_disk_that_hangs_holds_up_no_other_and_no_other_session(daemon, lun):
    with settled(daemon) as c, settled(daemon) as other:
        daemon.fault(f"disk{lun}", "any hold")
        hanging = [c.submit(scsi.read(n, 1), lun=lun, read=512) for n in range(24)]
        eventually(lambda: daemon.held() == 24, "all of them wait")
        for who in c, other:
            for free in set(LUNS) - {lun}:
                data = os.urandom(8192)
                who.scsi(scsi.write(0, 16), lun=free, write=data)
                who.scsi(scsi.synchronize_cache10(), lun=free)
                assert blocks(who, free) == data
            who.scsi(scsi.inquiry(), lun=lun, read=255)
        daemon.fault(f"disk{lun}")
        for task in hanging:
            assert c.wait(task).status == scsi.GOOD


FUNCTIONS = {"ABORT TASK": ABORT_TASK, "ABORT TASK SET": ABORT_TASK_SET, "LOGICAL UNIT RESET": LUN_RESET}


@cases(*((name, lun) for name in FUNCTIONS for lun in LUNS))
def test_after_the_answer_to_an_abort_no_byte_changes(daemon, name, lun):
    with settled(daemon) as c, settled(daemon) as other:
        before, after = os.urandom(8192), os.urandom(8192)
        c.scsi(scsi.write(0, 16), lun=lun, write=before)
        task = hold_write(daemon, c, lun, after)
        pdu = c.request(TASK_MGMT, immediate=True, flags=FINAL | FUNCTIONS[name], lun=lun_field(lun),
                        ref_itt=task.itt if name == "ABORT TASK" else NONE, refcmdsn=c.cmdsn - 1)  # fmt: skip
        c.send(pdu)
        for _ in range(3):
            c.nop(b"still here")
            assert blocks(other, lun) == before
        assert not any(p.opcode == TASK_MGMT_RESPONSE for p in c.others), "answered while it can still write"
        daemon.fault(f"disk{lun}")
        assert c.expect(TASK_MGMT_RESPONSE, pdu.itt).response == 0
        assert daemon.held() == 0
        assert blocks(other, lun) in (before, after)
        assert not task.done, "an aborted task is not answered"
        del c.tasks[task.itt]


@cases(
    ("write error", errno.ENOSPC, (0x07, 0x27, 0x07)),  # SPACE ALLOCATION FAILED WRITE PROTECT
    ("write error", errno.EIO, (0x03, 0x0C, 0x00)),  # WRITE ERROR
    ("read error", errno.EIO, (0x03, 0x11, 0x00)),  # UNRECOVERED READ ERROR
)
def test_an_error_of_the_store_is_sense_data_where_it_is_and_nothing_elsewhere(daemon, fault, number, sense):
    with settled(daemon) as c:
        data = os.urandom(8192)
        for lun in LUNS:
            c.scsi(scsi.write(0, 16), lun=lun, write=data)
            daemon.fault(f"disk{lun}", f"{fault} {number} 4096 4608")
            cdb = scsi.write(8, 1) if "write" in fault else scsi.read(8, 1)
            how = {"write": bytes(512)} if "write" in fault else {"read": 512}
            try:
                c.scsi(cdb, lun=lun, **how)
            except CheckCondition as e:
                assert e.sense == sense, e.sense
            else:
                raise AssertionError("it did not fail")
            c.scsi(scsi.write(0, 8), lun=lun, write=data[:4096])
            assert blocks(c, lun, 0, 8) == data[:4096]
            assert blocks(c, lun, 9, 7) == data[4608:]
            daemon.fault(f"disk{lun}")
            assert blocks(c, lun) == data


def test_a_flush_that_fails_is_not_good(daemon):
    with settled(daemon) as c:
        for lun in LUNS:
            daemon.fault(f"disk{lun}", f"flush error {errno.EIO}")
            assert c.try_scsi(scsi.synchronize_cache10(), lun=lun).status == scsi.CHECK_CONDITION
            daemon.fault(f"disk{lun}")
            c.scsi(scsi.synchronize_cache10(), lun=lun)


def test_a_slow_store_is_only_slow(daemon):
    with settled(daemon) as c:
        daemon.fault("disk0", "any delay 30")
        data = os.urandom(8192)
        c.scsi(scsi.write(0, 16), write=data)
        assert blocks(c, 0) == data
        daemon.fault("disk0")


def test_a_session_that_ends_while_its_writes_wait_ends(daemon):
    with settled(daemon) as other:
        before, after = os.urandom(8192), os.urandom(8192)
        other.scsi(scsi.write(0, 16), write=before)
        c = settled(daemon)
        hold_write(daemon, c, 0, after)
        c.close()
        assert blocks(other, 0) == before
        daemon.fault("disk0")
        eventually(lambda: daemon.held() == 0, "the write goes on")
        eventually(lambda: len(daemon.sessions()) == 1, "the session is gone")
        assert blocks(other, 0) in (before, after)
