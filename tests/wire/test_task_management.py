"""Task management (RFC 7143 sections 11.5 and 11.6, SAM-5 section 7)."""

import os

import scsi
from daemon import TARGET, eventually
from hostile import aftermath
from initiator import (ASYNC, FULL_FEATURE, LOGOUT_RESPONSE, REJECT, SECURITY, TASK_MGMT_RESPONSE,
                       Closed, lun_field)  # fmt: skip
from runner import cases

ABORT_TASK, ABORT_TASK_SET, CLEAR_ACA, CLEAR_TASK_SET, LUN_RESET, WARM_RESET, COLD_RESET, REASSIGN = range(1, 9)
COMPLETE, NO_TASK, NO_LUN, NOT_SUPPORTED, REJECTED = 0, 1, 2, 5, 255
WRITES = {"ImmediateData": "No", "InitialR2T": "Yes"}


def setup(daemon):
    daemon.make_disk()
    daemon.make_disk("disk1")
    daemon.make_target(luns={0: "disk0", 1: "disk1"})


def hold_write(c, lba=0, lun=0, blocks=16):
    """A write whose R2T came and is not answered: (task, r2t)."""
    held = []
    c.on_r2t = lambda task, r2t: held.append((task, r2t))
    c.submit(scsi.write(lba, blocks), lun=lun, write=os.urandom(512 * blocks))
    while not held:
        c.pump()
    return held[0]


def test_abort_of_an_unknown_task(daemon):
    with daemon.session() as c:
        c.scsi(scsi.test_unit_ready())
        assert c.task_management(ABORT_TASK, ref_itt=0x7777, refcmdsn=c.cmdsn - 1) == NO_TASK
        c.scsi(scsi.test_unit_ready())


def test_abort_of_a_write_that_waits_for_data(daemon):
    with daemon.session(**WRITES) as c:
        before = os.urandom(8192)
        c.scsi(scsi.write(0, 16), write=before)
        task, r2t = hold_write(c)
        assert c.task_management(ABORT_TASK, task=task, refcmdsn=c.cmdsn - 1) == COMPLETE
        c.data_out(task, r2t.offset, r2t.length, r2t.ttt)  # late data is dropped without harm
        assert aftermath(c) == "alive", "data for an aborted task ends nothing"
        assert not task.done, "an aborted task is not answered"
        c.tasks.clear()
        assert bytes(c.scsi(scsi.read(0, 16), read=8192).data) == before


def test_abort_of_one_leaves_the_others(daemon):
    with daemon.session(**WRITES) as c:
        one, _ = hold_write(c, 0)
        two, r2t = hold_write(c, 100)
        assert c.task_management(ABORT_TASK, task=one, refcmdsn=c.cmdsn - 2) == COMPLETE
        c.data_out(two, r2t.offset, r2t.length, r2t.ttt)
        assert c.wait(two).status == scsi.GOOD
        assert not one.done


@cases(ABORT_TASK_SET, CLEAR_TASK_SET)
def test_abort_task_set_is_of_this_session_and_lun_only(daemon, function):
    """A task set is a nexus's (TST=001b). Of three sessions on two workers two share one."""
    with daemon.session(**WRITES) as c, daemon.session(**WRITES) as one, daemon.session(**WRITES) as two:
        c.settle(1)
        mine = [hold_write(c, n * 100)[0] for n in range(3)]
        elsewhere, r2t1 = hold_write(c, 0, lun=1)
        theirs = [(other, *hold_write(other, 1000)) for other in (one, two)]
        assert c.task_management(function) == COMPLETE
        c.data_out(elsewhere, r2t1.offset, r2t1.length, r2t1.ttt)
        assert c.wait(elsewhere).status == scsi.GOOD
        for other, task, r2t in theirs:
            other.data_out(task, r2t.offset, r2t.length, r2t.ttt)
            assert other.wait(task).status == scsi.GOOD
            other.scsi(scsi.test_unit_ready())
        c.nop(b"fence")
        assert not any(task.done for task in mine)
        for task in mine:
            del c.tasks[task.itt]
        c.scsi(scsi.test_unit_ready())


def test_LUN_reset_raises_a_unit_attention_in_other_sessions(daemon):
    with daemon.session(**WRITES) as c, daemon.session(**WRITES) as other:
        other.settle(0)
        other.settle(1)
        task, _ = hold_write(other, 50)
        assert c.task_management(LUN_RESET) == COMPLETE
        got = other.try_scsi(scsi.test_unit_ready())
        assert got.status == scsi.CHECK_CONDITION, "no unit attention"
        assert got.sense[:2] == (scsi.UNIT_ATTENTION, 0x29), got.sense
        other.settle(0)
        # Aborted by another session: silent, or TASK ABORTED as the control mode page says.
        assert not task.done or task.status == scsi.TASK_ABORTED, task.status
        other.tasks.clear()
        assert other.settle(1) == [], "another LUN is not touched"
        c.settle(0)
        daemon.check_serving()


@cases(ABORT_TASK_SET, LUN_RESET, CLEAR_TASK_SET)
def test_LUN_that_is_not_there(daemon, function):
    with daemon.session() as c:
        assert c.task_management(function, lun=9) == NO_LUN
        c.scsi(scsi.test_unit_ready())


def test_target_warm_reset(daemon):
    with daemon.session(**WRITES) as c, daemon.session(**WRITES) as other:
        other.settle(0)
        other.settle(1)
        task, _ = hold_write(other, 50)
        assert c.task_management(WARM_RESET) == COMPLETE
        for lun in (0, 1):
            got = other.try_scsi(scsi.test_unit_ready(), lun=lun)
            assert got.status == scsi.CHECK_CONDITION and got.sense[1] == 0x29, got.sense
            other.settle(lun)
        assert not task.done or task.status == scsi.TASK_ABORTED
    daemon.check_serving()


def test_target_cold_reset_ends_all_sessions(daemon):
    with daemon.session() as c, daemon.session() as other:
        try:
            assert c.task_management(COLD_RESET) in (COMPLETE, NOT_SUPPORTED)
        except Closed:
            pass
        for each in (c, other):
            each.strict = False
            for pdu in each.expect_close():
                assert pdu.opcode in (ASYNC, TASK_MGMT_RESPONSE, LOGOUT_RESPONSE), pdu
    eventually(lambda: not daemon.sessions(), "all sessions are gone")
    daemon.check_serving()


@cases(WARM_RESET, COLD_RESET, LUN_RESET)
def test_reset_while_others_are_at_their_login(daemon, function):
    """On every worker there is a connection that has sent nothing, one in mid-login, one in discovery."""
    others = [daemon.connect() for _ in range(12)]
    for n, c in enumerate(others):
        if n % 3 == 1:
            c.login_step(c.first_keys(TARGET), SECURITY)
        elif n % 3 == 2:
            c.login(discovery=True)
    with daemon.session() as c:
        try:
            assert c.task_management(function) == COMPLETE
        except Closed:
            assert function == COLD_RESET
    for n, c in enumerate(others):
        if n % 3 == 2:
            assert TARGET in c.send_targets(), "a discovery session belongs to no target"
        elif n % 3 == 1:
            c.logged_in(c.login_step({}, SECURITY, FULL_FEATURE)[0], {}, {})
            c.settle()
        else:
            c.login(TARGET)
            c.settle()
        c.close()
    daemon.check_serving()


def test_reassign_is_not_supported(daemon):
    """Response 4, as ErrorRecoveryLevel is below 2."""
    with daemon.session() as c:
        assert c.task_management(REASSIGN, ref_itt=1) in (4, NOT_SUPPORTED)
        c.scsi(scsi.test_unit_ready())


def test_clear_ACA_is_not_supported_as_there_is_no_ACA(daemon):
    with daemon.session() as c:
        assert not c.scsi(scsi.inquiry(), read=36).data[3] & 0x20, "NORMACA"
        assert c.task_management(CLEAR_ACA) == NOT_SUPPORTED
        c.scsi(scsi.test_unit_ready())


def test_clear_task_set_is_of_this_session_only(daemon):
    """TST=001b: each I_T nexus has a task set of its own."""
    with daemon.session(**WRITES) as c, daemon.session(**WRITES) as other:
        other.settle(0)
        assert c.scsi(scsi.mode_sense6(0x0A), read=255).data[-10] >> 5 == 1, "TST"
        mine, _ = hold_write(c, 0)
        theirs, r2t = hold_write(other, 100)
        assert c.task_management(CLEAR_TASK_SET) == COMPLETE
        other.data_out(theirs, r2t.offset, r2t.length, r2t.ttt)
        assert other.wait(theirs).status == scsi.GOOD
        c.nop(b"fence")
        assert not mine.done
        c.tasks.clear()
        c.scsi(scsi.test_unit_ready())


def test_functions_that_are_reported_are_those_that_are_there(daemon):
    with daemon.session() as c:
        report = bytes.fromhex("a30d000000000000000400" + "00")
        data = c.scsi(report, read=4).data
        for bit, function in ((0x80, ABORT_TASK), (0x40, ABORT_TASK_SET), (0x20, CLEAR_ACA),
                              (0x10, CLEAR_TASK_SET), (0x08, LUN_RESET)):  # fmt: skip
            there = c.task_management(function, refcmdsn=c.cmdsn - 1) != NOT_SUPPORTED
            assert bool(data[0] & bit) == there, (function, data.hex())
        assert data[0] & 0x02, "target resets, which are tested here, too"
        assert not data[0] & 0x05 and not data[1], "QUERY TASK, WAKEUP and so on are not of iSCSI level 1"
        c.settle()


@cases(0, 9, 20, 127)
def test_unknown_function(daemon, function):
    with daemon.session() as c:
        c.send(c.request(2, immediate=True, flags=0x80 | function, lun=lun_field(0)))
        reply = c.recv()
        if reply.opcode == TASK_MGMT_RESPONSE:
            assert reply.response in (NOT_SUPPORTED, REJECTED), reply
        else:
            assert reply.opcode == REJECT, reply
        c.scsi(scsi.test_unit_ready())


def test_request_that_is_not_immediate_waits_for_earlier_commands(daemon):
    with daemon.session(**WRITES) as c:
        task, _ = hold_write(c)
        assert c.task_management(ABORT_TASK_SET, immediate=False) == COMPLETE
        assert not task.done
        c.tasks.clear()
        c.scsi(scsi.test_unit_ready())


def test_answer_only_when_the_data_cannot_be_touched_any_more(daemon):
    """After an answered LUN reset, what another session writes stays."""
    for _ in range(20):
        with daemon.session() as c, daemon.session() as other:
            for n in range(16):
                c.submit(scsi.write(0, 256), write=bytes([n]) * 131072)
            assert c.task_management(LUN_RESET, immediate=True) == COMPLETE
            other.settle(0)
            data = os.urandom(131072)
            other.scsi(scsi.write(0, 256), write=data)
            # Commands that had not come in before the reset run after it; take them away first.
            c.close()
            eventually(lambda: len(daemon.sessions()) == 1, "one session is left")
            got = bytes(other.scsi(scsi.read(0, 256), read=131072).data)
            assert got == data or got[:1] * 131072 == got, "torn data"


def test_many_aborts(daemon):
    with daemon.session() as c:
        for n in range(100):
            task = c.submit(scsi.read(0, 64), read=32768)
            response = c.task_management(ABORT_TASK, task=task, refcmdsn=c.cmdsn - 1)
            assert response in (COMPLETE, NO_TASK), response
            assert task.done or response == COMPLETE, "neither answered nor aborted"
            c.tasks.pop(task.itt, None)
        c.scsi(scsi.test_unit_ready())
