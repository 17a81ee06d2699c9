"""What makes a session the same session: ISID rule, reinstatement, and what is kept of one that
ends (RFC 7143 sections 6.3.1, 6.3.5 and 4.4.3)."""

import os

import scsi
from chap import Chap
from daemon import TARGET, eventually, free_port
from initiator import (FINAL, FULL_FEATURE, INITIATOR, LOGOUT, LOGOUT_RESPONSE, OPERATIONAL, SECURITY,
                       Connection, LoginFailed, text_encode)  # fmt: skip
from runner import cases

LOCKED = TARGET + "-locked"
USER, SECRET = "web1", "correct horse"


def setup(daemon):
    daemon.make_disk()
    daemon.second = ("127.0.0.1", free_port())
    daemon.call("portal_group.create", tag=2,
                portals=[{"address": "127.0.0.1", "port": daemon.second[1]}])  # fmt: skip
    daemon.make_target(portal_groups=[1, 2])
    daemon.make_target(LOCKED, initiators=[])
    daemon.call("acl.create", target=LOCKED, initiator="*", auth={"user": USER, "secret": SECRET})


def none_left(daemon):
    eventually(lambda: not daemon.sessions(), "no sessions are left")


def new_isid():
    return b"\x80" + os.urandom(5)


def is_untouched(c):
    c.nop(b"still here")
    c.scsi(scsi.test_unit_ready())


def status_of(send):
    try:
        send()
    except LoginFailed as e:
        return e.status
    raise AssertionError("was let in")


def test_ISID_rule_is_per_portal_group(daemon):
    """One initiator port and two target ports: two nexuses, so two sessions."""
    isid = new_isid()
    with daemon.session(connection={"isid": isid}) as one, Connection(daemon.second, isid=isid) as two:
        two.login(TARGET)
        two.settle()
        assert one.tsih != two.tsih
        is_untouched(one)
        assert sorted(s["connections"][0]["portal_group"] if "portal_group" in s["connections"][0]
                      else s["portal_group"] for s in daemon.sessions()) == [1, 2]  # fmt: skip
    none_left(daemon)


def test_name_in_capitals_is_the_same_initiator(daemon):
    old = daemon.session()
    with daemon.connect(isid=old.isid, name=INITIATOR.upper().replace("IQN", "iqn")) as c:
        c.login(TARGET)
        old.strict = False
        old.expect_close()
        old.close()
        assert len(daemon.sessions()) == 1
    none_left(daemon)


def test_replaced_session_leaves_nothing_but_its_nexus(daemon):
    """Section 6.3.5: the old one ends, the new one has another TSIH and is told of the loss."""
    old = daemon.session()
    with daemon.connect(isid=old.isid) as c:
        c.login(TARGET)
        assert c.tsih and c.tsih != old.tsih
        assert c.settle(), "no unit attention after the nexus was lost"
        old.strict = False
        old.expect_close()
        old.close()
        with daemon.connect(isid=old.isid) as late:
            keys = late.first_keys(TARGET)
            assert status_of(lambda: late.login_step(keys, OPERATIONAL, FULL_FEATURE, tsih=old.tsih)) == (2, 0xA)
        is_untouched(c)
    none_left(daemon)


@cases("first request", "in the middle", "wrong secret", "no such target", "bad key")
def test_login_that_does_not_get_through_replaces_nobody(daemon, how):
    """Else anybody who knows a name and an ISID could end sessions."""
    with daemon.connect(isid=new_isid()) as old:
        Chap(old, LOCKED, USER, SECRET).login()
        old.settle()
        with daemon.connect(isid=old.isid) as c:
            if how == "first request":
                c.login_step(c.first_keys(LOCKED), SECURITY)
            elif how == "in the middle":
                chap = Chap(c, LOCKED, USER, SECRET)
                chap.choose()
                chap.ask()
                chap.prove()
            elif how == "wrong secret":
                assert status_of(lambda: Chap(c, LOCKED, USER, "incorrect horse").login()) == (2, 1)
            elif how == "no such target":
                assert status_of(lambda: c.login(LOCKED + "x")) == (2, 3)
            else:
                keys = text_encode(c.first_keys(LOCKED)) + b"no key\0"
                assert status_of(lambda: c.login_step(keys, SECURITY)) == (2, 0)
            is_untouched(old)
        is_untouched(old)
        assert old.logout() == 0
    none_left(daemon)


@cases((None, 2, 0), ({"DefaultTime2Wait": 7, "DefaultTime2Retain": 60}, 7, 0),
       ({"DefaultTime2Wait": 0, "DefaultTime2Retain": 0}, 2, 0),
       ({"DefaultTime2Wait": None, "DefaultTime2Retain": None}, 2, 0))  # fmt: skip
def test_times_of_the_logout_are_those_agreed_on(daemon, offer, wait, retain):
    """Section 11.15: the higher wait and the lower retention; ours are 2 and 0, whoever offers what."""
    with daemon.session(**(offer or {})) as c:
        logout = c.request(LOGOUT, flags=FINAL)
        c.send(logout)
        answer = c.expect(LOGOUT_RESPONSE, logout.itt)
        assert (answer.response, answer.time2wait, answer.time2retain) == (0, wait, retain), answer
        c.expect_close()


@cases((9, 30, 9), (0, 5, 4), (3600, 3600, 3600))
def test_times_of_a_target_that_wants_another_wait(daemon, offered_wait, offered_retain, wait):
    daemon.call("target.update", name=TARGET, set={"parameters": {"default_time2wait": 4}})
    with daemon.connect() as c:
        answers = c.login(TARGET, DefaultTime2Wait=offered_wait, DefaultTime2Retain=offered_retain)
        assert (answers["DefaultTime2Wait"], answers["DefaultTime2Retain"]) == (str(wait), "0")
        logout = c.request(LOGOUT, flags=FINAL)
        c.send(logout)
        answer = c.expect(LOGOUT_RESPONSE, logout.itt)
        assert (answer.time2wait, answer.time2retain) == (wait, 0), answer
    daemon.call("target.update", name=TARGET, set={"parameters": {"default_time2wait": None}})


def test_session_whose_connection_is_lost_is_not_kept(daemon):
    """With ErrorRecoveryLevel 0 there is nothing to come back to; a new session may begin at once."""
    c = daemon.session(DefaultTime2Retain=20)
    isid, tsih = c.isid, c.tsih
    c.close()
    none_left(daemon)
    with daemon.connect(isid=isid) as again:
        keys = again.first_keys(TARGET)
        assert status_of(lambda: again.login_step(keys, OPERATIONAL, FULL_FEATURE, tsih=tsih)) == (2, 0xA)
    with daemon.connect(isid=isid) as again:
        again.login(TARGET)
        assert again.tsih
        again.settle()
