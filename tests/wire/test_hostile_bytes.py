"""Garbage, cut and lying PDUs: they cost the peer its PDU, command or connection, never the daemon."""

import os
import random

import scsi
from daemon import MIB, TARGET, eventually
from hostile import aftermath
from initiator import (FINAL, FULL_FEATURE, LOGIN, LOGIN_RESPONSE, LOGOUT, NONE, NOP_OUT, OPERATIONAL,
                       REJECT, SCSI_COMMAND, SIMPLE, SNACK, TASK_MGMT, TEXT, WRITE, Closed, Pdu, Task,
                       lun_field, text_encode)  # fmt: skip
from pdu import FIELDS
from runner import cases

GARBAGE = {
    "zeroes": bytes(65536),
    "ones": b"\xff" * 65536,
    "HTTP": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 10,
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) * 2,
    "text": b"InitiatorName=iqn.2026-01.x:y\0" * 1000,
}


def swallow(c, limit=3):
    """Reads until the target closes, within LIMIT seconds; the rest of what we sent does not matter."""
    c.strict = False
    c.sock.settimeout(limit)
    try:
        while c.sock.recv(65536):
            pass
    except ConnectionError:
        pass


def poke(daemon, c, raw):
    """Send RAW, say that that was all, and wait for the target's end of the connection."""
    try:
        c.send_raw(raw)
        c.sock.shutdown(1)
    except ConnectionError:
        return
    swallow(c)


@cases(*GARBAGE)
def test_garbage_instead_of_a_login(daemon, what):
    with daemon.connect() as c:
        poke(daemon, c, GARBAGE[what])
    daemon.check_serving()


@cases(*GARBAGE)
def test_garbage_in_the_full_feature_phase(daemon, what):
    with daemon.session() as c:
        poke(daemon, c, GARBAGE[what])
    daemon.check_serving()


@cases(1, 2, 3, 4, 5, 6)
def test_random_bytes(daemon, seed):
    generator = random.Random(seed)
    for _ in range(20):
        raw = generator.randbytes(generator.randrange(1, 3000))
        with daemon.connect() as c:
            poke(daemon, c, raw)
        with daemon.session(settle=False) as c:
            poke(daemon, c, raw)
    daemon.check_serving()


@cases(1, 2, 3, 4, 5, 6, 7, 8)
def test_random_headers_with_valid_opcodes(daemon, seed):
    """Headers that are right in opcode and length and random elsewhere."""
    generator = random.Random(1000 + seed)
    opcodes = (0, 1, 2, 3, 4, 5, 6, 0x10)
    for _ in range(15):
        with daemon.session(settle=False) as c:
            try:
                for _ in range(20):
                    data = generator.randbytes(generator.choice((0, 0, 1, 4, 512)))
                    pdu = Pdu(generator.choice(opcodes), data)
                    length = pdu.bhs[5:8]
                    pdu.bhs[1:] = generator.randbytes(47)
                    pdu.bhs[0] |= generator.choice((0, 0x40))
                    pdu.bhs[4:8] = b"\0" + length
                    if generator.random() < 0.7:
                        pdu.bhs[8:16] = bytes(8)
                    if generator.random() < 0.7:
                        pdu.bhs[24:28] = c.cmdsn.to_bytes(4, "big")
                        c.cmdsn += 1
                    c.send(pdu)
                c.sock.shutdown(1)
            except ConnectionError:
                pass
            swallow(c)
    daemon.check_serving()


@cases(1, 2, 3, 4)
def test_flipped_bits_in_a_good_conversation(daemon, seed):
    """Each PDU of a normal session is sent with a few bits flipped now and then."""
    generator = random.Random(2000 + seed)
    for _ in range(25):
        c = daemon.session(settle=False)
        plain = c.send_raw

        def spoiled(raw, plain=plain):
            raw = bytearray(raw)
            if generator.random() < 0.3:
                for _ in range(generator.randrange(1, 4)):
                    raw[generator.randrange(min(len(raw), 48))] ^= 1 << generator.randrange(8)
            plain(bytes(raw))

        c.send_raw, c.strict = spoiled, False
        try:
            for n in range(20):
                c.submit(scsi.write(n, 8), write=bytes(4096))
                c.submit(scsi.read(n, 8), read=4096)
            c.sock.shutdown(1)
        except ConnectionError:
            pass
        swallow(c)
        c.close()
    daemon.check_serving()


OFFERS = ({}, {"ImmediateData": "No", "InitialR2T": "Yes"}, {"HeaderDigest": "CRC32C", "DataDigest": "CRC32C"},
          {"FirstBurstLength": "512", "MaxBurstLength": "1024"})  # fmt: skip


def change_a_field(generator, pdu):
    """One field of PDU gets a value near the right one, at its limits or at random."""
    name = generator.choice([*FIELDS.get(pdu.opcode, {}), "flags", "lun", "itt", "byte0"])
    if name in ("cdb", "isid"):
        value = generator.randbytes(16)
        if value[0] != 0x1B:  # START STOP UNIT would stop the disk for all that follow
            setattr(pdu, name, value)
        return
    limit = 1 << 8 * pdu._where(name)[1]
    near = (getattr(pdu, name) + generator.choice((-1, 1, 2, 512))) % limit
    value = generator.choice((0, 1, limit - 1, generator.randrange(limit), near))
    setattr(pdu, name, value & 0x7F if name == "byte0" else value)


def random_request(generator, c):
    """One of the requests that an initiator may send, with its data. Cold resets would hit others."""
    lba, blocks = generator.randrange(1000), generator.choice((1, 8, 64))
    kind = generator.randrange(9)
    if kind < 3:
        c.submit(scsi.write(lba, blocks), write=bytes(512 * generator.choice((1, 8, 64))))
    elif kind < 5:
        c.submit(scsi.read(lba, blocks), read=512 * generator.choice((1, 8, 64)))
    elif kind == 5:
        c.send(c.request(TASK_MGMT, immediate=generator.random() < 0.7, lun=lun_field(0),
                         flags=FINAL | generator.choice((1, 2, 3, 4, 5, 6, 8)),
                         ref_itt=generator.randrange(1, c.next_itt + 1),
                         refcmdsn=(c.cmdsn - generator.randrange(4)) & NONE))  # fmt: skip
    elif kind == 6:
        keys = {"MaxRecvDataSegmentLength": generator.choice((511, 512, 8192, "x"))}
        c.send(c.request(TEXT, text_encode(keys), flags=FINAL, ttt=NONE))
    elif kind == 7:
        data = bytes(generator.randrange(100))
        c.send(c.request(NOP_OUT, data, immediate=generator.random() < 0.5, flags=FINAL, ttt=NONE))
    elif generator.random() < 0.2:
        c.send(c.request(LOGOUT, flags=FINAL | generator.randrange(3)))


@cases(*range(1, 9))
def test_fields_changed_at_random(daemon, seed):
    """A busy session in which a quarter of the PDUs has a wrong field; it goes on while it may."""
    generator = random.Random(3000 + seed)
    strangers = [daemon.connect() for _ in range(4)]  # that others log in matters, too
    for _ in range(10):
        c = daemon.session(settle=False, **generator.choice(OFFERS))
        plain = c.send

        def send(pdu, plain=plain):
            if generator.random() < 0.25:
                change_a_field(generator, pdu)
            plain(pdu)

        c.send, c.strict = send, False
        try:
            for _ in range(60):
                random_request(generator, c)
                if generator.random() < 0.3:
                    c.pump(0.01)
        except (Closed, ConnectionError, TimeoutError, AssertionError):
            pass  # what is answered to nonsense may be nonsense to us
        c.close()
    for c in strangers:
        c.close()
    daemon.check_serving()


def test_header_cut_at_every_byte(daemon):
    with daemon.connect() as c:
        keys = text_encode(c.first_keys(TARGET))
        login = Pdu(LOGIN, keys, immediate=True, flags=0x87, isid=c.isid).encode()
    for cut in range(len(login)):
        with daemon.connect() as c:
            c.send_raw(login[:cut])
    eventually(lambda: not daemon.sessions(), "no sessions")
    daemon.check_serving()


def test_header_cut_at_every_byte_in_the_full_feature_phase(daemon):
    for cut in range(1, 48):
        with daemon.session(settle=False) as c:
            c.send_raw(c.request(SCSI_COMMAND, flags=0xC1, expected=512, cdb=scsi.read(0, 1)).encode()[:cut])
    eventually(lambda: not daemon.sessions(), "no sessions are left")
    daemon.check_serving()


def test_login_that_comes_byte_by_byte(daemon):
    with daemon.connect() as c:
        plain = c.send_raw
        c.send_raw = lambda raw: [plain(raw[n : n + 1]) for n in range(len(raw))]
        c.login(TARGET, HeaderDigest="CRC32C", DataDigest="CRC32C")
        c.settle()
        c.scsi(scsi.write(0, 1), write=bytes(512))
        assert bytes(c.scsi(scsi.read(0, 1), read=512).data) == bytes(512)
        assert c.logout() == 0


@cases(("login", 8193), ("login", 0xFFFFFF), ("session", 262145), ("session", 0xFFFFFF))
def test_data_segment_longer_than_agreed(daemon, when, length):
    """The target must not wait for it, nor make room for it."""
    before = daemon.memory()
    with (daemon.connect() if when == "login" else daemon.session()) as c:
        opcode = LOGIN if when == "login" else NOP_OUT
        pdu = c.request(opcode, immediate=True, flags=0x87 if opcode == LOGIN else FINAL, ttt=NONE) \
            if opcode == NOP_OUT else c.request(LOGIN, immediate=True, flags=0x87, isid=c.isid)  # fmt: skip
        pdu.data_length = length
        c.send(pdu)
        for reply in c.expect_close():
            assert reply.opcode in (REJECT, LOGIN_RESPONSE), reply
    assert daemon.memory() - before < 8 * MIB
    daemon.check_serving()


def test_longest_data_segment_that_was_agreed(daemon):
    with daemon.session() as c:
        assert len(c.nop(os.urandom(262144)).data) == 262144


@cases(*[n for n in range(0x40) if n not in (0, 1, 2, 3, 4, 5, 6)])
def test_unknown_opcode_is_rejected_with_its_header(daemon, opcode):
    with daemon.session(settle=False) as c:
        pdu = c.request(NOP_OUT, immediate=True, flags=FINAL, ttt=NONE)
        pdu.bhs[0] = 0x40 | opcode
        c.send(pdu)
        try:
            reject = c.expect(REJECT)
        except Closed:
            reject = None  # allowed where the target cannot make sense of it
        if reject is not None:
            assert reject.itt == NONE, reject
            assert reject.reason in (3, 4, 5, 9), reject
            assert reject.data[:48] == bytes(pdu.bhs), "the header of what is rejected"
            c.settle()
            assert c.logout() == 0
    daemon.check_serving()


def test_snack_is_rejected(daemon):
    """Error recovery level 0 knows no SNACK."""
    with daemon.session() as c:
        for kind in range(4):  # data or R2T, status, DataACK, R-Data
            pdu = c.request(SNACK, flags=FINAL | kind, itt=1, ttt=NONE)
            c.send(pdu)
            reject = c.expect(REJECT)
            assert reject.reason == 3, reject
            assert reject.data[:48] == bytes(pdu.bhs)
        c.scsi(scsi.test_unit_ready())
    daemon.check_serving()


def test_login_request_in_the_full_feature_phase(daemon):
    with daemon.session() as c:
        c.login_send(c.first_keys(TARGET), OPERATIONAL, FULL_FEATURE)
        try:
            assert c.recv().opcode == REJECT
        except Closed:
            pass
    daemon.check_serving()


@cases(
    ("extended CDB", bytes([0, 17, 1, 0]) + bytes(16)),
    ("bidirectional read length", bytes([0, 5, 2, 0, 0, 0, 16, 0])),
    ("unknown kind", bytes([0, 5, 0x3F, 0, 1, 2, 3, 4])),
    ("length beyond its end", bytes([0xFF, 0xFF, 1, 0])),
    ("length zero", bytes([0, 0, 1, 0])),
    ("longest", bytes([3, 0xF9, 1, 0]) + bytes(1016)),
)
def test_additional_header_segments(daemon, why, ahs):
    with daemon.session() as c:
        pdu = c.request(SCSI_COMMAND, b"", ahs, flags=FINAL | SIMPLE, lun=lun_field(0),
                        cdb=scsi.test_unit_ready())  # fmt: skip
        c.tasks[pdu.itt] = Task(pdu.itt, b"", 0, 0, False, b"")
        c.send(pdu)
        aftermath(c)
    daemon.check_serving()


def test_additional_header_where_none_belongs(daemon):
    with daemon.session(HeaderDigest="CRC32C") as c:
        c.send(c.request(NOP_OUT, b"x", bytes(20), immediate=True, flags=FINAL, ttt=NONE))
        aftermath(c)
    with daemon.connect() as c:
        c.send(Pdu(LOGIN, text_encode(c.first_keys(TARGET)), bytes(1020), immediate=True, flags=0x87,
                   isid=c.isid))  # fmt: skip
        try:
            assert c.recv().opcode in (LOGIN_RESPONSE, REJECT)
        except Closed:
            pass
    daemon.check_serving()


@cases(
    ("LUN 9", lun_field(9)),
    ("LUN 255", lun_field(255)),
    ("flat 16383", lun_field(16383)),
    ("second level", bytes([0, 0, 0, 1, 0, 0, 0, 0])),
    ("logical unit method", bytes([0x80, 0, 0, 0, 0, 0, 0, 0])),
    ("extended method", bytes([0xC1, 9, 0, 0, 0, 0, 0, 0])),
    ("all ones", b"\xff" * 8),
    ("last byte", bytes([0, 0, 0, 0, 0, 0, 0, 1])),
)
def test_LUN_that_is_not_there(daemon, why, lun):
    with daemon.session() as c:
        task = c.try_scsi(scsi.test_unit_ready(), lun=lun)
        assert task.status == scsi.CHECK_CONDITION and task.sense == scsi.LUN_NOT_SUPPORTED, task.sense
        task = c.try_scsi(scsi.read(0, 1), lun=lun, read=512)
        assert task.status == scsi.CHECK_CONDITION and task.sense == scsi.LUN_NOT_SUPPORTED, task.sense
        task = c.try_scsi(scsi.write(0, 1), lun=lun, write=bytes(512))
        assert task.status == scsi.CHECK_CONDITION and task.sense == scsi.LUN_NOT_SUPPORTED, task.sense
        task = c.scsi(scsi.inquiry(36), lun=lun, read=36)
        assert task.data[0] == 0x7F, "no device here, and cannot be one"
        c.scsi(scsi.test_unit_ready())


def test_LUN_0_in_flat_addressing(daemon):
    with daemon.session() as c:
        c.scsi(scsi.test_unit_ready(), lun=lun_field(0, method=1))


def test_report_luns_at_any_LUN(daemon):
    with daemon.session() as c:
        for lun in (lun_field(0), lun_field(9), bytes([0xC1, 1, 0, 0, 0, 0, 0, 0])):
            assert scsi.parse_luns(c.scsi(scsi.report_luns(), lun=lun, read=4096).data) == [0]


@cases(*range(0, 256, 16))
def test_every_scsi_opcode_with_strange_CDBs_is_answered(daemon, first):
    """No silence, whatever the CDB; the data that comes is within what was expected."""
    with daemon.session() as c:
        for opcode in range(first, first + 16):
            for fill in (b"\0", b"\xff", b"\x01"):
                c.wait(c.submit(bytes([opcode]) + fill * 15, read=512))
            task = c.submit(bytes([opcode]) + os.urandom(15), write=bytes(512))
            c.wait(task)
        c.nop(b"in step")
        c.scsi(bytes([0x1B, 0, 0, 0, 1, 0]))  # one of them may have stopped the unit
    daemon.check_serving()


def test_same_task_tag_twice(daemon):
    with daemon.session(ImmediateData="No", InitialR2T="Yes") as c:
        c.on_r2t = lambda *_: None
        task = c.submit(scsi.write(0, 8), write=bytes(4096), itt=500)
        c.tasks[500] = task
        c.submit(scsi.write(0, 8), write=bytes(4096), itt=500)
        c.tasks[500] = task
        aftermath(c, strict=False)
    daemon.check_serving()


def test_command_with_the_reserved_task_tag(daemon):
    with daemon.session() as c:
        c.send(c.request(SCSI_COMMAND, flags=FINAL | SIMPLE, itt=NONE, lun=lun_field(0), cdb=bytes(6)))
        aftermath(c, strict=False)
    daemon.check_serving()


def test_text_request_full_of_nonsense(daemon):
    for data in (b"\0" * 500, b"=\0=\0", b"SendTargets", b"SendTargets=" + b"x" * 8000, os.urandom(4000)):
        with daemon.session(settle=False) as c:
            c.send(c.request(TEXT, data, flags=FINAL, ttt=NONE))
            aftermath(c)
    daemon.check_serving()


def test_expected_length_of_four_gigabytes(daemon):
    before = daemon.memory()
    with daemon.session() as c:
        task = c.try_scsi(scsi.read(0, 1), read=1, expected=0xFFFFFFFF)
        assert task.status == 0 and task.under and task.residual == 0xFFFFFFFF - 512
        c.send(c.request(SCSI_COMMAND, flags=FINAL | WRITE | SIMPLE, lun=lun_field(0),
                         expected=0xFFFFFFFF, cdb=scsi.write(0, 1)))  # fmt: skip
        aftermath(c, strict=False)
    assert daemon.memory() - before < 16 * MIB
    daemon.check_serving()
