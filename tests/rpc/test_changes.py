"""Idempotency, revisions, dry runs, transactions, persistence, callers side by side."""

import json
import os
import threading

import schemas
import scsi
from calls import call, fails, unchanged
from daemon import MIB, TARGET, RpcError, eventually
from initiator import ASYNC
from runner import cases, default_setup

setup = default_setup
FRIEND = "iqn.2026-01.org.blockgate.test:friend"

CREATES = {
    "backstore": {"backstore": {"name": "twice", "type": "ram", "size": MIB}},
    "target": {"name": TARGET + "-twice", "alias": "a", "luns": [{"lun": 0, "backstore": "disk0"}],
               "acls": [{"initiator": "*", "luns": [{"lun": 0}]}]},
    "lun": {"target": TARGET, "lun": 9, "backstore": "disk0"},
    "acl": {"target": TARGET, "initiator": FRIEND, "networks": ["192.0.2.0/24"], "luns": [{"lun": 0}]},
}
DIFFERENT = {
    "backstore": {"backstore": {"name": "twice", "type": "ram", "size": 2 * MIB}},
    "target": {"name": TARGET + "-twice", "alias": "b"},
    "lun": {"target": TARGET, "lun": 9, "backstore": "disk0", "read_only": True},
    "acl": {"target": TARGET, "initiator": FRIEND, "luns": [{"lun": 0, "read_only": True}]},
}
DELETES = {
    "backstore": {"name": "twice"},
    "target": {"name": TARGET + "-twice"},
    "lun": {"target": TARGET, "lun": 9},
    "acl": {"target": TARGET, "initiator": FRIEND},
}


@cases(*CREATES)
def test_create_and_delete_can_be_repeated(daemon, noun):
    first = call(daemon, f"{noun}.create", **CREATES[noun])
    assert first["changed"] and len(first["changes"]) >= 1
    again = call(daemon, f"{noun}.create", **CREATES[noun])
    assert not again["changed"] and again["changes"] == []
    assert again["revision"] == first["revision"]
    if noun in DIFFERENT:
        e = fails(daemon, "ALREADY_EXISTS", f"{noun}.create", **DIFFERENT[noun])
        assert e.data["differences"] and e.data["kind"] == noun, e.data
    gone = call(daemon, f"{noun}.delete", **DELETES[noun])
    assert gone["changed"] and gone["revision"] == first["revision"] + 1
    again = call(daemon, f"{noun}.delete", **DELETES[noun])
    assert not again["changed"] and again["revision"] == gone["revision"]
    fails(daemon, "NOT_FOUND", f"{noun}.delete", **DELETES[noun], missing_ok=False)


def test_portal_group_comes_and_goes(daemon):
    import socket

    from daemon import free_port

    port = free_port()
    made = call(daemon, "portal_group.create", tag=4, portals=[{"address": "127.0.0.1", "port": port}])
    assert made["changed"]
    socket.create_connection(("127.0.0.1", port), 5).close()
    assert not call(daemon, "portal_group.create", tag=4,
                    portals=[{"address": "127.0.0.1", "port": port}])["changed"]  # fmt: skip
    other = free_port()
    call(daemon, "portal_group.update", tag=4, portals=[{"address": "127.0.0.1", "port": other}])
    socket.create_connection(("127.0.0.1", other), 5).close()
    for closed in (port,):
        try:
            socket.create_connection(("127.0.0.1", closed), 5).close()
            raise AssertionError("still listening at the old port")
        except ConnectionRefusedError:
            pass
    assert call(daemon, "portal_group.delete", tag=4)["changed"]
    try:
        socket.create_connection(("127.0.0.1", other), 5).close()
        raise AssertionError("still listening")
    except ConnectionRefusedError:
        pass


@cases(*CREATES)
def test_create_compares_only_what_was_given(daemon, noun):
    call(daemon, f"{noun}.create", **CREATES[noun])
    less = dict(CREATES[noun])
    if noun == "target":
        less = {"name": less["name"]}
    assert not call(daemon, f"{noun}.create", **less)["changed"]
    call(daemon, f"{noun}.delete", **DELETES[noun])


@cases(*CREATES)
def test_dry_run_says_what_and_does_nothing(daemon, noun):
    with unchanged(daemon):
        told = call(daemon, f"{noun}.create", **CREATES[noun], dry_run=True)
    assert told["changed"] and told["dry_run"] and told["changes"]
    done = call(daemon, f"{noun}.create", **CREATES[noun])
    assert [(c["op"], c["path"]) for c in done["changes"]] == [(c["op"], c["path"]) for c in told["changes"]]
    with unchanged(daemon):
        told = call(daemon, f"{noun}.delete", **DELETES[noun], dry_run=True)
    assert told["changed"] and told["dry_run"]
    call(daemon, f"{noun}.delete", **DELETES[noun])


def test_dry_run_opens_files_but_makes_none(daemon):
    path = daemon.path("dry")
    with unchanged(daemon):
        call(daemon, "backstore.create", dry_run=True,
             backstore={"name": "dry", "type": "rdwr", "path": path, "size": MIB, "create": True})  # fmt: skip
    assert not os.path.exists(path)
    fails(daemon, "BACKEND_ERROR", "backstore.create", dry_run=True,
          backstore={"name": "dry", "type": "rdwr", "path": daemon.path("missing")})  # fmt: skip


@cases(*CREATES)
def test_expected_revision(daemon, noun):
    revision = daemon.call("config.get")["revision"]
    for wrong in (revision + 1, revision - 1 if revision else 999):
        e = fails(daemon, "REVISION_MISMATCH", f"{noun}.create", **CREATES[noun], expect_revision=wrong)
        assert e.data["expected"] == wrong and e.data["actual"] == revision, e.data
    made = call(daemon, f"{noun}.create", **CREATES[noun], expect_revision=revision)
    assert made["revision"] == revision + 1
    fails(daemon, "REVISION_MISMATCH", f"{noun}.delete", **DELETES[noun], expect_revision=revision)
    call(daemon, f"{noun}.delete", **DELETES[noun], expect_revision=revision + 1)


def test_lowest_free_LUN_is_given(daemon):
    first = call(daemon, "lun.create", target=TARGET, backstore="disk0")
    assert first["lun"]["lun"] == 1, first
    second = call(daemon, "lun.create", target=TARGET, backstore="disk0")
    assert second["lun"]["lun"] == 2
    call(daemon, "lun.delete", target=TARGET, lun=1)
    assert call(daemon, "lun.create", target=TARGET, backstore="disk0")["lun"]["lun"] == 1
    for lun in (1, 2):
        call(daemon, "lun.delete", target=TARGET, lun=lun)


def test_updates_and_defaults(daemon):
    call(daemon, "target.create", name=TARGET + "-u", alias="first")
    assert call(daemon, "target.update", name=TARGET + "-u", set={"alias": "second"})["changed"]
    assert call(daemon, "target.get", name=TARGET + "-u")["alias"] == "second"
    assert not call(daemon, "target.update", name=TARGET + "-u", set={"alias": "second"})["changed"]
    assert call(daemon, "target.update", name=TARGET + "-u", set={"alias": None})["changed"]
    assert "alias" not in call(daemon, "target.get", name=TARGET + "-u")
    assert call(daemon, "target.update", name=TARGET + "-u",
                set={"parameters": {"max_burst_length": 65536}})["changed"]  # fmt: skip
    assert call(daemon, "target.get", name=TARGET + "-u")["parameters"]["max_burst_length"] == 65536
    fails(daemon, ("INVALID_PARAMS", "INVALID_CONFIG"), "target.update", name=TARGET + "-u", set={"nonsense": 1})
    call(daemon, "target.delete", name=TARGET + "-u")


def test_ACL_entry_tells_its_networks_and_LUNs(daemon):
    pattern = "iqn.2026-01.org.blockgate.test:*"
    given = {"networks": ["192.0.2.0/24", "2001:db8::7/128"], "luns": [{"lun": 0, "seen_as": 3}]}
    whole = {**given, "luns": [{"lun": 0, "seen_as": 3, "read_only": False}]}
    made = call(daemon, "acl.create", target=TARGET, initiator=pattern, **given)
    assert made["acl"] == {"initiator": pattern, **whole}, made
    assert call(daemon, "acl.get", target=TARGET, initiator=pattern) == {
        "target": TARGET, "initiator": pattern, **whole}  # fmt: skip
    assert {"target": TARGET, "initiator": pattern, **whole} in call(daemon, "acl.list")["acls"]
    assert {"initiator": pattern, **whole} in call(daemon, "target.get", name=TARGET)["acls"]
    less = call(daemon, "acl.update", target=TARGET, initiator=pattern, set={"networks": None})
    assert less["acl"] == {"initiator": pattern, "luns": whole["luns"]}, less
    fails(daemon, "INVALID_PARAMS", "acl.update", target=TARGET, initiator=pattern, set={"network": []})
    fails(daemon, "BUSY", "lun.delete", target=TARGET, lun=0)
    call(daemon, "acl.delete", target=TARGET, initiator=pattern)


def test_get_then_apply_changes_nothing(daemon):
    for defaults in (False, True):
        config = call(daemon, "config.get", defaults=defaults)["config"]
        for mode in ("replace", "merge"):
            with unchanged(daemon):
                done = call(daemon, "config.apply", config=config, mode=mode)
            assert not done["changed"] and done["changes"] == [], (defaults, mode, done)


def test_replace_removes_what_is_not_named(daemon):
    before = call(daemon, "config.get")["config"]
    call(daemon, "backstore.create", backstore={"name": "extra", "type": "null", "size": MIB})
    done = call(daemon, "config.apply", config=before, mode="replace")
    assert [(c["op"], c["path"]) for c in done["changes"]] == [("remove", "/backstores/extra")], done
    assert call(daemon, "config.get")["config"] == before


def test_merge_adds_changes_and_removes_in_one_call(daemon):
    call(daemon, "backstore.create", backstore={"name": "old", "type": "null", "size": MIB})
    name = TARGET + "-merged"
    done = call(daemon, "config.apply", mode="merge", config={
        "backstores": {"old": None, "new": {"type": "ram", "size": MIB}},
        "targets": {name: {"luns": {"0": {"backstore": "new"}}, "acls": {"*": {}}}, TARGET: {"alias": "changed"}},
    })  # fmt: skip
    assert done["changed"]
    config = call(daemon, "config.get")["config"]
    assert "old" not in config["backstores"] and "new" in config["backstores"]
    assert config["targets"][TARGET]["alias"] == "changed"
    daemon.check_serving(name)
    for session in daemon.sessions(target=name):
        daemon.call("session.close", id=session["id"], how="drop")
    call(daemon, "config.apply", mode="merge", force=True, config={
        "backstores": {"new": None}, "targets": {name: None, TARGET: {"alias": None}}})  # fmt: skip


def test_apply_is_all_or_nothing(daemon):
    e = fails(daemon, "INVALID_CONFIG", "config.apply", mode="merge", config={
        "backstores": {"fine": {"type": "ram", "size": MIB}},
        "targets": {TARGET + "-x": {"luns": {"0": {"backstore": "missing"}}}},
    })  # fmt: skip
    assert len(e.data["problems"]) == 1


def test_backstore_in_use_is_not_deleted(daemon):
    e = fails(daemon, "BUSY", "backstore.delete", name="disk0")
    assert e.data["objects"], e.data
    e = fails(daemon, ("BUSY", "INVALID_CONFIG"), "config.apply", mode="merge", config={"backstores": {"disk0": None}})


@cases((1, [(1, 1), (2, 0)]), (0, [(1, 0), (2, 0)]), (None, [(1, 10)]), (600, [(1, 600)]))
def test_session_has_until_the_deadline_to_log_out(daemon, timeout_s, heard):
    """Asked by Async Message 1, with the deadline; dropped behind it with 2. 10 s are the default."""
    with daemon.session() as c:
        (session,) = call(daemon, "session.list", target=TARGET)["sessions"]
        how = {} if timeout_s is None else {"how": "logout", "timeout_s": timeout_s}
        assert call(daemon, "session.close", id=session["id"], **how) == {"closed": True}
        for event, seconds in heard:
            told = c.expect(ASYNC)
            assert (told.event, told.parameter3) == (event, seconds), told
        if len(heard) == 1:
            (still,) = call(daemon, "session.list", target=TARGET)["sessions"]
            assert still["connections"][0]["state"] == "full_feature", still
            assert c.logout() == 0
        assert c.expect_close() == []
    eventually(lambda: not daemon.sessions(), "the session is gone")
    fails(daemon, "NOT_FOUND", "session.close", id=session["id"])


def test_target_in_use_is_not_deleted_without_force(daemon):
    name = TARGET + "-busy"
    daemon.make_target(name)
    with daemon.session(name) as c:
        e = fails(daemon, "BUSY", "target.delete", name=name)
        assert e.data["objects"][0]["kind"] == "session", e.data
        config = call(daemon, "config.get")["config"]
        del config["targets"][name]
        fails(daemon, "BUSY", "config.apply", config=config, mode="replace")
        c.scsi(scsi.test_unit_ready())
        assert call(daemon, "config.apply", config=config, mode="replace", force=True)["changed"]
        c.strict = False
        c.expect_close()


def test_deleted_data_is_gone_and_other_data_stays(daemon):
    for delete_data in (False, True):
        path = daemon.path("data")
        call(daemon, "backstore.create", backstore={
            "name": "data", "type": "rdwr", "path": path, "size": MIB, "create": True})  # fmt: skip
        assert os.path.getsize(path) == MIB
        call(daemon, "backstore.delete", name="data", delete_data=delete_data)
        assert os.path.exists(path) == (not delete_data)


@cases(("sparse", "off"), ("allocated", "falloc"), ("written", "full"))
def test_files_are_made(daemon, why, preallocate):
    path = daemon.path(why)
    call(daemon, "backstore.create", backstore={
        "name": why, "type": "aio", "path": path, "size": 8 * MIB, "create": True, "preallocate": preallocate})  # fmt: skip
    st = os.stat(path)
    assert st.st_size == 8 * MIB
    if preallocate != "off":
        assert st.st_blocks * 512 >= 8 * MIB, "not preallocated"
    else:
        assert st.st_blocks * 512 < MIB
    call(daemon, "backstore.delete", name=why, delete_data=True)


def test_everything_survives_a_restart(start_daemon):
    daemon = start_daemon()
    daemon.make_disk(type="rdwr", serial="MYSERIAL")
    daemon.make_disk("ram0", block_size=4096)
    daemon.make_target(alias="kept", luns={0: "disk0", 7: "ram0"}, initiators=[FRIEND, "*"],
                       parameters={"max_burst_length": 65536})  # fmt: skip
    call(daemon, "target.update", name=TARGET, set={"enabled": True})
    before = call(daemon, "config.get")
    identity = {b["name"]: (b["serial"], b["naa"]) for b in call(daemon, "backstore.list")["backstores"]}
    daemon.restart()
    assert call(daemon, "config.get") == before
    assert {b["name"]: (b["serial"], b["naa"]) for b in call(daemon, "backstore.list")["backstores"]} == identity
    assert call(daemon, "daemon.info")["revision"] == before["revision"]
    daemon.check_serving()
    daemon.kill()
    daemon.start()
    assert call(daemon, "config.get") == before
    daemon.check_serving()


def test_portal_of_the_command_line_is_for_a_fresh_state_only(start_daemon):
    daemon = start_daemon()
    first = daemon.address
    daemon.stop()
    from daemon import free_port

    other = free_port()
    daemon.options = ["--portal", f"127.0.0.1:{other}"]
    daemon.start()
    portals = call(daemon, "portal_group.list")["portal_groups"][0]["portals"]
    assert [(p["address"], p["port"]) for p in portals] == [first], portals


def test_identity_is_unique_between_daemons(start_daemon):
    seen = set()
    for _ in range(3):
        daemon = start_daemon()
        daemon.make_disk()
        state = call(daemon, "backstore.get", name="disk0")
        seen.add(state["naa"])
        seen.add(state["serial"])
    assert len(seen) == 6


def test_boot_without_a_file_is_tolerant_and_says_so(start_daemon):
    daemon = start_daemon()
    daemon.make_disk(type="rdwr")
    daemon.make_disk("ram0")
    daemon.make_target(luns={0: "disk0", 1: "ram0"})
    daemon.stop()
    path = daemon.path("disk0.img")
    os.rename(path, path + ".away")
    daemon.start()
    state = call(daemon, "backstore.get", name="disk0")
    assert state["state"] == "error" and path in state["error"], state
    assert call(daemon, "daemon.health")["status"] == "degraded"
    daemon.check_serving(lun=1)
    with daemon.session(lun=1) as c:
        for _ in range(3):
            task = c.try_scsi(scsi.test_unit_ready(), lun=0)
            if task.sense and task.sense[0] != scsi.UNIT_ATTENTION:
                break
        assert task.status == scsi.CHECK_CONDITION and task.sense[0] == scsi.NOT_READY, task.sense
        assert c.scsi(scsi.inquiry(36), lun=0, read=36).data[0] & 0x1F == 0
    os.rename(path + ".away", path)
    daemon.restart()
    assert call(daemon, "backstore.get", name="disk0")["state"] == "online"
    assert call(daemon, "daemon.health")["status"] == "ok"


@cases("cut", "garbage", "empty", "zeroes", "wrong schema", "unreadable JSON type")
def test_damaged_state_file_is_reported_and_kept(start_daemon, how):
    daemon = start_daemon()
    daemon.make_disk()
    daemon.make_target()
    daemon.stop()
    path = os.path.join(daemon.state, "state.json")
    with open(path, "rb") as f:
        good = f.read()
    bad = {"cut": good[: len(good) // 2], "garbage": os.urandom(500), "empty": b"", "zeroes": bytes(len(good)),
           "wrong schema": b'{"version":1,"targets":5}', "unreadable JSON type": b"[1,2,3]"}[how]  # fmt: skip
    with open(path, "wb") as f:
        f.write(bad)
    daemon.spawn()
    code = daemon.process.wait(20)
    assert code not in (0, 99) and code > 0, f"ended with {code}"
    assert path in daemon.log_tail(5), daemon.log_tail(5)
    with open(path, "rb") as f:
        assert f.read() == bad, "the damaged file is kept"
    with open(path, "wb") as f:
        f.write(good)
    daemon.start()
    daemon.check_serving()


@cases("cut", "garbage")
def test_last_good_state_is_used_only_when_told_to(start_daemon, how):
    daemon = start_daemon()
    daemon.make_disk()
    daemon.make_target()
    daemon.stop()
    path = os.path.join(daemon.state, "state.json")
    bad = os.urandom(300) if how == "garbage" else b'{"version": 1, "backsto'
    with open(path, "wb") as f:
        f.write(bad)
    daemon.options = ["--recover"]
    daemon.start()
    # The newest good one: either the state itself or the one before the last change.
    assert [b["name"] for b in call(daemon, "backstore.list")["backstores"]] == ["disk0"]
    call(daemon, "config.get")
    kept = []
    for entry in os.scandir(daemon.state):
        if entry.is_file():  # the units have a folder of their own
            with open(entry.path, "rb") as f:
                kept.append(f.read())
    assert bad in kept, "the damaged file is thrown away"
    call(daemon, "backstore.create", backstore={"name": "after", "type": "null", "size": MIB})
    daemon.options = []
    daemon.restart()
    names = [b["name"] for b in call(daemon, "backstore.list")["backstores"]]
    assert names == ["after", "disk0"], names


def test_state_that_cannot_be_saved_changes_nothing(start_daemon):
    import shutil

    daemon = start_daemon()
    daemon.make_disk()
    daemon.make_target()
    away = daemon.state + ".away"
    os.rename(daemon.state, away)
    fails(daemon, "PERSIST_FAILED", "backstore.create", backstore={"name": "lost", "type": "ram", "size": MIB})
    daemon.check_serving()
    shutil.rmtree(daemon.state, ignore_errors=True)
    os.rename(away, daemon.state)
    call(daemon, "backstore.create", backstore={"name": "kept", "type": "ram", "size": MIB})
    daemon.restart()
    assert [b["name"] for b in call(daemon, "backstore.list")["backstores"]] == ["disk0", "kept"]


def test_last_ten_states_are_kept(start_daemon):
    daemon = start_daemon()
    for n in range(15):
        call(daemon, "backstore.create", backstore={"name": f"d{n}", "type": "null", "size": MIB})
    states = [n for n in os.listdir(daemon.state) if "state" in n or n.endswith(".json")]
    assert 10 <= len(states) <= 12, sorted(states)
    leftovers = [n for n in os.listdir(daemon.state) if "tmp" in n]
    assert not leftovers, leftovers
    mode = os.stat(os.path.join(daemon.state, "state.json")).st_mode & 0o777
    assert mode == 0o600, oct(mode)


def test_twenty_callers_at_once(daemon):
    failures, results = [], []

    def work(n):
        try:
            for k in range(10):
                name = f"par-{n}-{k}"
                results.append(daemon_call(daemon, "backstore.create",
                                           backstore={"name": name, "type": "ram", "size": MIB})["revision"])  # fmt: skip
                if k % 2:
                    results.append(daemon_call(daemon, "backstore.delete", name=name)["revision"])
        except BaseException as e:
            failures.append(e)

    before = daemon.call("config.get")["revision"]
    threads = [threading.Thread(target=work, args=(n,)) for n in range(20)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not failures, failures
    assert len(set(results)) == 300, "each change has a revision of its own"
    config = daemon.call("config.get")
    assert config["revision"] == before + 300
    mine = sorted(n for n in config["config"]["backstores"] if n.startswith("par-"))
    assert mine == sorted(f"par-{n}-{k}" for n in range(20) for k in range(0, 10, 2))
    daemon.call("config.apply", mode="merge", config={"backstores": {name: None for name in mine}})


def daemon_call(daemon, method, /, **params):
    """Like call(), for threads: the serial number is not shared."""
    status, reply = daemon.rpc({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}, 60)
    if "error" in reply:
        raise RpcError(reply["error"])
    return reply["result"]


def test_same_create_by_many_callers_happens_once(daemon):
    changed, failures = [], []

    def work():
        try:
            result = daemon_call(daemon, "backstore.create", backstore={
                "name": "race", "type": "rdwr", "path": daemon.path("race"), "size": MIB, "create": True})  # fmt: skip
            changed.append(result["changed"])
        except BaseException as e:
            failures.append(e)

    threads = [threading.Thread(target=work) for _ in range(20)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not failures, failures
    assert sorted(changed) == [False] * 19 + [True]
    daemon.call("backstore.delete", name="race", delete_data=True)


def test_thousand_objects(start_daemon):
    daemon = start_daemon()
    daemon.make_disk()
    config = {"targets": {f"{TARGET}-{n:04}": {"luns": {str(k): {"backstore": "disk0"} for k in range(3)}}
                          for n in range(1000)}}  # fmt: skip
    assert call(daemon, "config.apply", mode="merge", config=config)["changed"]
    assert len(daemon.call("target.list")["targets"]) == 1000
    daemon.restart()
    assert len(daemon.call("target.list")["targets"]) == 1000


def test_statistics_count_what_was_done(daemon):
    def counters():
        (entry,) = call(daemon, "stats.get", kind="backstore", names=["disk0"])["stats"]
        return entry["io"]

    before = counters()
    with daemon.session() as c:
        c.scsi(scsi.write(0, 16), write=bytes(8192))
        c.scsi(scsi.read(0, 8), read=4096)
        after = counters()
    assert after["write_bytes"] - before["write_bytes"] == 8192, (before, after)
    assert after["read_bytes"] - before["read_bytes"] == 4096, (before, after)


def test_log_level_is_set_and_shown(daemon):
    before = call(daemon, "log.get")
    try:
        call(daemon, "log.set", level="debug")
        assert call(daemon, "log.get")["level"] == "debug"
    finally:
        daemon.call("log.set", level=before["level"])


def test_secrets_and_times_of_info(daemon):
    info = call(daemon, "daemon.info")
    assert info["pid"] == daemon.process.pid
    assert set(info["backstore_types"]) >= {"aio", "rdwr", "ram", "null"}
    assert json.dumps(info)
    assert schemas.METHODS


def test_statistics_tell_how_long_commands_took_when_asked(daemon):
    def read_counts(kind, name):
        (entry,) = call(daemon, "stats.get", kind=kind, names=[name], histograms=True)["stats"]
        h = entry["latency"]["read"]
        assert len(h["counts"]) == len(h["bounds"]) + 1 and h["bounds"] == sorted(h["bounds"])
        return sum(h["counts"]), entry["io"]["read_ops"]

    with daemon.session() as c:
        for _ in range(3):
            c.scsi(scsi.read(0, 8), read=4096)
        (session,) = daemon.call("session.list")["sessions"]
        for kind, name in (("session", session["id"]), ("lun", f"{TARGET}/0"), ("target", TARGET)):
            timed, counted = read_counts(kind, name)
            assert timed == counted >= 3, (kind, timed, counted)
        assert read_counts("daemon", "blockgated")[0] >= 3
    (plain,) = call(daemon, "stats.get", kind="lun", names=[f"{TARGET}/0"])["stats"]
    assert "latency" not in plain
    (store,) = call(daemon, "stats.get", kind="backstore", names=["disk0"], histograms=True)["stats"]
    assert "latency" not in store
