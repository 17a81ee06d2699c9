"""Many targets: what a whole configuration costs grows as it does, not as its square."""

import os

import daemon as daemons
from daemon import MIB

# So much longer may five times as many take: five where it is linear, 25 where it is quadratic.
FIVE_TIMES = 9

MANY = 10000
SECONDS = 5


def is_sanitized():
    with open(daemons.binary, "rb") as f:
        text = f.read()
    return b"__asan_" in text or b"__tsan_" in text


def seconds_used(daemon):
    """CPU time of the daemon: the machine may have other things to do."""
    with open(f"/proc/{daemon.process.pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def target(n):
    return f"iqn.2026-01.org.blockgate.test:t{n}"


def apply(daemon, count):
    """COUNT targets with a LUN each, in one call; the seconds it took."""
    config = daemon.call("config.get")["config"]
    config["backstores"] = {f"d{n}": {"type": "null", "size": MIB} for n in range(count)}
    config["targets"] = {target(n): {"luns": {"0": {"backstore": f"d{n}"}}, "acls": {"*": {}}}
                         for n in range(count)}  # fmt: skip
    before = seconds_used(daemon)
    result = daemon.call("config.apply", config=config, wait_ms=600000)
    assert result["changed"] and "job" not in result
    return seconds_used(daemon) - before


def fresh(start_daemon, count):
    """A daemon with COUNT targets, and the seconds to apply them and to start with them."""
    daemon = start_daemon(env={"BLOCKGATE_CHECK_RESULTS": "0"})
    applied = apply(daemon, count)
    daemon.restart()
    return daemon, applied, seconds_used(daemon)


def test_ten_thousand_targets_come_in_one_call_and_are_there_after_a_start(start_daemon):
    few, applied_few, started_few = fresh(start_daemon, MANY // 5)
    few.stop()
    many, applied, started = fresh(start_daemon, MANY)
    print(f"    apply {applied_few:.2f} s -> {applied:.2f} s, start {started_few:.2f} s -> {started:.2f} s")
    assert applied < FIVE_TIMES * applied_few, (applied_few, applied)
    assert started < FIVE_TIMES * started_few, (started_few, started)
    if not is_sanitized():
        assert applied < SECONDS and started < SECONDS, (applied, started)
    assert len(many.call("target.list")["targets"]) == MANY
    many.session(target(MANY - 1)).close()


test_ten_thousand_targets_come_in_one_call_and_are_there_after_a_start.limit = 300
