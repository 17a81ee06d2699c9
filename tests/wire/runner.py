"""
Runs test_*.py of a folder: every function test_* is a test, its name a sentence.

A test asks for what it needs by its arguments: `daemon` (one per file, prepared by the file's
setup(daemon); replaced when a test fails), `start_daemon` (a function; what it starts ends with the
test), `folder` (a scratch folder). Files run side by side.
"""

import argparse
import importlib
import inspect
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback

import daemon as daemons

LIMIT_S = 60


class Skip(Exception):
    """This cannot be tested here."""


class Timeout(Exception):
    """The test took too long."""


def cases(*rows):
    """The test runs once per row; a row is its arguments, or one that is no tuple."""

    def mark(function):
        function.cases = [row if isinstance(row, tuple) else (row,) for row in rows]
        return function

    return mark


def limit(seconds):
    """Another time limit than the usual one."""

    def mark(function):
        function.limit = seconds
        return function

    return mark


def default_setup(daemon):
    daemon.make_disk()
    daemon.make_target()


def label_of(value):
    """A row's value as part of a test's name: short, on one line, printable."""
    text = value if isinstance(value, str) else repr(value)
    return "".join(c if c.isprintable() else "?" for c in text[:60])


class File:
    """The tests of one file, and its daemon."""

    def __init__(self, name):
        self.name = name
        self.module = importlib.import_module(name)
        self.daemon = None
        self.tests = []
        for key, function in vars(self.module).items():
            if key.startswith("test_") and function.__module__ == name:
                sentence = f"{name[5:]}: {key[5:].replace('_', ' ')}"
                rows = getattr(function, "cases", None)
                if rows is None:
                    self.tests.append((sentence, function, ()))
                for row in rows or ():
                    label = " ".join(label_of(value) for value in row)[:60]
                    self.tests.append((f"{sentence} [{label}]", function, row))

    def get_daemon(self):
        if self.daemon is None:
            self.daemon = daemons.Daemon(**getattr(self.module, "DAEMON", {})).start()
            getattr(self.module, "setup", default_setup)(self.daemon)
        return self.daemon

    def drop_daemon(self):
        if self.daemon is not None:
            self.daemon.discard()
            self.daemon = None

    def run(self, sentence, function, row):
        """(verdict, explanation)"""
        started, scratch = [], None

        def start_daemon(**how):
            started.append(daemons.Daemon(**how))
            return started[-1].start()

        def on_alarm(*_):
            raise Timeout(f"not done within {seconds} s")

        seconds = getattr(function, "limit", LIMIT_S)
        signal.signal(signal.SIGALRM, on_alarm)
        signal.alarm(seconds)
        try:
            wanted = list(inspect.signature(function).parameters)
            fixtures = {}
            if "daemon" in wanted:
                fixtures["daemon"] = self.get_daemon()
            if "start_daemon" in wanted:
                fixtures["start_daemon"] = start_daemon
            if "folder" in wanted:
                fixtures["folder"] = scratch = tempfile.mkdtemp(prefix="blockgate-test-")
            rest = [name for name in wanted if name not in fixtures]
            function(**fixtures, **dict(zip(rest, row, strict=True)))
            for daemon in started:
                daemon.stop()
            if "daemon" in wanted:
                assert self.daemon.running(), f"the daemon ended: {self.daemon.process.returncode}"
                self.daemon.check_log()
            return "PASS", ""
        except Skip as reason:
            return "SKIP", str(reason)
        except KeyboardInterrupt:
            raise
        except BaseException:
            why = traceback.format_exc()
            for daemon in [*started, *([self.daemon] if self.daemon and "daemon" in wanted else [])]:
                why += f"\n--- log of {daemon.folder}\n{daemon.log_tail()}\n"
            if "daemon" in wanted:
                self.drop_daemon()
            return "FAIL", why
        finally:
            signal.alarm(0)
            for daemon in started:
                daemon.discard()
            if scratch:
                shutil.rmtree(scratch, ignore_errors=True)

    def finish(self):
        """The daemon of the file must end in order."""
        if self.daemon is None:
            return "PASS", ""
        try:
            self.daemon.stop()
            return "PASS", ""
        except AssertionError as e:
            return "FAIL", f"{e}\n{self.daemon.log_tail()}"
        finally:
            self.drop_daemon()


def report(verdict, sentence, seconds, why):
    text = f"{verdict} {sentence} ({seconds:.2f})"
    if why:
        text += " " + why if verdict == "SKIP" else "\n" + "\n".join("    " + x for x in why.splitlines())
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def run_file(name, wanted, workers):
    """{verdict: count} of one file, its daemons with so many workers where a test does not say how many."""
    daemons.default_workers = workers
    counts = {"PASS": 0, "FAIL": 0, "SKIP": 0}

    def one(sentence, do):
        start = time.monotonic()
        verdict, why = do()
        counts[verdict] += 1
        report(verdict, sentence, time.monotonic() - start, why)

    try:
        file = File(name)
    except Exception:
        report("FAIL", f"{name} cannot be loaded", 0, traceback.format_exc())
        return {**counts, "FAIL": 1}
    used = False
    for sentence, function, row in file.tests:
        if not wanted or any(w in sentence or w in f"{name}.{function.__name__}" for w in wanted):
            one(sentence, lambda: file.run(sentence, function, row))
            used = used or file.daemon is not None
    if used:
        one(f"{name[5:]}: the daemon ends in order", file.finish)
    return counts


def fork_file(name, wanted, workers):
    """Runs a file in a process of its own: (pid, where its counts arrive)."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writer)
        return pid, reader
    os.close(reader)
    counts = run_file(name, wanted, workers)
    os.write(writer, " ".join(f"{k}={v}" for k, v in counts.items()).encode())
    sys.stdout.flush()
    os._exit(0)


def collect(running, total):
    """Waits for one file to end."""
    pid, _ = os.waitpid(-1, 0)
    name, reader = running.pop(pid)
    with os.fdopen(reader) as f:
        counts = f.read()
    if not counts:
        report("FAIL", f"{name} ended early", 0, "")
        total["FAIL"] += 1
    for part in counts.split():
        verdict, _, number = part.partition("=")
        total[verdict] += int(number)


def main(folder, workers=(2,)):
    """WORKERS: how many the daemons of the first file have, of the second, and so on, round and round."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="parts of test names; all without one")
    parser.add_argument("--daemon", help="path of blockgated (or $BLOCKGATED)")
    parser.add_argument("-j", "--jobs", type=int, default=4, help="files that run side by side")
    parser.add_argument("-w", "--workers", type=int, help="of every file's daemons (else it differs from file to file)")
    parser.add_argument("-l", "--list", action="store_true", help="only list the tests")
    options = parser.parse_args()
    daemons.binary = os.path.abspath(options.daemon or daemons.binary)
    sys.path.insert(0, folder)
    names = sorted(n[:-3] for n in os.listdir(folder) if n.startswith("test_") and n.endswith(".py"))
    if options.list:
        for name in names:
            for sentence, _, _ in File(name).tests:
                print(sentence)
        return 0
    if not os.access(daemons.binary, os.X_OK):
        sys.exit(f"no blockgated at {daemons.binary}: name it with --daemon or $BLOCKGATED")
    total, running = {"PASS": 0, "FAIL": 0, "SKIP": 0}, {}
    for i, name in enumerate(names):
        while len(running) >= max(1, options.jobs):
            collect(running, total)
        pid, reader = fork_file(name, options.names, options.workers or workers[i % len(workers)])
        running[pid] = name, reader
    while running:
        collect(running, total)
    print(f"{total['PASS']} passed, {total['FAIL']} failed, {total['SKIP']} skipped")
    return 1 if total["FAIL"] or not total["PASS"] else 0
