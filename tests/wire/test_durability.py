"""What was acknowledged is there after the daemon was killed, and after an orderly stop."""

import collections
import os
import signal
import socket
import threading

import scsi
from daemon import FILE_TYPES, MIB, TARGET, Daemon, eventually
from initiator import Closed, Connection, LoginFailed
from runner import cases


def block(path, lba, count=8):
    with open(path, "rb") as f:
        f.seek(lba * 512)
        return f.read(count * 512)


@cases(*((kind, how) for kind in FILE_TYPES for how in ("FUA", "SYNCHRONIZE CACHE")))
def test_acknowledged_write_survives_a_kill(start_daemon, kind, how):
    daemon = start_daemon()
    daemon.make_disk(type=kind)
    daemon.make_target()
    c = daemon.session()
    written = {}
    for lba in range(0, 800, 8):
        written[lba] = os.urandom(4096)
        c.scsi(scsi.write(lba, 8, fua=how == "FUA"), write=written[lba])
    if how != "FUA":
        c.scsi(scsi.synchronize_cache10())
    for lba in range(1000, 2000, 8):  # and more, in flight when it dies
        c.submit(scsi.write(lba, 8), write=bytes(4096)) if lba < 1400 else None
    daemon.kill()
    c.close()
    path = daemon.path("disk0.img")
    for lba, data in written.items():
        assert block(path, lba) == data, f"block {lba} is not in the file"
    daemon.start()
    daemon.check_serving()
    with daemon.session() as c:
        for lba in (16, 400, 792):
            assert bytes(c.scsi(scsi.read(lba, 8), read=4096).data) == written[lba]


@cases(*FILE_TYPES)
def test_data_and_identity_survive_an_orderly_stop(start_daemon, kind):
    daemon = start_daemon()
    daemon.make_disk(type=kind)
    daemon.make_target()
    data = os.urandom(MIB)

    def identity(c):
        return [bytes(c.scsi(scsi.inquiry(255, page), read=255).data) for page in (0x80, 0x83)]

    with daemon.session() as c:
        c.scsi(scsi.write(0, 2048), write=data)
        before = identity(c)
    daemon.restart()
    with daemon.session() as c:
        assert bytes(c.scsi(scsi.read(0, 2048), read=MIB).data) == data
        assert identity(c) == before


def test_configuration_survives_a_kill_right_after_the_answer(start_daemon):
    daemon = start_daemon()
    daemon.make_disk(type="rdwr")
    daemon.make_target()
    for n in range(10):
        name = f"{TARGET}-{n}"
        daemon.make_target(name)
        daemon.kill()
        daemon.start()
        assert daemon.call("target.get", name=name)
        daemon.check_serving(name)


def test_stop_finishes_commands_in_flight(start_daemon):
    """SIGTERM: what was sent before is answered or the connection ends; exit code 0, no loss."""
    daemon = start_daemon()
    daemon.make_disk(type="rdwr", size=64 * MIB)
    daemon.make_target()
    c = daemon.session()
    tasks = []
    for n in range(60):
        data = os.urandom(16384)
        tasks.append((c.submit(scsi.write(n * 32, 32), write=data), n * 32, data))
    c.nop(b"all have come")
    daemon.process.terminate()
    c.strict = False
    try:
        while True:
            c.pump(10)
    except Exception:
        pass
    c.close()
    daemon.stop()
    answered = [row for row in tasks if row[0].done and row[0].status == 0]
    assert answered
    for _, lba, data in answered:
        assert block(daemon.path("disk0.img"), lba, 32) == data


def test_stop_with_many_sessions_and_half_logins(start_daemon):
    daemon = start_daemon()
    daemon.make_disk()
    daemon.make_target()
    sessions = [daemon.session() for _ in range(20)]
    strangers = [daemon.connect() for _ in range(20)]
    daemon.stop()
    for c in sessions + strangers:
        c.close()


def test_refused_rather_than_dropped_after_the_stop(start_daemon):
    daemon = start_daemon()
    address = daemon.address
    daemon.stop()
    try:
        Connection(address)
        raise AssertionError("somebody listens")
    except ConnectionRefusedError:
        pass
    assert isinstance(daemon, Daemon)


def test_a_login_that_meets_the_stop_is_answered(start_daemon):
    daemon = start_daemon()
    daemon.make_disk()
    daemon.make_target()
    c = daemon.connect()
    daemon.signal(signal.SIGTERM)
    eventually(lambda: "portal closed" in daemon.log(), "the portals are closed")
    try:
        c.login(TARGET)
        raise AssertionError("a daemon that stops took a login")
    except LoginFailed as refusal:
        assert refusal.status == (3, 1), refusal
    daemon.stop()


def test_no_connection_is_accepted_and_then_dropped_while_stopping(start_daemon):
    """Logins from eight sides over three stops: each is served, refused with a word, or never connected."""
    counts = collections.Counter()
    for _ in range(3):
        daemon = start_daemon()
        daemon.make_disk()
        daemon.make_target()
        address = daemon.address

        def come_and_go(address=address):
            while True:
                try:
                    c = Connection(address, timeout=10)
                except ConnectionRefusedError:
                    return
                try:
                    c.login(TARGET)
                    counts["logins"] += 1
                except LoginFailed as refusal:
                    counts[refusal.status] += 1
                except (Closed, OSError) as error:
                    counts["dropped: %s" % error] += 1
                c.close()

        threads = [threading.Thread(target=come_and_go) for _ in range(8)]
        for t in threads:
            t.start()
        eventually(lambda enough=counts["logins"] + 50: counts["logins"] > enough, "logins")
        daemon.stop()
        for t in threads:
            t.join()
    assert set(counts) <= {"logins", (3, 1)}, counts


def test_a_portal_whose_port_was_taken_at_the_start_comes_back(start_daemon):
    daemon = start_daemon()
    daemon.stop()
    with socket.create_server(daemon.address):
        daemon.start()
        assert daemon.call("daemon.health")["status"] != "ok"
    eventually(lambda: daemon.call("daemon.health")["status"] == "ok", "the portal", limit=8, step=0.1)
    daemon.connect().close()
