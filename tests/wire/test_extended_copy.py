"""Third-party copies between units of a target, by EXTENDED COPY and by tokens, and what keeps them from others."""

import os
import struct

import scsi
from daemon import FILE_TYPES, MIB, TARGET, eventually
from initiator import FINAL, TASK_MGMT, TASK_MGMT_RESPONSE, Closed, lun_field
from runner import cases
from test_task_management import ABORT_TASK, COMPLETE

UNREACHABLE = (0xA, 0x0D, 2)
DEVICE_FAILURE = (0xA, 0x0D, 1)
OTHER = "iqn.2026-01.org.blockgate.test:other"


def extended_copy(length):
    return struct.pack(">BB8xIBB", 0x83, 0, length, 0, 0)


def copy_status(list_id):
    return struct.pack(">BBB7xIBB", 0x84, 0, list_id, 12, 0, 0)


def naa_of(c, lun):
    """The NAA designator of VPD 83h."""
    page = bytes(c.scsi_after_attentions(scsi.inquiry(255, page=0x83), lun=lun, read=255).data)
    at = 4
    while at < len(page):
        if page[at + 1] & 0x3F == 3:
            return page[at + 4 : at + 4 + page[at + 3]]
        at += 4 + page[at + 3]
    raise AssertionError(page.hex())


def target(naa, block=512):
    return struct.pack(">BBHBBBB20sI", 0xE4, 0, 0, 1, 3, 0, len(naa), naa, block)


def segment(source, destination, source_lba, destination_lba, blocks):
    return struct.pack(">BBHHHHHQQ", 2, 0, 0x18, source, destination, 0, blocks, source_lba, destination_lba)


def copy_list(targets, segments, list_id=1):
    return struct.pack(">BBHIII", list_id, 0, 32 * len(targets), 0, 28 * len(segments), 0) + b"".join(
        targets + segments
    )


def setup(daemon):
    daemon.make_disk(unmap=True)
    daemon.make_disk("disk1", unmap=True)
    daemon.make_disk("masked", unmap=True)
    daemon.make_target(luns={0: "disk0", 1: "disk1"})
    daemon.make_target(OTHER, luns={0: "masked"})


def submit(c, targets, segments, **how):
    data = copy_list(targets, segments)
    return c.submit(extended_copy(len(data)), write=data, **how)


def run(c, targets, segments, **how):
    return c.wait(submit(c, targets, segments, **how))


def settle_all(c):
    c.settle(0)
    c.settle(1)


def test_blocks_go_to_another_unit(daemon):
    with daemon.session() as c:
        settle_all(c)
        data = os.urandom(1000 * 512)
        c.scsi(scsi.write(100, 1000), write=data)
        both = [target(naa_of(c, 0)), target(naa_of(c, 1))]
        assert run(c, both, [segment(0, 1, 100, 3000, 1000)]).status == scsi.GOOD
        assert bytes(c.scsi(scsi.read(3000, 1000), lun=1, read=len(data)).data) == data
        status = bytes(c.scsi(copy_status(1), read=12).data)
        assert struct.unpack(">IBHBI", status) == (8, 1, 1, 0, len(data)), status.hex()


def test_a_unit_of_another_target_cannot_be_reached(daemon):
    with daemon.session(OTHER) as other:
        secret = os.urandom(8 * 512)
        other.scsi(scsi.write(0, 8), write=secret)
        hidden = target(naa_of(other, 0))
        with daemon.session() as c:
            settle_all(c)
            mine = target(naa_of(c, 0))
            for segments in [segment(0, 1, 0, 0, 8)], [segment(1, 0, 0, 0, 8)]:
                assert run(c, [mine, hidden], segments).sense == UNREACHABLE
        assert bytes(other.scsi(scsi.read(0, 8), read=8 * 512).data) == secret


def test_a_read_only_export_is_no_destination(start_daemon):
    daemon = start_daemon()
    daemon.make_disk()
    daemon.make_disk("disk1")
    daemon.call(
        "target.create",
        name=TARGET,
        luns=[{"lun": 0, "backstore": "disk0"}, {"lun": 1, "backstore": "disk1", "read_only": True}],
        acls=[{"initiator": "*"}],
    )
    with daemon.session() as c:
        settle_all(c)
        both = [target(naa_of(c, 0)), target(naa_of(c, 1))]
        assert run(c, both, [segment(0, 1, 0, 0, 8)]).sense == DEVICE_FAILURE
        assert run(c, both, [segment(1, 0, 0, 0, 8)]).status == scsi.GOOD


def reserve(release=False):
    return bytes([0x17 if release else 0x16, 0, 0, 0, 0, 0])


def test_a_reservation_of_another_keeps_copies_from_a_unit(daemon):
    with daemon.session() as c, daemon.session() as other:
        settle_all(c)
        settle_all(other)
        both = [target(naa_of(c, 0)), target(naa_of(c, 1))]
        other.scsi(reserve(), lun=1)
        assert run(c, both, [segment(0, 1, 0, 0, 8)]).sense == DEVICE_FAILURE
        assert run(c, both, [segment(1, 0, 0, 0, 8)]).sense == DEVICE_FAILURE
        other.scsi(reserve(release=True), lun=1)
        assert run(c, both, [segment(0, 1, 0, 0, 8)]).status == scsi.GOOD


def test_a_copy_can_be_aborted_and_then_writes_no_more(start_daemon):
    daemon = start_daemon(faults=True)
    daemon.make_disk(type="rdwr", size=64 * MIB)
    daemon.make_target()
    half, piece = 65536, 8192
    with daemon.session() as c:
        one = [target(naa_of(c, 0))]
        c.scsi(scsi.write(0, 1), write=b"x" * 512)
        c.scsi(scsi.write(half - piece, 1), write=b"z" * 512)
        daemon.fault("disk0", "any hold")
        # From one half to the other, in pieces; none is through while the store waits.
        segments = [segment(0, 0, n * piece, half + n * piece, piece) for n in range(half // piece)]
        task = submit(c, one, segments)
        eventually(lambda: daemon.held() > 0, "the first piece is with the store")
        pdu = c.request(TASK_MGMT, immediate=True, flags=FINAL | ABORT_TASK, lun=lun_field(0),
                        ref_itt=task.itt, refcmdsn=c.cmdsn - 1)  # fmt: skip
        c.send(pdu)
        c.nop(b"the abort has come before this")
        assert not any(p.opcode == TASK_MGMT_RESPONSE for p in c.others), "answered while it can still write"
        daemon.fault("disk0")
        assert c.expect(TASK_MGMT_RESPONSE, pdu.itt).response == COMPLETE
        assert not task.done
        del c.tasks[task.itt]
        last = bytes(c.scsi(scsi.read(2 * half - piece, 1), read=512).data)
        assert last == bytes(512), "the pieces after the one at work were never begun"
        c.scsi(scsi.write(half, 1), write=b"y" * 512)
        assert bytes(c.scsi(scsi.read(half, 1), read=512).data) == b"y" * 512
        task = c.try_scsi(copy_status(1), read=12)
        assert task.sense == scsi.INVALID_FIELD_IN_CDB, task.sense


def test_four_gibibytes_are_not_truncated(start_daemon):
    daemon = start_daemon()
    blocks = 10 * 1024 * MIB // 4096
    daemon.make_disk(size=10 * 1024 * MIB, block_size=4096, unmap=True)
    daemon.make_target()
    with daemon.session() as c:
        one = [target(naa_of(c, 0), 4096)]
        half = blocks // 2
        marks = (0, 65534, 65535, 17 * 65535 - 1)  # the last one is behind 4 GiB
        for lba in marks:
            c.scsi(scsi.write(lba, 1), write=struct.pack(">Q", lba) * 512)
        c.scsi(scsi.write(half + 5, 1), write=b"old!" * 1024)
        segments = [segment(0, 0, n * 65535, half + n * 65535, 65535) for n in range(17)]
        task = submit(c, one, segments)
        assert c.wait(task, timeout=60).status == scsi.GOOD, task.sense
        for lba in marks:
            assert bytes(c.scsi(scsi.read(half + lba, 1), read=4096).data) == struct.pack(">Q", lba) * 512, lba
        assert bytes(c.scsi(scsi.read(half + 5, 1), read=4096).data) == bytes(4096)
        status = bytes(c.scsi(copy_status(1), read=12).data)
        assert struct.unpack(">IBHBI", status) == (8, 1, 17, 1, 17 * 65535 * 4), status.hex()


def test_a_unit_may_leave_the_target_while_it_is_copied_to(start_daemon):
    daemon = start_daemon()
    daemon.make_disk(type="rdwr", size=1024 * MIB)
    daemon.make_disk("disk1", type="rdwr", size=1024 * MIB)
    daemon.make_target(luns={0: "disk0", 1: "disk1"})
    with daemon.session() as c:
        settle_all(c)
        both = [target(naa_of(c, 0)), target(naa_of(c, 1))]
        task = submit(c, both, [segment(0, 1, n * 65535, n * 65535, 65535) for n in range(30)])
        daemon.call("lun.delete", target=TARGET, lun=1, force=True)
        try:
            assert c.wait(task, timeout=60).status == scsi.GOOD, task.sense
        except Closed:
            pass  # it was in the way
    daemon.check_serving()


@cases("ram", *FILE_TYPES)
def test_within_every_type_of_store(start_daemon, type):
    daemon = start_daemon()
    daemon.make_disk(type=type)
    daemon.make_target()
    with daemon.session() as c:
        data = os.urandom(512 * 512)
        c.scsi(scsi.write(0, 512), write=data)
        one = [target(naa_of(c, 0))]
        assert run(c, one, [segment(0, 0, 0, 3, 512)]).status == scsi.GOOD  # overlaps
        assert bytes(c.scsi(scsi.read(3, 512), read=len(data)).data) == data
        assert run(c, one, [segment(0, 0, 3, 8192, 512)]).status == scsi.GOOD
        assert bytes(c.scsi(scsi.read(8192, 512), read=len(data)).data) == data


def token_command(action, list_id, length):
    return struct.pack(">BB4xIIBB", 0x83, action, list_id, length, 0, 0)


def ranges(*lba_and_blocks):
    body = b"".join(struct.pack(">QI4x", *r) for r in lba_and_blocks)
    return struct.pack(">H", len(body)) + body


def populate(c, *lba_and_blocks, list_id=7):
    body = bytes(12) + ranges(*lba_and_blocks)
    data = struct.pack(">H", len(body)) + body
    return c.try_scsi(token_command(0x10, list_id, len(data)), write=data)


def token_information(c, list_id=7, lun=0):
    cdb = struct.pack(">BBI4xIBB", 0x84, 7, list_id, 4096, 0, 0)
    return bytes(c.scsi(cdb, lun=lun, read=4096).data)


def write_using(c, token, *lba_and_blocks, lun=1, offset=0):
    body = bytes(6) + struct.pack(">Q", offset) + token + bytes(6) + ranges(*lba_and_blocks)
    data = struct.pack(">H", len(body)) + body
    return c.try_scsi(token_command(0x11, 9, len(data)), lun=lun, write=data)


TOKEN_REVOKED = (scsi.ILLEGAL_REQUEST, 0x23, 6)


def test_a_token_of_one_session_is_used_by_another(daemon):
    with daemon.session() as c, daemon.session() as other:
        settle_all(c)
        settle_all(other)
        data = os.urandom(1000 * 512)
        c.scsi(scsi.write(100, 1000), write=data)
        assert populate(c, (100, 600), (700, 400)).status == scsi.GOOD
        token = token_information(c)[38:]
        assert len(token) == 512
        task = write_using(other, token, (5000, 1000))
        assert task.status == scsi.GOOD, task.sense
        assert bytes(c.scsi(scsi.read(5000, 1000), lun=1, read=len(data)).data) == data
        assert struct.unpack(">Q", token_information(other, 9, lun=1)[16:24]) == (1000,)
        # Whoever changes a block of it, on whichever worker, voids it.
        other.scsi(scsi.write(1099, 1), write=bytes(512))
        assert write_using(c, token, (5000, 1000)).sense == TOKEN_REVOKED
        assert bytes(c.scsi(scsi.read(5000, 1000), lun=1, read=len(data)).data) == data


def test_a_copy_by_token_is_of_one_moment_whoever_writes_meanwhile(daemon):
    """What arrives is what was there at POPULATE TOKEN, or nothing is claimed."""
    ends = set()
    with daemon.session() as c, daemon.session() as other:
        settle_all(c)
        settle_all(other)
        for n in range(200):
            before, after = (bytes([n % 256]) * 512, bytes([(n + 1) % 256]) * 512)
            c.scsi(scsi.write(0, 512), write=before * 512)
            assert populate(c, (0, 512)).status == scsi.GOOD
            token = token_information(c)[38:]
            body = bytes(14) + token + bytes(6) + ranges((4096, 512))
            data = struct.pack(">H", len(body)) + body
            use = token_command(0x11, 9, len(data))
            if n % 2:
                copy = c.submit(use, lun=1, write=data)
                write = other.submit(scsi.write(511, 1), write=after)
            else:
                write = other.submit(scsi.write(0, 1), write=after)
                copy = c.submit(use, lun=1, write=data)
            assert other.wait(write).status == scsi.GOOD
            copy = c.wait(copy)
            assert copy.status == scsi.GOOD or copy.sense == TOKEN_REVOKED, copy.sense
            ends.add(copy.status)
            if copy.status == scsi.GOOD:
                assert bytes(c.scsi(scsi.read(4096, 512), lun=1, read=512 * 512).data) == before * 512, n
    assert ends, "no copy ended"
