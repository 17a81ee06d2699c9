"""calls.py: how many system calls a server makes for 1,000 commands."""

import re
import shutil
import signal
import subprocess

from rows import RANDOM, SEQUENTIAL, WRITE

# Name, work, arguments of servers.Blockgate, load.
LOADS = [
    ("null-read", "`null`, 4 KiB random read, depth 32", {"kind": "null"}, RANDOM),
    ("null-write", "`null`, 4 KiB random write, depth 32", {"kind": "null"}, RANDOM + WRITE),
    ("ram-read", "`ram`, 4 KiB random read, depth 32", {"kind": "ram"}, RANDOM),
    ("cached-read", "`rdwr`, page cache, 4 KiB random read, depth 32", {"kind": "rdwr", "path": True}, RANDOM),
    ("aio-read", "`aio`, O_DIRECT, 4 KiB random read, depth 32", {"kind": "aio", "path": True}, RANDOM),
    ("io_uring-read", "`io_uring`, O_DIRECT, 4 KiB random read, depth 32", {"kind": "io_uring", "path": True}, RANDOM),
    ("null-sequential-read", "`null`, 128 KiB sequential read, depth 8", {"kind": "null"}, SEQUENTIAL),
    ("null-depth-1", "`null`, 4 KiB, depth 1", {"kind": "null"}, ["--depth", "1"]),
]


def by_perf(pid):
    """Counts in the kernel, and hardly slows anything down."""
    command = ["perf", "stat", "-x", ",", "-e", "raw_syscalls:sys_enter", "-p", str(pid)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True), \
        re.compile(r"^(\d+),.*raw_syscalls", re.M)


def by_strace(pid):
    """Stops the server at each call: batches may be other ones than without."""
    return subprocess.Popen(["strace", "-f", "-c", "-U", "calls", "-p", str(pid)], stderr=subprocess.PIPE,
                            stdout=subprocess.DEVNULL, text=True), re.compile(r"^ *(\d+) total$", re.M)


def total(how, pid, work):
    """Calls while WORK() runs, and what it returned. None where HOW does not work here."""
    counter, pattern = how(pid)
    try:
        counter.wait(0.3)  # it ends at once where it may not
        return None
    except subprocess.TimeoutExpired:
        pass
    try:
        result = work()
    finally:
        counter.send_signal(signal.SIGINT)
        text = counter.communicate(timeout=30)[1]
    match = pattern.search(text)
    return (int(match.group(1)), result) if match else None


def count(bench, server, load):
    """A fixed number of commands, with login and logout, which they are many enough to hide."""
    depth_1 = load == ["--depth", "1"]
    commands = (2000 if depth_1 else 20000) // (10 if bench.options.quick else 1)

    for how in (by_perf, by_strace):
        if shutil.which(how.__name__[3:]):
            counted = total(how, server.pid, lambda: bench.load(server, load + ["--commands", str(commands)], seconds=60))
            if counted:
                return {"calls": 1000 * counted[0] / counted[1]["commands"], "by": how.__name__[3:]}
    return {"missing": "neither perf nor strace can count here"}
