"""The client, against the daemon."""

import threading

import pytest
from daemon import TARGET

import blockgate
from blockgate import Client


def make_disk(c):
    c.backstore.create({"name": "disk0", "type": "ram", "size": 16 << 20})
    return c.target.create(TARGET, luns=[{"lun": 0, "backstore": "disk0"}], acls=[{"initiator": "*"}])


def test_a_disk_is_made_shown_and_taken_away(client):
    made = make_disk(client)
    assert made["changed"] and made["target"]["luns"][0]["backstore"] == "disk0"
    assert not make_disk(client)["changed"]
    assert [t["name"] for t in client.target.list()["targets"]] == [TARGET]
    assert client.lun.list(target=TARGET)["luns"][0]["size"] == 16 << 20
    client.target.update(TARGET, {"alias": "first"})
    assert client.target.get(TARGET)["alias"] == "first"
    client.target.delete(TARGET)
    assert client.backstore.delete("disk0")["changed"]
    assert not client.backstore.delete("disk0")["changed"]


def test_its_errors_have_their_classes_and_particulars(client):
    make_disk(client)
    with pytest.raises(blockgate.NotFound) as missing:
        client.backstore.get("disk1")
    assert missing.value.near == ["disk0"] and missing.value.kind == "backstore"
    with pytest.raises(blockgate.AlreadyExists) as other:
        client.backstore.create({"name": "disk0", "type": "ram", "size": 32 << 20})
    assert other.value.differences[0]["path"] == "/size"
    with pytest.raises(blockgate.Busy) as busy:
        client.backstore.delete("disk0")
    assert busy.value.objects
    with pytest.raises(blockgate.RevisionMismatch) as late:
        client.target.update(TARGET, {"alias": "x"}, expect_revision=1 << 40)
    assert late.value.actual == client.config.get()["revision"]
    with pytest.raises(blockgate.InvalidParams) as wrong:
        client.call("target.get", name="not a name")
    assert wrong.value.path == "/name"
    with pytest.raises(blockgate.InvalidConfig) as problems:
        client.config.apply({"targets": {TARGET: {"luns": {"1": {"backstore": "no"}}}}}, mode="merge")
    assert problems.value.problems[0]["path"].startswith("/targets/")
    with pytest.raises(blockgate.MethodNotFound) as unknown:
        client.call("target.lists")
    assert "target.list" in unknown.value.near


def test_a_batch_is_answered_call_by_call(client):
    with client.batch() as b:
        calls = [b.call("backstore.create", backstore={"name": f"d{n}", "type": "ram", "size": 1 << 20}) for n in range(120)]
        bad = b.call("backstore.get", name="none")
    assert all(c.result()["changed"] for c in calls)
    assert isinstance(bad.error, blockgate.NotFound)
    assert len(client.backstore.list()["backstores"]) == 120


def test_what_is_too_large_is_told_though_the_answer_is_html(client):
    with pytest.raises(blockgate.GatewayError) as e:
        client.call("config.apply", config={"x": "y" * (9 << 20)})
    assert isinstance(e.value, blockgate.GatewayUnavailable) or "413" in str(e.value)
    assert client.daemon.info()["name"] == "blockgated"


def test_threads_make_changes_with_one_client(client):
    def work(me):
        for n in range(10):
            client.backstore.create({"name": f"t{me}-{n}", "type": "ram", "size": 1 << 20})

    before = client.config.get()["revision"]
    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert client.config.get()["revision"] == before + 40


def test_a_client_outlives_a_restart_of_the_daemon(start_daemon):
    d = start_daemon()
    c = Client(d.rpc_path)
    c.backstore.create({"name": "disk0", "type": "ram", "size": 1 << 20})
    d.stop()
    with pytest.raises(blockgate.GatewayUnavailable):
        Client(d.rpc_path, retry_s=0).daemon.info()
    timer = threading.Timer(0.2, d.start)
    timer.start()
    assert c.backstore.get("disk0")["name"] == "disk0"
    timer.join()
