"""Task attributes and who hears of aborts (SAM-5 sections 5.3.1, 5.14 and 8)."""

import os
import random

import scsi
from initiator import SIMPLE
from runner import cases
from test_task_management import (ABORT_TASK, ABORT_TASK_SET, CLEAR_TASK_SET, COMPLETE, LUN_RESET, WARM_RESET,
                                  WRITES, hold_write)  # fmt: skip

UNTAGGED, ORDERED, HEAD_OF_QUEUE, ACA = 0, 2, 3, 4
COMMANDS_CLEARED = (scsi.UNIT_ATTENTION, 0x2F, 0)


def setup(daemon):
    daemon.make_disk()
    daemon.make_disk("disk1", type="aio")
    daemon.make_target(luns={0: "disk0", 1: "disk1"})


def ended(c, *tasks):
    """Which of TASKS are done, when all that the target had to say has come."""
    c.nop(b"fence")
    return [task.done for task in tasks]


def in_order(c, *tasks):
    """Waits for TASKS, which must end in this order."""
    order = []
    for task in tasks:
        while not task.done:
            c.pump()
            order += [t for t in tasks if t.done and t not in order]
    assert order == [t for t in tasks if t in order], [tasks.index(t) for t in order]
    assert all(task.status == scsi.GOOD for task in tasks), [task.status for task in tasks]


def test_ordered_waits_and_is_waited_for(daemon):
    with daemon.session(**WRITES) as c:
        held, r2t = hold_write(c)
        ordered = c.submit(scsi.test_unit_ready(), attr=ORDERED)
        behind = c.submit(scsi.test_unit_ready())
        untagged = c.submit(scsi.test_unit_ready(), attr=UNTAGGED)
        assert ended(c, held, ordered, behind, untagged) == [False] * 4
        c.data_out(held, r2t.offset, r2t.length, r2t.ttt)
        in_order(c, held, ordered, behind, untagged)


def test_head_of_queue_overtakes(daemon):
    with daemon.session(**WRITES) as c:
        held, r2t = hold_write(c)
        ordered = c.submit(scsi.test_unit_ready(), attr=ORDERED)
        head = c.submit(scsi.read(0, 8), read=4096, attr=HEAD_OF_QUEUE)
        assert c.wait(head).status == scsi.GOOD
        assert ended(c, held, ordered) == [False, False]
        c.data_out(held, r2t.offset, r2t.length, r2t.ttt)
        in_order(c, held, ordered)


def test_simple_waits_for_head_of_queue(daemon):
    with daemon.session(**WRITES) as c:
        held = []
        c.on_r2t = lambda task, r2t: held.append((task, r2t))
        head = c.submit(scsi.write(0, 16), write=bytes(8192), attr=HEAD_OF_QUEUE)
        simple = c.submit(scsi.test_unit_ready())
        assert ended(c, head, simple) == [False, False]
        _, r2t = held[0]
        c.data_out(head, r2t.offset, r2t.length, r2t.ttt)
        in_order(c, head, simple)


def test_other_LUNs_and_sessions_do_not_wait(daemon):
    with daemon.session(**WRITES) as c, daemon.session(**WRITES) as other:
        other.settle(0)
        c.settle(1)
        held, r2t = hold_write(c)
        ordered = c.submit(scsi.test_unit_ready(), attr=ORDERED)
        c.scsi(scsi.test_unit_ready(), lun=1)
        other.scsi(scsi.test_unit_ready())
        assert ended(c, ordered) == [False]
        c.data_out(held, r2t.offset, r2t.length, r2t.ttt)
        in_order(c, held, ordered)


@cases(ACA, 5, 6, 7)
def test_attribute_that_there_is_not(daemon, attribute):
    with daemon.session() as c:
        task = c.try_scsi(scsi.write(0, 16), write=bytes(8192), attr=attribute)
        assert task.sense == (scsi.ILLEGAL_REQUEST, 0x49, 0), task.sense  # INVALID MESSAGE ERROR
        c.scsi(scsi.test_unit_ready())


def test_data_of_a_write_that_waits(daemon):
    """Immediate and unsolicited data comes in while it waits; the R2T for the rest comes afterwards."""
    with daemon.session(FirstBurstLength=8192, MaxBurstLength=8192) as c:
        data = os.urandom(65536)
        held = []
        c.on_r2t = lambda task, r2t: held.append((task, r2t))
        first = c.submit(scsi.write(0, 32), write=bytes(16384))
        write = c.submit(scsi.write(1000, 128), write=data, attr=ORDERED, unsolicited=(2048, 6144))
        assert ended(c, first, write) == [False, False]
        assert [task for task, _ in held] == [first]
        c.on_r2t = lambda task, r2t: c.data_out(task, r2t.offset, r2t.length, r2t.ttt)
        c.on_r2t(*held[0])
        in_order(c, first, write)
        assert bytes(c.scsi(scsi.read(1000, 128), read=65536).data) == data


@cases("ram", "aio")
def test_ordered_writes_to_one_block_leave_the_last(daemon, kind):
    lun = int(kind == "aio")
    with daemon.session() as c, daemon.session() as other:
        c.settle(lun)
        other.settle(lun)
        for n in range(20):
            tasks = [c.submit(scsi.write(8 * n, 8), lun=lun, write=bytes([k]) * 4096, attr=ORDERED)
                     for k in range(30)]  # fmt: skip
            tasks.append(c.submit(scsi.read(8 * n, 8), lun=lun, read=4096, attr=ORDERED))
            other.scsi(scsi.read(8 * n, 8), lun=lun, read=4096)
            in_order(c, *tasks)
            assert bytes(tasks[-1].data) == bytes([29]) * 4096


@cases(*range(4))
def test_attributes_at_random(daemon, seed):
    """ORDERED commands are fences: what a read between two of them sees is what was written before."""
    generator = random.Random(seed)
    with daemon.session() as c:
        c.settle(1)
        written, reads = {n: bytes(512) for n in range(16)}, []
        for n in range(16):
            c.scsi(scsi.write(n, 1), lun=1, write=written[n])
        for _ in range(40):
            fence = c.submit(scsi.test_unit_ready(), lun=1, attr=ORDERED)
            for n in generator.sample(range(16), 4):
                if generator.random() < 0.5:
                    written[n] = os.urandom(512)
                    c.submit(scsi.write(n, 1), lun=1, write=written[n], attr=generator.choice((UNTAGGED, SIMPLE)))
                else:
                    reads.append((c.submit(scsi.read(n, 1), lun=1, read=512), written[n]))
            if generator.random() < 0.2:
                c.submit(scsi.test_unit_ready(), lun=1, attr=HEAD_OF_QUEUE)
            if generator.random() < 0.3:
                c.wait(fence)
        for task, expected in reads:
            assert c.wait(task).status == scsi.GOOD and bytes(task.data) == expected
        c.scsi(scsi.test_unit_ready(), lun=1, attr=ORDERED)
        assert not c.tasks


def test_abort_of_a_command_that_waits(daemon):
    with daemon.session(**WRITES) as c:
        held, r2t = hold_write(c)
        ordered = c.submit(scsi.write(0, 16), write=bytes(8192), attr=ORDERED)
        behind = c.submit(scsi.test_unit_ready())
        assert c.task_management(ABORT_TASK, task=ordered, refcmdsn=c.cmdsn - 2) == COMPLETE
        assert c.wait(behind).status == scsi.GOOD, "nothing stands before it any more"
        c.data_out(held, r2t.offset, r2t.length, r2t.ttt)
        assert c.wait(held).status == scsi.GOOD
        assert ended(c, ordered) == [False] and len(ordered.r2ts) == 0
        del c.tasks[ordered.itt]


@cases(ABORT_TASK_SET, CLEAR_TASK_SET, LUN_RESET, WARM_RESET)
def test_whole_task_set_goes(daemon, function):
    with daemon.session(**WRITES) as c:
        before = os.urandom(8192)
        c.scsi(scsi.write(0, 16), write=before)
        held, _ = hold_write(c)
        waiting = [c.submit(scsi.write(0, 16), write=bytes(8192), attr=attr)
                   for attr in (ORDERED, SIMPLE, ORDERED, HEAD_OF_QUEUE, SIMPLE)]  # fmt: skip
        assert c.task_management(function) == COMPLETE
        assert not any(ended(c, held, *waiting))
        c.tasks.clear()
        c.settle()
        assert bytes(c.scsi(scsi.read(0, 16), read=8192, attr=ORDERED).data) == before


def test_session_that_ends_with_commands_that_wait(daemon):
    for how in ("close", "logout"):
        with daemon.session(**WRITES) as c:
            hold_write(c)
            for attr in (ORDERED, SIMPLE, ORDERED, HEAD_OF_QUEUE):
                c.submit(scsi.write(0, 16), write=bytes(8192), attr=attr)
            if how == "logout":
                assert c.logout() == 0
                c.expect_close()
    daemon.check_serving()


def test_initiator_that_opens_nothing_but_ordered_commands(daemon):
    """The window bounds them; nobody else suffers."""
    with daemon.session(**WRITES) as c:
        held, r2t = hold_write(c)
        size = (c.maxcmdsn - c.expcmdsn + 1) & 0xFFFFFFFF
        tasks = [c.submit(scsi.test_unit_ready(), attr=ORDERED) for _ in range(size)]
        assert not any(ended(c, *tasks)) and (c.maxcmdsn + 1) & 0xFFFFFFFF == c.expcmdsn
        daemon.check_serving()
        c.data_out(held, r2t.offset, r2t.length, r2t.ttt)
        in_order(c, held, *tasks)


def set_TAS(daemon, on):
    with daemon.session() as c:
        page = bytearray(c.scsi(scsi.mode_sense6(0x0A), read=255).data[-12:])
        page[0] &= 0x3F
        page[5] = page[5] & ~0x40 | on << 6
        c.scsi(bytes([0x15, 0x10, 0, 0, 16, 0]), write=bytes(4) + bytes(page))
        assert c.scsi(scsi.mode_sense6(0x0A), read=255).data[-7] & 0x40 == on << 6


@cases(False, True)
def test_who_hears_of_a_LUN_reset(daemon, tas):
    set_TAS(daemon, tas)
    with daemon.session(**WRITES) as c, daemon.session(**WRITES) as other:
        try:
            mine, _ = hold_write(c, 0)
            theirs, r2t = hold_write(other, 100)
            waits = other.submit(scsi.test_unit_ready(), attr=ORDERED)
            assert c.task_management(LUN_RESET) == COMPLETE
            other.data_out(theirs, r2t.offset, r2t.length, r2t.ttt)
            assert ended(other, theirs, waits) == [tas, tas]
            if tas:
                assert theirs.status == waits.status == scsi.TASK_ABORTED
            assert ended(c, mine) == [False], "who did it is not told"
            other.tasks.clear()
            c.tasks.clear()
            taken = other.settle(0)
            assert (scsi.UNIT_ATTENTION, 0x29, 3) in taken and COMMANDS_CLEARED not in taken, taken
            c.settle(0)
        finally:
            set_TAS(daemon, False)
    daemon.check_serving()
