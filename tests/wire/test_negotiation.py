"""Each text key: what is offered, what must be answered (RFC 7143 sections 6.2 and 13)."""

from daemon import TARGET
from initiator import (FULL_FEATURE, OPERATIONAL, TRANSIT, Closed, LoginFailed)  # fmt: skip
from runner import cases


def negotiate(daemon, keys):
    """(keys answered, status of the failure or None). The session is used a little."""
    with daemon.connect() as c:
        answers = {}
        try:
            pdu, got = c.login_step({**c.first_keys(TARGET), **keys}, OPERATIONAL, FULL_FEATURE)
            answers.update(got)
            while not pdu.flags & TRANSIT:
                pdu, got = c.login_step({}, OPERATIONAL, FULL_FEATURE)
                answers.update(got)
        except LoginFailed as e:
            return answers, e.status
        agreed = {k: v for k, v in answers.items() if v not in ("Reject", "NotUnderstood", "Irrelevant")}
        limit = keys.get("MaxRecvDataSegmentLength")
        valid = str(limit).isdigit() and 512 <= int(limit) < 1 << 24
        c.logged_in(pdu, {"MaxRecvDataSegmentLength": limit} if valid else {}, agreed)
        c.settle()
        return answers, None


@cases(
    ("HeaderDigest", "None", "None"),
    ("HeaderDigest", "CRC32C", "CRC32C"),
    ("HeaderDigest", "CRC32C,None", "CRC32C"),
    ("HeaderDigest", "None,CRC32C", "None"),
    ("HeaderDigest", "X-com.example,CRC32C,None", "CRC32C"),
    ("DataDigest", "None", "None"),
    ("DataDigest", "CRC32C", "CRC32C"),
    ("DataDigest", "None,CRC32C", "None"),
    ("DataDigest", "CRC32C,None", "CRC32C"),
    ("DataDigest", "X-a,X-b,None", "None"),
    ("InitialR2T", "Yes", "Yes"),
    ("InitialR2T", "No", "No"),
    ("ImmediateData", "Yes", "Yes"),
    ("ImmediateData", "No", "No"),
    ("MaxBurstLength", "512", "512"),
    ("MaxBurstLength", "65536", "65536"),
    ("MaxBurstLength", "0x10000", "65536"),
    ("MaxBurstLength", "1048576", "1048576"),
    ("MaxBurstLength", "16777215", "1048576"),
    ("FirstBurstLength", "512", "512"),
    ("FirstBurstLength", "16777215", "262144"),
    ("MaxOutstandingR2T", "1", "1"),
    ("MaxOutstandingR2T", "8", "8"),
    ("MaxOutstandingR2T", "65535", "8"),
    ("MaxConnections", "1", "1"),
    ("MaxConnections", "65535", "1"),
    ("ErrorRecoveryLevel", "0", "0"),
    ("ErrorRecoveryLevel", "2", "0"),
    ("DataPDUInOrder", "Yes", "Yes"),
    ("DataPDUInOrder", "No", "Yes"),
    ("DataSequenceInOrder", "Yes", "Yes"),
    ("DataSequenceInOrder", "No", "Yes"),
    ("DefaultTime2Wait", "3600", "3600"),
    ("DefaultTime2Wait", "0", "2"),
    ("DefaultTime2Retain", "0", "0"),
    ("DefaultTime2Retain", "3600", "0"),
    ("TaskReporting", "RFC3720", "RFC3720"),
    ("iSCSIProtocolLevel", "1", "1"),
    ("iSCSIProtocolLevel", "31", "1"),
)
def test_key_is_settled_by_its_rule(daemon, key, offer, answer):
    answers, status = negotiate(daemon, {key: offer})
    assert status is None, f"login failed with {status}"
    got = answers.get(key)
    if got is None and key in ("ImmediateData", "InitialR2T") and answer in ("No", "Yes"):
        # Section 6.2.2: silence is allowed where the rule's outcome is already certain.
        assert (key, offer) in (("ImmediateData", "No"), ("InitialR2T", "Yes")), "no answer"
    else:
        same = got is not None and got.lower().startswith("0x") and int(got, 16) == int(answer)
        assert got == answer or same, f"answered {got}"


@cases(
    ("X-com.example.key", "1"),
    ("SomethingNew", "Yes"),
    ("maxburstlength", "512"),  # keys are case-sensitive
    ("X#Whatever", "text"),
)
def test_unknown_key_is_not_understood(daemon, key, offer):
    answers, status = negotiate(daemon, {key: offer})
    assert status is None and answers.get(key) == "NotUnderstood", (status, answers)


@cases("IFMarker", "OFMarker")
def test_obsolete_markers_are_declined(daemon, key):
    """Section 13: Reject or No, never NotUnderstood."""
    for offer in ("Yes", "No"):
        answers, status = negotiate(daemon, {key: offer})
        assert status is None and answers.get(key) in ("Reject", "No"), (status, answers)


@cases("IFMarkInt", "OFMarkInt")
def test_obsolete_marker_intervals_are_rejected(daemon, key):
    answers, status = negotiate(daemon, {key: "2048~8192"})
    assert status is None and answers.get(key) == "Reject", (status, answers)


@cases(
    ("MaxBurstLength", "511"),
    ("MaxBurstLength", "0"),
    ("MaxBurstLength", "16777216"),
    ("MaxBurstLength", "4294967808"),
    ("MaxBurstLength", "18446744073709552128"),
    ("MaxBurstLength", "-1"),
    ("MaxBurstLength", "abc"),
    ("MaxBurstLength", "512 "),
    ("MaxBurstLength", ""),
    ("MaxBurstLength", "0x"),
    ("FirstBurstLength", "511"),
    ("MaxOutstandingR2T", "0"),
    ("MaxOutstandingR2T", "65536"),
    ("MaxConnections", "0"),
    ("ErrorRecoveryLevel", "3"),
    ("DefaultTime2Wait", "3601"),
    ("DefaultTime2Retain", "3601"),
    ("InitialR2T", "Maybe"),
    ("ImmediateData", "yes"),
    ("DataPDUInOrder", ""),
    ("HeaderDigest", "MD5"),
    ("HeaderDigest", ""),
    ("DataDigest", "crc32c"),
    ("MaxRecvDataSegmentLength", "511"),
    ("MaxRecvDataSegmentLength", "16777216"),
    ("MaxRecvDataSegmentLength", "many"),
)
def test_value_out_of_range(daemon, key, offer):
    """Reject is answered and the default stays, or the login fails by the initiator's fault."""
    answers, status = negotiate(daemon, {key: offer})
    assert status in (None, (2, 0)), status
    if status is None:
        assert answers.get(key) == "Reject", answers
    daemon.check_serving()


def test_value_of_255_bytes_is_taken_and_longer_ones_are_survived(daemon):
    for length in (200, 255, 256, 4000, 7000):
        answers, status = negotiate(daemon, {"X-long": "v" * length, "InitiatorAlias": "a"})
        assert status in (None, (2, 0)), (length, status)
        if length <= 255:
            assert answers.get("X-long") == "NotUnderstood", (length, answers, status)


def test_first_burst_does_not_exceed_max_burst(daemon):
    answers, status = negotiate(daemon, {"MaxBurstLength": 4096, "FirstBurstLength": 262144})
    assert status is None and answers["MaxBurstLength"] == "4096"
    assert int(answers["FirstBurstLength"]) <= 4096, answers


def test_many_keys_at_once(daemon):
    keys = {f"X-key{n}": n for n in range(200)}
    answers, status = negotiate(daemon, keys)
    if status is None:
        missing = [key for key in keys if answers.get(key) != "NotUnderstood"]
        assert not missing, f"no answer to {missing}"
    else:
        assert status[0] in (2, 3), status
    daemon.check_serving()


def test_parameters_of_the_target_are_what_it_offers(daemon):
    name = TARGET + "-small"
    daemon.make_target(name, parameters={
        "max_burst_length": 8192, "first_burst_length": 4096, "max_outstanding_r2t": 2,
        "max_recv_data_segment_length": 1024, "initial_r2t": True, "immediate_data": False,
        "header_digest": ["crc32c"], "default_time2wait": 5,
    })  # fmt: skip
    with daemon.connect() as c:
        got = c.login(name, HeaderDigest="None,CRC32C", InitialR2T="No", ImmediateData="Yes")
        want = {"MaxBurstLength": "8192", "MaxOutstandingR2T": "2", "InitialR2T": "Yes",
                "MaxRecvDataSegmentLength": "1024", "ImmediateData": "No",
                "HeaderDigest": "CRC32C", "DefaultTime2Wait": "5"}  # fmt: skip
        assert {key: got.get(key) for key in want} == want, got
        assert got.get("FirstBurstLength") in ("4096", "Irrelevant"), got
        c.settle()


def test_digest_that_the_target_demands_cannot_be_refused(daemon):
    name = TARGET + "-digest"
    daemon.make_target(name, parameters={"header_digest": ["crc32c"]})
    with daemon.connect() as c:
        try:
            got = c.login(name, HeaderDigest="None")
        except (LoginFailed, Closed):
            return
        assert got.get("HeaderDigest") == "Reject", got


@cases("8192", "512", "1048576")
def test_receive_limit_changed_after_login(daemon, limit):
    """MaxRecvDataSegmentLength may be declared again in the full feature phase."""
    import scsi

    with daemon.session() as c:
        got = dict(c.text({"MaxRecvDataSegmentLength": limit}))
        assert got.get("MaxRecvDataSegmentLength") != "Reject", got
        c.receive_limit = int(limit)
        task = c.scsi(scsi.read(0, 256), read=256 * 512)
        sizes = [len(pdu.data) for pdu in task.pdus if pdu.data]
        assert max(sizes) <= int(limit), sizes
        assert c.logout() == 0


@cases(("MaxBurstLength", "1024"), ("HeaderDigest", "CRC32C"), ("InitiatorName", "iqn.2026-01.x:y"),
       ("MaxRecvDataSegmentLength", "1"), ("AuthMethod", "None"), ("MaxConnections", "4"))  # fmt: skip
def test_key_that_is_not_for_the_full_feature_phase(daemon, key, value):
    """Rejected, by value or by PDU, or the connection ends; nothing changes for the session."""
    from initiator import REJECT, TEXT_RESPONSE, TEXT, FINAL, NONE, text_decode, text_encode

    with daemon.session() as c:
        c.send(c.request(TEXT, text_encode({key: value}), flags=FINAL, ttt=NONE))
        try:
            pdu = c.pump()
        except Closed:
            pdu = None
        if pdu is not None:
            assert pdu.opcode in (TEXT_RESPONSE, REJECT), pdu
            if pdu.opcode == TEXT_RESPONSE:
                assert dict(text_decode(pdu.data)).get(key) in ("Reject", "NotUnderstood"), pdu
            c.nop(b"as before")
    daemon.check_serving()
