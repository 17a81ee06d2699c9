"""Immediate, unsolicited and solicited data (RFC 7143 sections 4.2.5.2, 11.7, 11.8)."""

import itertools
import os

import scsi
from daemon import TARGET
from hostile import aftermath
from initiator import DATA_OUT, FINAL, NONE, REJECT, SCSI_COMMAND, WRITE, lun_field
from runner import cases

LIMITS = (512, 8192, 262144)  # MaxRecvDataSegmentLength of the target


def setup(daemon):
    daemon.make_disk(size=64 << 20)
    daemon.make_disk("disk4k", size=16 << 20, block_size=4096)
    daemon.make_target()
    daemon.make_target(TARGET + "-4k", luns={0: "disk4k"})
    for limit in LIMITS:
        daemon.make_target(f"{TARGET}-{limit}", parameters={"max_recv_data_segment_length": limit})


def check_write(c, lba, data, size=16, **how):
    task = c.scsi(scsi.write(lba, len(data) // 512, size), write=data, **how)
    got = bytes(c.scsi(scsi.read(lba, len(data) // 512, size), read=len(data)).data)
    assert got == data, "read back other data than was written"
    return task


@cases(*itertools.product(("Yes", "No"), ("Yes", "No"), LIMITS))
def test_write_with_every_agreement_on_unsolicited_data(daemon, initial_r2t, immediate, limit):
    for first, burst in ((512, 512), (4096, 4096), (4096, 65536), (65536, 1048576)):
        with daemon.session(f"{TARGET}-{limit}", InitialR2T=initial_r2t, ImmediateData=immediate,
                            FirstBurstLength=first, MaxBurstLength=burst) as c:  # fmt: skip
            for length in (512, first, first + 512, burst + 1024, 150528):
                task = check_write(c, 3, os.urandom(length))
                if initial_r2t == "Yes" and immediate == "No":
                    assert task.r2ts and task.r2ts[0].offset == 0
                elif initial_r2t == "No" and length <= first:
                    assert not task.r2ts, "asked for data that had come"
            assert c.logout() == 0


@cases(0, 512, 1024, 2048, 4096)
def test_less_immediate_data_than_allowed(daemon, amount):
    with daemon.session() as c:
        task = check_write(c, 0, os.urandom(4096), unsolicited=(amount, 0))
        assert sum(r.length for r in task.r2ts) == 4096 - amount


def test_immediate_data_that_is_not_a_multiple_of_four_or_the_block_size(daemon):
    with daemon.session() as c:
        for amount in (1, 2, 3, 5, 511, 513):
            check_write(c, 0, os.urandom(2048), unsolicited=(amount, 0))


def test_data_out_in_tiny_PDUs(daemon):
    with daemon.session() as c:
        c.params["MaxRecvDataSegmentLength"] = "100"
        check_write(c, 0, os.urandom(10240), unsolicited=(0, 0))
        check_write(c, 0, os.urandom(10240), unsolicited=(100, 10140))


@cases(6, 10, 12, 16)
def test_write_and_read_in_each_cdb_size(daemon, size):
    with daemon.session() as c:
        check_write(c, 1000, os.urandom(255 * 512), size)
        if size == 6:
            data = os.urandom(256 * 512)
            c.scsi(scsi.write(5, 0, 6), write=data)  # zero means 256 blocks
            assert bytes(c.scsi(scsi.read(5, 0, 6), read=len(data)).data) == data


def test_blocks_of_4096(daemon):
    with daemon.session(TARGET + "-4k") as c:
        data = os.urandom(40 * 4096)
        c.scsi(scsi.write(11, 40), write=data)
        assert bytes(c.scsi(scsi.read(11, 40), read=len(data)).data) == data
        capacity = c.scsi(scsi.read_capacity10(), read=8).data
        assert capacity == ((16 << 20) // 4096 - 1).to_bytes(4, "big") + (4096).to_bytes(4, "big")


@cases(1, 2, 8)
def test_no_more_R2Ts_at_once_than_agreed(daemon, most):
    with daemon.session(MaxOutstandingR2T=most, MaxBurstLength="4096", FirstBurstLength="4096",
                        ImmediateData="No", InitialR2T="Yes") as c:  # fmt: skip
        waiting = []
        c.on_r2t = lambda task, r2t: waiting.append(r2t)
        data = os.urandom(40 * 4096)
        task = c.submit(scsi.write(0, len(data) // 512), write=data)
        most_seen = 0
        while not task.done:
            while not waiting and not task.done:
                c.pump()
            c.nop()  # whatever is to come before we answer has come now
            if task.done:
                break
            most_seen = max(most_seen, len(waiting))
            r2t = waiting.pop(0)
            c.data_out(task, r2t.offset, r2t.length, r2t.ttt)
        assert task.status == 0
        assert most_seen <= most, f"{most_seen} R2Ts outstanding, {most} agreed"
        assert bytes(c.scsi(scsi.read(0, len(data) // 512), read=len(data)).data) == data


def test_commands_interleave_while_one_waits_for_data(daemon):
    with daemon.session(ImmediateData="No", InitialR2T="Yes") as c:
        held = []
        c.on_r2t = lambda task, r2t: held.append((task, r2t))
        datas = [os.urandom(8192) for _ in range(10)]
        tasks = [c.submit(scsi.write(100 * n, 16), write=data) for n, data in enumerate(datas)]
        while len(held) < 10:
            c.pump()
        c.scsi(scsi.read(5000, 8), read=4096)  # others are not kept waiting
        for task, r2t in reversed(held):
            c.data_out(task, r2t.offset, r2t.length, r2t.ttt)
        for task in tasks:
            assert c.wait(task).status == 0
        for n, data in enumerate(datas):
            assert bytes(c.scsi(scsi.read(100 * n, 16), read=8192).data) == data


def test_many_commands_at_once(daemon):
    with daemon.session() as c:
        window = (c.maxcmdsn - c.expcmdsn + 1) & 0xFFFFFFFF
        assert window >= 32, f"a window of {window}"
        datas = [os.urandom(4096) for _ in range(min(window, 128))]
        for task in [c.submit(scsi.write(8 * n, 8), write=d) for n, d in enumerate(datas)]:
            assert c.wait(task).status == 0
        tasks = [c.submit(scsi.read(8 * n, 8), read=4096) for n in range(len(datas))]
        for task, data in zip(tasks, datas):
            assert bytes(c.wait(task).data) == data


def test_write_of_no_blocks(daemon):
    with daemon.session() as c:
        assert c.scsi(scsi.write(0, 0)).residual == 0


def wrong(daemon, spoil, **offer):
    """
    SPOIL(connection, task, r2t) answers an R2T wrongly. The command fails, the PDU is rejected or
    the connection ends, and nothing is written.
    """
    with daemon.session(ImmediateData="No", InitialR2T="Yes", **offer) as c:
        before = os.urandom(17 * 512)
        c.scsi(scsi.write(0, 17), write=before)
        held = []
        c.on_r2t = lambda task, r2t: held.append((task, r2t))
        c.submit(scsi.write(0, 16), write=os.urandom(8192))
        while not held:
            c.pump()
        task, r2t = held[0]
        spoil(c, task, r2t)
        result = aftermath(c)
    with daemon.session() as c:
        assert bytes(c.scsi(scsi.read(0, 17), read=17 * 512).data) == before
    daemon.check_serving()
    return result, task


CRC_ERROR = (scsi.ABORTED_COMMAND, 0x47, 0x05)  # section 11.4.7.2: protocol service CRC error


@cases(
    ("offset", 4096, CRC_ERROR),  # section 7.9: PDUs are missing, and nothing brings them back
    ("offset", -1, CRC_ERROR),
    ("datasn", 1, CRC_ERROR),
    ("datasn", 0xFFFFFFFF, CRC_ERROR),
    ("ttt", 1, "closed"),  # the sequences cannot be told apart any more
    ("itt", 999, "ignored"),  # of a command that is not there: it may have been aborted
)
def test_data_out_with_a_wrong_field(daemon, field, change, result):
    def spoil(c, task, r2t):
        values = {"itt": task.itt, "ttt": r2t.ttt, "datasn": 0, "offset": r2t.offset}
        values[field] = (values[field] + change) & 0xFFFFFFFF
        c.send(c.request(DATA_OUT, bytes(8192), flags=FINAL, lun=task.lun, **values))
        if result == "closed":
            assert c.expect(REJECT).reason == 4  # protocol error

    after, task = wrong(daemon, spoil)
    if result == CRC_ERROR:
        assert after == "alive" and task.status == scsi.CHECK_CONDITION and task.sense[:3] == result
    else:
        assert not task.done and after == ("closed" if result == "closed" else "alive")


def test_data_out_sequence_with_a_gap_in_its_middle(daemon):
    """What came right before it is not written either; the rest is thrown away, then comes the answer."""
    with daemon.session(ImmediateData="No", InitialR2T="Yes") as c:
        before = os.urandom(16 * 512)
        c.scsi(scsi.write(0, 16), write=before)
        held = []
        c.on_r2t = lambda task, r2t: held.append(r2t)
        task = c.submit(scsi.write(0, 16), write=os.urandom(8192))
        while not held:
            c.pump()
        for sn in (0, 1, 3, 2):
            if sn == 2:
                assert c.nop(b"not before the end").data and not task.done
            c.send(c.request(DATA_OUT, bytes(2048), flags=FINAL if sn == 2 else 0, lun=task.lun,
                             itt=task.itt, ttt=held[0].ttt, datasn=sn, offset=sn * 2048))  # fmt: skip
        assert c.wait(task).sense[:3] == CRC_ERROR
        assert bytes(c.scsi(scsi.read(0, 16), read=8192).data) == before


def test_data_out_for_another_LUN_than_its_command(daemon):
    """The tags say whose it is; the LUN field says nothing that they do not."""

    def spoil(c, task, r2t):
        c.send(c.request(DATA_OUT, bytes(8192), flags=FINAL, lun=lun_field(9), itt=task.itt, ttt=r2t.ttt,
                         datasn=0, offset=r2t.offset))  # fmt: skip

    with daemon.session(ImmediateData="No", InitialR2T="Yes") as c:
        c.on_r2t = lambda task, r2t: spoil(c, task, r2t)
        c.scsi(scsi.write(0, 16), write=bytes(8192))


def test_data_out_longer_than_asked_for(daemon):
    def spoil(c, task, r2t):
        c.send(c.request(DATA_OUT, bytes(16384), flags=FINAL, lun=task.lun, itt=task.itt, ttt=r2t.ttt,
                         datasn=0, offset=r2t.offset))  # fmt: skip

    result, task = wrong(daemon, spoil)
    assert result != "alive" or task.status != 0


def test_data_out_ended_too_early(daemon):
    def spoil(c, task, r2t):
        c.send(c.request(DATA_OUT, bytes(512), flags=FINAL, lun=task.lun, itt=task.itt, ttt=r2t.ttt,
                         datasn=0, offset=r2t.offset))  # fmt: skip

    result, task = wrong(daemon, spoil)
    assert task.status != 0 or not task.done, "8192 bytes written from 512"


def test_data_out_beyond_the_end_of_offsets(daemon):
    def spoil(c, task, r2t):
        c.send(c.request(DATA_OUT, bytes(512), flags=FINAL, lun=task.lun, itt=task.itt, ttt=r2t.ttt,
                         datasn=0, offset=0xFFFFFF00))  # fmt: skip

    wrong(daemon, spoil)


def test_unsolicited_data_that_was_not_agreed_on(daemon):
    """Data-Out without R2T while InitialR2T=Yes; immediate data while ImmediateData=No."""
    with daemon.session(ImmediateData="No", InitialR2T="Yes") as c:
        c.submit(scsi.write(0, 16), write=bytes(8192), unsolicited=(0, 8192))
        aftermath(c)
    with daemon.session(ImmediateData="No", InitialR2T="Yes") as c:
        c.submit(scsi.write(0, 16), write=bytes(8192), unsolicited=(8192, 0))
        aftermath(c)
    daemon.check_serving()


def test_more_unsolicited_data_than_the_first_burst(daemon):
    with daemon.session(FirstBurstLength=1024) as c:
        c.submit(scsi.write(0, 16), write=bytes(8192), unsolicited=(4096, 0))
        aftermath(c)
    with daemon.session(FirstBurstLength=1024) as c:
        c.submit(scsi.write(0, 16), write=bytes(8192), unsolicited=(512, 4096))
        aftermath(c)
    daemon.check_serving()


def test_more_immediate_data_than_the_command_expects(daemon):
    with daemon.session() as c:
        pdu = c.request(SCSI_COMMAND, bytes(4096), flags=FINAL | WRITE, lun=lun_field(0), expected=512,
                        cdb=scsi.write(0, 1))  # fmt: skip
        c.send(pdu)
        aftermath(c, strict=False)
    daemon.check_serving()


def test_less_unsolicited_data_than_announced(daemon):
    """The command said that Data-Out follows; its sequence ends early."""
    with daemon.session() as c:
        c.params["FirstBurstLength"] = "8192"
        c.submit(scsi.write(0, 16), write=bytes(8192), unsolicited=(512, 512))
        aftermath(c)
    daemon.check_serving()


def test_data_out_for_a_read(daemon):
    with daemon.session() as c:
        c.send(c.request(DATA_OUT, bytes(512), flags=FINAL, itt=c._itt(), ttt=NONE, lun=lun_field(0)))
        aftermath(c, strict=False)
    daemon.check_serving()
