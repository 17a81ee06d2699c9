"""Header and data digests, right and wrong (RFC 7143 sections 7.7, 7.8 and 13.1)."""

import os

import scsi
from daemon import eventually
from initiator import (DATA_OUT, FINAL, NONE, NOP_OUT, REJECT, SCSI_COMMAND, SIMPLE, WRITE, Closed,
                       lun_field)  # fmt: skip
from runner import cases

BOTH = {"HeaderDigest": "CRC32C", "DataDigest": "CRC32C"}


@cases(("None", "None"), ("CRC32C", "None"), ("None", "CRC32C"), ("CRC32C", "CRC32C"))
def test_writes_and_reads_with_digests(daemon, header, data):
    with daemon.session(HeaderDigest=header, DataDigest=data) as c:
        for blocks in (1, 8, 129, 640):
            block = os.urandom(blocks * 512)
            c.scsi(scsi.write(7, blocks), write=block)
            assert bytes(c.scsi(scsi.read(7, blocks), read=len(block)).data) == block
        for length in (0, 1, 2, 3, 4, 5, 511):
            ping = os.urandom(length)
            assert c.nop(ping).data == ping
        assert c.logout() == 0


@cases(("None", "CRC32C"), ("CRC32C", "CRC32C"))
def test_solicited_and_unsolicited_data_with_digests(daemon, header, data):
    with daemon.session(HeaderDigest=header, DataDigest=data, FirstBurstLength="8192",
                        MaxBurstLength="16384") as c:  # fmt: skip
        block = os.urandom(100 * 512)
        task = c.scsi(scsi.write(0, 100), write=block, unsolicited=(1024, 7168))
        assert task.r2ts
        assert bytes(c.scsi(scsi.read(0, 100), read=len(block)).data) == block


def test_session_list_shows_digests(daemon):
    with daemon.session(**BOTH):
        (connection,) = [s["connections"][0] for s in daemon.sessions()]
        assert connection["header_digest"] == "crc32c" and connection["data_digest"] == "crc32c"
    eventually(lambda: not daemon.sessions(), "the session goes")


@cases("NOP-Out", "write", "read")
def test_bad_header_digest_ends_the_connection(daemon, what):
    """Nothing in such a PDU can be trusted, not even its length: section 7.7."""
    with daemon.session(**BOTH) as c:
        if what == "NOP-Out":
            pdu = c.request(NOP_OUT, b"data", immediate=True, flags=FINAL, ttt=NONE)
        else:
            cdb = scsi.write(0, 1) if what == "write" else scsi.read(0, 1)
            pdu = c.request(SCSI_COMMAND, bytes(512) if what == "write" else b"", flags=FINAL | 0x20,
                            lun=lun_field(0), expected=512, cdb=cdb)  # fmt: skip
        c.send(pdu, damage="header")
        assert c.expect_close() == []
    daemon.check_serving()


def test_bad_data_digest_of_a_ping_is_rejected(daemon):
    with daemon.session(**BOTH) as c:
        pdu = c.request(NOP_OUT, b"four", immediate=True, flags=FINAL, ttt=NONE)
        c.send(pdu, damage="data")
        reject = c.expect(REJECT)
        assert reject.reason == 2, reject
        assert reject.data[:48] == bytes(pdu.bhs), "the header comes back"
        try:
            c.nop(b"goes on")
        except Closed:
            pass
    daemon.check_serving()


def check_spoiled_write(daemon, c, before):
    """Rejected and failed with a CRC error, or the connection ended; the block is as it was."""
    try:
        reject = c.expect(REJECT)
        assert reject.reason == 2, reject
        (task,) = c.tasks.values()
        c.wait(task)
        assert task.status == scsi.CHECK_CONDITION, task.status
        assert task.sense[0] == scsi.ABORTED_COMMAND and task.sense[1] == 0x47, task.sense
        c.nop(b"goes on")
    except Closed:
        pass
    c.close()
    with daemon.session(**BOTH) as c:
        assert bytes(c.scsi(scsi.read(40, 4), read=2048).data) == before
    daemon.check_serving()


def test_bad_data_digest_of_immediate_data(daemon):
    with daemon.session(**BOTH) as c:
        before = os.urandom(2048)
        c.scsi(scsi.write(40, 4), write=before)
        send = c.send
        c.send = lambda pdu: send(pdu, damage="data")
        c.submit(scsi.write(40, 4), write=bytes(2048))
        c.send = send
        check_spoiled_write(daemon, c, before)


@cases("unsolicited", "solicited")
def test_bad_data_digest_of_data_out(daemon, kind):
    with daemon.session(**BOTH, FirstBurstLength="2048") as c:
        before = os.urandom(2048)
        c.scsi(scsi.write(40, 4), write=before)
        send = c.send
        c.send = lambda pdu: send(pdu, damage="data" if pdu.opcode == DATA_OUT else None)
        c.submit(scsi.write(40, 4), write=bytes(2048),
                 unsolicited=(0, 2048) if kind == "unsolicited" else (512, 0))  # fmt: skip
        if kind == "solicited":
            c.pump()
        c.send = send
        check_spoiled_write(daemon, c, before)


def test_digest_missing_where_one_is_due(daemon):
    """The peer forgot its digests: the next bytes are taken as digest and do not fit."""
    with daemon.session(**BOTH) as c:
        c.send_raw(c.request(NOP_OUT, immediate=True, flags=FINAL, ttt=NONE).encode())
        c.send_raw(c.request(NOP_OUT, immediate=True, flags=FINAL, ttt=NONE).encode())
        assert c.expect_close() == []
    daemon.check_serving()


def test_immediate_command_flags(daemon):
    """A command marked immediate runs like any other and uses no CmdSN."""
    with daemon.session(**BOTH) as c:
        number = c.cmdsn
        task = c.scsi(scsi.inquiry(36), read=36, immediate=True, attr=SIMPLE)
        assert len(task.data) == 36 and c.cmdsn == number
        c.scsi(scsi.write(0, 1), write=bytes(512), immediate=True, attr=SIMPLE, flags=FINAL | WRITE | SIMPLE)
        assert c.logout() == 0
