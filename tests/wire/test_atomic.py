"""COMPARE AND WRITE between sessions: a lock that holds (SBC-3 section 5.2)."""

import struct
import threading

import scsi
from daemon import eventually
from initiator import FINAL, NONE, TASK_MGMT, TASK_MGMT_RESPONSE, CheckCondition, lun_field
from runner import cases, limit

DAEMON = {"faults": True}
ABORT_TASK, LUN_RESET = 1, 5
SESSIONS, LOCKS = 4, 60


def setup(daemon):
    daemon.make_disk(unmap=True)
    daemon.make_target()


def block(number):
    return struct.pack(">Q504x", number)


def swap(c, lba, old, new):
    """Whether OLD was there and is NEW now."""
    try:
        c.scsi(scsi.compare_and_write(lba, 1), write=block(old) + block(new))
        return True
    except CheckCondition as e:
        assert e.sense == scsi.MISCOMPARED, e.sense
        assert struct.unpack_from(">I", e.sense.raw, 3)[0] < 512  # INFORMATION: where they differ
        return False


def locked_count(c, id, lba):
    """Counts in the block behind LBA, as if alone, while LBA is ours."""
    for _ in range(LOCKS):
        while not swap(c, lba, 0, id):
            pass
        (n,) = struct.unpack_from(">Q", c.scsi(scsi.read(lba + 1, 1), read=512).data)
        c.scsi(scsi.write(lba + 1, 1), write=block(n + 1))
        assert swap(c, lba, id, 0), "somebody else has taken the lock"


@limit(120)
def test_compare_and_write_is_a_lock_between_four_sessions(daemon):
    failures = []

    def contend(id):
        try:
            with daemon.session() as c:
                locked_count(c, id, 100)
                assert c.logout() == 0
        except BaseException as e:
            failures.append(e)

    threads = [threading.Thread(target=contend, args=(n + 1,)) for n in range(SESSIONS)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not failures, failures
    with daemon.session() as c:
        (n,) = struct.unpack_from(">Q", c.scsi(scsi.read(101, 1), read=512).data)
        assert n == SESSIONS * LOCKS, n


@cases(2, 3, 4)  # so many sessions before it put the other one on either worker
def test_a_write_that_waits_for_compare_and_write_can_be_aborted(daemon, before):
    crowd = [daemon.session() for _ in range(before)]
    with daemon.session() as c, daemon.session() as other:
        c.scsi(scsi.write(8, 1), write=block(7))
        daemon.fault("disk0", "read hold 4096 4608")
        swapping = c.submit(scsi.compare_and_write(8, 1), write=block(7) + block(8))
        eventually(lambda: daemon.held() == 1, "it reads what is there")
        written = other.submit(scsi.write(7, 2), write=bytes(1024))
        aborted = other.submit(scsi.write(8, 1), write=bytes(512))
        other.scsi(scsi.write(9, 1), write=block(9))  # another block: it need not wait
        assert other.task_management(ABORT_TASK, task=aborted) == 0
        assert not swapping.done and not written.done
        daemon.fault("disk0")
        assert c.wait(swapping).status == scsi.GOOD
        assert other.wait(written).status == scsi.GOOD
        assert not aborted.done
        data = bytes(other.scsi(scsi.read(7, 3), read=1536).data)
        assert data == bytes(1024) + block(9)
        assert c.logout() == 0
    for session in crowd:
        session.close()


@cases(1, 2)
def test_a_reset_ends_those_that_wait_with_those_that_they_wait_for(daemon, before):
    crowd = [daemon.session() for _ in range(before)]
    with daemon.session() as c, daemon.session() as other:
        daemon.fault("disk0", "any hold")
        tasks = [
            c.submit(scsi.write(8, 2), write=bytes(1024)),
            c.submit(scsi.compare_and_write(8, 1), write=block(0) + block(1)),
            c.submit(scsi.read(8, 1), read=512),
            other.submit(scsi.compare_and_write(9, 1), write=block(0) + block(1)),
            other.submit(scsi.unmap(24), write=scsi.unmap_list((8, 2))),
        ]
        eventually(lambda: daemon.held() >= 1, "the first has reached the store")
        pdu = c.request(TASK_MGMT, flags=FINAL | LUN_RESET, lun=lun_field(0), ref_itt=NONE, immediate=True)
        c.send(pdu)
        daemon.fault("disk0")
        assert c.expect(TASK_MGMT_RESPONSE, pdu.itt).response == 0
        assert not any(t.done for t in tasks)
    for session in crowd:
        session.close()
    with daemon.session() as c:
        c.scsi(scsi.write(8, 1), write=block(7))
        assert swap(c, 8, 7, 0), "nobody holds the block"
