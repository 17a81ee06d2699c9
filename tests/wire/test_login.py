"""Login: stages, and each way to fail with its status (RFC 7143 sections 6.3 and 11.13)."""

import scsi
from daemon import TARGET, eventually
from initiator import (FULL_FEATURE, INITIATOR, LOGIN_RESPONSE, OPERATIONAL, REJECT, SECURITY, TRANSIT, Closed,
                       Connection, LoginFailed, text_encode)  # fmt: skip
from runner import cases

PRIVATE = "iqn.2026-01.org.blockgate.test:private"
OFF = "iqn.2026-01.org.blockgate.test:off"
ELSEWHERE = "iqn.2026-01.org.blockgate.test:elsewhere"
SECOND = "iqn.2026-01.org.blockgate.test:second"

DAEMON = {"addresses": ("127.0.0.1",)}


def setup(daemon):
    from daemon import free_port

    daemon.make_disk()
    daemon.make_target(alias="the first disk")
    daemon.make_target(PRIVATE, initiators=["iqn.2026-01.org.blockgate.test:Friend"])
    daemon.make_target(OFF, enabled=False)
    daemon.make_target(SECOND)
    daemon.other_port = free_port()
    daemon.call("portal_group.create", tag=7,
                portals=[{"address": "127.0.0.1", "port": daemon.other_port}])  # fmt: skip
    daemon.make_target(ELSEWHERE, portal_groups=[7])


def works(c):
    c.settle()
    assert c.nop(b"ping").data == b"ping"
    assert c.logout() == 0
    c.expect_close()


def refused(daemon, send, *statuses):
    """SEND(connection) must be answered by one of STATUSES and then the end."""
    with daemon.connect() as c:
        try:
            send(c)
        except LoginFailed as e:
            assert e.status in statuses, f"status {e.status}, expected {statuses}"
            assert not e.pdu.flags & TRANSIT, "a failed login does not transit"
        else:
            raise AssertionError("it was let in")
        assert c.expect_close() == []
    daemon.check_serving()


def test_login_through_security_and_operational(daemon):
    with daemon.connect() as c:
        answers = c.login(TARGET, security=True)
        assert answers["AuthMethod"] == "None"
        works(c)


def test_login_straight_to_operational(daemon):
    with daemon.connect() as c:
        c.login(TARGET)
        works(c)


def test_login_from_security_straight_to_full_feature(daemon):
    with daemon.connect() as c:
        keys = {**c.first_keys(TARGET), "AuthMethod": "None"}
        pdu, answers = c.login_step(keys, SECURITY, FULL_FEATURE)
        assert pdu.flags == TRANSIT | SECURITY << 2 | FULL_FEATURE
        c.logged_in(pdu, {}, answers)
        works(c)


def test_login_without_a_word_about_authentication(daemon):
    with daemon.connect() as c:
        pdu, _ = c.login_step(c.first_keys(TARGET), SECURITY, OPERATIONAL)
        assert pdu.flags == TRANSIT | SECURITY << 2 | OPERATIONAL
        pdu, answers = c.login_step({}, OPERATIONAL, FULL_FEATURE)
        c.logged_in(pdu, {}, answers)
        works(c)


def test_login_in_small_steps_without_transit(daemon):
    with daemon.connect() as c:
        pdu, _ = c.login_step(c.first_keys(TARGET), SECURITY)
        assert not pdu.flags & TRANSIT
        c.login_step({"AuthMethod": "None"}, SECURITY)
        c.login_step({}, SECURITY, OPERATIONAL)
        c.login_step({"MaxBurstLength": 65536}, OPERATIONAL)
        c.login_step({"ImmediateData": "No"}, OPERATIONAL)
        pdu, _ = c.login_step({}, OPERATIONAL, FULL_FEATURE)
        c.logged_in(pdu, {}, {"MaxBurstLength": "65536", "ImmediateData": "No"})
        works(c)


@cases(7, 30, 100)
def test_login_keys_continued_over_several_PDUs(daemon, size):
    with daemon.connect() as c:
        keys = text_encode({**c.first_keys(TARGET), "MaxBurstLength": 65536})
        parts = [keys[at : at + size] for at in range(0, len(keys), size)]
        for part in parts[:-1]:
            pdu, got = c.login_step(part, OPERATIONAL, more=True)
            assert not pdu.flags & TRANSIT and not got, "answers before the end of the keys"
        pdu, answers = c.login_step(parts[-1], OPERATIONAL, FULL_FEATURE)
        while not pdu.flags & TRANSIT:
            pdu, more = c.login_step({}, OPERATIONAL, FULL_FEATURE)
            answers.update(more)
        assert answers["MaxBurstLength"] == "65536"
        c.logged_in(pdu, {}, answers)
        works(c)


def test_target_tells_its_portal_group_and_alias(daemon):
    with daemon.connect() as c:
        pdu, answers = c.login_step(c.first_keys(TARGET), SECURITY, OPERATIONAL)
        assert answers["TargetPortalGroupTag"] == "1", answers
        pdu, more = c.login_step({}, OPERATIONAL, FULL_FEATURE)
        answers.update(more)
        assert answers.get("TargetAlias", "the first disk") == "the first disk"
        assert pdu.version_active == 0 and pdu.version_max == 0


def test_target_declares_its_receive_limit(daemon):
    with daemon.connect() as c:
        answers = c.login(TARGET)
        assert answers["MaxRecvDataSegmentLength"] == "262144", answers


def test_names_are_compared_without_regard_to_case(daemon):
    with daemon.connect(name="iqn.2026-01.org.blockgate.test:friend") as c:
        c.login(PRIVATE)
        works(c)
    with daemon.connect() as c:
        c.login(TARGET.upper().replace("IQN", "iqn"))
        works(c)


def test_target_of_another_portal_group_is_reached_there(daemon):
    with Connection(("127.0.0.1", daemon.other_port)) as c:
        answers = c.login(ELSEWHERE)
        assert answers["TargetPortalGroupTag"] == "7"
        works(c)


@cases(
    ("unknown target", "iqn.2026-01.org.blockgate.test:nothing", (2, 3)),
    ("not in this portal group", ELSEWHERE, (2, 3)),
    ("no ACL entry", PRIVATE, (2, 2)),
    ("disabled", OFF, (2, 3)),
    ("not a name", "disk", (2, 3)),
    ("name of 300 characters", "iqn.2026-01.org.blockgate:" + 274 * "x", (2, 3)),
)
def test_login_is_refused_by_target_name(daemon, why, name, status):
    allowed = [status]
    if why in ("disabled", "not a name", "name of 300 characters"):
        allowed += [(2, 0), (3, 1), (2, 2)]
    refused(daemon, lambda c: c.login(name), *allowed)


def test_missing_initiator_name(daemon):
    refused(daemon, lambda c: c.login_step({"TargetName": TARGET}, OPERATIONAL, FULL_FEATURE), (2, 7))


def test_missing_target_name(daemon):
    refused(daemon, lambda c: c.login(None), (2, 7))


@cases("", "x" * 300, "iqn.2026-01.org.blockgate.test:\x01\x02", "no name")
def test_bad_initiator_name(daemon, name):
    def send(c):
        c.name = name
        c.login(PRIVATE)

    refused(daemon, send, (2, 0), (2, 2), (2, 7))


@cases((1, 1), (255, 255), (2, 1))
def test_unsupported_version(daemon, highest, lowest):
    def send(c):
        c.login_step(c.first_keys(TARGET), OPERATIONAL, FULL_FEATURE, version_max=highest,
                     version_min=lowest)  # fmt: skip

    refused(daemon, send, (2, 5))


def test_newer_initiator_that_also_speaks_version_0(daemon):
    with daemon.connect() as c:
        pdu, got = c.login_step(c.first_keys(TARGET), OPERATIONAL, FULL_FEATURE, version_max=3)
        assert pdu.version_active == 0


def test_session_that_does_not_exist(daemon):
    refused(daemon, lambda c: c.login_step(c.first_keys(TARGET), OPERATIONAL, FULL_FEATURE, tsih=4711),
            (2, 0xA))  # fmt: skip


@cases(
    ("another connection", {"cid": 1}, (2, 6)),  # MaxConnections is 1: too many
    ("another ISID", {"isid": b"\x80other"}, (2, 0xA)),  # that session does not exist
    ("another initiator", {"name": INITIATOR + "2"}, (2, 0xA)),
    ("another target", {"target": SECOND}, (2, 0xA)),
    ("another TSIH", {"tsih": 1}, (2, 0xA)),
)
def test_login_with_the_TSIH_of_a_session(daemon, who, how, status):
    """Section 6.3.1. Only TSIH 0 begins a session; the one that is there is left alone."""
    with daemon.session() as first:

        def send(c):
            c.isid, c.name = how.get("isid", first.isid), how.get("name", first.name)
            c.login_step(c.first_keys(how.get("target", TARGET)), OPERATIONAL, FULL_FEATURE,
                         tsih=first.tsih + how.get("tsih", 0), cid=how.get("cid", 0))  # fmt: skip

        refused(daemon, send, status)
        assert first.nop(b"still here").data == b"still here"
        first.scsi(scsi.test_unit_ready())


def test_unknown_session_type(daemon):
    keys = {"SessionType": "Picnic"}
    refused(daemon, lambda c: c.login_step({**c.first_keys(TARGET), **keys}, OPERATIONAL, FULL_FEATURE),
            (2, 9), (2, 0))  # fmt: skip


@cases("CHAP", "KRB5,SRP", "X-unknown", "")
def test_only_authentication_that_is_not_there(daemon, methods):
    def send(c):
        _, answers = c.login_step({**c.first_keys(TARGET), "AuthMethod": methods}, SECURITY, OPERATIONAL)
        raise AssertionError(f"answered {answers}")

    refused(daemon, send, (2, 1), (2, 0))


@cases(
    ("reserved stage", 2, 3, {}),
    ("reserved next stage", 0, 2, {}),
    ("next stage is this one", 1, 1, {}),
    ("next stage is earlier", 1, 0, {}),
    ("full feature already", 3, 3, {}),
    ("continued and final", 1, 3, {"more": True}),
)
def test_stages_that_cannot_be(daemon, why, csg, nsg, how):
    refused(daemon, lambda c: c.login_step(c.first_keys(TARGET), csg, nsg, **how), (2, 0), (2, 0xB))


def test_back_from_operational_to_security(daemon):
    def send(c):
        c.login_step(c.first_keys(TARGET), OPERATIONAL)
        c.login_step({}, SECURITY, OPERATIONAL)

    refused(daemon, send, (2, 0), (2, 0xB))


def test_operational_keys_sent_as_binary(daemon):
    refused(daemon, lambda c: c.login_step(bytes(range(256)), OPERATIONAL, FULL_FEATURE), (2, 0), (2, 7))


@cases("no equals sign", "=value", "a" * 70 + "=1", "MaxBurstLength=" + "1" * 9000)
def test_malformed_text(daemon, text):
    def send(c):
        keys = text_encode(c.first_keys(TARGET)) + text.encode() + b"\0"
        c.login_step(keys[:8192], OPERATIONAL, FULL_FEATURE)

    refused(daemon, send, (2, 0))


def test_key_given_twice(daemon):
    keys = [("MaxBurstLength", "65536"), ("MaxBurstLength", "512")]
    refused(daemon, lambda c: c.login_step([*c.first_keys(TARGET).items(), *keys], OPERATIONAL,
                                           FULL_FEATURE), (2, 0))  # fmt: skip


def test_key_given_again_in_a_later_step(daemon):
    def send(c):
        c.login_step({**c.first_keys(TARGET), "MaxBurstLength": 65536}, OPERATIONAL)
        c.login_step({"MaxBurstLength": 512}, OPERATIONAL, FULL_FEATURE)

    refused(daemon, send, (2, 0))


@cases(("isid", b"\x80other"), ("tsih", 9), ("cid", 9), ("itt", 9))
def test_identity_changed_in_mid_login(daemon, field, value):
    with daemon.connect() as c:
        c.login_step(c.first_keys(TARGET), SECURITY)
        c.login_send({}, SECURITY, OPERATIONAL, **{field: value})
        answers = c.expect_close()
        for pdu in answers:
            assert pdu.opcode in (LOGIN_RESPONSE, REJECT), pdu
            assert pdu.opcode == REJECT or pdu.status_class == 2, pdu
    daemon.check_serving()


def test_continued_keys_without_end(daemon):
    """A login that never finishes its keys costs the peer its connection, not the daemon memory."""
    before = daemon.memory()
    with daemon.connect(timeout=20) as c:
        try:
            for _ in range(2000):
                c.login_step(8000 * b"x", OPERATIONAL, more=True)
        except (LoginFailed, Closed, ConnectionError):
            pass
        else:
            raise AssertionError("16 MB of keys were taken")
    assert daemon.memory() - before < 8 << 20
    daemon.check_serving()


def test_login_steps_without_end(daemon):
    with daemon.connect(timeout=20) as c:
        try:
            c.login_step(c.first_keys(TARGET), OPERATIONAL)
            for n in range(20000):
                c.login_step({f"X-key{n}": n}, OPERATIONAL)
        except (LoginFailed, Closed, ConnectionError):
            pass
        else:
            raise AssertionError("20000 steps were taken")
    daemon.check_serving()


def test_command_before_login(daemon):
    with daemon.connect() as c:
        c.submit(bytes(6))
        for pdu in c.expect_close():
            assert pdu.opcode in (LOGIN_RESPONSE, REJECT), pdu
    daemon.check_serving()


def test_command_in_mid_login(daemon):
    with daemon.connect() as c:
        c.login_step(c.first_keys(TARGET), SECURITY)
        c.submit(bytes(6))
        for pdu in c.expect_close():
            assert pdu.opcode in (LOGIN_RESPONSE, REJECT), pdu
    daemon.check_serving()


def test_failed_logins_leave_no_session(daemon):
    for _ in range(20):
        try:
            daemon.session(PRIVATE)
        except LoginFailed:
            pass
    eventually(lambda: not daemon.sessions(), "no sessions are left")
