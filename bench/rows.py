"""rows.py: what bench/compare measures, and what it must reach.

A row is a load, the servers that it is put on, and the goals: how many times as much as tgt, and
what share of the limit. In `load`, BUSY stands for the busy poll that this row is about.
"""

from dataclasses import dataclass, field

RANDOM = ["--depth", "32"]
SEQUENTIAL = ["--block-size", "128k", "--depth", "8", "--sequential"]
WRITE = ["--mode", "write"]
BUSY_US = 200
DIGESTS = ["--header-digest", "--data-digest"]


@dataclass
class Row:
    name: str
    work: str                 # for people
    load: list
    blockgate: dict           # arguments of servers.Blockgate
    tgt: dict | None = None   # and of the others; None: it is not measured against that
    limit: dict | None = None
    istgt: bool = False
    goal_tgt: float | None = None
    goal_limit: float | None = None
    goal_cpu: float | None = None  # commands per CPU second, times tgt's
    baseline: dict | None = None   # blockgate against itself: `load` against this
    goal_baseline: float | None = None
    measure: str = "iops"
    pinned: bool = True
    needs: set = field(default_factory=set)  # "file": the servers that name `path` get one


def file_row(name, work, load, kind, tgt, medium, **goals):
    return Row(name, work, load, {"kind": kind, "path": True}, {"kind": tgt, "path": True},
               {"medium": medium, "path": True}, istgt=True, **goals)


def direct_rows():
    for kind in ("aio", "io_uring"):
        for verb, mode in (("read", []), ("write", WRITE)):
            yield file_row(f"{kind}-{verb}", f"`{kind}`, O_DIRECT, 4 KiB random {verb}, depth 32", RANDOM + mode,
                           kind, "aio", "direct", goal_tgt=2, goal_limit=0.90, goal_cpu=4)


def sequential_rows():
    for verb, mode in (("read", []), ("write", WRITE)):
        yield Row(f"null-sequential-{verb}", f"`null`, 128 KiB sequential {verb}, depth 8", SEQUENTIAL + mode,
                  {"kind": "null"}, {"kind": "null"}, {"medium": "null"}, goal_tgt=3, goal_limit=0.85)
    for verb, mode in (("read", []), ("write", WRITE)):
        yield file_row(f"cached-sequential-{verb}", f"`rdwr`, page cache, 128 KiB sequential {verb}, depth 8",
                       SEQUENTIAL + mode, "rdwr", "rdwr", "pread", goal_tgt=3, goal_limit=0.85)


def digest_rows():
    for name, work, load, goal in (("4k", "4 KiB random read, depth 32", RANDOM, 0.90),
                                   ("128k", "128 KiB sequential read, depth 8", SEQUENTIAL, 0.85)):
        yield Row(f"digests-{name}", f"`null`, both digests, {work}", load + DIGESTS, {"kind": "null"},
                  baseline=load, goal_baseline=goal)


ROWS = [
    Row("null-read", "`null`, 4 KiB random read, depth 32", RANDOM, {"kind": "null"}, {"kind": "null"},
        {"medium": "null"}, goal_tgt=7, goal_limit=0.80),
    Row("ram-read", "`ram`, 4 KiB random read, depth 32", RANDOM, {"kind": "ram"}, {"kind": "rdwr", "path": True},
        {"medium": "copy"}, goal_tgt=5, goal_limit=0.80),
    Row("ram-write", "`ram`, 4 KiB random write, depth 32", RANDOM + WRITE, {"kind": "ram"},
        {"kind": "rdwr", "path": True}, {"medium": "copy"}, goal_tgt=5, goal_limit=0.80),
    file_row("cached-read", "`rdwr`, page cache, 4 KiB random read, depth 32", RANDOM, "rdwr", "rdwr", "pread",
             goal_tgt=5, goal_limit=0.90),
    *direct_rows(),
    *sequential_rows(),
    Row("depth-1", "`null`, 4 KiB, depth 1, sleeping", ["--depth", "1"], {"kind": "null"}, {"kind": "null"},
        {"medium": "null"}, goal_tgt=1.0, goal_limit=0.95),
    Row("depth-1-busy", f"`null`, 4 KiB, depth 1, busy poll of {BUSY_US} µs", ["--depth", "1"],
        {"kind": "null", "busy_us": BUSY_US}, {"kind": "null"}, {"medium": "null", "spin_us": BUSY_US},
        goal_tgt=2.5, goal_limit=0.90),
    Row("two-workers", "`null`, 2 workers, 4 sessions to one LUN, 4 KiB, depth 32 each, all on the same CPUs",
        RANDOM + ["--sessions", "4", "--threads", "2"], {"kind": "null", "workers": 2}, {"kind": "null"},
        {"medium": "null", "threads": 2}, goal_tgt=10, goal_limit=0.60, pinned=False),
    *digest_rows(),
    Row("logins", "logins a second, 4 at a time", ["--mode", "login", "--sessions", "4"], {"kind": "null"},
        {"kind": "null"}, {"medium": "null"}, goal_tgt=3, goal_limit=0.90, measure="logins_per_s"),
]

# What grows, and how far: load arguments and server arguments by the number.
GROWTH = {
    "sessions": ([1, 10, 100, 1000], lambda n: ["--sessions", str(n), "--depth", "4"], lambda n: {}),
    "LUNs": ([1, 10, 100, 1000, 10000], lambda n: ["--luns", str(min(n, 1000))], lambda n: {"luns": n}),
    "depth": ([1, 2, 4, 8, 16, 32, 64, 128], lambda n: ["--depth", str(n)], lambda n: {}),
    "bytes": ([512, 4096, 16384, 65536, 262144, 1048576], lambda n: ["--block-size", str(n), "--depth", "8"],
              lambda n: {}),
}
