"""Events from outside: each type by what really causes it (src/core/events.h)."""

import json
import os
import socket
import struct

from calls import call
from daemon import MIB, TARGET, UnixHTTP, eventually, free_port
from runner import default_setup

DAEMON = {"faults": True}
setup = default_setup

INITIATOR = "iqn.2026-11.org.example:watched"


class Watch:
    """What has come since it began, read by event.poll."""

    def __init__(self, daemon, *types, after=None):
        self.daemon, self.types = daemon, list(types)
        self.last = call(daemon, "event.poll")["last"] if after is None else after
        self.seen = []

    def objects(self, kind, **members):
        """The objects of all events of KIND with these members, as soon as there is one."""

        def look():
            reply = call(self.daemon, "event.poll", after=self.last, types=self.types, timeout_ms=100, max=1000)
            self.last = reply["last"]
            assert reply["lost"] == 0, reply
            self.seen += reply["events"]
            return self.found(kind, **members)

        eventually(look, f"{kind} {members}, not only {self.seen}", limit=10)
        return self.found(kind, **members)

    def found(self, kind, **members):
        return [e["object"] for e in self.seen if e["type"] == kind and members.items() <= e["object"].items()]


def test_login_and_logout_are_told_with_who_it_was(daemon):
    watch = Watch(daemon, "session.*", "connection.*")
    with daemon.session(connection={"name": INITIATOR}) as c:
        remote = "%s:%d" % c.sock.getsockname()
        [opened] = watch.objects("session.opened")
        session = opened["session"]
        assert session.startswith("s-"), opened
        assert opened == {"session": session, "target": TARGET, "initiator": INITIATOR, "remote": remote}, opened
        [connection] = watch.objects("connection.opened", remote=remote)
        assert connection["local"] == "%s:%d" % daemon.address, connection
        assert not watch.found("session.closed") and not watch.found("connection.closed")
    [closed] = watch.objects("session.closed")
    assert closed == opened, closed
    watch.objects("connection.closed", remote=remote)


def test_login_that_is_refused_is_told_without_what_was_sent(daemon):
    call(daemon, "acl.update", target=TARGET, initiator="*", set={"auth": {"user": "web1", "secret": "correct-horse"}})
    watch = Watch(daemon, "auth.failed")
    try:
        daemon.connect(name=INITIATOR).login(TARGET)
        raise AssertionError("a login without CHAP succeeded")
    except Exception as e:  # what a refusal looks like is test_login.py's business
        assert not isinstance(e, AssertionError) or "succeeded" not in str(e), e
    [failed] = watch.objects("auth.failed")
    assert failed["initiator"] == INITIATOR and failed["target"] == TARGET and failed["status"], failed
    call(daemon, "acl.update", target=TARGET, initiator="*", set={"auth": None})
    assert "correct-horse" not in json.dumps(call(daemon, "event.poll", after=0, max=1000))


def test_change_of_the_configuration_is_told_with_its_revision(daemon):
    watch = Watch(daemon, "config.changed")
    result = call(daemon, "target.update", name=TARGET, set={"alias": "first"})
    [changed] = watch.objects("config.changed")
    assert changed == {"method": "target.update", "changes": 1}, changed
    assert watch.seen[0]["revision"] == result["revision"], watch.seen
    call(daemon, "target.update", name=TARGET, set={"alias": "first"})
    call(daemon, "target.update", name=TARGET, set={"alias": "second"}, dry_run=True)
    call(daemon, "target.update", name=TARGET, set={"alias": "third"})
    eventually(lambda: len(watch.objects("config.changed")) >= 2, "the next real change")
    assert [e["revision"] for e in watch.seen] == [result["revision"], result["revision"] + 1], "and nothing else"


def test_backstores_that_come_and_grow_are_told(daemon):
    watch = Watch(daemon, "backstore.*")
    daemon.make_disk("grows", type="rdwr", size=MIB)
    assert watch.objects("backstore.online") == [{"backstore": "grows", "size": MIB}]
    call(daemon, "backstore.resize", name="grows", size=2 * MIB)
    assert watch.objects("backstore.resized") == [{"backstore": "grows", "size": 2 * MIB}]


def test_backing_file_that_is_gone_at_the_start_is_told(start_daemon):
    daemon = start_daemon()
    daemon.make_disk("gone", type="rdwr", size=MIB)
    daemon.stop()
    os.unlink(daemon.path("gone.img"))
    daemon.start()
    watch = Watch(daemon, "backstore.error", "daemon.ready", "log.*", after=0)
    [error] = watch.objects("backstore.error")
    assert error["backstore"] == "gone" and "gone.img" in error["error"], error
    assert watch.objects("daemon.ready")[0]["version"]


def test_thin_disk_with_little_space_is_told(daemon):
    daemon.make_disk("thin", type="rdwr", unmap=True, space_threshold=8 * MIB)
    watch = Watch(daemon, "backstore.space")
    daemon.fault("thin", f"space answer {3 * MIB} {7 * MIB}")
    [space] = watch.objects("backstore.space")
    assert space == {"backstore": "thin", "available": 7 * MIB, "threshold": 8 * MIB}, space


def test_portals_that_open_and_close_are_told(daemon):
    port = free_port()
    watch = Watch(daemon, "portal.*")
    call(daemon, "portal_group.create", tag=7, portals=[{"address": "127.0.0.1", "port": port}])
    [up] = watch.objects("portal.up")
    assert up == {"address": "127.0.0.1", "port": port, "portal_group": 7}, up
    call(daemon, "portal_group.delete", tag=7, force=True)
    [down] = watch.objects("portal.down")
    assert down == up, down


def test_port_that_somebody_else_has_at_the_start_is_told(start_daemon):
    daemon = start_daemon()
    port = free_port()
    call(daemon, "portal_group.create", tag=7, portals=[{"address": "127.0.0.1", "port": port}])
    daemon.stop()
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        daemon.start()
        down = Watch(daemon, "portal.*", after=0).objects("portal.down", port=port)[0]
        assert down["portal_group"] == 7 and "error" in down, down


def test_reservations_are_told(daemon):
    watch = Watch(daemon, "reservation.changed")
    with daemon.session(connection={"name": INITIATOR}) as c:
        register = struct.pack(">QQ4xB3x", 0, 0x77, 0)
        c.scsi(struct.pack(">BBBHIB", 0x5F, 0, 0, 0, 24, 0), write=register)
        [first] = watch.objects("reservation.changed")
        assert first == {"backstore": "disk0", "initiator": INITIATOR, "registrations": 1}, first
        call(daemon, "reservation.clear", backstore="disk0")
        [cleared] = watch.objects("reservation.changed", registrations=0)
        assert cleared == {"backstore": "disk0", "registrations": 0}, cleared
        c.settle(0)
        for opcode in (0x16, 0x16, 0x17, 0x17):  # RESERVE(6) and RELEASE(6): what changes nothing is not told
            c.scsi(bytes([opcode, 0, 0, 0, 0, 0]))
        call(daemon, "reservation.clear", backstore="disk0")
        c.scsi(bytes([0x16, 0, 0, 0, 0, 0]))
        told = {"backstore": "disk0", "initiator": INITIATOR, "registrations": 0}
        eventually(lambda: len(watch.objects("reservation.changed", **told)) >= 3, "RESERVE(6)")
        assert len(watch.found("reservation.changed")) == 5, watch.seen


def test_warnings_are_told_and_names_of_peers_stay_text(daemon):
    watch = Watch(daemon, "log.warning")
    name = 'iqn.2026-11.org.example:<b>"x'
    try:
        daemon.connect(name=name).login(TARGET + ":none")
    except Exception:  # refused: there is no such target, or no such name
        pass
    assert watch.objects("log.warning", module="iscsi"), watch.seen


def test_stop_is_told_to_who_waits(start_daemon):
    daemon = start_daemon()
    last = call(daemon, "event.poll")["last"]
    waiter = UnixHTTP(daemon.rpc_path)
    waiter.request("POST", "/call/event.poll", json.dumps({"after": last, "types": ["daemon.stopping"], "timeout_ms": 30000}))
    call(daemon, "daemon.info")  # it came later, so that the other waits by now
    daemon.stop()
    reply = json.loads(waiter.getresponse().read())
    waiter.close()
    assert [e["object"] for e in reply["events"]] == [{"signal": "SIGTERM"}], reply
