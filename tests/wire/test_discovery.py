"""Discovery sessions and SendTargets (RFC 7143 section 4.3 and appendix C)."""

import socket

import scsi
from daemon import TARGET, free_port, portal
from initiator import (CONTINUE, FINAL, NONE, REJECT, TEXT, TEXT_RESPONSE, Closed, Connection, text_decode,
                       text_encode)  # fmt: skip
from runner import Skip, cases

MINE = "iqn.2026-01.org.blockgate.test:mine"
HIDDEN = "iqn.2026-01.org.blockgate.test:hidden"


def setup(daemon):
    daemon.make_disk()
    daemon.make_target()
    daemon.make_target(MINE, initiators=["iqn.2026-01.org.blockgate.test:me"])
    daemon.make_target(HIDDEN, enabled=False)


def discover(address, what="All", name=None, **offer):
    with Connection(address, **({"name": name} if name else {})) as c:
        c.login(discovery=True, **offer)
        found = c.send_targets(what)
        assert c.logout() == 0
        c.expect_close()
        return found


def here(daemon, tag=1):
    return [f"{portal(*daemon.address)},{tag}"]


def test_all_targets_that_the_initiator_may_use(daemon):
    assert discover(daemon.address) == {TARGET: here(daemon)}
    me = discover(daemon.address, name="iqn.2026-01.org.blockgate.test:me")
    assert me == {TARGET: here(daemon), MINE: here(daemon)}


def test_one_target_by_name(daemon):
    assert discover(daemon.address, TARGET) == {TARGET: here(daemon)}


@cases("iqn.2026-01.org.blockgate.test:none", "nonsense", MINE)
def test_target_that_is_not_there_or_not_for_us(daemon, name):
    assert discover(daemon.address, name) == {}


def test_discovery_with_digests(daemon):
    assert discover(daemon.address, HeaderDigest="CRC32C", DataDigest="CRC32C") == {TARGET: here(daemon)}


def test_normal_session_asks_for_its_own_target(daemon):
    with daemon.session() as c:
        assert c.send_targets("") == {TARGET: here(daemon)}
        assert c.send_targets(TARGET) == {TARGET: here(daemon)}


@cases("All", MINE, HIDDEN, "iqn.2026-01.org.blockgate.test:none", "nonsense")
def test_normal_session_asks_for_what_is_not_its_own_target(daemon, what):
    """Appendix C: All is for discovery sessions; of other targets nothing is told."""
    with daemon.session(connection={"name": "iqn.2026-01.org.blockgate.test:me"}) as c:
        assert c.text({"SendTargets": what}) == [("SendTargets", "Reject")]
        c.scsi(scsi.test_unit_ready())


@cases(1, 30, 511)
def test_keys_and_answers_of_a_normal_session_come_in_pieces(daemon, size):
    """The C bit in both directions, commands in between (sections 6.2 and 11.10)."""
    with daemon.session(MaxRecvDataSegmentLength="512") as c:
        keys = {f"X-org.blockgate.{n}": n for n in range(60)}
        raw = text_encode(keys)
        parts = [raw[at : at + size] for at in range(0, len(raw), size)]
        itt, ttt, answer = 77, NONE, b""
        for part in parts[:-1]:
            c.send(c.request(TEXT, part, flags=CONTINUE, ttt=ttt, itt=itt))
            reply = c.expect(TEXT_RESPONSE, itt)
            assert not reply.data and not reply.flags & (FINAL | CONTINUE) and reply.ttt != NONE, reply
            ttt = reply.ttt
        c.scsi(scsi.test_unit_ready())
        part = parts[-1]
        while True:
            c.send(c.request(TEXT, part, flags=FINAL, ttt=ttt, itt=itt))
            reply = c.expect(TEXT_RESPONSE, itt)
            assert len(reply.data) <= 512
            answer += reply.data
            if reply.flags & FINAL:
                assert reply.ttt == NONE and not reply.flags & CONTINUE, reply
                break
            assert reply.flags & CONTINUE and reply.ttt == ttt, reply
            part = b""
        assert text_decode(answer) == [(key, "NotUnderstood") for key in keys]
        c.scsi(scsi.test_unit_ready())


def test_discovery_session_runs_no_commands(daemon):
    with daemon.connect() as c:
        c.login(discovery=True)
        c.submit(scsi.inquiry(), read=255)
        try:
            assert c.recv().opcode == REJECT
        except Closed:
            pass
    daemon.check_serving()


def test_long_list_comes_in_several_PDUs(start_daemon):
    daemon = start_daemon()
    daemon.make_disk()
    names = [f"iqn.2026-01.org.blockgate.test:long-list-{n:04}" for n in range(400)]
    daemon.call("config.apply", mode="merge", config={
        "targets": {name: {"luns": {"0": {"backstore": "disk0"}}, "acls": {"*": {}}} for name in names}
    })  # fmt: skip
    for limit in ("512", "8192", "262144"):
        found = discover(daemon.address, MaxRecvDataSegmentLength=limit)
        assert sorted(found) == names, f"{len(found)} of 400 with {limit}"
        assert all(where == here(daemon) for where in found.values())


def test_list_given_up_half_way(start_daemon):
    """Another text request while an answer is being continued starts afresh."""
    daemon = start_daemon()
    daemon.make_disk()
    names = [f"iqn.2026-01.org.blockgate.test:half-{n:03}" for n in range(50)]
    for name in names:
        daemon.make_target(name)
    with daemon.connect() as c:
        c.login(discovery=True, MaxRecvDataSegmentLength="512")
        c.send(c.request(TEXT, text_encode({"SendTargets": "All"}), flags=FINAL, ttt=NONE))
        first = c.recv()
        assert first.ttt != NONE and not first.flags & FINAL
        assert sorted(c.send_targets()) == names


def test_text_request_continued_over_PDUs(daemon):
    with daemon.connect() as c:
        c.login(discovery=True)
        raw, itt = text_encode({"SendTargets": "All"}), 77
        c.send(c.request(TEXT, raw[:7], flags=0x40, ttt=NONE, itt=itt))
        reply = c.recv()
        assert not reply.data and not reply.flags & FINAL and reply.ttt != NONE, reply
        c.send(c.request(TEXT, raw[7:], flags=FINAL, ttt=reply.ttt, itt=itt))
        reply = c.recv()
        assert TARGET.encode() in reply.data, reply


def test_text_request_with_a_wrong_tag(daemon):
    with daemon.connect() as c:
        c.login(discovery=True)
        c.send(c.request(TEXT, b"", flags=FINAL, ttt=0x12345678))
        try:
            assert c.recv().opcode == REJECT
        except Closed:
            pass
    daemon.check_serving()


def test_address_of_a_portal_on_all_addresses(start_daemon):
    """Who came to 127.0.0.1 is told 127.0.0.1, not 0.0.0.0."""
    daemon = start_daemon(addresses=("0.0.0.0",))
    daemon.make_disk()
    daemon.make_target()
    found = discover(("127.0.0.1", daemon.address[1]))
    assert found == {TARGET: [f"127.0.0.1:{daemon.address[1]},1"]}, found


def test_all_portals_of_a_target_are_listed(start_daemon):
    daemon = start_daemon()
    other = free_port()
    daemon.make_disk()
    daemon.call("portal_group.create", tag=2, portals=[{"address": "127.0.0.1", "port": other}])
    daemon.make_target(portal_groups=[1, 2])
    found = discover(daemon.address)
    assert sorted(found[TARGET]) == sorted([*here(daemon), f"127.0.0.1:{other},2"]), found
    with Connection(("127.0.0.1", other)) as c:
        c.login(TARGET)
        c.settle()


def test_IPv6(start_daemon):
    try:
        with socket.socket(socket.AF_INET6) as s:
            s.bind(("::1", 0))
    except OSError as e:
        raise Skip(f"no IPv6 here: {e}") from None
    daemon = start_daemon(addresses=("::1", "127.0.0.1"))
    daemon.make_disk()
    daemon.make_target()
    port6, port4 = daemon.portals[0][1], daemon.portals[1][1]
    found = discover(("::1", port6))
    assert sorted(found[TARGET]) == sorted([f"[::1]:{port6},1", f"127.0.0.1:{port4},1"]), found
    daemon.check_serving()
    with daemon.session() as c:
        connection = daemon.sessions()[0]["connections"][0]
        assert connection["local"] == f"[::1]:{port6}", connection
        assert connection["remote"].startswith("[::1]:"), connection
        assert c.logout() == 0
