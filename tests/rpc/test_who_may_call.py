"""Who may call what: the role belongs to the socket."""

import grp
import os
import stat
import subprocess

import daemon as daemons
import schemas
from calls import unchanged
from daemon import RpcError
from doors import unix_door
from runner import Skip, cases, default_setup

setup = default_setup

ADMIN_METHODS = sorted(name for name, m in schemas.METHODS.items() if m["x-access"] == "admin")
READ_METHODS = sorted(
    name for name, m in schemas.METHODS.items()
    if m["x-access"] == "read" and not any(p.get("required") for p in m["params"])
)  # fmt: skip


def test_reader_calls_what_reads_and_nothing_else(start_daemon, folder):
    path = os.path.join(folder, "ro.sock")
    daemon = start_daemon(options=("--rpc-reader-socket", path))
    door = unix_door(path)
    for name in READ_METHODS:
        schemas.check_result(name, door.call(name))
    with unchanged(daemon):
        for name in ADMIN_METHODS:
            try:
                door.call(name)
                raise AssertionError(f"a reader may call {name}")
            except RpcError as e:
                schemas.check_error({"code": e.code, "message": e.message, "data": e.data}, name)
                assert e.name == "PERMISSION_DENIED", f"{name}: {e}"
                assert e.data["role"] == "reader" and e.data["needed"] == "admin", e
            status, reply = door.short(name)
            assert status == 403 and reply["error"]["data"]["name"] == "PERMISSION_DENIED", (name, status, reply)
    assert door.http("GET", "/openrpc.json")[0] == 200
    assert door.http("GET", "/healthz")[0] == 200


def test_each_socket_is_for_its_group_only_and_goes_with_the_daemon(start_daemon, folder):
    path = os.path.join(folder, "ro.sock")
    if os.getuid() != 0:
        raise Skip("only root gives files to other groups")
    group = next(g for g in grp.getgrall() if g.gr_gid != os.getgid())
    daemon = start_daemon(options=("--rpc-reader-socket", path, "--rpc-reader-group", group.gr_name))
    for socket, gid in ((daemon.rpc_path, os.getgid()), (path, group.gr_gid)):
        found = os.stat(socket)
        assert stat.S_IMODE(found.st_mode) == 0o660, oct(found.st_mode)
        assert found.st_gid == gid, (socket, found.st_gid)
    daemon.stop()
    assert not os.path.exists(path) and not os.path.exists(daemon.rpc_path)


@cases(
    ("no such group", ("--rpc-group", "nobody-has-this-group"), "nobody-has-this-group"),
    ("a group without its socket", ("--rpc-reader-group", "root"), "--rpc-reader-socket"),
    ("the same socket for both", ("--rpc-reader-socket", "api.sock"), "in use"),
)
def test_start_that_is_refused(folder, why, options, message):
    options = [os.path.join(folder, o) if o == "api.sock" else o for o in options]
    got = subprocess.run(
        [daemons.binary, "--state-dir", os.path.join(folder, "state"), "--rpc-socket", os.path.join(folder, "api.sock"),
         "--portal", f"127.0.0.1:{daemons.free_port()}", *options], capture_output=True, text=True, timeout=20,
    )  # fmt: skip
    assert got.returncode in (1, 2), got
    assert message in got.stderr, got.stderr
    assert not os.path.exists(os.path.join(folder, "api.sock"))
