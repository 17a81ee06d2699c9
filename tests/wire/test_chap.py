"""CHAP, spoken rightly and wrongly (RFC 7143 section 12.1.3)."""

import json
import os
import stat

import scsi
from chap import DIGESTS, WRITE, Chap, response
from daemon import TARGET, RpcError
from initiator import FULL_FEATURE, OPERATIONAL, SECURITY, TRANSIT, LoginFailed
from runner import cases

ONE_WAY = "iqn.2026-01.org.blockgate.test:one-way"
MUTUAL = "iqn.2026-01.org.blockgate.test:mutual"
SHA256 = "iqn.2026-01.org.blockgate.test:sha256"
USER, SECRET = "web1", "correct horse"
TARGET_USER, TARGET_SECRET = "disk", "battery staple"
ANYBODY = "*"


def setup(daemon):
    daemon.make_disk()
    daemon.make_target()
    for name, more in (
        (ONE_WAY, {}),
        (MUTUAL, {"mutual_user": TARGET_USER, "mutual_secret": TARGET_SECRET}),
        (SHA256, {"algorithms": ["sha256"]}),
    ):
        daemon.make_target(name, initiators=[])
        daemon.call("acl.create", target=name, initiator=ANYBODY,
                    auth={"user": USER, "secret": SECRET, **more})  # fmt: skip


def works(daemon, c, auth):
    """C is in, as session.list says."""
    c.settle()
    c.scsi(scsi.test_unit_ready())
    (session,) = (s for s in daemon.sessions() if s["isid"] == c.isid.hex())
    assert session["auth"] == auth, session
    assert c.logout() == 0
    c.expect_close()


def refused(daemon, send, status):
    """SEND(connection) is answered by STATUS and then the end; others are still served."""
    with daemon.connect() as c:
        try:
            send(c)
        except LoginFailed as e:
            assert e.status == status, f"status {e.status}, expected {status}"
            assert not e.pdu.flags & TRANSIT and not e.pdu.data, e.pdu
        else:
            raise AssertionError("it was let in")
        assert c.expect_close() == []
    daemon.check_serving()


@cases(*((number, how) for number in DIGESTS for how in WRITE))
def test_who_knows_the_secret_comes_in(daemon, algorithm, how):
    with daemon.connect() as c:
        chap = Chap(c, ONE_WAY, USER, SECRET, WRITE[how])
        chap.login(str(algorithm))
        assert chap.algorithm == algorithm
        works(daemon, c, "chap")


@cases(*DIGESTS)
def test_target_proves_itself(daemon, algorithm):
    with daemon.connect() as c:
        chap = Chap(c, MUTUAL, USER, SECRET)
        chap.choose("CHAP")
        chap.ask(str(algorithm))
        chap.prove_mutually(TARGET_USER, TARGET_SECRET)
        chap.finish()
        works(daemon, c, "mutual_chap")


@cases((1, "hexadecimal"), (16, "base64"), (1024, "hexadecimal"), (1024, "base64"))
def test_target_answers_challenges_of_1_to_1024_bytes(daemon, length, how):
    with daemon.connect() as c:
        chap = Chap(c, MUTUAL, USER, SECRET, WRITE[how])
        chap.choose()
        chap.ask("7")
        chap.prove_mutually(TARGET_USER, TARGET_SECRET, os.urandom(length), 255)
        chap.finish()
        works(daemon, c, "mutual_chap")


def test_mutual_is_for_the_initiator_to_ask_for(daemon):
    with daemon.connect() as c:
        Chap(c, MUTUAL, USER, SECRET).login()
        works(daemon, c, "chap")


def test_without_CHAP_configured_None_is_chosen(daemon):
    with daemon.connect() as c:
        keys = {**c.first_keys(TARGET), "AuthMethod": "CHAP,None"}
        _, answers = c.login_step(keys, SECURITY, OPERATIONAL)
        assert answers["AuthMethod"] == "None"
        pdu, answers = c.login_step({}, OPERATIONAL, FULL_FEATURE)
        c.logged_in(pdu, {}, answers)
        works(daemon, c, "none")


def test_T_bit_at_every_step_and_straight_to_full_feature(daemon):
    with daemon.connect() as c:
        chap = Chap(c, ONE_WAY, USER, SECRET)
        chap.choose(nsg=FULL_FEATURE)
        chap.ask(nsg=FULL_FEATURE)
        pdu, answers = c.login_step(chap.proof(), SECURITY, FULL_FEATURE)
        assert pdu.flags == TRANSIT | SECURITY << 2 | FULL_FEATURE
        c.logged_in(pdu, {}, answers)
        works(daemon, c, "chap")


def test_keys_in_pieces(daemon):
    with daemon.connect() as c:
        chap = Chap(c, ONE_WAY, USER, SECRET)
        chap.choose()
        chap.ask()
        raw = b"".join(f"{key}={value}\0".encode() for key, value in chap.proof().items())
        for at in range(len(raw) - 1):
            if at % 9 == 0:
                pdu, _ = c.login_step(raw[at : min(at + 9, len(raw) - 1)], SECURITY, more=True)
                assert not pdu.data and not pdu.flags & TRANSIT
        c.login_step(raw[-1:], SECURITY, OPERATIONAL)
        chap.finish()
        works(daemon, c, "chap")


@cases(("5,6,7,8", 5), ("8,5", 8), ("200,6,5", 6), ("0x7,5", 7))
def test_first_of_the_offered_algorithms_is_taken(daemon, offer, taken):
    with daemon.connect() as c:
        chap = Chap(c, ONE_WAY, USER, SECRET)
        chap.login(offer)
        assert chap.algorithm == taken
        works(daemon, c, "chap")


def test_first_of_the_allowed_algorithms_is_taken(daemon):
    with daemon.connect() as c:
        chap = Chap(c, SHA256, USER, SECRET)
        chap.login("5,6,8,7")
        assert chap.algorithm == 7
        works(daemon, c, "chap")


def test_only_what_is_given_is_compared(daemon):
    same = {"user": USER, "secret": SECRET}
    for auth in (same, {"user": USER}, {"user": USER, "algorithms": ["sha256"], "secret_set": True}):
        assert not daemon.call("acl.create", target=SHA256, initiator=ANYBODY, auth=auth)["changed"]


@cases("5", "8,6,5", "1", "", "md5", "5;7", "263")
def test_no_algorithm_in_common(daemon, offer):
    def send(c):
        chap = Chap(c, SHA256, USER, SECRET)
        chap.choose()
        chap.ask(offer)

    refused(daemon, send, (2, 1))


@cases(("wrong secret", USER, "incorrect horse"), ("wrong user", "web2", SECRET), ("no user", "", SECRET),
       ("the target's", TARGET_USER, TARGET_SECRET))  # fmt: skip
def test_who_does_not_know_both_stays_out(daemon, who, user, secret):
    refused(daemon, lambda c: Chap(c, MUTUAL, user, secret).login(), (2, 1))


def test_answers_do_not_tell_user_from_secret(daemon):
    refusals = []
    for user, secret in ((USER, "incorrect horse"), ("web2", SECRET)):
        with daemon.connect() as c:
            try:
                Chap(c, ONE_WAY, user, secret).login()
            except LoginFailed as e:
                refusals.append((e.status, e.pdu.data, e.pdu.flags, e.pdu.statsn, e.pdu.itt))
    assert len(refusals) == 2 and refusals[0] == refusals[1], refusals


@cases(
    ("only None", SECURITY, OPERATIONAL, {"AuthMethod": "None"}),
    ("None and stay", SECURITY, None, {"AuthMethod": "None"}),
    ("other methods", SECURITY, None, {"AuthMethod": "KRB5,SRP"}),
    ("not a word", SECURITY, OPERATIONAL, {}),
    ("not a word, to the end", SECURITY, FULL_FEATURE, {}),
    ("without that stage", OPERATIONAL, FULL_FEATURE, {}),
    ("without that stage, slowly", OPERATIONAL, None, {}),
)
def test_nobody_gets_around_it(daemon, how, csg, nsg, keys):
    refused(daemon, lambda c: c.login_step({**c.first_keys(ONE_WAY), **keys}, csg, nsg), (2, 1))
    refused(daemon, lambda c: c.login_step({**c.first_keys(MUTUAL), **keys}, csg, nsg), (2, 1))


# What is said once CHAP is chosen, with T and the next stage, and the price.
@cases(
    ("leave", {}, OPERATIONAL, (2, 0)),
    ("leave for good", {}, FULL_FEATURE, (2, 0)),
    ("choose again", {"AuthMethod": "None"}, OPERATIONAL, (2, 0)),
    ("choose again, CHAP", {"AuthMethod": "CHAP"}, None, (2, 0)),
    ("a response before the challenge", {"CHAP_N": USER, "CHAP_R": "0x" + 32 * "0"}, None, (2, 0)),
    ("a challenge before the response", {"CHAP_A": "7", "CHAP_I": "1", "CHAP_C": "0x01"}, None, (2, 0)),
    ("a key of the next stage", {"CHAP_A": "7", "MaxBurstLength": "512"}, None, (2, 0)),
)
def test_wrong_turn_when_an_algorithm_is_due(daemon, how, keys, nsg, status):
    def send(c):
        Chap(c, ONE_WAY, USER, SECRET).choose()
        c.login_step(keys, SECURITY, nsg)

    refused(daemon, send, status)


@cases(
    ("leave", {"CHAP_N": None, "CHAP_R": None}, (2, 0)),
    ("another algorithm", {"CHAP_N": None, "CHAP_R": None, "CHAP_A": "5"}, (2, 0)),
    ("another method", {"AuthMethod": "None"}, (2, 0)),
    ("no name", {"CHAP_N": None}, (2, 0)),
    ("no response", {"CHAP_R": None}, (2, 0)),
    ("not a binary value", {"CHAP_R": "secret"}, (2, 0)),
    ("not a digit", {"CHAP_R": "0x12g"}, (2, 0)),
    ("two bytes in three digits", {"CHAP_R": "0x123"}, (2, 1)),
    ("base64 without its end", {"CHAP_R": "0bAAA"}, (2, 0)),
    ("empty", {"CHAP_R": "0x"}, (2, 0)),
    ("a byte", {"CHAP_R": "0x00"}, (2, 1)),
    ("1024 bytes", {"CHAP_R": "0x" + 2048 * "0"}, (2, 1)),
    ("1025 bytes", {"CHAP_R": "0x" + 2050 * "0"}, (2, 0)),
    ("a user of 1000 bytes", {"CHAP_N": 1000 * "u"}, (2, 1)),
    ("identifier only", {"CHAP_I": "1"}, (2, 0)),
    ("challenge only", {"CHAP_C": "0x01"}, (2, 0)),
    ("identifier 256", {"CHAP_I": "256", "CHAP_C": "0x01"}, (2, 0)),
    ("empty challenge", {"CHAP_I": "1", "CHAP_C": "0x"}, (2, 0)),
    ("challenge of 1025 bytes", {"CHAP_I": "1", "CHAP_C": "0x" + 2050 * "1"}, (2, 0)),
)
def test_wrong_turn_or_value_when_a_response_is_due(daemon, how, keys, status):
    def send(c):
        chap = Chap(c, MUTUAL, USER, SECRET)
        chap.choose()
        chap.ask("7")
        chap.prove(**keys)

    refused(daemon, send, status)


def test_a_second_try_on_one_connection(daemon):
    def send(c):
        chap = Chap(c, ONE_WAY, USER, SECRET)
        chap.choose()
        chap.ask()
        chap.prove(nsg=None)
        chap.prove()  # the same again

    refused(daemon, send, (2, 0))


@cases(*WRITE)
def test_reflected_challenge(daemon, how):
    """Sent back to have the target compute its own answer."""

    def send(c):
        chap = Chap(c, MUTUAL, USER, SECRET, WRITE[how])
        chap.choose()
        challenge = chap.ask()
        chap.prove(CHAP_I=chap.identifier, CHAP_C=WRITE[how](challenge))

    refused(daemon, send, (2, 1))


def test_the_target_does_not_answer_for_those_who_do_not_know_the_secret(daemon):
    """Else a challenge from one connection could be answered on another."""

    def send(c):
        chap = Chap(c, MUTUAL, USER, "incorrect horse")
        chap.choose()
        chap.ask()
        chap.prove(CHAP_I=1, CHAP_C="0x" + 16 * "ab")

    refused(daemon, send, (2, 1))


@cases(0, 1)
def test_who_does_not_know_the_secret_cannot_end_anothers_session(daemon, with_tsih):
    """The same name and ISID, which are no secrets, would replace the session (section 6.3.5)."""
    with daemon.connect() as c:
        Chap(c, ONE_WAY, USER, SECRET).login()
        c.settle()

        def send(other):
            other.isid, other.tsih = c.isid, c.tsih if with_tsih else 0
            Chap(other, ONE_WAY, USER, "incorrect horse").login()

        refused(daemon, send, (2, 1))
        c.scsi(scsi.test_unit_ready())
        works(daemon, c, "chap")


def test_mutual_is_refused_where_the_target_has_no_secret(daemon):
    def send(c):
        chap = Chap(c, ONE_WAY, USER, SECRET)
        chap.choose()
        chap.ask()
        chap.prove(CHAP_I=1, CHAP_C="0x" + 16 * "ab")

    refused(daemon, send, (2, 1))


def test_a_response_is_good_for_one_login(daemon):
    seen = set()
    with daemon.connect() as c:
        old = Chap(c, ONE_WAY, USER, SECRET)
        old.choose()
        seen.add(old.ask("7"))
        proof = old.proof()

    def replay(c):
        chap = Chap(c, ONE_WAY, USER, SECRET)
        chap.choose()
        seen.add(chap.ask("7"))
        chap.prove(**proof)

    refused(daemon, replay, (2, 1))
    assert len(seen) == 2


def test_what_is_demanded_when_the_login_ends_counts(daemon):
    """CHAP comes between the stages of a login that needed none."""
    name = "iqn.2026-01.org.blockgate.test:changing"
    daemon.make_target(name)

    def send(c):
        keys = {**c.first_keys(name), "AuthMethod": "None"}
        c.login_step(keys, SECURITY, OPERATIONAL)
        daemon.call("acl.update", target=name, initiator=ANYBODY,
                    set={"auth": {"user": USER, "secret": SECRET}})  # fmt: skip
        c.login_step({}, OPERATIONAL, FULL_FEATURE)

    refused(daemon, send, (2, 1))
    daemon.call("target.delete", name=name)


def test_sessions_stay_when_what_is_demanded_changes(daemon):
    name = "iqn.2026-01.org.blockgate.test:staying"
    daemon.make_target(name)
    entry = {"target": name, "initiator": ANYBODY}
    with daemon.session(name) as c:
        daemon.call("acl.update", **entry, set={"auth": {"user": USER, "secret": SECRET}})
        c.scsi(scsi.test_unit_ready())
        refused(daemon, lambda d: d.login(name), (2, 1))
        with daemon.connect() as d:
            Chap(d, name, USER, SECRET).login()
            daemon.call("acl.update", **entry, set={"auth": {"secret": "another secret"}})
            d.settle()
        refused(daemon, lambda d: Chap(d, name, USER, SECRET).login(), (2, 1))
        with daemon.connect() as d:
            Chap(d, name, USER, "another secret").login()
        daemon.call("acl.update", **entry, set={"auth": None})
        daemon.check_serving(name)
        c.scsi(scsi.test_unit_ready())
    daemon.call("target.delete", name=name, force=True)


def test_failures_are_logged_and_no_secret_is(start_daemon):
    daemon = start_daemon()  # whose lines are not too many
    setup(daemon)
    refused(daemon, lambda c: Chap(c, ONE_WAY, USER, "incorrect horse").login(), (2, 1))
    log = daemon.log()
    (stats,) = daemon.call("stats.get", kind="daemon")["stats"]
    assert stats["extra"]["logins_refused"] == stats["extra"]["authentications_failed"] == 1, stats
    assert 'reason="wrong user or secret"' in log and 'status="authentication failed"' in log
    for secret in (SECRET, TARGET_SECRET, "incorrect horse"):
        assert secret not in log


# --- discovery ---


def tell(c):
    found = c.send_targets("All")
    assert c.logout() == 0
    c.expect_close()
    return found


def test_discovery_has_credentials_of_its_own(start_daemon):
    daemon = start_daemon()
    daemon.make_disk()
    daemon.make_target()
    daemon.call("discovery.update", set={"auth": {"user": "hosts", "secret": "twelve bytes or more",
                "mutual_user": "daemon", "mutual_secret": "more than twelve"}})  # fmt: skip
    refused(daemon, lambda c: c.login(discovery=True), (2, 1))
    refused(daemon, lambda c: c.login(discovery=True, security=True), (2, 1))
    refused(daemon, lambda c: Chap(c, None, "hosts", SECRET).login(), (2, 1))
    with daemon.connect() as c:
        Chap(c, None, "hosts", "twelve bytes or more", WRITE["base64"]).login()
        (session,) = daemon.sessions()
        assert (session["type"], session["auth"]) == ("discovery", "chap")
        assert list(tell(c)) == [TARGET]
    with daemon.connect() as c:
        chap = Chap(c, None, "hosts", "twelve bytes or more")
        chap.choose()
        chap.ask()
        chap.prove_mutually("daemon", "more than twelve")
        chap.finish()
        assert list(tell(c)) == [TARGET]
    daemon.check_serving()  # a normal session asks for nothing
    daemon.restart()
    refused(daemon, lambda c: c.login(discovery=True), (2, 1))
    daemon.call("discovery.update", set={"auth": None})
    with daemon.connect() as c:
        c.login(discovery=True)
        assert list(tell(c)) == [TARGET]


# --- secrets ---


def test_secrets_go_in_and_never_come_out(start_daemon):
    daemon = start_daemon()
    secrets = [f"secret number {n}" for n in range(5)]
    auth = {"user": USER, "secret": secrets[0], "mutual_user": "t", "mutual_secret": secrets[1]}
    heard = []

    def call(method, **params):
        heard.append(daemon.call(method, **params))
        return heard[-1]

    daemon.make_disk()
    call("target.create", name=ONE_WAY, luns=[{"lun": 0, "backstore": "disk0"}],
         acls=[{"initiator": ANYBODY, "auth": auth}])  # fmt: skip
    call("acl.create", target=ONE_WAY, initiator="iqn.2026-01.b:c", auth={"user": "x", "secret": secrets[2]})
    call("discovery.update", set={"auth": {"user": "y", "secret": secrets[3]}})
    call("acl.update", target=ONE_WAY, initiator=ANYBODY, set={"auth": {"secret": secrets[4]}})
    shown = {**auth, "secret_set": True, "mutual_secret_set": True}
    del shown["secret"], shown["mutual_secret"]
    config = call("config.get")["config"]
    assert config["targets"][ONE_WAY]["acls"][ANYBODY]["auth"] == shown, config
    state = call("acl.get", target=ONE_WAY, initiator=ANYBODY)["auth"]
    assert state == {**shown, "algorithms": ["md5", "sha1", "sha256", "sha3-256"]}, state
    for method, params in (
        ("acl.list", {}),
        ("target.get", {"name": ONE_WAY}),
        ("target.list", {}),
        ("discovery.get", {}),
        ("config.get", {"defaults": True}),
        ("config.apply", {"config": config}),  # what was read may be sent back
        ("config.apply", {"config": {"version": 1}, "dry_run": True}),
        ("config.apply", {"mode": "merge", "config": {"discovery": {"auth": None}}}),
        ("acl.create", {"target": ONE_WAY, "initiator": ANYBODY, "auth": state}),
        ("target.delete", {"name": ONE_WAY, "dry_run": True}),
    ):
        call(method, **params)
    assert not heard[-5]["changed"], heard[-5]
    assert not heard[-2]["changed"], heard[-2]
    for method, params in (
        ("acl.create", {"target": ONE_WAY, "initiator": ANYBODY, "auth": {"user": USER, "secret": SECRET}}),
        ("target.create", {"name": ONE_WAY, "acls": [{"initiator": ANYBODY, "auth": {"user": "z"}}]}),
        ("acl.update", {"target": ONE_WAY, "initiator": ANYBODY,
                        "set": {"auth": {"mutual_secret": secrets[4]}}}),
    ):  # fmt: skip
        try:
            daemon.call(method, **params)
        except RpcError as e:
            heard.append([e.message, e.data])
        else:
            raise AssertionError(f"{method} went well")
    assert heard[-3][1]["differences"] == [
        {"path": "/auth/secret", "wanted": "(given)", "found": "(set)"}
    ], heard[-3]
    said = json.dumps(heard) + daemon.log()
    for secret in [*secrets, SECRET]:
        assert secret not in said, secret
    path = os.path.join(daemon.state, "state.json")
    with open(path) as f:
        assert secrets[4] in f.read()
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    daemon.restart()
    with daemon.connect() as c:
        chap = Chap(c, ONE_WAY, USER, secrets[4])
        chap.choose()
        chap.ask()
        chap.prove_mutually("t", secrets[1])
        chap.finish()
        works(daemon, c, "mutual_chap")


def test_the_helper_knows_its_digests():
    """Not the daemon's word alone: an answer that was computed elsewhere."""
    assert response(5, 0x2A, "a secret for one side", bytes(range(16))).hex() == (
        "79c1252f2c6facaae4747826905b08ff"
    )
