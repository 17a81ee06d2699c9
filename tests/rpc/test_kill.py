"""kill -9 at any moment of a change: what was answered is there, and nothing is half there."""

import http.client
import itertools
import json
import os
import random
import threading
import time

from calls import call
from daemon import MIB, TARGET
from runner import limit

# KILLS=1000 by hand takes some minutes.
KILLS = int(os.environ.get("KILLS", "40"))
OTHER = TARGET + ":other"
SEED = int(os.environ.get("SEED", "1"))


def config(daemon):
    return call(daemon, "config.get")


def change_until_it_dies(daemon, numbers, tried, answered):
    """Each change is of three objects at once."""
    for n in numbers:
        tried.append(n)
        alias = str(n)
        edit = {"targets": {TARGET: {"alias": alias}, OTHER: {"alias": alias}},
                "backstores": {"comes": {"type": "null", "size": MIB} if n % 2 else None}}  # fmt: skip
        try:
            result = call(daemon, "config.apply", mode="merge", config=edit)
        except (OSError, http.client.HTTPException, ValueError):
            return
        assert result["changed"], result
        answered.append((n, result["revision"]))


@limit(30 + 4 * KILLS)
def test_kill_at_any_moment_leaves_the_old_or_the_new(start_daemon):
    daemon = start_daemon()
    daemon.make_disk()
    daemon.make_target()
    daemon.make_target(OTHER)
    chance = random.Random(SEED)
    numbers = itertools.count(1)
    states = {"old": 0, "new": 0}
    before = (0, config(daemon)["revision"])  # the number of the last change, and its revision
    for _ in range(KILLS):
        tried, answered = [], []
        changes = threading.Thread(target=change_until_it_dies, args=(daemon, numbers, tried, answered))
        changes.start()
        time.sleep(chance.uniform(0.001, 0.025))  # the moment is what is tested
        daemon.kill()
        changes.join(30)
        daemon.start()
        now = config(daemon)
        targets, backstores = now["config"]["targets"], now["config"]["backstores"]
        alias = targets[TARGET].get("alias")
        n = int(alias or 0)
        assert targets[OTHER].get("alias") == alias and ("comes" in backstores) == bool(n % 2), now
        last, revision = answered[-1] if answered else before
        assert n in (last, *tried[-1:]), f"answered up to {last}, tried {tried[-1:]}, there is {n}"
        assert now["revision"] == revision + (n != last), (now["revision"], revision)
        with open(os.path.join(daemon.state, "state.json"), encoding="utf-8") as f:
            assert json.load(f)["revision"] == now["revision"]
        states["old" if n == last else "new"] += 1
        before = (n, now["revision"])
    print(f"    {KILLS} times: the change that was cut off was there {states['new']} times, not there {states['old']} times")
