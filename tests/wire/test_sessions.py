"""Logout, reinstatement, sessions side by side, connections that end badly."""

import os
import re
import socket
import struct
import time
from collections import Counter

import scsi
from daemon import MIB, TARGET, eventually
from initiator import (ASYNC, FINAL, FULL_FEATURE, INITIATOR, LOGOUT, LOGOUT_RESPONSE, NONE, NOP_OUT,
                       OPERATIONAL, Closed, Connection)  # fmt: skip
from runner import cases

OTHER = TARGET + "-other"


def setup(daemon):
    daemon.make_disk(size=64 * MIB)
    daemon.make_target()
    daemon.make_target(OTHER)


def none_left(daemon):
    eventually(lambda: not daemon.sessions(), "no sessions are left")


def reset(c):
    """Close with RST."""
    c.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    c.close()


@cases(("session", 0, 0, 0), ("this connection", 1, 0, 0), ("another connection", 1, 5, 1),
       ("recovery", 2, 0, 2))  # fmt: skip
def test_logout(daemon, what, reason, cid, response):
    with daemon.session() as c:
        assert c.logout(reason, cid) == response
        if response == 0:
            assert c.expect_close() == []
        else:
            c.scsi(scsi.test_unit_ready())
    none_left(daemon)


def test_logout_at_once(daemon):
    with daemon.session() as c:
        assert c.logout(immediate=True) == 0
        c.expect_close()


def test_logout_waits_for_commands_before_it(daemon):
    with daemon.session() as c:
        tasks = [c.submit(scsi.read(0, 256), read=131072) for _ in range(20)]
        assert c.logout() == 0
        assert all(task.done or task.status is None for task in tasks)
        c.expect_close()
    daemon.check_serving()


def test_second_logout_that_came_before_its_turn(daemon):
    """It is held until the first has begun, and must not begin another."""
    for _ in range(5):
        with daemon.session() as c:
            raw, plain = [], c.send_raw
            c.send_raw = raw.append
            c.cmdsn += 9
            c.send(c.request(LOGOUT, flags=FINAL))
            c.cmdsn -= 10
            for _ in range(8):
                c.submit(scsi.read(0, 512), read=262144)
            logout = c.request(LOGOUT, flags=FINAL)
            c.send(logout)
            plain(b"".join(raw))
            assert c.expect(LOGOUT_RESPONSE, logout.itt).response == 0
            assert c.expect_close() == []
    none_left(daemon)
    daemon.check_serving()


def test_logout_with_an_unknown_reason(daemon):
    from hostile import aftermath

    with daemon.session() as c:
        c.send(c.request(6, flags=FINAL | 9))
        aftermath(c)
    daemon.check_serving()


def test_logout_while_a_write_waits_for_data(daemon):
    with daemon.session(ImmediateData="No", InitialR2T="Yes") as c:
        c.on_r2t = lambda *_: None
        c.submit(scsi.write(0, 16), write=bytes(8192))
        assert c.logout() == 0
        c.expect_close()
    none_left(daemon)


def test_same_ISID_replaces_the_old_session(daemon):
    old = daemon.session()
    with daemon.connect(isid=old.isid) as c:
        c.login(TARGET)
        c.settle()
        old.strict = False
        old.expect_close()
        old.close()
        (session,) = daemon.sessions()
        assert session["tsih"] == c.tsih and session["isid"] == c.isid.hex(), session
        c.scsi(scsi.test_unit_ready())


def test_connection_of_a_session_is_reinstated(daemon):
    """Section 6.3.4: with its TSIH and CID the session goes on, as it was agreed for it."""
    old = daemon.session(ImmediateData="Yes", InitialR2T="No", FirstBurstLength=65536, MaxBurstLength=131072,
                         HeaderDigest="CRC32C")  # fmt: skip
    old.on_r2t = lambda *_: None
    old.submit(scsi.write(0, 512), write=bytes(262144))  # ends with the old connection
    with daemon.connect(isid=old.isid) as c:
        c.cmdsn = old.cmdsn
        keys = {"MaxRecvDataSegmentLength": 65536}  # what belongs to the connection
        pdu, _ = c.login_step({**c.first_keys(TARGET), **keys}, OPERATIONAL, FULL_FEATURE, tsih=old.tsih)
        assert pdu.tsih == old.tsih, pdu
        c.logged_in(pdu, keys, {"MaxRecvDataSegmentLength": "262144"})
        for key in ("ImmediateData", "InitialR2T", "FirstBurstLength", "MaxBurstLength", "MaxOutstandingR2T"):
            c.params[key] = old.params[key]
        c.settle()
        old.strict = False
        old.expect_close()
        old.close()
        (session,) = daemon.sessions()
        assert session["tsih"] == c.tsih and session["parameters"]["max_burst_length"] == 131072, session
        data = os.urandom(262144)
        c.scsi(scsi.write(0, 512), write=data)  # unsolicited data, R2Ts by the old bursts
        assert bytes(c.scsi(scsi.read(0, 512), read=262144).data) == data
        assert c.logout() == 0
        c.expect_close()
    none_left(daemon)


def test_replacing_with_commands_in_flight(daemon):
    isid = b"\x80" + os.urandom(5)
    for n in range(30):
        c = daemon.session(connection={"isid": isid})
        data = os.urandom(65536)
        c.scsi(scsi.write(0, 128), write=data)
        for k in range(16):
            c.submit(scsi.read(0, 512), read=262144)
            c.submit(scsi.write(1000 + k, 1), write=bytes(512))
        with daemon.session(connection={"isid": isid}) as again:
            assert bytes(again.scsi(scsi.read(0, 128), read=65536).data) == data
        c.close()
    none_left(daemon)


def test_two_ISIDs_side_by_side(daemon):
    with daemon.session() as a, daemon.session() as b:
        assert a.tsih != b.tsih and len(daemon.sessions()) == 2
        a.scsi(scsi.write(0, 1), write=b"a" * 512)
        assert bytes(b.scsi(scsi.read(0, 1), read=512).data) == b"a" * 512


@cases("another initiator", "another target")
def test_same_ISID_of(daemon, whom):
    """Only initiator name, ISID and target together name a session."""
    with daemon.session() as a:
        name = INITIATOR + "2" if whom == "another initiator" else INITIATOR
        target = OTHER if whom == "another target" else TARGET
        with daemon.session(target, connection={"isid": a.isid, "name": name}):
            a.scsi(scsi.test_unit_ready())
            assert len(daemon.sessions()) == 2


def test_session_list_tells_who_is_there(daemon):
    with daemon.session(connection={"name": "iqn.2026-01.org.blockgate.test:lister"}) as c:
        (s,) = daemon.sessions(initiator="iqn.2026-01.org.blockgate.test:lister")
        assert s["target"] == TARGET and s["isid"] == c.isid.hex() and s["tsih"] == c.tsih
        (connection,) = s["connections"]
        assert connection["state"] == "full_feature"
        assert connection["remote"] == "%s:%d" % c.sock.getsockname()
        assert connection["local"] == "%s:%d" % daemon.address
    none_left(daemon)


def ask_to_go(daemon, **how):
    (s,) = daemon.sessions()
    daemon.call("session.close", id=s["id"], **how)


def test_initiator_that_ignores_a_request_to_log_out_is_dropped(daemon):
    """Section 11.9.1: asked, served until the deadline, told, and the connection ends."""
    with daemon.session(DefaultTime2Wait=3) as c:
        start = time.monotonic()
        ask_to_go(daemon, how="logout", timeout_s=1)
        asked = c.expect(ASYNC)
        assert (asked.event, asked.parameter1, asked.parameter2, asked.parameter3) == (1, 0, 0, 1), asked
        c.scsi(scsi.test_unit_ready())
        told = c.expect(ASYNC)
        assert time.monotonic() - start >= 0.95, "too early"
        assert (told.event, told.parameter1, told.parameter2, told.parameter3) == (2, 0, 3, 0), told
        assert c.expect_close() == []
    none_left(daemon)
    daemon.check_serving()


def test_initiator_logs_out_when_asked_to(daemon):
    with daemon.session() as c:
        ask_to_go(daemon, how="logout", timeout_s=10)
        asked = c.expect(ASYNC)
        assert (asked.event, asked.parameter3) == (1, 10), asked
        assert c.logout() == 0
        assert c.expect_close() == []
    none_left(daemon)


def test_dropped_initiator_is_told_so_and_its_commands_end(daemon):
    with daemon.session(ImmediateData="No", InitialR2T="Yes") as c:
        c.on_r2t = lambda *_: None
        c.submit(scsi.write(0, 16), write=bytes(8192))
        c.nop(b"it is there")
        ask_to_go(daemon, how="drop")
        told = c.expect(ASYNC)
        assert (told.event, told.parameter1, told.parameter2, told.parameter3) == (3, 0, 2, 0), told
        assert c.expect_close() == []
    none_left(daemon)
    daemon.check_serving()


@cases(({"how": "logout"}, [1]), ({"how": "logout", "timeout_s": 1}, [1, 2]), ({"how": "drop"}, [3]))
def test_discovery_session_is_asked_to_go_like_any_other(daemon, how, events):
    with daemon.connect() as c:
        c.login(discovery=True)
        ask_to_go(daemon, **how)
        for event in events:
            assert c.expect(ASYNC).event == event
        if events == [1]:
            assert TARGET in c.send_targets("All"), "it is served until the deadline"
            assert c.logout() == 0
        assert c.expect_close() == []
    none_left(daemon)


def test_request_to_log_out_without_time_for_it(daemon):
    with daemon.session() as c:
        ask_to_go(daemon, how="logout", timeout_s=0)
        assert [pdu.event for pdu in c.expect_close()] == [1, 2]
    none_left(daemon)


def test_asked_to_log_out_twice_then_dropped(daemon):
    with daemon.session() as c:
        for n in range(2):
            ask_to_go(daemon, how="logout", timeout_s=600)
            assert c.expect(ASYNC).parameter3 == 600
        ask_to_go(daemon, how="drop")
        assert c.expect(ASYNC).event == 3
        assert c.expect_close() == []
    none_left(daemon)


@cases("closed", "reset")
def test_connection_dropped_with_commands_in_flight(daemon, how):
    for n in range(40):
        c = daemon.session()
        for k in range(20):
            c.submit(scsi.read(k, 512), read=262144)
            c.submit(scsi.write(2000 + k, 64), write=bytes(32768))
        if n % 2:
            c.pump()
        (reset if how == "reset" else Connection.close)(c)
    none_left(daemon)
    daemon.check_serving()


def test_connection_dropped_in_the_middle_of_data(daemon):
    for cut in (1, 47, 48, 49, 60, 4000, 8000):
        c = daemon.session()
        pdu = c.request(1, bytes(8192), flags=0xA1, expected=8192, cdb=scsi.write(0, 16))
        c.send_raw(pdu.encode()[:cut])
        c.close()
    none_left(daemon)
    daemon.check_serving()


def test_dropped_write_leaves_whole_blocks(daemon):
    """A write whose connection ends in mid-data has not touched what it never received."""
    with daemon.session() as c:
        c.scsi(scsi.write(0, 16), write=b"o" * 8192)
        pdu = c.request(1, b"n" * 8192, flags=0xA1, expected=8192, cdb=scsi.write(0, 16))
        c.send_raw(pdu.encode()[:5000])
        reset(c)
    none_left(daemon)
    with daemon.session() as c:
        assert bytes(c.scsi(scsi.read(0, 16), read=8192).data) == b"o" * 8192


def test_half_closed_connection(daemon):
    """The peer has said all it has to say: the session ends, its commands at most answered."""
    with daemon.session() as c:
        c.submit(scsi.read(0, 64), read=32768)
        c.sock.shutdown(socket.SHUT_WR)
        c.expect_close()
        none_left(daemon)


def test_slow_reader_costs_little_memory_and_disturbs_nobody(daemon):
    """128 MiB are asked for by each of four peers that do not read; a session may hold 64."""
    with daemon.session() as c:
        pattern = os.urandom(MIB)
        c.scsi(scsi.write(0, 2048), write=pattern)
    before = daemon.memory()
    peers = []
    for _ in range(4):
        c = daemon.session(connection={"receive_buffer": 4096, "timeout": 30},
                           MaxRecvDataSegmentLength=65536, MaxBurstLength=MIB)  # fmt: skip
        c.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        window = min((c.maxcmdsn - c.expcmdsn + 1) & 0xFFFFFFFF, 128)
        peers.append((c, [c.submit(scsi.read(0, 2048), read=MIB) for _ in range(window)]))
    for _ in range(5):
        daemon.check_serving()
        time.sleep(0.05)
    grown = daemon.memory() - before
    assert grown < (4 * 64 + 32) * MIB, f"{grown >> 20} MiB for peers that do not read"
    c, tasks = peers[0]
    for task in tasks[:10]:
        assert bytes(c.wait(task, 30).data)[8192:] == pattern[8192:]
    for c, _ in peers:
        c.close()
    none_left(daemon)


def test_writes_whose_data_never_come_cost_little_memory(daemon):
    before = daemon.memory()
    with daemon.session(ImmediateData="No", InitialR2T="Yes") as c:
        c.on_r2t = lambda *_: None
        for _ in range(min((c.maxcmdsn - c.expcmdsn + 1) & 0xFFFFFFFF, 128)):
            c.submit(scsi.write(0, 16384), write=b"x", expected=8 * MIB, unsolicited=(0, 0))
        c.nop(b"all have come")
        daemon.check_serving()
        grown = daemon.memory() - before
        assert grown < 96 * MIB, f"{grown >> 20} MiB for writes without data"
    none_left(daemon)


def test_peer_that_never_reads_pings(daemon):
    """A flood of NOP-Out whose answers nobody reads does not fill the memory."""
    before = daemon.memory()
    c = daemon.session(connection={"receive_buffer": 4096})
    ping = c.request(NOP_OUT, bytes(8192), immediate=True, flags=FINAL, ttt=NONE).encode()
    c.sock.settimeout(0.5)
    sent = 0
    try:
        while sent < 64 * MIB:
            sent += c.sock.send(ping * 8)
    except (TimeoutError, ConnectionError):
        pass
    grown = daemon.memory() - before
    c.close()
    assert grown < 32 * MIB, f"{grown >> 20} MiB after {sent >> 20} MiB of pings"
    none_left(daemon)
    daemon.check_serving()


def test_logins_and_logouts_do_not_leak(daemon):
    def round_trip(n):
        for _ in range(n):
            with daemon.session() as c:
                c.scsi(scsi.read(0, 8), read=4096)
                c.logout()

    round_trip(50)
    none_left(daemon)
    memory, descriptors = daemon.memory(), daemon.descriptors()
    round_trip(300)
    none_left(daemon)
    assert daemon.memory() - memory < 8 * MIB, f"{(daemon.memory() - memory) >> 10} KiB for 300 logins"
    eventually(lambda: daemon.descriptors() <= descriptors, "no descriptors are left open")


def test_a_new_connection_goes_to_the_worker_that_has_the_fewest(start_daemon):
    daemon = start_daemon(workers=3, options=["--log-level", "debug"])
    daemon.make_disk()
    daemon.make_target()
    sessions = [daemon.session() for _ in range(9)]

    def workers():
        return re.findall(r"connection accepted.* worker=(\d+)", daemon.log())[-9:]

    taken = workers()
    assert sorted(Counter(taken).values()) == [3, 3, 3], taken
    for session, worker in zip(sessions, taken, strict=True):
        if worker == "1":  # leaves room there
            session.close()
    eventually(lambda: len(daemon.sessions()) == 6, "three have gone")
    more = [daemon.session() for _ in range(3)]
    assert workers()[-3:] == ["1", "1", "1"], workers()
    for session in sessions + more:
        session.close()
