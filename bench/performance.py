"""performance.py: what bench/compare found, as text."""

INTRODUCTION = """# Performance

Written by `{command}` on {date}; do not edit. What can be trusted are the ratios: all servers of a row ran in turn,
{repeat} times {seconds:g} s each, and the medians are compared. How it is measured: `bench/README.md`.

| | |
|---|---|
| CPU | {cpu}, {cores} cores |
| memory | {memory_gib} GiB |
| kernel | {kernel} |
| what else kept CPUs busy meanwhile | {others:.2f} of them |

The client, `blockgate-bench`, runs on another CPU than the server, over the loopback interface. *limit* is a server
that exchanges the same bytes with no target behind it (`bench/limit/`): what this machine can do at most, by one
thread that sleeps when there is nothing to do. What was tried beside this, and what came of it: `doc/experiments.md`.
"""


def thousands(value):
    if value >= 100000:
        return f"{value / 1000:.0f} k"
    return f"{value / 1000:.1f} k" if value >= 1000 else f"{value:.0f}"


def ratio(result, other, key="value", inverse=False):
    if other not in result or "blockgate" not in result:
        return None
    a, b = result["blockgate"][key], result[other][key]
    if inverse:
        a, b = b, a
    return a / b if b else None


def judged(row, result):
    """(what against, ratio, goal) for each goal of the row that could be measured."""
    return [(against, value, goal) for against, value, goal in (
        ("× tgt", ratio(result, "tgt"), row.goal_tgt),
        ("of the limit", ratio(result, "limit"), row.goal_limit),
        ("× tgt per CPU second", ratio(result, "tgt", "cpu_us", True), row.goal_cpu),
        ("of what it is without", ratio(result, "without"), row.goal_baseline)) if goal and value]


def line(row, result):
    if "blockgate" not in result:
        return f"{row.name}: {result['missing']['blockgate']}"
    parts = [f"{row.name}: {thousands(result['blockgate']['value'])}"]
    for against, value, goal in judged(row, result):
        parts.append(f"{value:.2f} {against} (goal {goal:g}: {'reached' if value >= goal else 'missed'})")
    return ", ".join(parts)


def cell(row, result, name):
    if name not in result:
        return "–"
    value = result[name]["value"]
    if row.load[:2] == ["--block-size", "128k"]:
        return f"{result[name]['mb_per_s'] / 1000:.2f} GB/s"
    return thousands(value)


def against_cell(value, goal):
    if not goal or not value:
        return "–"
    return f"{value:.2f} (≥ {goal:g}) {'✓' if value >= goal else '✗'}"


def limit_cell(row, result):
    """The limit against tgt: what nobody can pass on this machine, whatever the goal."""
    if "tgt" not in result or "limit" not in result:
        return "–"
    share = result["limit"]["value"] / result["tgt"]["value"]
    return f"{share:.2f}" + (" (below the goal)" if row.goal_tgt and share < row.goal_tgt else "")


def tgt_cell(row, result):
    """tgt has no medium in memory and no io_uring."""
    text = cell(row, result, "tgt")
    kind = row.tgt["kind"] if row.tgt and "tgt" in result else None
    return text if kind in (None, row.blockgate["kind"]) else f"{text} (its `{kind}`)"


def table_of_rows(found):
    lines = ["## What it must reach\n",
             "IOPS, or what the unit says; in brackets the goal; ✓ reached, ✗ missed. Where tgt has no such store, what it has"
             " instead is named: against `ram` a file in the page cache, which costs it system calls for each command. Where"
             " *limit × tgt* is below the goal, no server can reach it on this machine.\n",
             "| work | blockgate | tgt | istgt | limit | × tgt | limit × tgt | of the limit |",
             "|---|---|---|---|---|---|---|---|"]
    for row, result in found["rows"]:
        if "blockgate" not in result:
            lines.append(f"| {row.work} | {result['missing']['blockgate']} | | | | | | |")
        elif not row.baseline:
            lines.append(f"| {row.work} | " + " | ".join(
                [cell(row, result, "blockgate"), tgt_cell(row, result)] +
                [cell(row, result, n) for n in ("istgt", "limit")] +
                [against_cell(ratio(result, "tgt"), row.goal_tgt), limit_cell(row, result),
                 against_cell(ratio(result, "limit"), row.goal_limit)]) + " |")
    return lines


def table_of_digests(found):
    chosen = [(row, result) for row, result in found["rows"] if row.baseline and "blockgate" in result]
    lines = ["\n## Digests\n", "| work | with | without | with / without |", "|---|---|---|---|"]
    for row, result in chosen:
        lines.append(f"| {row.work} | {cell(row, result, 'blockgate')} | {cell(row, result, 'without')} | "
                     f"{against_cell(ratio(result, 'without'), row.goal_baseline)} |")
    return lines if chosen else []


def table_of_cpu(found):
    chosen = [(row, result) for row, result in found["rows"] if "blockgate" in result]
    lines = ["\n## CPU time of the server\n", "Microseconds of user and system time for each command, or login, and the"
             " 99th percentile of latency.\n",
             "| work | blockgate | tgt | limit | tgt's / blockgate's | p99, µs: blockgate | tgt | limit |",
             "|---|---|---|---|---|---|---|---|"]
    for row, result in chosen:
        def cells(key, form):
            return [form % result[n][key] if n in result else "–" for n in ("blockgate", "tgt", "limit")]
        share = ratio(result, "tgt", "cpu_us", True)
        share = "–" if not share else against_cell(share, row.goal_cpu) if row.goal_cpu else f"{share:.2f}"
        lines.append(f"| {row.work} | " + " | ".join(cells("cpu_us", "%.2f") + [share] + cells("p99_us", "%.0f")) + " |")
    return lines if chosen else []


def table_of_calls(found):
    counted = found.get("calls")
    if not counted:
        return []

    def count(row, counts, name):
        one = counts.get(name, {})
        if "calls" not in one:
            return one.get("missing", "–") if name == "blockgate" else "–"
        goal = name == "blockgate" and "depth 32" in row.work
        return f"{one['calls']:.0f}" + ((" ✓" if one["calls"] <= 150 else " ✗") if goal else "")

    how = {one["by"] for _, counts in counted for one in counts.values() if "by" in one}
    lines = ["\n## System calls for 1,000 commands\n",
             f"Counted by {' and '.join(sorted(how)) or 'nobody'}, threads and all; without busy poll, whose"
             " looks are calls, too: epoll_wait and sched_yield each time. At depth 32 at most 150.\n",
             "| work | blockgate | tgt | limit |", "|---|---|---|---|"]
    for row, counts in counted:
        lines.append(f"| {row.work} | " + " | ".join(count(row, counts, n) for n in ("blockgate", "tgt", "limit")) + " |")
    return lines


def tables_of_growth(found):
    about = {"sessions": "sessions, depth 4 each", "LUNs": "LUNs configured, 1,000 a target; commands go round those of"
             " the first target", "depth": "commands in flight", "bytes": "bytes a command, depth 8"}
    lines = ["\n## How cost grows\n", "`null`, random reads of 4 KiB, depth 32, one session and one worker, unless the"
             " column says otherwise.\n"] if any(found["growth"].values()) else []
    for what, results in found["growth"].items():
        if results:
            lines += [f"| {about[what]} | IOPS | MB/s | server µs a command | p99 µs |", "|---|---|---|---|---|"]
            lines += [f"| {r['n']:,} | {thousands(r['value'])} | {r['mb_per_s']:.0f} | {r['cpu_us']:.2f} | {r['p99_us']:.0f} |"
                      for r in results] + [""]
    return lines


def table_of_idle(found):
    idle = found.get("idle")
    if not idle:
        return []
    own, tgt = idle["blockgate"], idle.get("tgt", {})
    lines = ["\n## When idle\n", "Memory in KiB, of one worker with one disk: all that is resident, and what of it is"
             " private: what the machine would get back.\n", "| | blockgate | tgt | goal |", "|---|---|---|---|"]

    def add(name, value, other, goal, limit, form="%.0f"):
        mark = "" if limit is None else " ✓" if value <= limit else " ✗"
        lines.append(f"| {name} | {form % value} | {'–' if other is None else form % other} | {goal}{mark} |")

    for kind in ("resident", "private"):
        other = tgt["idle"][kind] if "idle" in tgt else None
        add(f"no session, {kind}", own["idle"][kind], other, "at most tgt's", other)
    add("each idle session, private", own["session_kib"], tgt.get("session_kib"), "under 24", 24, "%.1f")
    add(f"CPU with {own['sessions']:,} sessions that answered {own['pings']:,} pings in {own['seconds']:g} s, %",
        own["cpu_percent"], None, "under 1", 1, "%.2f")
    return lines


def document(found):
    parts = [INTRODUCTION.format(**found["machine"], repeat=found["repeat"], seconds=found["seconds"],
                                 others=found["others"]).rstrip(), ""]
    if found["rows"]:
        parts += table_of_rows(found) + table_of_digests(found) + table_of_cpu(found)
    parts += table_of_calls(found) + tables_of_growth(found) + table_of_idle(found)
    return "\n".join(parts).rstrip() + "\n"
