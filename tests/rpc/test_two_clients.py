"""Two clients that change the same thing at once: none of their changes is lost."""

import json
import os
import threading

from calls import call
from daemon import TARGET, RpcError
from runner import default_setup, limit

setup = default_setup

# CHANGES=10000 by hand takes some minutes.
CHANGES = int(os.environ.get("CHANGES", "600"))


def count_up(daemon, steps, tell):
    """Reads a number, adds one and writes it, if nobody has changed anything in between."""
    done = retried = 0
    while done < steps:
        now = daemon.call("target.get", name=TARGET)
        number = int(now.get("alias") or 0)
        revision = daemon.call("config.get")["revision"]
        if int(daemon.call("target.get", name=TARGET).get("alias") or 0) != number:
            continue
        try:
            result = daemon.call("target.update", name=TARGET, set={"alias": str(number + 1)}, expect_revision=revision)
        except RpcError as e:
            assert e.name == "REVISION_MISMATCH" and e.data["expected"] == revision, e
            retried += 1
            continue
        assert result["changed"] and result["revision"] == revision + 1, result
        done += 1
    tell.append(retried)


@limit(30 + CHANGES)
def test_no_change_of_two_clients_is_lost(daemon):
    before = call(daemon, "config.get")["revision"]
    tell = []
    other = Caller(daemon)
    threads = [threading.Thread(target=count_up, args=(c, CHANGES // 2, tell)) for c in (daemon, other)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(tell) == 2, "a client has failed"
    assert call(daemon, "target.get", name=TARGET)["alias"] == str(CHANGES // 2 * 2)
    now = call(daemon, "config.get")
    assert now["revision"] == before + CHANGES // 2 * 2, "the revision counts every change"
    with open(os.path.join(daemon.state, "state.json"), encoding="utf-8") as f:
        assert json.load(f)["revision"] == now["revision"]
    daemon.restart()
    assert call(daemon, "config.get") == now, "what was saved is what was shown"
    print(f"    {CHANGES // 2 * 2} changes, {sum(tell)} times the other client was first")


class Caller:
    """A second caller of the same daemon, with numbers of its own for its calls."""

    def __init__(self, daemon):
        self.rpc, self.serial = daemon.rpc, 1 << 20

    def call(self, method, **params):
        self.serial += 1
        _, reply = self.rpc({"jsonrpc": "2.0", "id": self.serial, "method": method, "params": params})
        if "error" in reply:
            raise RpcError(reply["error"])
        return reply["result"]
