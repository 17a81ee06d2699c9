"""Changes that take long, from outside: waiting, giving up, and a daemon that stops meanwhile."""

import json
import os

import schemas
from calls import call, fails
from daemon import MIB, Daemon, eventually
from runner import default_setup

setup = default_setup

# More than any machine writes while a test looks on.
HUGE = 64 << 30


def huge(daemon, name="huge"):
    return {"name": name, "type": "rdwr", "path": daemon.path(f"{name}.img"), "size": HUGE,
            "create": True, "preallocate": "full"}  # fmt: skip


def begin(daemon):
    result = call(daemon, "backstore.create", backstore=huge(daemon), wait_ms=0)
    assert result["changed"] is False and result["changes"] == [], result
    return result["job"]["id"]


def give_up(daemon, job):
    call(daemon, "job.cancel", id=job)
    ended = call(daemon, "job.wait", id=job, timeout_ms=30000)
    assert ended["state"] == "cancelled" and ended["error"]["data"]["name"] == "CANCELLED", ended
    assert not os.path.exists(daemon.path("huge.img"))


def test_the_short_form_says_202_while_a_job_is_at_work(daemon):
    body = json.dumps({"backstore": huge(daemon), "wait_ms": 50}).encode()
    status, raw = daemon.http("POST", "/call/backstore.create", body)
    reply = json.loads(raw)
    schemas.check_result("backstore.create", reply)
    assert status == 202 and reply["job"]["state"] == "running", (status, reply)
    give_up(daemon, reply["job"]["id"])


def test_progress_grows_and_events_tell_of_the_job(daemon):
    last = daemon.call("event.poll")["last"]
    job = begin(daemon)
    seen = []
    while len(seen) < 3:
        now = call(daemon, "job.wait", id=job, timeout_ms=5)
        assert now["state"] == "running", now
        if now["progress"] and (not seen or now["progress"] > seen[-1]):
            seen.append(now["progress"])
    assert seen == sorted(seen) and seen[-1] < 1, seen
    give_up(daemon, job)
    events = daemon.call("event.poll", after=last, types=["job.updated"])["events"]
    states = [e["object"]["state"] for e in events if e["object"]["job"] == job]
    assert states[-1] == "cancelled" and len(states) == 2, events


def test_what_waits_behind_a_job_goes_on_when_that_is_cancelled(daemon):
    job = begin(daemon)
    behind = call(daemon, "backstore.create", backstore={"name": "r", "type": "ram", "size": MIB}, wait_ms=0)["job"]
    assert behind["state"] == "pending", behind
    give_up(daemon, job)
    assert call(daemon, "job.wait", id=behind["id"])["state"] == "succeeded", "it went on after the other"
    call(daemon, "backstore.delete", name="r")


def test_a_whole_configuration_is_a_job_too(daemon):
    config = {"backstores": {"huge": {k: v for k, v in huge(daemon).items() if k != "name"},
                             "beside": {"type": "ram", "size": MIB}}}  # fmt: skip
    job = call(daemon, "config.apply", mode="merge", config=config, wait_ms=20)["job"]
    assert job["method"] == "config.apply", job
    give_up(daemon, job["id"])
    fails(daemon, "NOT_FOUND", "backstore.get", name="beside")


def test_deleting_with_the_data_is_a_job_where_it_is_asked_for(daemon):
    disk = dict(huge(daemon, "small"), size=16 * MIB)
    call(daemon, "backstore.create", backstore=disk)
    job = call(daemon, "backstore.delete", name="small", delete_data=True, wait_ms=0)["job"]
    ended = call(daemon, "job.wait", id=job["id"])
    assert ended["state"] == "succeeded" and ended["result"]["changed"], ended
    assert not os.path.exists(disk["path"])


def test_a_dry_run_is_never_a_job(daemon):
    disk = dict(huge(daemon), size=16 * MIB)
    result = call(daemon, "backstore.create", backstore=disk, dry_run=True, wait_ms=0)
    assert result["dry_run"] and "job" not in result and result["changes"], result


def test_a_stop_does_not_wait_for_a_file_and_leaves_nothing_of_it(daemon):
    other = Daemon().start()
    try:
        begin(other)
        eventually(lambda: os.path.exists(other.path("huge.img")), "the file is being made")
        other.stop(limit=15)
        assert not os.path.exists(other.path("huge.img"))
        other.start()
        assert other.call("backstore.list")["backstores"] == []
    finally:
        other.discard()
