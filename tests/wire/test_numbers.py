"""The CmdSN window, and NOP in both directions (RFC 7143 sections 4.2.2, 11.18, 11.19)."""

import os
import time

import scsi
from daemon import TARGET, eventually
from initiator import (FINAL, FULL_FEATURE, NONE, NOP_IN, NOP_OUT, OPERATIONAL, SCSI_COMMAND, SIMPLE,
                       WRITE, Closed, lun_field)  # fmt: skip
from runner import cases

PINGED = TARGET + "-pinged"


def setup(daemon):
    daemon.make_disk()
    daemon.make_target()
    daemon.make_target(PINGED, parameters={"nop_interval_s": 1, "nop_timeout_s": 1})


def send_at(c, number, itt, cdb=scsi.test_unit_ready()):
    c.send(c.request(SCSI_COMMAND, cmdsn=number & 0xFFFFFFFF, itt=itt, flags=FINAL | SIMPLE,
                     lun=lun_field(0), cdb=cdb))  # fmt: skip


def is_ignored(c, number):
    """What has CmdSN NUMBER is neither done nor answered, not by a Reject either."""
    number &= 0xFFFFFFFF
    before = os.urandom(512)
    c.scsi(scsi.write(0, 1), write=before)
    expected = c.expcmdsn
    send_at(c, number, 0xBAD)
    c.send(c.request(SCSI_COMMAND, bytes(512), cmdsn=number, itt=0xBAE, flags=FINAL | WRITE | SIMPLE,
                     lun=lun_field(0), expected=512, cdb=scsi.write(0, 1)))  # fmt: skip
    c.send(c.request(NOP_OUT, b"x", cmdsn=number, itt=0xBAF, ttt=NONE, flags=FINAL))
    c.nop(b"fence")  # raises if a command was answered: no such task is known
    assert not c.others, c.others
    assert c.expcmdsn == expected
    assert bytes(c.scsi(scsi.read(0, 1), read=512).data) == before


@cases(("just below", -1), ("far below", -100000), ("a repeated one", -2), ("half way round", 0x80000000))
def test_command_below_the_window_is_ignored(daemon, why, distance):
    with daemon.session() as c:
        is_ignored(c, c.cmdsn + 1 + distance)  # counted from behind the write that it begins with


@cases(1, 2, 1000)
def test_command_above_the_window_is_ignored(daemon, distance):
    with daemon.session() as c:
        c.nop()  # tells of the window as it is when nothing is open
        is_ignored(c, c.maxcmdsn + 1 + distance)


def test_commands_that_arrive_out_of_order_run_in_order(daemon):
    with daemon.session() as c:
        from initiator import Task

        first, second, third = c.cmdsn, c.cmdsn + 1, c.cmdsn + 2
        for itt in (101, 102, 103):
            c.tasks[itt] = Task(itt, b"", 0, 0, False, b"")
        tasks = dict(c.tasks)
        send_at(c, third, 103)
        send_at(c, second, 102)
        c.nop(b"fence")
        assert not any(task.done for task in tasks.values()), "one ran before its turn"
        assert c.expcmdsn == first
        send_at(c, first, 101)
        order = []
        while len(order) < 3:
            order.append(c.pump().itt)
        c.cmdsn += 3
        assert order == [101, 102, 103]
        assert c.expcmdsn == c.cmdsn
        c.scsi(scsi.test_unit_ready())


def test_immediate_commands_leave_the_numbers_alone(daemon):
    with daemon.session() as c:
        before = c.expcmdsn
        for _ in range(5):
            c.scsi(scsi.test_unit_ready(), immediate=True)
            c.nop(b"x")
        assert c.expcmdsn == before


def test_immediate_command_passes_a_gap(daemon):
    with daemon.session() as c:
        from initiator import Task

        c.tasks[55] = Task(55, b"", 0, 0, False, b"")
        gap = c.tasks[55]
        send_at(c, c.cmdsn + 1, 55)
        c.scsi(scsi.test_unit_ready(), immediate=True)
        assert not gap.done
        c.scsi(scsi.test_unit_ready())
        c.wait(gap)


def test_numbers_wrap_around(daemon):
    with daemon.connect() as c:
        c.cmdsn = 0xFFFFFFFD
        c.login(TARGET)
        c.settle()
        for _ in range(6):
            c.scsi(scsi.test_unit_ready())
        assert c.cmdsn < 10
        data = os.urandom(4096)
        c.scsi(scsi.write(0, 8), write=data)
        assert bytes(c.scsi(scsi.read(0, 8), read=4096).data) == data


def test_first_command_sn_is_the_one_of_the_login(daemon):
    with daemon.connect() as c:
        c.cmdsn = 4711
        pdu, got = c.login_step(c.first_keys(TARGET), OPERATIONAL, FULL_FEATURE)
        assert pdu.expcmdsn == 4711, pdu
        assert c.tsih == 0 and pdu.tsih


def test_window_closes_and_opens(daemon):
    """With as many writes waiting for data as the window holds, MaxCmdSN stands still."""
    with daemon.session(ImmediateData="No", InitialR2T="Yes") as c:
        held = []
        c.on_r2t = lambda task, r2t: held.append((task, r2t))
        size = (c.maxcmdsn - c.expcmdsn + 1) & 0xFFFFFFFF
        assert 1 <= size <= 4096
        tasks = [c.submit(scsi.write(n % 4096, 1), write=bytes(512)) for n in range(size)]
        c.nop(b"fence")
        send_at(c, c.maxcmdsn + 1, 0xBAD)  # beyond the window: ignored
        c.nop(b"fence")
        while any(not task.done for task in tasks):
            while held:
                task, r2t = held.pop()
                c.data_out(task, r2t.offset, r2t.length, r2t.ttt)
            if any(not task.done for task in tasks):
                c.pump()
        c.nop(b"fence")
        assert (c.maxcmdsn - c.expcmdsn + 1) & 0xFFFFFFFF == size, "the window opens again"


def test_queue_depth_is_the_window(daemon):
    name = TARGET + "-narrow"
    daemon.make_target(name, parameters={"queue_depth": 4})
    with daemon.session(name) as c:
        c.nop(b"")
        assert (c.maxcmdsn - c.expcmdsn + 1) & 0xFFFFFFFF <= 4


@cases(0, 1, 4, 100, 4096, 8192)
def test_ping_comes_back_with_its_data(daemon, length):
    with daemon.session() as c:
        data = os.urandom(length)
        assert c.nop(data).data == data
        assert c.nop(data, immediate=False).data == data


def test_echo_is_cut_at_our_receive_limit(daemon):
    with daemon.session(MaxRecvDataSegmentLength=512) as c:
        data = os.urandom(4096)
        assert c.nop(data).data == data[:512]


def test_ping_that_wants_no_answer(daemon):
    with daemon.session() as c:
        c.send(c.request(NOP_OUT, b"hello", immediate=True, itt=NONE, ttt=NONE, flags=FINAL))
        c.nop(b"fence")
        assert not c.others


def test_target_pings_and_is_content_with_answers(daemon):
    with daemon.session(PINGED) as c:
        end = time.monotonic() + 4
        while time.monotonic() < end:
            try:
                c.pump(timeout=end - time.monotonic())
            except TimeoutError:
                break
        assert c.pings >= 1, "no ping in 4 s"
        c.scsi(scsi.test_unit_ready())


def test_target_closes_when_pings_are_not_answered(daemon):
    with daemon.session(PINGED) as c:
        c.answer_pings = False
        start = time.monotonic()
        try:
            while True:
                c.pump(timeout=8)
        except Closed:
            pass
        assert time.monotonic() - start > 0.9, "too soon"
        assert [pdu for pdu in c.others if pdu.opcode == NOP_IN], "no ping before the end"
    eventually(lambda: not daemon.sessions(target=PINGED), "the session is gone")
    daemon.check_serving()


def test_traffic_makes_pings_needless_or_harmless(daemon):
    with daemon.session(PINGED) as c:
        end = time.monotonic() + 3
        while time.monotonic() < end:
            c.scsi(scsi.test_unit_ready())
            time.sleep(0.05)


def test_answer_to_a_ping_that_was_never_sent(daemon):
    from hostile import aftermath

    with daemon.session() as c:
        c.send(c.request(NOP_OUT, b"hello", immediate=True, itt=NONE, ttt=0x1234, flags=FINAL))
        aftermath(c)
    daemon.check_serving()
