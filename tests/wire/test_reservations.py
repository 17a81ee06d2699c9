"""
Reservations as clusters use them: what sg_persist, fence_scsi and Windows do, by two and four
initiators (SPC-4 section 5.13; RESERVE(6): SPC-2).
"""

import os
import struct

import scsi
import test_extended_copy as copies
from daemon import TARGET, eventually, free_port
from initiator import Connection
from runner import cases

DAEMON = {"faults": True}

REGISTER, RESERVE, RELEASE, CLEAR, PREEMPT, ABORT, IGNORE = range(7)
WE, EA, WERO, EARO, WEAR, EAAR = 1, 3, 5, 6, 7, 8
APTPL, ALL_TG_PT, SPEC_I_PT = 0x01, 0x04, 0x08
NO_DATA_YET = {"ImmediateData": "No", "InitialR2T": "Yes"}

PREEMPTED, RELEASED, UNREGISTERED = (6, 0x2A, 3), (6, 0x2A, 4), (6, 0x2A, 5)
COMMANDS_CLEARED = (6, 0x2F, 0)


def setup(daemon):
    daemon.make_disk()
    daemon.make_target()


class Node:
    """An initiator: always the same port, whatever session it has."""

    def __init__(self, daemon, name, address=None, lun=0, **offer):
        self.daemon, self.address, self.offer = daemon, address or daemon.address, offer
        self.lun = lun
        self.name = f"iqn.2026-11.org.example:{name}"
        self.isid = b"\x00\x02\x3d\x00\x00\x01"
        self.port = f"{self.name},i,0x{self.isid.hex()}"
        self.key = 0
        self.log_in()

    def log_in(self):
        self.c = Connection(self.address, name=self.name, isid=self.isid)
        self.c.login(TARGET, **self.offer)
        self.c.settle(self.lun)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.c.close()

    def out_pdu(self, action, type=0, key=None, new=0, flags=0, more=b""):
        key = self.key if key is None else key
        data = struct.pack(">QQ4xB3x", key, new, flags) + more
        cdb = struct.pack(">BBBHIB", 0x5F, action, type, 0, len(data), 0)
        return self.c.submit(cdb, lun=self.lun, write=data)

    def out(self, action, type=0, key=None, new=0, flags=0, more=b""):
        """PERSISTENT RESERVE OUT: its status, or its sense data."""
        task = self.c.wait(self.out_pdu(action, type, key, new, flags, more))
        return tuple(task.sense) if task.status == scsi.CHECK_CONDITION else task.status

    def enrol(self, key, flags=0):
        assert self.out(IGNORE, new=key, flags=flags) == scsi.GOOD
        self.key = key

    def keys(self):
        data = bytes(self.c.scsi(struct.pack(">BB5xHB", 0x5E, 0, 4096, 0), lun=self.lun, read=4096).data)
        generation, length = struct.unpack_from(">II", data)
        assert len(data) == 8 + length
        return [key for (key,) in struct.iter_unpack(">Q", data[8:])]

    def reservation(self):
        """(key, type), or None."""
        data = bytes(self.c.scsi(struct.pack(">BB5xHB", 0x5E, 1, 4096, 0), lun=self.lun, read=4096).data)
        if data[4:8] == bytes(4):
            return None
        return struct.unpack_from(">Q", data, 8)[0], data[21]

    def full_status(self):
        """[(port, key, holds, type)]"""
        data = bytes(self.c.scsi(struct.pack(">BB5xHB", 0x5E, 3, 65535, 0), lun=self.lun, read=65535).data)
        at, all_of_them = 8, []
        while at < len(data):
            key, flags, type = struct.unpack_from(">Q4xBB", data, at)
            (length,) = struct.unpack_from(">I", data, at + 20)
            transport_id = data[at + 24 : at + 24 + length]
            assert transport_id[0] == 0x45 and length % 4 == 0
            port = transport_id[4:].rstrip(b"\0").decode()
            all_of_them.append((port, key, bool(flags & 1), type if flags & 1 else 0))
            at += 24 + length
        return all_of_them

    def attention(self):
        """The next unit attention; None: there is none."""
        task = self.c.try_scsi(scsi.test_unit_ready(), lun=self.lun)
        return tuple(task.sense) if task.status == scsi.CHECK_CONDITION else None

    def access(self):
        """"RW", "R-" or "--"."""
        may_read = self.c.try_scsi(scsi.read(0, 1), lun=self.lun, read=512).status
        may_write = self.c.try_scsi(scsi.write(0, 1), lun=self.lun, write=bytes(512)).status
        assert {may_read, may_write} <= {scsi.GOOD, scsi.RESERVATION_CONFLICT}
        return ("-" if may_read else "R") + ("-" if may_write else "W")

    def fenced_from_everything(self):
        """No command that could change anything gets through."""
        block = bytes(512)
        for cdb, data in (
            (scsi.write(0, 1, size=6), block),
            (scsi.write(0, 1, size=10), block),
            (scsi.write(0, 1, size=12), block),
            (scsi.write(0, 1, size=16), block),
            (struct.pack(">BBIBHB", 0x41, 0, 0, 0, 1, 0), block),  # WRITE SAME(10)
            (struct.pack(">BBQIBB", 0x93, 0, 0, 1, 0, 0), block),  # WRITE SAME(16)
            (scsi.unmap(24), scsi.unmap_list((0, 1))),
            (struct.pack(">BBIBHB", 0x2E, 0, 0, 0, 1, 0), block),  # WRITE AND VERIFY(10)
            (struct.pack(">BBQ3xBBB", 0x89, 0, 0, 1, 0, 0), 2 * block),  # COMPARE AND WRITE
        ):
            task = self.c.try_scsi(cdb, lun=self.lun, write=data)
            assert task.status == scsi.RESERVATION_CONFLICT, (cdb.hex(), task.status, task.sense)


@cases((WE, "RW", "R-", "R-"), (EA, "RW", "--", "--"), (WERO, "RW", "RW", "R-"),
       (EARO, "RW", "RW", "--"), (WEAR, "RW", "RW", "R-"), (EAAR, "RW", "RW", "--"))  # fmt: skip
def test_four_initiators_share_or_not_as_the_type_says(daemon, type, holder, registrant, other):
    with Node(daemon, "a") as a, Node(daemon, "b") as b, Node(daemon, "c") as c, Node(daemon, "d") as d:
        a.enrol(0xA1)
        b.enrol(0xB2)
        assert a.keys() == [0xA1, 0xB2]
        assert a.out(RESERVE, type) == scsi.GOOD
        assert a.reservation() == (0 if type in (WEAR, EAAR) else 0xA1, type)
        assert [n.access() for n in (a, b, c, d)] == [holder, registrant, other, other]
        c.fenced_from_everything()
        assert b.out(RESERVE, type) == (scsi.GOOD if type in (WEAR, EAAR) else scsi.RESERVATION_CONFLICT)
        assert c.out(RESERVE, type) == scsi.RESERVATION_CONFLICT
        # One that logs in meanwhile is kept out, too; the holder comes back as what it was.
        with Node(daemon, "e") as e:
            assert e.access() == other
        a.c.close()
        assert c.access() == other
        a.log_in()
        assert a.access() == holder
        assert a.out(RELEASE, type) == scsi.GOOD
        assert b.attention() == (None if type in (WE, EA) else RELEASED)
        assert c.attention() is None
        assert d.access() == "RW"
        assert b.out(CLEAR) == scsi.GOOD
        assert a.attention() == PREEMPTED
        assert a.keys() == []


def test_full_status_names_every_registrant(daemon):
    with Node(daemon, "a") as a, Node(daemon, "b") as b:
        a.enrol(0xA1)
        b.enrol(0xB2)
        assert b.out(RESERVE, WERO) == scsi.GOOD
        assert a.full_status() == [(a.port, 0xA1, False, 0), (b.port, 0xB2, True, WERO)]
        assert a.out(CLEAR) == scsi.GOOD


@cases(WERO, EARO)
def test_the_others_hear_that_the_holder_of_a_registrants_only_reservation_is_gone(daemon, type):
    """tgt tells nobody."""
    with Node(daemon, "a") as a, Node(daemon, "b") as b, Node(daemon, "c") as c:
        for key, node in enumerate((a, b, c), 1):
            node.enrol(key)
        assert a.out(RESERVE, type) == scsi.GOOD
        assert a.out(REGISTER, new=0) == scsi.GOOD
        assert [n.attention() for n in (a, b, c)] == [None, RELEASED, RELEASED]
        assert [n.attention() for n in (a, b, c)] == [None, None, None]
        assert b.reservation() is None
        assert b.out(CLEAR) == scsi.GOOD
        assert c.attention() == PREEMPTED


def test_a_node_is_fenced_as_fence_scsi_does_it(daemon):
    """Register and reserve on all; one is preempted and aborted; it comes back by registering."""
    with Node(daemon, "a") as a, Node(daemon, "b") as b, Node(daemon, "c") as c:
        for key, node in enumerate((a, b, c), 1):
            node.enrol(key)
        assert a.out(RESERVE, WERO) == scsi.GOOD
        assert c.out(ABORT, WERO, new=b.key) == scsi.GOOD
        assert b.attention() == UNREGISTERED
        assert b.access() == "R-"
        b.fenced_from_everything()
        assert a.keys() == [1, 3]
        assert a.reservation() == (1, WERO), "b did not hold it"
        # The holder goes the same way: who preempts it holds.
        assert c.out(ABORT, WERO, new=a.key) == scsi.GOOD
        assert c.reservation() == (3, WERO)
        assert a.attention() == UNREGISTERED
        assert a.out(RESERVE, WERO) == scsi.RESERVATION_CONFLICT
        b.enrol(2)
        assert b.access() == "RW"
        assert b.out(CLEAR) == scsi.GOOD


def blocks(node, count=64):
    return bytes(node.c.scsi(scsi.read(0, count), read=512 * count).data)


def set_tas(node, on):
    page = bytearray(node.c.scsi(scsi.mode_sense6(page=0x0A), read=255).data)
    del page[4 : 4 + page[3]]  # block descriptors
    page[:4] = bytes(4)
    page[4 + 5] = page[4 + 5] & ~0x40 | on << 6
    node.c.scsi(bytes([0x15, 0x10, 0, 0, len(page), 0]), write=bytes(page))


@cases(False, True)
def test_nothing_of_a_preempted_node_reaches_the_medium_after_the_answer(daemon, tas):
    with Node(daemon, "a") as a, Node(daemon, "b", **NO_DATA_YET) as b:
        set_tas(a, tas)
        b.c.settle()
        a.enrol(1)
        b.enrol(2)
        assert a.out(RESERVE, WERO) == scsi.GOOD
        a.c.scsi(scsi.write(0, 64), write=bytes(64 * 512))
        # Some writes are with the store, the others wait for their data.
        daemon.fault("disk0", "write hold")
        running = [b.c.submit(scsi.write(n, 1), write=b"\xbb" * 512) for n in range(1, 9)]
        for _ in running:
            b.c.pump()  # asked for its data, it sends it
        eventually(lambda: daemon.held() == 8, "8 writes are with the store")
        waiting = []
        b.c.on_r2t = lambda task, r2t: waiting.append((task, r2t))
        for n in range(9, 17):
            b.c.submit(scsi.write(n, 1), write=b"\xbb" * 512)
        while len(waiting) < 8:
            b.c.pump()
        answer = a.out_pdu(ABORT, WERO, new=b.key)
        a.c.nop(b"a is served meanwhile")
        with Node(daemon, "c") as c:
            assert c.access() == "R-"
        assert not answer.done, "not before the store has let go of all of them"
        assert daemon.held() == 8
        daemon.fault("disk0")
        assert a.c.wait(answer).status == scsi.GOOD
        assert daemon.held() == 0
        now = blocks(a)
        for task, r2t in waiting:
            b.c.data_out(task, r2t.offset, r2t.length, r2t.ttt)
        if tas:  # a status for each that was aborted
            aborted = running + [task for task, _ in waiting]
            assert [b.c.wait(task).status for task in aborted] == [scsi.TASK_ABORTED] * 16
        else:  # none, but the news
            b.c.nop(b"no status came before")
            assert not any(task.done for task in running)
            b.c.tasks.clear()
            assert b.attention() == COMMANDS_CLEARED
        assert b.attention() == UNREGISTERED
        b.fenced_from_everything()
        assert blocks(a) == now
        assert now[9 * 512 :] == bytes(55 * 512), "what waited for its data was never written"
        assert a.out(CLEAR) == scsi.GOOD
        set_tas(a, False)


def test_nor_does_what_it_copies_from_another_disk(start_daemon):
    daemon = start_daemon(faults=True)
    daemon.make_disk()
    daemon.make_disk("disk1")
    daemon.make_target(luns={0: "disk0", 1: "disk1"})
    with Node(daemon, "a", lun=1) as a, Node(daemon, "b", lun=1) as b:
        a.enrol(1)
        b.enrol(2)
        assert a.out(RESERVE, WERO) == scsi.GOOD
        b.c.settle(0)
        b.c.scsi(scsi.write(0, 64), write=b"\xbb" * 64 * 512)
        both = [copies.target(copies.naa_of(b.c, lun)) for lun in (0, 1)]
        daemon.fault("disk1", "any hold")
        copies.submit(b.c, both, [copies.segment(0, 1, 0, 0, 64)])
        eventually(lambda: daemon.held() > 0, "the copy is with the store")
        answer = a.out_pdu(ABORT, WERO, new=b.key)
        a.c.nop(b"a is served meanwhile")
        eventually(lambda: daemon.call("reservation.list")["reservations"][0]["generation"] == 3,
                   "b is fenced")  # fmt: skip
        a.c.nop(b"and has been told what there is to tell")
        assert not answer.done, "not before the copy has let go"
        daemon.fault("disk1")
        assert a.c.wait(answer).status == scsi.GOOD
        assert daemon.held() == 0
        assert a.out(CLEAR) == scsi.GOOD


def test_a_preempt_without_abort_lets_run_what_runs(daemon):
    with Node(daemon, "a") as a, Node(daemon, "b") as b:
        a.enrol(1)
        b.enrol(2)
        assert a.out(RESERVE, WERO) == scsi.GOOD
        daemon.fault("disk0", "write hold")
        task = b.c.submit(scsi.write(0, 1), write=b"\xbb" * 512)
        eventually(lambda: daemon.held() == 1, "the write is with the store")
        assert a.out(PREEMPT, WERO, new=b.key) == scsi.GOOD
        daemon.fault("disk0")
        assert b.c.wait(task).status == scsi.GOOD
        assert b.attention() == UNREGISTERED
        assert b.access() == "R-"
        assert a.out(CLEAR) == scsi.GOOD


def test_two_that_preempt_each_other_do_not_wait_for_ever(daemon):
    with Node(daemon, "a") as a, Node(daemon, "b") as b:
        for _ in range(10):
            a.enrol(1)
            b.enrol(2)
            for node in a, b:
                node.c.settle()
            assert a.out(RESERVE, WERO) in (scsi.GOOD, scsi.RESERVATION_CONFLICT)
            one, two = a.out_pdu(ABORT, WERO, new=2), b.out_pdu(ABORT, WERO, new=1)
            # One of them is first, and the other one's command is judged, told of the
            # attention, or aborted without a status.
            ended = []
            for node, task in (a, one), (b, two):
                try:
                    ended.append(node.c.wait(task, timeout=0.5).status)
                except TimeoutError:
                    node.c.tasks.clear()
                    ended.append(None)
            assert ended.count(scsi.GOOD) == 1, ended
            winner, loser = (a, b) if ended[0] == scsi.GOOD else (b, a)
            assert winner.keys() == [winner.key]
            loser.c.settle()
            assert winner.out(CLEAR) == scsi.GOOD


def kill(daemon):
    daemon.kill()
    daemon.start()


def test_with_aptpl_a_killed_daemon_comes_back_with_its_reservations(start_daemon):
    daemon = start_daemon()
    daemon.make_disk(type="rdwr")
    daemon.make_target()
    with Node(daemon, "a") as a, Node(daemon, "b") as b, Node(daemon, "c") as c:
        a.enrol(0xA1, flags=APTPL)
        b.enrol(0xB2, flags=APTPL)
        assert a.out(RESERVE, WERO) == scsi.GOOD
        kill(daemon)
        for node in a, b, c:
            node.log_in()
        assert a.keys() == [0xA1, 0xB2]
        assert a.reservation() == (0xA1, WERO)
        assert [n.access() for n in (a, b, c)] == ["RW", "RW", "R-"]
        # A preempt that was answered counts after a kill: the fenced one stays out.
        assert b.out(ABORT, WERO, new=0xA1) == scsi.GOOD
        kill(daemon)
        for node in a, b, c:
            node.log_in()
        assert [n.access() for n in (a, b, c)] == ["R-", "RW", "R-"]
        assert b.out(CLEAR) == scsi.GOOD
        kill(daemon)
        a.log_in()
        assert a.keys() == []
        assert a.access() == "RW"


def test_without_aptpl_a_restart_forgets(start_daemon):
    daemon = start_daemon()
    daemon.make_disk(type="rdwr")
    daemon.make_target()
    with Node(daemon, "a") as a, Node(daemon, "b") as b:
        a.enrol(0xA1, flags=APTPL)
        a.enrol(0xA1)
        assert a.out(RESERVE, EA) == scsi.GOOD
        assert b.access() == "--"
        kill(daemon)
        b.log_in()
        assert b.access() == "RW"
        assert b.keys() == []


def test_a_disk_whose_reservations_are_damaged_lets_nobody_in(start_daemon):
    daemon = start_daemon()
    daemon.make_disk(type="rdwr")
    daemon.make_target()
    with Node(daemon, "a") as a, Node(daemon, "b") as b:
        a.enrol(0xA1, flags=APTPL)
        assert a.out(RESERVE, EA) == scsi.GOOD
        daemon.kill()
        path = os.path.join(daemon.state, "units", "disk0.json")
        with open(path, "r+") as f:
            f.truncate(40)
        daemon.start()
        health = daemon.call("daemon.health")
        assert health["status"] != "ok", health
        disk = daemon.call("backstore.get", name="disk0")
        assert path in disk["error"], disk
        with Connection(b.address, name=b.name, isid=b.isid) as c:
            c.login(TARGET)
            for _ in range(3):
                task = c.try_scsi(scsi.write(0, 1), write=bytes(512))
                if task.sense[0] != scsi.UNIT_ATTENTION:
                    break
            assert task.sense[0] == scsi.NOT_READY, task.sense
        os.unlink(path)
        daemon.call("backstore.update", name="disk0", set={})
        b.log_in()
        assert b.access() == "RW"


def test_a_reserve_keeps_the_others_out(daemon):
    """tgt answers GOOD to RESERVE(6), and lets everybody in."""
    reserve, release = bytes([0x16, 0, 0, 0, 0, 0]), bytes([0x17, 0, 0, 0, 0, 0])
    with Node(daemon, "a") as a, Node(daemon, "b") as b:
        assert a.c.try_scsi(reserve).status == scsi.GOOD
        assert (a.access(), b.access()) == ("RW", "--")
        assert b.c.try_scsi(reserve).status == scsi.RESERVATION_CONFLICT
        assert b.c.try_scsi(release).status == scsi.GOOD
        assert b.access() == "--"
        b.fenced_from_everything()
        assert b.out(REGISTER, new=1) == scsi.RESERVATION_CONFLICT
        b.c.scsi(scsi.inquiry(), read=255)
        # It ends with the session.
        a.c.close()
        eventually(lambda: b.access() == "RW", "b gets in")
        a.log_in()
        # And with a reset.
        assert b.c.try_scsi(reserve).status == scsi.GOOD
        assert a.access() == "--"
        assert a.c.task_management(5) == 0  # LOGICAL UNIT RESET
        assert a.attention() == (6, 0x29, 3)
        assert a.access() == "RW"


def test_a_registration_through_all_ports_counts_at_each(start_daemon):
    daemon = start_daemon()
    port = free_port()
    daemon.make_disk()
    daemon.call("portal_group.create", tag=2, portals=[{"address": "127.0.0.1", "port": port}])
    daemon.make_target(portal_groups=[1, 2])
    with Node(daemon, "a") as a, Node(daemon, "a", address=("127.0.0.1", port)) as second:
        # The same initiator port at another target port is another nexus.
        a.enrol(1)
        assert a.out(RESERVE, WERO) == scsi.GOOD
        assert (a.access(), second.access()) == ("RW", "R-")
        assert a.out(CLEAR) == scsi.GOOD
        a.enrol(1, flags=ALL_TG_PT)
        assert a.out(RESERVE, WERO) == scsi.GOOD
        assert (a.access(), second.access()) == ("RW", "RW")
        assert a.keys() == [1, 1]
        assert a.out(CLEAR) == scsi.GOOD


def test_an_operator_sees_and_removes_reservations(daemon):
    with Node(daemon, "a") as a, Node(daemon, "b") as b:
        a.enrol(0xA1)
        assert a.out(RESERVE, EA) == scsi.GOOD
        (seen,) = daemon.call("reservation.list")["reservations"]
        assert (seen["type"], seen["holder"]) == ("exclusive_access", a.port)
        assert [r["key"] for r in seen["registrants"]] == [f"{0xA1:016x}"]
        assert b.access() == "--"
        assert daemon.call("reservation.clear", backstore="disk0") == {"cleared": True}
        assert a.attention() == PREEMPTED
        assert b.access() == "RW"
        assert daemon.call("reservation.list")["reservations"] == []
