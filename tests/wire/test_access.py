"""Who gets in, and from where: names, patterns and networks of ACL entries."""

import socket

from chap import Chap
from daemon import TARGET, RpcError, eventually
from initiator import Connection, LoginFailed
from runner import Skip, cases

FRIEND = "iqn.2026-01.org.blockgate.test:friend"
OTHER = "iqn.2026-01.org.blockgate.test:other"
PATTERN = "iqn.2026-01.org.blockgate.test:*"


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as s:
            s.bind(("::1", 0))
        return True
    except OSError:
        return False


DAEMON = {"addresses": ("127.0.0.1", "::1") if has_ipv6() else ("127.0.0.1",)}


def setup(daemon):
    daemon.make_disk()
    daemon.make_target(initiators=[])


def address(daemon, over):
    if over == "IPv6" and len(daemon.portals) < 2:
        raise Skip("no IPv6 here")
    return daemon.portals[1 if over == "IPv6" else 0]


def allow(daemon, acls):
    """The target's ACL entries are ACLS."""
    known = daemon.call("config.get")["config"]["targets"][TARGET].get("acls", {})
    entries = {**dict.fromkeys(known), **acls}
    daemon.call("config.apply", mode="merge", force=True, config={"targets": {TARGET: {"acls": entries}}})


def gets_in(daemon, name, over="IPv4"):
    with Connection(address(daemon, over), name=name) as c:
        try:
            c.login(TARGET)
        except LoginFailed as e:
            assert e.status == (2, 2), e.status
            return False
        c.settle()
        assert c.logout() == 0
        return True


def is_told(daemon, name, over="IPv4"):
    with Connection(address(daemon, over), name=name) as c:
        c.login(discovery=True)
        return TARGET in c.send_targets("All")


@cases(
    ("127.0.0.1/32", "IPv4", True),
    ("127.0.0.0/31", "IPv4", True),
    ("127.0.0.0/8", "IPv4", True),
    ("0.0.0.0/0", "IPv4", True),
    ("127.0.0.2/32", "IPv4", False),
    ("128.0.0.0/1", "IPv4", False),
    ("::/0", "IPv4", False),
    ("::1/128", "IPv6", True),
    ("::/64", "IPv6", True),
    ("::/0", "IPv6", True),
    ("::2/128", "IPv6", False),
    ("0.0.0.0/0", "IPv6", False),
)
def test_network_lets_in_who_is_in_it(daemon, network, over, is_in):
    address(daemon, over)
    allow(daemon, {FRIEND: {"networks": [network]}})
    assert gets_in(daemon, FRIEND, over) == is_in
    assert is_told(daemon, FRIEND, over) == is_in


def test_network_of_32_or_128_bits_is_that_address(daemon):
    """tgt matched nobody there."""
    allow(daemon, {FRIEND: {"networks": ["127.0.0.1/32", "::1/128"]}})
    assert gets_in(daemon, FRIEND)
    assert not gets_in(daemon, OTHER)
    if len(daemon.portals) > 1:
        assert gets_in(daemon, FRIEND, "IPv6")


def test_name_and_network_must_both_match(daemon):
    """tgt let in whom either of its two lists had."""
    allow(daemon, {FRIEND: {"networks": ["192.0.2.0/24"]}, PATTERN + "x": {"networks": ["127.0.0.0/8"]}})
    assert not gets_in(daemon, FRIEND), "the name alone"
    assert not gets_in(daemon, OTHER), "the network alone"
    assert gets_in(daemon, OTHER + "x")
    assert not is_told(daemon, FRIEND)


def test_entry_that_does_not_apply_is_passed_over(daemon):
    allow(daemon, {FRIEND: {"networks": ["192.0.2.0/24"]}, PATTERN: {"networks": ["127.0.0.0/8"]}})
    assert gets_in(daemon, FRIEND)
    allow(daemon, {FRIEND: {"networks": ["192.0.2.0/24"]}, "*": {}})
    assert gets_in(daemon, FRIEND)


@cases((PATTERN, True), ("iqn.2026-01.org.blockgate.test:f?iend", True), ("*:FRIEND", True),
       ("iqn.2026-01.org.blockgate.test:?riends", False), ("iqn.1993-08.*", False))  # fmt: skip
def test_pattern(daemon, pattern, matches):
    allow(daemon, {pattern: {}})
    assert gets_in(daemon, FRIEND) == matches
    assert is_told(daemon, FRIEND) == matches


def test_who_comes_from_elsewhere_must_prove_who_it_is(daemon):
    """The entry that applies at this address says what is demanded, too."""
    secret = {"user": "web1", "secret": "correct horse"}
    allow(daemon, {FRIEND: {"networks": ["192.0.2.0/24"]}, "*": {"auth": secret}})
    with daemon.connect(name=FRIEND) as c:
        try:
            c.login(TARGET)
            raise AssertionError("not the entry of this address")
        except LoginFailed as e:
            assert e.status == (2, 1), e
    with daemon.connect(name=FRIEND) as c:
        Chap(c, TARGET, **secret).login()
        c.settle()
    allow(daemon, {FRIEND: {"networks": ["127.0.0.0/8"]}, "*": {"auth": secret}})
    assert gets_in(daemon, FRIEND)


def test_IPv4_initiator_at_an_IPv6_portal_is_an_IPv4_initiator(start_daemon):
    if not has_ipv6():
        raise Skip("no IPv6 here")
    daemon = start_daemon(addresses=("::",))
    daemon.make_disk()
    daemon.make_target(initiators=[])
    daemon.portals[0] = ("127.0.0.1", daemon.portals[0][1])
    allow(daemon, {FRIEND: {"networks": ["127.0.0.1/32"]}})
    assert gets_in(daemon, FRIEND)
    allow(daemon, {FRIEND: {"networks": ["::/0"]}})
    assert not gets_in(daemon, FRIEND)


def test_networks_that_change_close_the_sessions_that_are_out(daemon):
    allow(daemon, {PATTERN: {}})
    with daemon.session(connection={"name": FRIEND}) as c:
        change = {"target": TARGET, "initiator": PATTERN, "set": {"networks": ["192.0.2.0/24"]}}
        try:
            daemon.call("acl.update", **change)
            raise AssertionError("a session was in the way")
        except RpcError as e:
            assert e.name == "BUSY", e
            assert [o["initiator"] for o in e.data["objects"]] == [FRIEND], e.data
        told = daemon.call("acl.update", **change, dry_run=True, force=True)
        assert [x.get("disruptive") for x in told["changes"]] == [True], told
        daemon.call("acl.update", **{**change, "set": {"networks": ["127.0.0.0/8"]}})
        c.nop(b"still here")
        daemon.call("acl.update", **change, force=True)
        c.strict = False
        c.expect_close()
    eventually(lambda: not daemon.sessions(), "the session is gone")


@cases("", "x" * 223, "?" * 223, "*" * 223, "\xe2\x82", "iqn.2026-01.org.blockgate.test:" + "a*" * 90)
def test_odd_names_meet_patterns(daemon, name):
    allow(daemon, {"*a" * 100: {}, "?" * 200 + "*b": {}, "iqn.*.*.*.*.*.*:z": {}})
    with Connection(address(daemon, "IPv4"), name=name) as c:
        try:
            c.login(TARGET)
            raise AssertionError("was let in")
        except LoginFailed as e:
            assert e.status in ((2, 2), (2, 0), (2, 7)), e.status
    allow(daemon, {"*": {}})
    daemon.check_serving()
