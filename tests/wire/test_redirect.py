"""Logins that are sent elsewhere: RFC 7143 sections 11.13.5 and 13.8."""

from daemon import TARGET, eventually, free_port
from initiator import FULL_FEATURE, OPERATIONAL, SECURITY, TRANSIT, Connection, LoginFailed
from runner import cases

FRIEND = "iqn.2026-01.org.blockgate.test:friend"
PRIVATE = TARGET + "-private"
NOWHERE = {"address": "192.0.2.9"}


def setup(daemon):
    daemon.make_disk()
    daemon.second = ("127.0.0.1", free_port())
    daemon.call("portal_group.create", tag=2,
                portals=[{"address": "127.0.0.1", "port": daemon.second[1]}])  # fmt: skip
    daemon.make_target(alias="not to be told", portal_groups=[1, 2])
    daemon.make_target(PRIVATE, initiators=[FRIEND], redirect=NOWHERE)


def redirect(daemon, target=None, groups=None):
    """The target, and each of GROUPS, redirects as said; all others do not."""
    daemon.call("target.update", name=TARGET, set={"redirect": target})
    for tag in (1, 2):
        daemon.call("portal_group.update", tag=tag, redirect=(groups or {}).get(tag))


def sent_to(daemon, address=None, target=TARGET, step=None, **connection):
    """(status, text) of a login that is refused or sent elsewhere."""
    with Connection(address or daemon.address, **connection) as c:
        try:
            (step or (lambda c: c.login(target)))(c)
        except LoginFailed as e:
            assert not e.pdu.flags & TRANSIT, "it does not go on here"
            assert c.expect_close() == []
            return e.status, e.pdu.data
        raise AssertionError("was let in")


@cases(
    (NOWHERE, (1, 1), b"192.0.2.9:3260"),
    ({"address": "192.0.2.9", "port": 860, "permanent": True}, (1, 2), b"192.0.2.9:860"),
    ({"address": "2001:db8::7"}, (1, 1), b"[2001:db8::7]:3260"),
    ({"address": "storage2.example.org", "permanent": True}, (1, 2), b"storage2.example.org:3260"),
)
def test_target_that_has_moved_says_where_and_nothing_else(daemon, where, status, address):
    redirect(daemon, where)
    assert sent_to(daemon) == (status, b"TargetAddress=" + address + b"\0")
    redirect(daemon)
    daemon.check_serving()


@cases("security", "operational", "straight to full feature", "in small parts")
def test_redirect_comes_in_whatever_stage_the_login_starts(daemon, how):
    def step(c):
        keys = c.first_keys(TARGET)
        if how == "security":
            c.login_step({**keys, "AuthMethod": "CHAP,None"}, SECURITY, OPERATIONAL)
        elif how == "operational":
            c.login_step(keys, OPERATIONAL)
        elif how == "straight to full feature":
            c.login_step({**keys, "AuthMethod": "None"}, SECURITY, FULL_FEATURE)
        else:
            c.login_step(b"InitiatorName=" + c.name.encode(), OPERATIONAL, more=True)
            c.login_step(b"\0TargetName=" + TARGET.encode() + b"\0", OPERATIONAL)

    redirect(daemon, NOWHERE)
    assert sent_to(daemon, step=step) == ((1, 1), b"TargetAddress=192.0.2.9:3260\0")
    redirect(daemon)


@cases((False, (1, 1)), (True, (1, 2)))
def test_portal_group_sends_elsewhere_for_now_or_for_good(daemon, permanent, status):
    redirect(daemon, groups={1: {"address": "192.0.2.9", "port": 860, "permanent": permanent}})
    assert sent_to(daemon) == (status, b"TargetAddress=192.0.2.9:860\0")
    with Connection(daemon.second) as c:  # the other group does not
        c.login(TARGET)
        c.settle()
    redirect(daemon)


def test_initiator_follows_to_another_portal_group(daemon):
    redirect(daemon, groups={1: {"address": daemon.second[0], "port": daemon.second[1]}})
    status, text = sent_to(daemon)
    assert status == (1, 1)
    host, port = text.decode().rstrip("\0").removeprefix("TargetAddress=").rsplit(":", 1)
    with Connection((host, int(port))) as c:
        assert c.login(TARGET)["TargetPortalGroupTag"] == "2"
        c.settle()
        assert c.logout() == 0
    redirect(daemon)


def test_word_of_the_target_counts_before_that_of_its_portal_group(daemon):
    redirect(daemon, {"address": "192.0.2.1"}, {1: {"address": "192.0.2.2"}, 2: {"address": "192.0.2.3"}})
    for address in (daemon.address, daemon.second):
        assert sent_to(daemon, address)[1] == b"TargetAddress=192.0.2.1:3260\0"
    redirect(daemon, None, {1: {"address": "192.0.2.2"}, 2: {"address": "192.0.2.3"}})
    assert sent_to(daemon)[1] == b"TargetAddress=192.0.2.2:3260\0"
    assert sent_to(daemon, daemon.second)[1] == b"TargetAddress=192.0.2.3:3260\0"
    redirect(daemon)
    daemon.check_serving()


def test_who_may_not_log_in_is_not_told(daemon):
    assert sent_to(daemon, target=PRIVATE) == ((2, 2), b"")
    assert sent_to(daemon, target=PRIVATE, name=FRIEND)[0] == (1, 1)
    assert sent_to(daemon, daemon.second, PRIVATE, name=FRIEND) == ((2, 3), b"")


def test_nothing_need_be_proved_before(daemon):
    """Secrets are for where the target is now."""
    daemon.call("acl.update", target=PRIVATE, initiator=FRIEND,
                set={"auth": {"user": "web1", "secret": "correct horse"}})  # fmt: skip
    for stage in (SECURITY, OPERATIONAL):
        moved = sent_to(daemon, name=FRIEND,
                        step=lambda c, stage=stage: c.login_step(c.first_keys(PRIVATE), stage))  # fmt: skip
        assert moved == ((1, 1), b"TargetAddress=192.0.2.9:3260\0")
    daemon.call("acl.update", target=PRIVATE, initiator=FRIEND, set={"auth": None})


def test_disabled_target_sends_nobody_anywhere(daemon):
    redirect(daemon, NOWHERE)
    daemon.call("target.update", name=TARGET, set={"enabled": False})
    assert sent_to(daemon) == ((3, 1), b"")
    daemon.call("target.update", name=TARGET, set={"enabled": True})
    redirect(daemon)


@cases("target", "portal group")
def test_who_has_come_to_that_address_stays(start_daemon, whose):
    """On a portal that listens on all addresses the redirect of one would lead in a circle."""
    daemon = start_daemon(addresses=("0.0.0.0",))
    port = daemon.address[1]
    where = {"address": "127.0.0.1", "port": port}
    daemon.make_disk()
    daemon.make_target(**({"redirect": where} if whose == "target" else {}))
    if whose == "portal group":
        daemon.call("portal_group.update", tag=1, redirect=where)
    assert sent_to(daemon, ("127.0.0.2", port)) == ((1, 1), b"TargetAddress=127.0.0.1:%d\0" % port)
    with Connection(("127.0.0.1", port)) as c:
        c.login(TARGET)
        c.settle()
        assert c.logout() == 0


def test_discovery_is_answered_here(daemon):
    redirect(daemon, NOWHERE, {1: NOWHERE})
    with daemon.connect() as c:
        c.login(discovery=True)
        assert sorted(c.send_targets("All")[TARGET]) == sorted(
            f"127.0.0.1:{port},{tag}" for tag, (_, port) in ((1, daemon.address), (2, daemon.second)))
        assert c.logout() == 0
    redirect(daemon)


def test_open_session_stays_and_is_sent_away_when_it_comes_again(daemon):
    with daemon.session() as c:
        changes = daemon.call("target.update", name=TARGET, set={"redirect": NOWHERE})["changes"]
        assert [x.get("disruptive") for x in changes] == [None], changes
        c.nop(b"still here")
        assert sent_to(daemon, isid=c.isid)[0] == (1, 1)
        c.nop(b"not replaced by a login that was sent away")
        (session,) = daemon.sessions()
        daemon.call("session.close", id=session["id"], how="logout", timeout_s=10)
        assert c.expect(0x32).event == 1
        assert c.logout() == 0
    eventually(lambda: not daemon.sessions(), "the session is gone")
    assert sent_to(daemon)[0] == (1, 1)
    redirect(daemon)


def test_redirect_survives_a_restart(start_daemon):
    daemon = start_daemon()
    daemon.make_disk()
    daemon.make_target(redirect={"address": "192.0.2.9", "permanent": True})
    daemon.stop()
    daemon.start()
    assert daemon.call("target.get", name=TARGET)["redirect"] == {
        "address": "192.0.2.9", "port": 3260, "permanent": True}  # fmt: skip
    assert sent_to(daemon) == ((1, 2), b"TargetAddress=192.0.2.9:3260\0")


def test_new_redirect_of_a_portal_group_is_in_place_of_the_old_one(daemon):
    redirect(daemon, groups={1: {"address": "192.0.2.1", "port": 99, "permanent": True}})
    done = daemon.call("portal_group.update", tag=1, redirect={"address": "192.0.2.2"})
    assert done["portal_group"]["redirect"] == {"address": "192.0.2.2", "port": 3260, "permanent": False}
    assert sent_to(daemon) == ((1, 1), b"TargetAddress=192.0.2.2:3260\0")
    assert "redirect" not in daemon.call("portal_group.update", tag=1, redirect=None)["portal_group"]
    daemon.check_serving()
