"""calls.py: how many system calls a server makes for 1,000 commands."""

import re
import shutil
import signal
import subprocess

ROWS = ["null-read", "ram-write", "cached-read", "aio-read", "aio-write", "io_uring-read", "io_uring-write",
        "null-sequential-read", "null-sequential-write", "depth-1"]
COMMANDS = 20000


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
    load = load + ["--commands", str(COMMANDS // (20 if bench.options.quick else 1))]
    for how in (by_perf, by_strace):
        if shutil.which(how.__name__[3:]):
            counted = total(how, server.pid, lambda: bench.load(server, load, seconds=60))
            if counted:
                return {"calls": 1000 * counted[0] / counted[1]["commands"], "by": how.__name__[3:]}
    return {"missing": "neither perf nor strace can count here"}
