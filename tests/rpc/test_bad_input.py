"""Requests that are wrong: each shows a clear, typed error, and nothing changes."""

import itertools
import json
import os
import socket
import sys
import time

import schemas
from calls import call, fails, unchanged
from daemon import FILE_TYPES, MIB, TARGET, RpcError, free_port
from runner import Skip, cases, default_setup

setup = default_setup


def error_of(daemon, request, name, status=None):
    """REQUEST to /rpc gives error NAME; the daemon lives on unchanged."""
    with unchanged(daemon):
        got, reply = daemon.rpc(request)
    assert reply and "error" in reply, (got, reply)
    schemas.check_error(reply["error"])
    assert reply["error"]["data"]["name"] == name, reply
    assert reply["jsonrpc"] == "2.0" and "id" in reply
    if status:
        assert got == status, got
    return reply


# --- JSON and JSON-RPC ---


@cases(
    b"{", b"}", b"not json", b"\xff\xfe", b'{"jsonrpc":"2.0"', b"{'a':1}", b'{"a":1}x', b'"\\ud800"',
    b'{"jsonrpc":"2.0","id":1,"id":2,"method":"daemon.info"}',
    b'{"jsonrpc":"2.0","id":1,"method":"config.get","params":{"defaults":true,"defaults":false}}',
    b'{"jsonrpc":"2.0","id":1,"method":"config.get","params":{"defaults":1e999}}',
    b'{"jsonrpc":"2.0","id":99999999999999999999,"method":"daemon.info"}',
    b'{"jsonrpc":"2.0","id":1,"method":"daemon\x00.info"}',
    b"[" * 100000, b'{"a":' * 100000, b"[" * 3000 + b"]" * 3000,
)  # fmt: skip
def test_not_JSON(daemon, body):
    reply = error_of(daemon, body, "PARSE_ERROR", 400)
    assert reply["id"] is None


def test_empty_body(daemon):
    status, raw = daemon.http("POST", "/rpc", b"")
    assert status == 400 and json.loads(raw)["error"]["data"]["name"] in ("PARSE_ERROR", "INVALID_REQUEST")


@cases(
    1, "text", None, True, {}, {"jsonrpc": "2.0"}, {"jsonrpc": "1.0", "id": 1, "method": "daemon.info"},
    {"id": 1, "method": "daemon.info"}, {"jsonrpc": "2.0", "id": 1, "method": 5},
    {"jsonrpc": "2.0", "id": 1.5, "method": "daemon.info"},
    {"jsonrpc": "2.0", "id": {}, "method": "daemon.info"},
    {"jsonrpc": "2.0", "id": [1], "method": "daemon.info"},
    {"jsonrpc": "2.0", "id": True, "method": "daemon.info"},
    {"jsonrpc": 2.0, "id": 1, "method": "daemon.info"}, [],
)  # fmt: skip
def test_not_a_request(daemon, request):
    error_of(daemon, json.dumps(request).encode(), "INVALID_REQUEST")


@cases([], [1], "text", 5)
def test_parameters_that_are_no_object(daemon, params):
    request = {"jsonrpc": "2.0", "id": 1, "method": "daemon.info", "params": params}
    got, reply = daemon.rpc(request)
    assert reply["error"]["data"]["name"] in ("INVALID_PARAMS", "INVALID_REQUEST"), reply


@cases(1, 0, -5, "text", "", "ключ", None, 9223372036854775807, -9223372036854775808)
def test_id_comes_back_as_it_was(daemon, serial):
    _, reply = daemon.rpc({"jsonrpc": "2.0", "id": serial, "method": "daemon.info"})
    assert reply["id"] == serial and type(reply["id"]) is type(serial)
    _, reply = daemon.rpc({"jsonrpc": "2.0", "id": serial, "method": "no.such"})
    assert reply["id"] == serial


@cases("no.such", "", "rpc.", "daemon", "Daemon.Info", "daemon.info ", "x" * 5000, "../config.get", "a\nb")
def test_unknown_method(daemon, method):
    e = fails(daemon, "METHOD_NOT_FOUND", method)
    assert e.code == -32601


def test_near_names_are_told(daemon):
    e = fails(daemon, "METHOD_NOT_FOUND", "target.creat")
    assert "target.create" in e.data["near"], e.data
    e = fails(daemon, "NOT_FOUND", "backstore.get", name="disk")
    assert e.data["kind"] == "backstore" and e.data["object"] == "disk", e.data
    assert "disk0" in e.data["near"], e.data


def test_notification_is_carried_out_and_not_answered(daemon):
    request = {"jsonrpc": "2.0", "method": "backstore.create",
               "params": {"backstore": {"name": "quiet", "type": "null", "size": MIB}}}  # fmt: skip
    status, reply = daemon.rpc(request)
    assert status == 204 and reply is None
    assert call(daemon, "backstore.get", name="quiet")
    request["method"], request["params"] = "backstore.delete", {"name": "quiet"}
    status, reply = daemon.rpc(request)
    assert status == 204 and reply is None
    fails(daemon, "NOT_FOUND", "backstore.get", name="quiet")


def test_wrong_notification_is_not_answered_either(daemon):
    for request in ({"jsonrpc": "2.0", "method": "no.such"},
                    {"jsonrpc": "2.0", "method": "backstore.get", "params": {"name": 5}}):  # fmt: skip
        status, reply = daemon.rpc(request)
        assert status == 204 and reply is None


def test_batch_is_answered_in_order(daemon):
    def create(n):
        return {"name": f"batch{n}", "type": "null", "size": MIB}

    batch = [{"jsonrpc": "2.0", "id": n, "method": "backstore.create", "params": {"backstore": create(n)}}
             for n in range(5)]  # fmt: skip
    batch.insert(2, {"jsonrpc": "2.0", "id": "wrong", "method": "no.such"})
    batch.insert(3, {"jsonrpc": "2.0", "method": "daemon.info"})  # no answer to this one
    batch.insert(4, 5)
    status, replies = daemon.rpc(batch)
    assert status == 200
    assert [r["id"] for r in replies] == [0, 1, "wrong", None, 2, 3, 4], replies
    assert replies[2]["error"]["data"]["name"] == "METHOD_NOT_FOUND"
    assert replies[3]["error"]["data"]["name"] == "INVALID_REQUEST"
    revisions = [r["result"]["revision"] for r in replies if "result" in r]
    assert revisions == sorted(revisions) and len(set(revisions)) == 5, "one after another"
    for n in range(5):
        daemon.call("backstore.delete", name=f"batch{n}")


def test_batch_of_notifications_is_not_answered(daemon):
    status, reply = daemon.rpc([{"jsonrpc": "2.0", "method": "daemon.info"}] * 3)
    assert status == 204 and reply is None


def test_batch_has_a_limit(daemon):
    one = {"jsonrpc": "2.0", "id": 1, "method": "daemon.info"}
    status, replies = daemon.rpc([one] * 100)
    assert len(replies) == 100 and all("result" in r for r in replies)
    with unchanged(daemon):
        status, reply = daemon.rpc([one] * 101)
    assert isinstance(reply, dict) and reply["error"]["data"]["name"] in ("INVALID_REQUEST", "LIMIT_EXCEEDED"), reply


def test_nested_batch_is_refused(daemon):
    _, replies = daemon.rpc([[{"jsonrpc": "2.0", "id": 1, "method": "daemon.info"}]])
    assert replies[0]["error"]["data"]["name"] == "INVALID_REQUEST"


# --- HTTP ---


def raw_http(daemon, raw, limit=10):
    """Sends RAW and reads until the daemon closes or an answer is there."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(limit)
        s.connect(daemon.rpc_path)
        try:
            s.sendall(raw)
            s.shutdown(socket.SHUT_WR)
        except ConnectionError:
            pass
        out = b""
        try:
            while part := s.recv(65536):
                out += part
        except (ConnectionError, TimeoutError):
            pass
        return out


def alive(daemon):
    assert daemon.running()
    assert call(daemon, "daemon.info")["name"] == "blockgated"


@cases(("GET", "/rpc", (405,)), ("PUT", "/rpc", (405, 501)), ("DELETE", "/rpc", (405, 501)),
       ("BREW", "/rpc", (400, 405, 501)), ("GET", "/nowhere", (404,)), ("POST", "/", (404, 405)),
       ("POST", "/call/no.such", (404,)), ("POST", "/call/", (404,)), ("GET", "/call", (404,)),
       ("POST", "/rpc/", (404,)), ("GET", "/../../etc/passwd", (400, 404)),
       ("GET", "/call/backstore.create", (405, 422)), ("POST", "/call/" + "a" * 3000, (404,)))  # fmt: skip
def test_wrong_verb_or_path(daemon, verb, path, statuses):
    with unchanged(daemon):
        status, raw = daemon.http(verb, path, b"{}" if verb == "POST" else None)
    assert status in statuses, (status, raw)


@cases(("target.get", {"name": "iqn.2026-01.x:none"}, 404), ("target.get", {"name": 5}, 422),
       ("target.get", {}, 422), ("backstore.delete", {"name": "disk0"}, 409),
       ("config.apply", {"config": {}, "mode": "merge", "expect_revision": 999999}, 412),
       ("backstore.create", {"backstore": {"name": "x", "type": "rdwr", "path": "/nowhere/x"}}, 502),
       ("backstore.create", {"backstore": {"name": "disk0", "type": "null", "size": 512}}, 409))  # fmt: skip
def test_short_form_tells_by_status(daemon, method, params, status):
    with unchanged(daemon):
        got, raw = daemon.http("POST", f"/call/{method}", json.dumps(params).encode())
    assert got == status, (got, raw)
    body = json.loads(raw)
    schemas.check_error(body.get("error", body), method)


def test_short_form_with_a_body_that_is_not_JSON(daemon):
    for body in (b"{", b"[]", b"5", b'{"a":1,"a":2}'):
        status, raw = daemon.http("POST", "/call/daemon.info", body)
        assert status in (400, 422), (body, status)
        assert json.loads(raw)


def test_body_of_ten_megabytes(daemon):
    """A whole one is refused or wrong, never fatal; memory comes back."""
    daemon.call("daemon.info")
    before = daemon.memory()
    body = b'{"jsonrpc":"2.0","id":1,"method":"daemon.info","params":{"x":"' + b"x" * (10 * MIB) + b'"}}'
    with unchanged(daemon):
        try:
            status, raw = daemon.http("POST", "/rpc", body)
            assert status in (413, 400, 200), status
            if status == 200:
                assert json.loads(raw)["error"]["data"]["name"] == "INVALID_PARAMS"
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused by its announced length, before it was sent
    assert daemon.memory() - before < 64 * MIB
    alive(daemon)


def test_announced_length_of_many_gigabytes(daemon):
    for length in ("99999999999", "18446744073709551615", "-1", "abc", "4294967296"):
        out = raw_http(daemon, f"POST /rpc HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{{}}".encode())
        assert not out or out.startswith(b"HTTP/1.1 4"), out[:100]
    alive(daemon)


def test_half_a_request(daemon):
    whole = b"POST /rpc HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n" + b'{"jsonrpc":"2.0","id":1,"method":"daemon.info"}   '
    with unchanged(daemon):
        for cut in range(0, len(whole), 3):
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(daemon.rpc_path)
                s.sendall(whole[:cut])
    alive(daemon)


def test_half_a_request_does_not_hold_up_others(daemon):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(daemon.rpc_path)
        s.sendall(b"POST /rpc HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        start = time.monotonic()
        alive(daemon)
        assert time.monotonic() - start < 2


@cases(
    b"\r\n\r\n", b"GET\r\n\r\n", b"\x00" * 100, b"POST /rpc HTTP/9.9\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"POST /rpc HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 40\r\n\r\n{}",
    b"POST /rpc HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
    b"POST /rpc HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST /rpc HTTP/1.1\r\n" + b"X: y\r\n" * 20000 + b"\r\n",
    b"POST /rpc HTTP/1.1\r\nX: " + b"y" * 300000 + b"\r\n\r\n",
    b"POST /" + b"a" * 100000 + b" HTTP/1.1\r\n\r\n",
    b"POST /rpc HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}" * 50,
)  # fmt: skip
def test_odd_HTTP(daemon, raw):
    with unchanged(daemon):
        raw_http(daemon, raw, 3)
    alive(daemon)


def test_chunked_body_works(daemon):
    body = b'{"jsonrpc":"2.0","id":1,"method":"daemon.info"}'
    raw = b"POST /rpc HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    raw += b"%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n" % (10, body[:10], len(body) - 10, body[10:])
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(5)
        s.connect(daemon.rpc_path)
        s.sendall(raw)
        got = b""
        while b"blockgated" not in got:
            part = s.recv(65536)
            assert part, got
            got += part


def test_requests_on_one_connection(daemon):
    from daemon import UnixHTTP

    c = UnixHTTP(daemon.rpc_path)
    for n in range(20):
        c.request("POST", "/rpc", json.dumps({"jsonrpc": "2.0", "id": n, "method": "daemon.info"}))
        reply = c.getresponse()
        assert json.loads(reply.read())["id"] == n
    c.close()


def test_liveness_and_readiness(daemon):
    for path in ("/healthz", "/readyz"):
        status, raw = daemon.http("GET", path)
        assert status == 200 and isinstance(json.loads(raw), dict), (path, status, raw)


def test_callers_that_hang_up_in_mid_call(daemon):
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "rpc.discover"}).encode()
    raw = b"POST /rpc HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    create = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "backstore.create", "params": {"backstore": {
        "name": "hangup", "type": "rdwr", "path": daemon.path("hangup"), "size": MIB, "create": True}}}).encode()  # fmt: skip
    raw_create = b"POST /rpc HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(create) + create
    for n in range(100):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(daemon.rpc_path)
            s.sendall(raw if n % 2 else raw_create)
            if n % 3 == 0:
                s.recv(1)
    alive(daemon)
    daemon.call("backstore.delete", name="hangup", delete_data=True)


def test_many_callers_that_never_finish(daemon):
    sockets = []
    for _ in range(200):
        s = socket.socket(socket.AF_UNIX)
        s.connect(daemon.rpc_path)
        s.sendall(b"POST /rpc HTTP/1.1\r\n")
        sockets.append(s)
    alive(daemon)
    daemon.check_serving()
    for s in sockets:
        s.close()
    alive(daemon)


# --- values ---

DISK = {"name": "bad", "type": "ram", "size": MIB}


@cases(
    ("no size", {"size": None}), ("size 0", {"size": 0}), ("size -512", {"size": -512}),
    ("size of part of a block", {"size": 1000}), ("size text", {"size": "1M"}), ("size 1.5", {"size": 1.5}),
    ("block size 1000", {"block_size": 1000}), ("type none", {"type": "floppy"}), ("type missing", {"type": None}),
    ("name with a slash", {"name": "a/b"}), ("name empty", {"name": ""}), ("name of 65", {"name": "a" * 65}),
    ("name with newline", {"name": "a\n"}), ("name missing", {"name": None}),
    ("unknown option", {"colour": "blue"}), ("option of another type", {"path": "/x"}),
    ("naa not hex", {"naa": "x" * 16}), ("serial too long", {"serial": "s" * 33}), ("bool text", {"read_only": "no"}),
    ("vendor too long", {"vendor_id": "v" * 9}), ("zero in text", {"serial": "a\u0000b"}),
)  # fmt: skip
def test_backstore_with_a_wrong_value(daemon, why, change):
    spec = {k: v for k, v in {**DISK, **change}.items() if v is not None}
    e = fails(daemon, ("INVALID_PARAMS", "INVALID_CONFIG"), "backstore.create", backstore=spec)
    assert e.message


@cases(
    ("not a name", {"name": "disk"}), ("upper case", {"name": "IQN.2026-01.org.example:x"}),
    ("bad month", {"name": "iqn.2026-13.org.example:x"}), ("224 characters", {"name": "iqn.2026-01.org:" + "x" * 208}),
    ("LUN 16384", {"luns": [{"lun": 16384, "backstore": "disk0"}]}),
    ("LUN -1", {"luns": [{"lun": -1, "backstore": "disk0"}]}),
    ("LUN twice", {"luns": [{"lun": 0, "backstore": "disk0"}, {"lun": 0, "backstore": "disk0"}]}),
    ("no such backstore", {"luns": [{"lun": 0, "backstore": "none"}]}),
    ("no such portal group", {"portal_groups": [99]}), ("portal group 0", {"portal_groups": [0]}),
    ("portal groups empty", {"portal_groups": []}), ("portal group twice", {"portal_groups": [1, 1]}),
    ("burst below 512", {"parameters": {"max_burst_length": 511}}),
    ("burst too long", {"parameters": {"max_burst_length": 16777216}}),
    ("unknown parameter", {"parameters": {"max_fun": 1}}),
    ("empty digest list", {"parameters": {"header_digest": []}}),
    ("unknown digest", {"parameters": {"header_digest": ["md5"]}}),
    ("initiator empty", {"acls": [{"initiator": ""}]}), ("initiator that is no name", {"acls": [{"initiator": "iqn.a"}]}),
    ("pattern with a blank", {"acls": [{"initiator": "iqn. *"}]}),
    ("networks empty", {"acls": [{"initiator": "*", "networks": []}]}),
    ("network with host bits", {"acls": [{"initiator": "*", "networks": ["192.0.2.7/24"]}]}),
    ("network without prefix", {"acls": [{"initiator": "*", "networks": ["192.0.2.7"]}]}),
    ("network with a long prefix", {"acls": [{"initiator": "*", "networks": ["192.0.2.7/33"]}]}),
    ("entry shows a LUN that is not there", {"acls": [{"initiator": "*", "luns": [{"lun": 1}]}]}),
    ("entry shows a LUN twice", {"luns": [{"lun": 0, "backstore": "disk0"}],
                                 "acls": [{"initiator": "*", "luns": [{"lun": 0}, {"lun": 0, "seen_as": 1}]}]}),
    ("entry shows two LUNs as one", {"luns": [{"lun": n, "backstore": "disk0"} for n in (0, 1)],
                                     "acls": [{"initiator": "*", "luns": [{"lun": 0}, {"lun": 1, "seen_as": 0}]}]}),
    ("LUN seen as 16384", {"luns": [{"lun": 0, "backstore": "disk0"}],
                           "acls": [{"initiator": "*", "luns": [{"lun": 0, "seen_as": 16384}]}]}),
    ("redirect to nowhere", {"redirect": {}}), ("redirect to a wildcard", {"redirect": {"address": "::"}}),
    ("redirect to no address", {"redirect": {"address": "192.0.2"}}),
    ("redirect with a path", {"redirect": {"address": "host/x"}}),
    ("redirect with a long name", {"redirect": {"address": "a" * 249}}),
    ("initiator twice", {"acls": [{"initiator": "*"}, {"initiator": "*"}]}),
    ("alias too long", {"alias": "a" * 256}),
)  # fmt: skip
def test_target_with_a_wrong_value(daemon, why, change):
    params = {"name": TARGET + "-bad", **change}
    fails(daemon, ("INVALID_PARAMS", "INVALID_CONFIG", "NOT_FOUND"), "target.create", **params)


@cases(("tag 0", 0, [{"address": "127.0.0.1"}]), ("tag 65536", 65536, [{"address": "127.0.0.1"}]),
       ("no portal", 9, []), ("port 0", 9, [{"address": "127.0.0.1", "port": 0}]),
       ("port 65536", 9, [{"address": "127.0.0.1", "port": 65536}]), ("a name", 9, [{"address": "localhost"}]),
       ("not an address", 9, [{"address": "1.2.3"}]), ("not an address either", 9, [{"address": "999.1.1.1"}]),
       ("same portal twice", 9, [{"address": "127.0.0.1", "port": 3999}, {"address": "127.0.0.1", "port": 3999}]))  # fmt: skip
def test_portal_group_with_a_wrong_value(daemon, why, tag, portals):
    fails(daemon, ("INVALID_PARAMS", "INVALID_CONFIG", "BACKEND_ERROR"), "portal_group.create", tag=tag,
          portals=portals)  # fmt: skip


def test_redirect_that_leads_back(daemon):
    address, port = daemon.address
    back = {"address": address, "port": port}
    fails(daemon, "INVALID_CONFIG", "target.create", name=TARGET + "-back", redirect=back)
    fails(daemon, "INVALID_CONFIG", "portal_group.update", tag=1, redirect=back)


def test_portal_that_another_group_has(daemon):
    address, port = daemon.address
    fails(daemon, ("INVALID_PARAMS", "INVALID_CONFIG"), "portal_group.create", tag=9,
          portals=[{"address": address, "port": port}])  # fmt: skip


def test_port_that_is_taken(daemon):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        port = s.getsockname()[1]
        e = fails(daemon, "BACKEND_ERROR", "portal_group.create", tag=9,
                  portals=[{"address": "127.0.0.1", "port": port}])  # fmt: skip
        assert e.data["errno_name"] == "EADDRINUSE" and str(port) in e.message, e
    daemon.check_serving()


def test_address_that_is_not_ours(daemon):
    e = fails(daemon, "BACKEND_ERROR", "portal_group.create", tag=9,
              portals=[{"address": "192.0.2.1", "port": free_port()}])  # fmt: skip
    assert e.data["errno_name"] == "EADDRNOTAVAIL" and "192.0.2.1" in e.message, e


@cases(*FILE_TYPES)
def test_file_that_is_missing(daemon, kind):
    path = daemon.path("missing")
    e = fails(daemon, "BACKEND_ERROR", "backstore.create", backstore={"name": "bad", "type": kind, "path": path})
    assert e.data["errno_name"] == "ENOENT" and path in e.message, e
    assert not os.path.exists(path)


@cases(*FILE_TYPES)
def test_file_that_is_unreadable(start_daemon, kind):
    # Root may read everything, unless it gives that up.
    wrapper = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    daemon = start_daemon(wrapper=wrapper)
    path = daemon.path("secret")
    with open(path, "wb") as f:
        f.truncate(MIB)
    os.chmod(path, 0)
    e = fails(daemon, "BACKEND_ERROR", "backstore.create", backstore={"name": "bad", "type": kind, "path": path})
    assert e.data["errno_name"] == "EACCES" and path in e.message, e


@cases(*FILE_TYPES)
def test_file_that_is_too_small(daemon, kind):
    path = daemon.path("small")
    with open(path, "wb") as f:
        f.truncate(4096)
    e = fails(daemon, ("BACKEND_ERROR", "INVALID_CONFIG"), "backstore.create",
              backstore={"name": "bad", "type": kind, "path": path, "size": MIB})  # fmt: skip
    assert path in e.message, e
    assert os.path.getsize(path) == 4096


@cases(*itertools.product(FILE_TYPES, FILE_TYPES))
def test_file_that_is_in_use_by_another_backstore(daemon, first, second):
    path = daemon.path(f"shared-{first}-{second}")
    daemon.make_disk("owner", first, size=MIB, path=path)
    try:
        e = fails(daemon, ("BACKEND_ERROR", "INVALID_CONFIG", "BUSY", "INVALID_PARAMS"), "backstore.create",
                  backstore={"name": "bad", "type": second, "path": path})  # fmt: skip
        assert path in e.message or "owner" in str(e), e
    finally:
        daemon.call("backstore.delete", name="owner", delete_data=True)
    assert not os.path.exists(path)


# Runs a program for which io_uring_setup() fails with EPERM, as in a container.
FORBID_IO_URING = """
import ctypes, os, struct, sys

class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("rules", ctypes.c_char_p)]

rules = [(0x20, 0, 0, 0), (0x15, 0, 1, 425), (0x06, 0, 0, 0x50001), (0x06, 0, 0, 0x7FFF0000)]
program = Program(len(rules), b"".join(struct.pack("=HBBI", *rule) for rule in rules))
prctl = ctypes.CDLL(None, use_errno=True).prctl
if prctl(38, 1, 0, 0, 0) != 0 or prctl(22, 2, ctypes.byref(program), 0, 0) != 0:
    sys.exit("no seccomp: " + os.strerror(ctypes.get_errno()))
os.execv(sys.argv[1], sys.argv[1:])
"""


def test_io_uring_where_it_is_forbidden(start_daemon):
    if "io_uring" not in FILE_TYPES:
        raise Skip("io_uring cannot be used here at all")
    daemon = start_daemon()
    daemon.make_disk("before", "io_uring", size=MIB)
    daemon.wrapper = [sys.executable, "-c", FORBID_IO_URING]
    daemon.restart()
    state = daemon.call("backstore.get", name="before")
    assert state["state"] == "error" and "container" in state["error"], state
    path = daemon.path("new")
    for options in {}, {"direct": False}:
        e = fails(daemon, "BACKEND_ERROR", "backstore.create",
                  backstore={"name": "new", "type": "io_uring", "path": path, "size": MIB, "create": True, **options})  # fmt: skip
        assert e.data["errno_name"] == "EPERM" and path in e.message and "aio and rdwr" in e.message, e
    assert not os.path.exists(path)
    types = {t["type"]: t for t in daemon.call("backstore.types")["types"]}
    assert types["aio"]["available"] and "reason" not in types["aio"]
    assert not types["io_uring"]["available"] and "not permitted" in types["io_uring"]["reason"], types["io_uring"]
    daemon.make_disk("instead", "aio", size=MIB)


def test_file_that_is_in_use_by_another_daemon(daemon, start_daemon):
    path = daemon.path("theirs")
    daemon.make_disk("owner", "rdwr", size=MIB, path=path)
    other = start_daemon()
    e = fails(other, "BACKEND_ERROR", "backstore.create", backstore={"name": "bad", "type": "rdwr", "path": path})
    assert path in e.message and "use" in e.message.lower(), e
    daemon.call("backstore.delete", name="owner", delete_data=True)


@cases(("a folder", "/"), ("a device that is no disk", "/dev/zero"), ("a pipe", "fifo"), ("no folder", "no/such/x"),
       ("a path with a zero", "a\0b"), ("relative", "../x"))  # fmt: skip
def test_path_that_cannot_be_a_disk(daemon, why, path):
    if path == "fifo":
        path = daemon.path("fifo")
        os.mkfifo(path)
    start = time.monotonic()
    fails(daemon, ("BACKEND_ERROR", "INVALID_PARAMS", "INVALID_CONFIG", "PARSE_ERROR"), "backstore.create",
          backstore={"name": "bad", "type": "rdwr", "path": path, "size": MIB})  # fmt: skip
    assert time.monotonic() - start < 5, "it waited for a pipe"


def test_file_that_does_not_fit_on_the_file_system(daemon):
    path = daemon.path("huge")
    fails(daemon, "BACKEND_ERROR", "backstore.create", backstore={
        "name": "bad", "type": "rdwr", "path": path, "size": 1 << 60, "create": True, "preallocate": "falloc"})  # fmt: skip
    assert not os.path.exists(path), "a failed create leaves its file behind"


def test_create_without_a_size(daemon):
    path = daemon.path("sizeless")
    fails(daemon, ("BACKEND_ERROR", "INVALID_CONFIG", "INVALID_PARAMS"), "backstore.create",
          backstore={"name": "bad", "type": "rdwr", "path": path, "create": True})  # fmt: skip
    assert not os.path.exists(path)


def test_memory_that_nobody_has(daemon):
    for size in (1 << 62, (1 << 63) - 512, 1 << 50):
        try:
            call(daemon, "backstore.create", backstore={"name": "bad", "type": "ram", "size": size})
            daemon.call("backstore.delete", name="bad")  # memory that is given only when used
        except RpcError as e:
            assert e.name in ("BACKEND_ERROR", "INVALID_PARAMS", "INVALID_CONFIG", "LIMIT_EXCEEDED"), e
    alive(daemon)


def test_config_with_five_problems_names_all_five(daemon):
    config = {
        "backstores": {"a": {"type": "ram", "size": 1000}, "b": {"type": "ram", "size": MIB}},
        "targets": {
            TARGET + "-1": {"luns": {"0": {"backstore": "nowhere"}}},
            TARGET + "-2": {"luns": {"1": {"backstore": "nothing"}}, "portal_groups": [77]},
        },
        "portal_groups": {"5": {"portals": [{"address": daemon.address[0], "port": daemon.address[1]}]}},
    }
    e = fails(daemon, "INVALID_CONFIG", "config.apply", config=config, mode="merge")
    paths = [p["path"] for p in e.data["problems"]]
    wanted = ["/backstores/a", f"/targets/{TARGET}-1/luns/0", f"/targets/{TARGET}-2/luns/1",
              f"/targets/{TARGET}-2/portal_groups", "/portal_groups/5"]  # fmt: skip
    for where in wanted:
        assert any(p.startswith(where) for p in paths), f"{where} is not named: {e.data}"
    assert all(p["message"] for p in e.data["problems"])


def test_config_with_five_schema_problems_names_all_five(daemon):
    config = {
        "backstores": {"a": {"type": "ram", "size": "big"}, "b": {"type": "tape", "size": MIB}},
        "targets": {"nonsense": {}, TARGET + "-3": {"alias": 5, "luns": {"70000": {"backstore": "disk0"}}}},
        "colour": "blue",
    }
    e = fails(daemon, ("INVALID_CONFIG", "INVALID_PARAMS"), "config.apply", config=config, mode="merge")
    paths = [p["path"] for p in e.data["problems"]]
    for where in ("/backstores/a", "/backstores/b", "/targets/nonsense", f"/targets/{TARGET}-3/alias", "/colour"):
        assert any(where in p or where[1:] in p for p in paths), f"{where} is not named: {e.data}"


def test_config_that_fails_when_it_is_prepared_changes_nothing(daemon):
    """The last of three files is missing: the first two are not left behind."""
    good = {"type": "rdwr", "path": daemon.path("prepared"), "size": MIB, "create": True}
    config = {"backstores": {"a1": good, "a2": {"type": "ram", "size": MIB},
                             "z": {"type": "rdwr", "path": daemon.path("missing")}},
              "targets": {TARGET + "-4": {"luns": {"0": {"backstore": "a1"}}}}}  # fmt: skip
    fails(daemon, "BACKEND_ERROR", "config.apply", config=config, mode="merge")
    assert not os.path.exists(daemon.path("prepared")), "a file was made and left"
    assert [b["name"] for b in daemon.call("backstore.list")["backstores"]] == ["disk0"]


def test_wrong_version_of_the_document(daemon):
    fails(daemon, ("INVALID_CONFIG", "INVALID_PARAMS"), "config.apply", config={"version": 2}, mode="merge")


@cases("backstore", "target", "lun", "acl", "portal_group")
def test_update_of_what_is_not_there(daemon, noun):
    params = {"backstore": {"name": "none", "set": {"unmap": True}}, "target": {"name": TARGET + "-none", "set": {}},
              "lun": {"target": TARGET, "lun": 99, "set": {"read_only": True}},
              "acl": {"target": TARGET, "initiator": "iqn.2026-01.x:none", "set": {}},
              "portal_group": {"tag": 99, "portals": [{"address": "127.0.0.1", "port": free_port()}]}}  # fmt: skip
    fails(daemon, "NOT_FOUND", f"{noun}.update", **params[noun])


def test_portal_group_in_use_is_not_deleted(daemon):
    fails(daemon, ("BUSY", "INVALID_CONFIG"), "portal_group.delete", tag=1)


def test_session_that_does_not_exist(daemon):
    fails(daemon, "NOT_FOUND", "session.close", id="s-12345")


@cases({"timeout_s": 601}, {"timeout_s": -1}, {"timeout_s": 1.5}, {"timeout_s": "10"}, {"timeout_s": None},
       {"how": "kick"}, {"how": None}, {"timeout": 5}, {"id": 4}, {"id": ""}, {"id": "s-" + 30 * "1"})  # fmt: skip
def test_session_is_not_closed_by_what_is_wrong(daemon, params):
    with daemon.session() as c:
        (session,) = daemon.sessions()
        fails(daemon, "INVALID_PARAMS", "session.close", **{"id": session["id"], **params})
        assert c.nop(b"no word of it").data == b"no word of it"
        assert not c.others and c.logout() == 0


@cases(("no such kind", {"kind": "moon"}), ("missing", {}), ("names of wrong type", {"kind": "lun", "names": "x"}))
def test_statistics_of_nothing(daemon, why, params):
    fails(daemon, "INVALID_PARAMS", "stats.get", **params)
