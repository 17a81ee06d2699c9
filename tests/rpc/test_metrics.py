"""GET /metrics: what is counted, as Prometheus reads it."""

import json
import os
import re
import shutil
import subprocess

import scsi
from daemon import MIB, TARGET, UnixHTTP, eventually
from initiator import FINAL, NOP_OUT, LoginFailed
from runner import cases, limit

INITIATOR = "iqn.2026-11.org.example:host-7.disk:a"
LINE = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? ([0-9.+Inf-]+)$')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)')


def scrape(daemon, query=""):
    """{(name, frozenset of labels): value}; each line must be one of the format."""
    status, body = daemon.http("GET", "/metrics" + query)
    assert status == 200, (status, body)
    ret = {}
    for line in body.decode().splitlines():
        if line.startswith("# HELP ") or line.startswith("# TYPE "):
            continue
        match = LINE.match(line)
        assert match, line
        name, labels, value = match.groups()
        pairs = LABEL.findall(labels or "")
        assert ",".join(f'{k}="{v}"' for k, v in pairs) == (labels or ""), line
        key = (name, frozenset(pairs))
        assert key not in ret, f"twice: {line}"
        ret[key] = float(value)
    return ret


def value(metrics, name, **labels):
    return metrics.get((name, frozenset(labels.items())))


def test_a_lun_counts_what_is_read_and_written(daemon):
    lun = {"target": TARGET, "lun": "0"}
    before = scrape(daemon)
    with daemon.session() as c:
        c.scsi(scsi.write(0, 16), write=bytes(8192))
        c.scsi(scsi.read(0, 8), read=4096)
        assert value(scrape(daemon), "blockgate_sessions", target=TARGET) == 1
    after = scrape(daemon)

    def grown(name, **labels):
        return value(after, name, **labels) - (value(before, name, **labels) or 0)

    assert grown("blockgate_lun_written_bytes_total", **lun) == 8192
    assert grown("blockgate_lun_read_bytes_total", **lun) == 4096
    assert grown("blockgate_lun_commands_total", op="read", **lun) == 1
    assert grown("blockgate_lun_command_duration_seconds_count", op="read", **lun) == 1
    assert grown("blockgate_command_duration_seconds_count", op="write") == 1
    assert grown("blockgate_logins_total", result="success") == 1
    assert value(after, "blockgate_lun_size_bytes", **lun) == 16 * MIB
    assert value(after, "blockgate_lun_info", backstore="disk0", type="ram", **lun) == 1
    assert value(after, "blockgate_backstore_up", backstore="disk0") == 1
    (portal,) = [v for (name, _), v in after.items() if name == "blockgate_portal_up"]
    assert portal == 1


def test_the_answer_says_what_it_is(daemon):
    connection = UnixHTTP(daemon.rpc_path)
    connection.request("GET", "/metrics")
    reply = connection.getresponse()
    assert reply.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert int(reply.headers["Content-Length"]) == len(reply.read())
    connection.close()


def test_a_histogram_never_falls_and_ends_with_all(daemon):
    with daemon.session() as c:
        for _ in range(5):
            c.scsi(scsi.read(0, 8), read=4096)
    metrics = scrape(daemon)
    buckets = sorted((float(dict(labels)["le"].replace("+Inf", "inf")), n) for (name, labels), n in metrics.items()
                     if name == "blockgate_lun_command_duration_seconds_bucket" and dict(labels)["op"] == "read")  # fmt: skip
    counts = [n for _, n in buckets]
    assert counts == sorted(counts) and len(counts) == 20, buckets
    assert counts[-1] == value(metrics, "blockgate_lun_command_duration_seconds_count", target=TARGET, lun="0", op="read")


def test_errors_are_told_by_sense_key_and_refused_logins_by_result(daemon):
    lun = {"target": TARGET, "lun": "0"}
    before = scrape(daemon)
    with daemon.session() as c:
        assert c.try_scsi(bytes([0xFF]) + bytes(15)).status == scsi.CHECK_CONDITION
    with daemon.connect() as c:
        try:
            c.login(TARGET + "-not-there")
        except LoginFailed:
            pass

    def grown(name, **labels):
        after = scrape(daemon)
        return (value(after, name, **labels) or 0) - (value(before, name, **labels) or 0)

    assert grown("blockgate_lun_errors_total", sense_key="illegal_request", **lun) == 1
    assert grown("blockgate_logins_total", result="target_not_found") == 1


def test_wrong_digests_are_counted(daemon):
    before = scrape(daemon)
    c = daemon.session(HeaderDigest="CRC32C", settle=False)
    c.send_raw(bytes([NOP_OUT | 0x40, FINAL]) + bytes(46) + b"nope")
    eventually(lambda: value(scrape(daemon), "blockgate_digest_errors_total", kind="header")
               == value(before, "blockgate_digest_errors_total", kind="header") + 1, "it is counted")  # fmt: skip
    c.close()


def test_calls_are_counted_by_method_and_result(daemon):
    before = scrape(daemon)
    daemon.call("session.list")
    daemon.rpc({"jsonrpc": "2.0", "id": 1, "method": "target.get", "params": {"name": TARGET + "x"}})
    daemon.rpc({"jsonrpc": "2.0", "id": 1, "method": 'no."such\\method', "params": {}})
    after = scrape(daemon)
    for labels in ({"method": "session.list", "result": "ok"}, {"method": "target.get", "result": "NOT_FOUND"},
                   {"method": "unknown", "result": "METHOD_NOT_FOUND"}):  # fmt: skip
        name = "blockgate_rpc_requests_total"
        assert value(after, name, **labels) == (value(before, name, **labels) or 0) + 1, labels
    assert value(after, "blockgate_rpc_duration_seconds_count") >= value(before, "blockgate_rpc_duration_seconds_count") + 2


def test_sessions_have_series_of_their_own_only_when_asked_for(daemon):
    with daemon.session(InitiatorName=INITIATOR) as c:
        c.scsi(scsi.read(0, 8), read=4096)
        assert not [name for name, _ in scrape(daemon) if name.startswith("blockgate_session_")]
        shown = {dict(labels)["initiator"]: n for (name, labels), n in scrape(daemon, "?sessions=1").items()
                 if name == "blockgate_session_read_bytes_total"}  # fmt: skip
        assert len(shown) == 1 and list(shown.values()) == [4096], shown
        assert list(shown) == [INITIATOR], shown
        promtool(daemon.http("GET", "/metrics?sessions=1")[1])


def test_trouble_is_told_of_before_there_is_any(daemon):
    """A counter that begins with its first error has no rate that an alert could see."""
    with daemon.session() as c:
        c.scsi(scsi.read(0, 8), read=4096)
    metrics = scrape(daemon)
    lun = {"target": TARGET, "lun": "0"}
    for key in ("not_ready", "medium_error", "hardware_error", "data_protect", "aborted_command"):
        assert value(metrics, "blockgate_lun_errors_total", sense_key=key, **lun) == 0, key
    for status in ("task_set_full", "busy", "reservation_conflict"):
        assert value(metrics, "blockgate_lun_refused_total", status=status, **lun) == 0, status


@cases("?sessions=2", "?histograms", "?sessions=1&sessions=1")
def test_an_unknown_wish_is_an_error(daemon, query):
    assert daemon.http("GET", "/metrics" + query)[0] == 422
    assert daemon.http("POST", "/metrics", "{}")[0] == 405


def promtool(text=b"", *command):
    if shutil.which("promtool") is None:
        return
    done = subprocess.run(["promtool", *(command or ("check", "metrics"))], input=text, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_has_nothing_to_say(daemon):
    with daemon.session() as c:
        c.scsi(scsi.read(0, 8), read=4096)
        assert c.try_scsi(bytes([0xFF]) + bytes(15)).status == scsi.CHECK_CONDITION
    promtool(daemon.http("GET", "/metrics")[1])


def test_the_process_is_told_of_as_by_others(daemon):
    metrics = scrape(daemon)
    assert value(metrics, "process_resident_memory_bytes") > MIB
    assert 5 < value(metrics, "process_open_fds") <= value(metrics, "process_max_fds")
    assert value(metrics, "process_cpu_seconds_total") > 0
    assert value(metrics, "process_threads") >= 3
    assert value(metrics, "blockgate_ready") == 1
    busy = [n for (name, _), n in metrics.items() if name == "blockgate_worker_busy_seconds_total"]
    assert len(busy) == 3 and all(n >= 0 for n in busy)


@limit(120)
def test_ten_thousand_luns_are_told_in_one_answer(start_daemon):
    daemon = start_daemon()
    daemon.make_disk("disk0")
    config = {"targets": {f"{TARGET}-{n:03}": {"luns": {str(k): {"backstore": "disk0"} for k in range(100)}}
                          for n in range(100)}}  # fmt: skip
    daemon.call("config.apply", mode="merge", config=config)
    metrics = scrape(daemon)
    assert sum(name == "blockgate_lun_read_bytes_total" for name, _ in metrics) == 10000
    assert not any("duration_seconds_bucket" in name and "lun" in dict(labels) for name, labels in metrics)
    promtool(daemon.http("GET", "/metrics")[1])


CONTRIB = os.path.join(os.path.dirname(__file__), "..", "..", "contrib")
RULES = os.path.join(CONTRIB, "prometheus", "blockgate.rules.yml")
METRIC = re.compile(r"\b(?:blockgate|process)_[a-z0-9_]+(?=[{\[\s)]|$)")


def expressions_of_rules():
    """{alert: expression}; each stands on a line of its own."""
    with open(RULES) as f:
        return dict(re.findall(r"- alert: (\w+)\n +expr: (.+)", f.read()))


def expressions_of_dashboard():
    with open(os.path.join(CONTRIB, "grafana", "blockgate.json")) as f:
        dashboard = json.load(f)
    ret = {f"{p['id']} {p['title']}{t['refId']}": t["expr"] for p in dashboard["panels"] for t in p.get("targets", ())}
    ret.update({v["name"]: re.sub(r"^label_values\((.*), \w+\)$", r"\1", v["query"])
                for v in dashboard["templating"]["list"] if v["type"] == "query"})  # fmt: skip
    return ret


@cases("rules", "dashboard")
def test_only_metrics_and_labels_that_there_are_are_named_by(daemon, which):
    with daemon.session() as c:
        c.scsi(scsi.write(0, 16), write=bytes(8192))
        c.scsi(scsi.read(0, 8), read=4096)
    labels = {}
    for (name, pairs), _ in scrape(daemon).items():
        labels.setdefault(name, set()).update(k for k, _ in pairs)
    body = daemon.http("GET", "/metrics")[1].decode()
    families = set(re.findall(r"^# TYPE (\S+)", body, re.M))
    found = {"rules": expressions_of_rules, "dashboard": expressions_of_dashboard}[which]()
    assert len(found) >= 15
    for where, expression in found.items():
        names = METRIC.findall(expression)
        assert names or expression.startswith("up{"), (where, expression)  # Prometheus' own
        for name in names:
            assert name in labels or name in families, (where, name)
        for name, selector in re.findall(r"((?:blockgate|process)_[a-z0-9_]+)\{([^}]*)\}", expression):
            used = set(re.findall(r"(\w+)=?[~=!]", selector)) - {"instance", "job"}
            assert name not in labels or used <= labels[name], (where, name, used)


def test_every_alert_fires_when_it_should_and_only_then():
    promtool(b"", "check", "rules", RULES)
    promtool(b"", "test", "rules", os.path.join(CONTRIB, "prometheus", "blockgate.test.yml"))
    with open(os.path.join(CONTRIB, "prometheus", "blockgate.test.yml")) as f:
        tested = set(re.findall(r'alertname="(\w+)"', f.read()))
    assert tested == set(expressions_of_rules()), tested ^ set(expressions_of_rules())
