"""Data-In, where its status goes, and residuals (RFC 7143 sections 11.4 and 11.7)."""

import itertools
import os

import scsi
from initiator import DATA_IN, FINAL, READ, SCSI_COMMAND, SCSI_RESPONSE, SIMPLE, STATUS, WRITE, lun_field
from runner import cases


def setup(daemon):
    daemon.make_disk(size=16 << 20)
    daemon.make_target()
    with daemon.session() as c:
        daemon.pattern = os.urandom(1 << 20)
        c.scsi(scsi.write(0, 2048), write=daemon.pattern)


@cases(*itertools.product((512, 1000, 8192, 262144), (512, 4096, 65536, 1048576)))
def test_data_in_is_cut_as_agreed(daemon, segment, burst):
    with daemon.session(MaxRecvDataSegmentLength=segment, MaxBurstLength=burst) as c:
        for blocks in (1, 2, 17, 300):
            task = c.scsi(scsi.read(1, blocks), read=blocks * 512)
            assert bytes(task.data) == daemon.pattern[512 : 512 + blocks * 512]
            pdus = [pdu for pdu in task.pdus if pdu.opcode == DATA_IN]
            assert all(not pdu.flags & STATUS for pdu in pdus[:-1])
            assert pdus[-1].flags & FINAL
            most = min(segment, burst)
            assert len(pdus) <= blocks * 512 // most + 1 + blocks * 512 // burst, "needless PDUs"
        assert c.logout() == 0


def test_status_comes_in_the_last_data_in(daemon):
    with daemon.session() as c:
        task = c.scsi(scsi.read(0, 2048), read=1 << 20)
        assert bytes(task.data) == daemon.pattern
        assert [pdu.opcode for pdu in task.pdus if pdu.opcode != DATA_IN] == [], "no SCSI Response"
        assert task.pdus[-1].flags & STATUS


def test_read_of_no_blocks(daemon):
    with daemon.session() as c:
        task = c.scsi(scsi.read(0, 0))
        assert task.pdus[-1].opcode == SCSI_RESPONSE and not task.data


@cases(6, 10, 12, 16)
def test_read_in_each_cdb_size(daemon, size):
    with daemon.session() as c:
        assert bytes(c.scsi(scsi.read(3, 100, size), read=51200).data) == daemon.pattern[1536:52736]


def test_reads_side_by_side(daemon):
    with daemon.session(MaxRecvDataSegmentLength=8192) as c:
        tasks = [(n, c.submit(scsi.read(n * 16, 64), read=32768)) for n in range(100)]
        for n, task in reversed(tasks):
            assert bytes(c.wait(task).data) == daemon.pattern[n * 8192 : n * 8192 + 32768]


@cases(
    # CDB, expected length, bytes that come, residual: negative for overflow
    ("read of less than expected", scsi.read(0, 1), 4096, 512, 3584),
    ("read of more than expected", scsi.read(0, 8), 512, 512, -3584),
    ("read of more than expected, odd", scsi.read(0, 2), 1000, 1000, -24),
    ("read of nothing, something expected", scsi.read(0, 0), 512, 0, 512),
    ("mode sense", scsi.mode_sense6(0x3F, 4), 4, 4, 0),
    ("capacity", scsi.read_capacity10(), 100, 8, 92),
    ("capacity, cut", scsi.read_capacity10(), 4, 4, -4),
    ("no data at all", scsi.test_unit_ready(), 512, 0, 512),
    ("allocation length below the data", scsi.inquiry(5), 36, 5, 31),
    ("allocation length zero", scsi.inquiry(0), 36, 0, 36),
)
def test_residual_of_a_read(daemon, why, cdb, expected, length, residual):
    with daemon.session() as c:
        task = c.scsi(cdb, read=expected)
        assert len(task.data) == length, f"{len(task.data)} bytes came"
        assert task.residual == abs(residual), f"residual {task.residual}"
        assert task.under == (residual > 0) and task.over == (residual < 0), (task.under, task.over)
        c.nop(b"in step")


def test_overflow_where_nothing_is_expected(daemon):
    with daemon.session() as c:
        for flags in (FINAL | SIMPLE, FINAL | READ | SIMPLE):
            task = c.try_scsi(scsi.read(0, 8), flags=flags, expected=0)
            assert task.status == 0 and task.over and task.residual == 4096, vars(task)
            assert not task.data


@cases(("more is sent than the command takes", 1, 4096, 3584), ("less is sent", 8, 512, -3584))
def test_residual_of_a_write(daemon, why, blocks, length, residual):
    with daemon.session() as c:
        before = os.urandom(4096)
        c.scsi(scsi.write(4000, 8), write=before)
        data = os.urandom(length)
        task = c.try_scsi(scsi.write(4000, blocks), write=data)
        if task.status == 0:
            assert task.residual == abs(residual) and task.under == (residual > 0), vars(task)
            assert task.over == (residual < 0)
        got = bytes(c.scsi(scsi.read(4000, 8), read=4096).data)
        taken = 512 if task.status == 0 else 0
        assert got in (data[:taken] + before[taken:], data[:512] + before[512:]), "other blocks changed"
        assert got[512:] == before[512:]


def test_solicited_write_with_residual(daemon):
    with daemon.session(ImmediateData="No", InitialR2T="Yes") as c:
        data = os.urandom(8192)
        task = c.scsi(scsi.write(4000, 4), write=data)
        assert task.under and task.residual == 6144
        assert sum(r.length for r in task.r2ts) <= 8192
        assert bytes(c.scsi(scsi.read(4000, 4), read=2048).data) == data[:2048]


def test_write_that_expects_nothing(daemon):
    with daemon.session() as c:
        task = c.try_scsi(scsi.write(4000, 8), flags=FINAL | WRITE | SIMPLE, expected=0)
        assert task.status == scsi.CHECK_CONDITION or (task.over and task.residual == 4096), vars(task)


@cases("read cdb with the W bit", "write cdb with the R bit", "both bits")
def test_wrong_direction_is_survived(daemon, how):
    from hostile import aftermath

    with daemon.session() as c:
        flags = {"r": FINAL | WRITE, "w": FINAL | READ, "b": FINAL | READ | WRITE}[how[0]]
        cdb = scsi.write(0, 1) if how[0] == "w" else scsi.read(0, 1)
        data = b"" if how[0] == "w" else bytes(512)
        c.send(c.request(SCSI_COMMAND, data, flags=flags | SIMPLE, lun=lun_field(0), expected=512,
                         cdb=cdb))  # fmt: skip
        aftermath(c, strict=False)
    daemon.check_serving()


@cases(("read", scsi.read(32768, 1)), ("read over the end", scsi.read(32760, 9)),
       ("read far away", scsi.read(1 << 63, 1, 16)), ("huge", scsi.read(0, 0xFFFFFFFF, 16)))  # fmt: skip
def test_read_beyond_the_end(daemon, why, cdb):
    with daemon.session() as c:
        task = c.try_scsi(cdb, read=512)
        assert task.status == scsi.CHECK_CONDITION, task.status
        # A transfer that is longer than MAXIMUM TRANSFER LENGTH may be refused as such.
        assert task.sense in (scsi.LBA_OUT_OF_RANGE, scsi.INVALID_FIELD_IN_CDB), task.sense


def test_sense_data_comes_with_the_response(daemon):
    with daemon.session() as c:
        task = c.try_scsi(b"\xff" + bytes(15))
        assert task.status == scsi.CHECK_CONDITION and task.sense == scsi.INVALID_OPCODE, task.sense
        assert task.response == 0
