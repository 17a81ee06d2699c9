"""Many peers at once."""

import resource
import select
import threading
import time

import scsi
from daemon import MIB, eventually
from initiator import Connection
from runner import Skip, limit

STRANGERS = 1000


def raise_limit(n):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < n:
        if hard < n:
            raise Skip(f"only {hard} open files allowed here")
        resource.setrlimit(resource.RLIMIT_NOFILE, (n, hard))


@limit(90)
def test_a_thousand_connections_that_never_log_in_time_out_while_others_are_served(start_daemon):
    raise_limit(STRANGERS * 2 + 200)
    daemon = start_daemon()
    daemon.make_disk()
    daemon.make_target()
    before = daemon.memory()
    started = time.monotonic()
    strangers = [daemon.connect() for _ in range(STRANGERS)]
    for n, c in enumerate(strangers):
        if n % 3 == 1:
            c.send_raw(b"\x43\x87")  # the start of a login
        elif n % 3 == 2:
            c.login_send({"InitiatorName": "iqn.2026-01.org.blockgate.test:slow"}, 0)
    grown = daemon.memory() - before
    assert grown < STRANGERS * 65536, f"{grown / STRANGERS / 1024:.1f} KiB each"
    poll = select.poll()
    waiting = {c.sock.fileno(): c for c in strangers}
    for fd in waiting:
        poll.register(fd, select.POLLIN)
    served = 0
    while waiting:
        daemon.check_serving()
        served += 1
        for fd, _ in poll.poll(200):
            try:
                ended = not waiting[fd].sock.recv(4096)
            except ConnectionError:
                ended = True
            if ended:
                poll.unregister(fd)
                waiting.pop(fd).close()
        assert time.monotonic() - started < 60, f"{len(waiting)} are still connected"
    assert time.monotonic() - started > 10, "cut off too soon to be the login timeout"
    assert served > 10
    eventually(lambda: daemon.descriptors() < 100, "no descriptors are left open")


def test_two_hundred_sessions(start_daemon):
    raise_limit(2000)
    daemon = start_daemon()
    daemon.make_disk()
    daemon.make_target()
    before = daemon.memory()
    sessions = [daemon.session() for _ in range(200)]
    for n, c in enumerate(sessions):
        c.scsi(scsi.write(n, 1), write=bytes([n]) * 512)
    for n, c in enumerate(sessions):
        assert bytes(c.scsi(scsi.read(n, 1), read=512).data) == bytes([n]) * 512
    assert len(daemon.sessions()) == 200
    assert daemon.memory() - before < 100 * MIB
    for c in sessions:
        c.close()
    eventually(lambda: not daemon.sessions(), "all sessions are gone")


def test_connections_that_come_and_go(start_daemon):
    daemon = start_daemon(workers=4)
    daemon.make_disk()
    daemon.make_target()
    failures = []

    def come_and_go(seed):
        try:
            for n in range(25):
                kind = (seed + n) % 5
                if kind == 0:
                    daemon.connect().close()
                elif kind == 1:
                    with daemon.connect() as c:
                        c.login_send(c.first_keys("iqn.2026-01.org.blockgate.test:disk"), 0)
                elif kind == 2:
                    c = daemon.session()
                    c.submit(scsi.read(0, 1024), read=524288)
                    c.close()
                else:
                    daemon.check_serving()
        except BaseException as e:
            failures.append(e)

    threads = [threading.Thread(target=come_and_go, args=(n,)) for n in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    # check_serving() writes and reads the same blocks in all threads: only its data may differ.
    real = [e for e in failures if not isinstance(e, AssertionError) or str(e)]
    assert not real, real
    eventually(lambda: not daemon.sessions(), "all sessions are gone")
    assert isinstance(daemon.connect(), Connection)


def test_memory_of_all_sessions_together_is_bounded_and_nobody_is_locked_out(start_daemon):
    """20 peers ask for 40 MiB each and read nothing; --buffers 16 is all there is, but 1 MiB for each."""
    daemon = start_daemon(workers=1, options=("--buffers", "16"))
    daemon.make_disk(size=16 * MIB)
    daemon.make_target()
    with daemon.session() as c:  # a disk whose memory is there already
        for n in range(16):
            c.scsi(scsi.write(2048 * n, 2048), write=bytes([n + 1]) * MIB)
    before = daemon.memory()
    peers = []
    for _ in range(20):
        c = daemon.session(connection={"receive_buffer": 4096, "timeout": 30}, MaxRecvDataSegmentLength=262144)
        for n in range(40):
            c.submit(scsi.read(2048 * (n % 14), 2048), read=MIB)
        peers.append(c)
    daemon.check_serving()
    grown = daemon.memory() - before
    assert grown < 60 * MIB, f"{grown // MIB} MiB more"
    for c in peers:
        while c.tasks:
            c.pump()
        c.close()
    with daemon.session() as c:
        eventually(lambda: c.try_scsi(scsi.read(0, 8192), read=4 * MIB).status == scsi.GOOD, "there is room again")
