"""The client, against a server that answers as it is told."""

import json
import os
import select
import socket
import subprocess
import sys
import textwrap
import threading
import time

import pytest
from fake_server import CLOSE, SILENCE, error, http, result

import blockgate
from blockgate import Client, GatewayError, GatewayTimeout, GatewayUnavailable, HttpError
from blockgate._api import Api
from blockgate.transport import Address

EVHTTP_413 = "<HTML><HEAD>\n<TITLE>413 Request Entity Too Large</TITLE>\n</HEAD><BODY>\n<H1>Too Large</H1>\n</BODY></HTML>\n"
SCHEMAS = os.path.join(os.path.dirname(__file__), "..", "..", "..", "schemas")


def client_of(server, **how):
    return Client(server.path, **{"retry_s": 0, "timeout": 5, **how})


# --- calls ---


def test_a_call_sends_an_envelope_and_gives_the_result(fake):
    server = fake(result({"targets": [], "revision": 3}))
    c = client_of(server)
    assert c.target.list(names=["iqn.2026-01.org.example:a"]) == {"targets": [], "revision": 3}
    assert c.call("target.list", {"names": []}, more=1)["revision"] == 3
    first, second = server.requests
    assert first["method"] == "POST" and first["path"] == "/rpc"
    assert first["headers"]["content-type"] == "application/json"
    assert first["json"] == {"jsonrpc": "2.0", "id": 1, "method": "target.list",
                             "params": {"names": ["iqn.2026-01.org.example:a"]}}  # fmt: skip
    assert second["json"]["params"] == {"names": [], "more": 1} and second["json"]["id"] == 2


def test_what_is_not_given_is_not_sent_and_null_is(fake):
    server = fake(result({}))
    c = client_of(server)
    c.portal_group.update(2, preferred=False, redirect=None)
    c.backstore.resize("disk0", None)
    c.lun.create("iqn.2026-01.org.example:a", "disk0")
    assert [r["json"]["params"] for r in server.requests] == [
        {"tag": 2, "preferred": False, "redirect": None},
        {"name": "disk0", "size": None},
        {"target": "iqn.2026-01.org.example:a", "backstore": "disk0"},
    ]


def test_every_method_of_the_schemas_is_there_by_noun_and_verb():
    methods = []
    for name in sorted(os.listdir(SCHEMAS)):
        if name.endswith(".json"):
            methods += json.load(open(os.path.join(SCHEMAS, name), encoding="utf-8"))["methods"]
    sent = []
    api = Api(lambda method, params: sent.append(method))
    for method in methods:
        noun, verb = method["name"].split(".")
        getattr(getattr(api, noun), verb)(**{p["name"]: None for p in method["params"] if p["required"]})
    assert sent == [m["name"] for m in methods] and len(sent) > 40
    taken = {m["name"].split(".")[0] for m in methods} & set(vars(Client))
    assert not taken, f"nouns that hide what Client has: {taken}"


# --- errors ---


def test_each_error_of_the_schemas_has_its_class():
    for name in sorted(os.listdir(SCHEMAS)):
        if name.endswith(".json"):
            errors = json.load(open(os.path.join(SCHEMAS, name), encoding="utf-8"))["components"]["errors"]
            for key, value in errors.items():
                kind = blockgate._errors.BY_NAME[key]
                assert kind.code == value["code"] and issubclass(kind, GatewayError)
                assert getattr(blockgate, kind.__name__) is kind


@pytest.mark.parametrize(
    "name, kind, data, member",
    [
        ("NOT_FOUND", blockgate.NotFound, {"near": ["disk0"]}, "near"),
        ("ALREADY_EXISTS", blockgate.AlreadyExists, {"differences": [{"path": "/alias"}]}, "differences"),
        ("BUSY", blockgate.Busy, {"objects": [{"kind": "session", "id": "s-4"}]}, "objects"),
        ("REVISION_MISMATCH", blockgate.RevisionMismatch, {"expected": 3, "actual": 4}, "actual"),
        ("INVALID_CONFIG", blockgate.InvalidConfig, {"problems": []}, "problems"),
        ("BACKEND_ERROR", blockgate.BackendError, {"errno": 2, "errno_name": "ENOENT"}, "errno_name"),
    ],
)
def test_an_error_is_raised_as_the_class_of_its_name(fake, name, kind, data, member):
    c = client_of(fake(error(name, "it went wrong", -32001, **data)))
    with pytest.raises(kind) as e:
        c.target.list()
    assert str(e.value) == "it went wrong" and e.value.name == name and e.value.code == -32001
    assert e.value.method == "target.list"
    assert getattr(e.value, member) == data[member]


def test_an_error_that_is_newer_than_the_client_is_a_call_error(fake):
    c = client_of(fake(error("OUT_OF_CHEESE", code=-32099, left=0)))
    with pytest.raises(blockgate.CallError) as e:
        c.call("daemon.info")
    assert type(e.value) is blockgate.CallError and e.value.name == "OUT_OF_CHEESE" and e.value.data["left"] == 0


@pytest.mark.parametrize(
    "answer, kind, said",
    [
        (http(EVHTTP_413, "413 Request Entity Too Large"), HttpError, "413 Request Entity Too Large"),
        (http("", "401 Unauthorized"), blockgate.Unauthorized, "status 401: Unauthorized"),
        (http('{"error":{"code":1,"message":"which token?"}}', "401 Unauthorized"), blockgate.Unauthorized, "which token?"),
        (http('{"error":{"code":-32001,"message":"try POST /rpc","data":{"name":"NOT_FOUND"}}}', "404 Not Found"),
         HttpError, "try POST /rpc"),
        (http('{"error":{"code":-32005,"message":"not you","data":{"name":"PERMISSION_DENIED"}}}', "403 Forbidden"),
         blockgate.PermissionDenied, "not you"),
        (http('{"error":["message"]}', "500 Oh"), HttpError, "500"),
        (http("<html>busy</html>", "503 Busy"), GatewayUnavailable, "busy"),
        (http("<html>welcome to nginx</html>"), HttpError, "welcome to nginx"),
        (http("[" * 100000), HttpError, "[[["),
        (http("[1, 2]"), HttpError, "not blockgated"),
        (http('{"jsonrpc":"2.0","id":99,"result":{}}'), HttpError, "another call"),
        (http('{"jsonrpc":"2.0","id":1,"result":{},"error":{}}'), HttpError, "not blockgated"),
        (http('{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"no JSON"}}', "400 Bad"),
         blockgate.ParseError, "no JSON"),
        (http('{"jsonrpc":"2.0","id":1,"error":{"code":"x","message":7,"data":[]}}'), blockgate.CallError, "7"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", GatewayUnavailable, "the connection broke"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{", GatewayUnavailable, "the connection broke"),
        (CLOSE, GatewayUnavailable, "the connection broke"),
    ],
)  # fmt: skip
def test_an_odd_answer_is_one_of_the_clients_errors(fake, answer, kind, said):
    with pytest.raises(kind) as e:
        client_of(fake(answer)).call("daemon.info")
    assert said in str(e.value)


def test_no_answer_in_time_says_that_the_call_may_have_been_made(fake):
    server = fake(SILENCE)
    with pytest.raises(GatewayTimeout) as e:
        client_of(server, timeout=0.05, retry_s=5).call("target.delete", name="x")
    assert e.value.maybe_done and len(server.requests) == 1


def test_a_call_that_waits_gets_the_time_that_it_asks_for(fake):
    def late(request):
        time.sleep(0.2)
        return result({"events": [], "last": 1, "lost": 0})(request)

    assert client_of(fake(late), timeout=0.05).call("event.poll", timeout_ms=5000)["last"] == 1


# --- connections ---


def test_connections_are_used_again(fake):
    server = fake(result({}))
    c = client_of(server)
    for _ in range(5):
        c.call("daemon.info")
    assert server.connections == 1 and len(server.requests) == 5


def test_a_connection_that_the_server_has_closed_is_not_used_again(fake):
    server = fake(result({}, headers=["Connection: close"]), lambda r: result({})(r) + b"Connection: close", result({}))
    c = client_of(server)
    c.call("daemon.info")
    c.call("daemon.info")  # after this one the server closes, and has not said so
    assert server.connections == 2
    (_, connection), = c.transport.idle
    assert select.select([connection.sock], [], [], 5)[0]
    c.call("daemon.info")
    assert server.connections == 3 and len(server.requests) == 3


def test_threads_share_a_client(fake):
    server = fake(lambda r: result({"you": r["json"]["params"]["me"]})(r))
    c = client_of(server)
    wrong = []

    def work(me):
        for _ in range(50):
            if c.call("daemon.info", me=me)["you"] != me:
                wrong.append(me)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong and len(server.requests) == 400
    assert len({r["json"]["id"] for r in server.requests}) == 400


def test_a_forked_process_makes_its_own_connection(fake):
    server = fake(result({"pid": 1}))
    c = client_of(server)
    c.call("daemon.info")
    pid = os.fork()
    if pid == 0:
        try:
            c.call("daemon.info")
            os._exit(0)
        except BaseException:
            os._exit(1)
    assert os.waitpid(pid, 0)[1] == 0
    c.call("daemon.info")
    assert server.connections == 2


# --- trying again ---


def test_a_daemon_that_is_starting_is_asked_again(fake):
    server = fake(error("UNAVAILABLE", state="starting"), http("", "503 Busy"), result({"fine": True}))
    assert client_of(server, retry_s=10).call("daemon.info") == {"fine": True}
    assert len(server.requests) == 3


def test_a_socket_that_is_not_there_yet_is_waited_for(folder, fake):
    c = Client(os.path.join(folder, "fake.sock"), retry_s=10)
    server = []
    threading.Timer(0.1, lambda: server.append(fake(result({"fine": True})))).start()
    assert c.call("daemon.info") == {"fine": True}


def test_trying_again_ends_at_its_deadline(folder):
    start = time.monotonic()
    with pytest.raises(GatewayUnavailable) as e:
        Client(os.path.join(folder, "nobody"), retry_s=0.3).call("daemon.info")
    assert 0.1 < time.monotonic() - start < 3
    assert "nobody" in str(e.value) and not e.value.maybe_done


@pytest.mark.parametrize("answer", [CLOSE, error("BUSY"), error("PERSIST_FAILED"), b"HTTP/1.1 200 OK\r\n"])
def test_a_call_that_may_have_been_made_is_not_made_again(fake, answer):
    server = fake(answer)
    with pytest.raises(GatewayError):
        client_of(server, retry_s=5, timeout=0.2).call("lun.create", target="x", backstore="y")
    assert len(server.requests) == 1


def test_unavailable_is_caught_with_what_cannot_be_reached(fake):
    with pytest.raises(GatewayUnavailable) as e:
        client_of(fake(error("UNAVAILABLE", state="stopping"))).call("daemon.info")
    assert isinstance(e.value, blockgate.Unavailable) and e.value.state == "stopping"


# --- addresses ---


@pytest.mark.parametrize(
    "url, shown",
    [
        ("/run/x.sock", ("/run/x.sock", "localhost", 80, "", False)),
        ("run/api.sock", ("run/api.sock", "localhost", 80, "", False)),
        ("unix:/run/x.sock", ("/run/x.sock", "localhost", 80, "", False)),
        ("unix:///run/x.sock", ("/run/x.sock", "localhost", 80, "", False)),
        ("http://127.0.0.1:8080", (None, "127.0.0.1", 8080, "", False)),
        ("http://[::1]:8080/", (None, "::1", 8080, "", False)),
        ("https://gw.example.org", (None, "gw.example.org", 443, "", True)),
        ("https://gw.example.org:8443/blockgate/", (None, "gw.example.org", 8443, "/blockgate", True)),
    ],
)
def test_an_address_is_a_path_or_a_url(url, shown):
    a = Address(url)
    assert (a.socket, a.host, a.port, a.prefix, a.is_tls) == shown


@pytest.mark.parametrize("url", ["ftp://x", "http://", "https://me:secret@x", "https://x/?token=1", "unix:", "http://x:y"])
def test_what_is_no_address_is_refused(url):
    with pytest.raises(ValueError):
        Address(url)


def test_a_token_is_sent_and_does_not_cross_a_network_in_the_clear(fake, folder):
    server = fake(result({}))
    Client(server.path, token="abc").call("daemon.info")
    assert server.requests[0]["headers"]["authorization"] == "Bearer abc"
    for url in ("http://127.0.0.1:1", "http://[::1]:1", "http://localhost:1", "https://gw.example.org"):
        Client(url, token="abc")
    for url in ("http://192.0.2.1", "http://gw.example.org"):
        with pytest.raises(ValueError, match="https"):
            Client(url, token="abc")


def test_the_environment_says_where_the_daemon_is(fake, monkeypatch):
    server = fake(result({}))
    monkeypatch.setenv("BLOCKGATE_URL", server.path)
    assert Client().call("daemon.info") == {}
    monkeypatch.delenv("BLOCKGATE_URL")
    assert Client().url == "/run/blockgated/api.sock"


def test_tcp_and_unknown_hosts_are_the_clients_errors():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    with pytest.raises(GatewayUnavailable, match="refused"):
        Client(f"http://127.0.0.1:{port}", retry_s=0).call("daemon.info")
    with pytest.raises(GatewayUnavailable):
        Client("http://nobody.invalid", retry_s=0).call("daemon.info")


# --- batches, events, jobs ---


def test_a_batch_goes_as_one_request_and_each_call_has_its_own_end(fake):
    def answer(request):
        calls = request["json"]
        errors = {"code": -32001, "message": "gone", "data": {"name": "NOT_FOUND"}}
        return http(json.dumps([
            {"jsonrpc": "2.0", "id": c["id"], **({"error": errors} if c["method"] == "lun.get" else {"result": c["params"]})}
            for c in reversed(calls)]))  # fmt: skip

    server = fake(answer)
    with client_of(server).batch() as b:
        first, second = b.call("target.get", name="a"), b.call("lun.get")
        third = b.call("target.get", {"name": "c"})
        with pytest.raises(GatewayError, match="not been sent"):
            first.result()
    assert len(server.requests) == 1
    assert first.result() == {"name": "a"} and third.result() == {"name": "c"}
    assert isinstance(second.error, blockgate.NotFound)
    with pytest.raises(blockgate.NotFound):
        second.result()


def test_a_large_batch_is_several_requests_and_an_empty_one_is_none(fake):
    server = fake(lambda r: http(json.dumps([{"jsonrpc": "2.0", "id": c["id"], "result": {}} for c in r["json"]])))
    c = client_of(server)
    with c.batch():
        pass
    with c.batch() as b:
        calls = [b.call("daemon.info") for _ in range(230)]
    assert [len(r["json"]) for r in server.requests] == [100, 100, 30]
    assert all(call.result() == {} for call in calls)


def test_a_batch_left_by_an_exception_is_not_sent(fake):
    server = fake(result({}))
    with pytest.raises(KeyError), client_of(server).batch() as b:
        b.call("target.delete", name="x")
        raise KeyError
    assert not server.requests


def test_a_batch_whose_answer_lacks_a_call_is_an_error(fake):
    server = fake(http('[{"jsonrpc":"2.0","id":77,"result":{}}]'))
    with pytest.raises(HttpError, match="other calls"), client_of(server).batch() as b:
        b.call("daemon.info")


def event(number):
    return {"id": number, "time": "2026-11-22T06:00:00Z", "type": "session.opened", "object": {}}


def test_events_go_on_where_they_were_and_count_what_was_lost(fake):
    server = fake(
        result({"events": [event(5), event(6)], "last": 6, "lost": 0}),
        result({"events": [], "last": 6, "lost": 0}),
        result({"events": [event(11)], "last": 11, "lost": 4}),
    )
    events = client_of(server).events(after=4, types=["session.opened"])
    assert [next(events)["id"] for _ in range(3)] == [5, 6, 11]
    assert (events.last, events.lost) == (11, 4)
    params = [r["json"]["params"] for r in server.requests]
    assert [p["after"] for p in params] == [4, 6, 6] and params[0]["types"] == ["session.opened"]


def job(state, **more):
    return {"id": "j-1", "method": "backstore.create", "state": state, "progress": 0.5, "started": "", **more}


def test_waiting_for_a_job_ends_with_it(fake):
    seen = []
    server = fake(result(job("running")), result(job("running")), result(job("succeeded", result={"changed": True})))
    done = client_of(server).wait({"changed": True, "job": job("running")}, progress=lambda j: seen.append(j["state"]))
    assert done["result"] == {"changed": True} and seen == ["running", "running", "succeeded"]
    assert all(r["json"]["params"]["id"] == "j-1" for r in server.requests)
    assert client_of(server).wait({"changed": False}) == {"changed": False}


def test_a_job_that_failed_raises_its_error(fake):
    failed = job("failed", error={"code": -32007, "message": "disk full", "data": {"name": "BACKEND_ERROR", "errno": 28}})
    server = fake(result(failed), result(job("cancelled")))
    with pytest.raises(blockgate.BackendError, match="disk full") as e:
        client_of(server).wait("j-1")
    assert e.value.errno == 28 and e.value.method == "backstore.create"
    with pytest.raises(blockgate.CallError) as e:
        client_of(server).wait("j-1")
    assert e.value.name == "CANCELLED"


def test_waiting_for_a_job_has_an_end(fake):
    with pytest.raises(GatewayTimeout, match="j-1"):
        client_of(fake(result(job("running")))).wait("j-1", timeout=0.05)


# --- types ---


@pytest.mark.parametrize(
    "code, complaint",
    [
        ('c.target.get("iqn.2026-01.org.example:a")["luns"][0]["backstore"].upper()', None),
        ('c.target.create("iqn.2026-01.org.example:a", luns=[{"lun": 0, "backstore": "d"}])', None),
        ('c.backstore.create({"name": "d", "type": "ram", "size": 1})', None),
        ('c.portal_group.update(1, redirect=None)', None),
        ('c.target.get(nam="iqn")', "Unexpected keyword argument"),
        ('c.target.create("iqn", luns=[{"lun": "0", "backstore": "d"}])', "Incompatible types"),
        ('c.session.close("s-1", how="now")', "incompatible type"),
        ('c.target.list()["revision"].upper()', "no attribute"),
        ('c.lun.create("iqn", "d", enabled=None, read_only="yes")', "incompatible type"),
    ],
)
def test_mypy_accepts_right_calls_and_finds_wrong_ones(folder, code, complaint):
    pytest.importorskip("mypy.api")
    path = os.path.join(folder, "use.py")
    with open(path, "w") as f:
        f.write(textwrap.dedent(f"""\
            from blockgate import Client
            c = Client()
            {code}
        """))
    package = os.path.dirname(os.path.dirname(blockgate.__file__))
    done = subprocess.run([sys.executable, "-m", "mypy", "--strict", "--cache-dir", os.path.join(folder, "c"), path],
                          env={**os.environ, "MYPYPATH": package}, capture_output=True, text=True)  # fmt: skip
    said = done.stdout + done.stderr
    assert (done.returncode == 0) if complaint is None else (done.returncode == 1 and complaint in said), said
