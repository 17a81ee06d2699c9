#!/bin/bash
# idle.sh: a hundred sessions that are logged in and silent cost next to nothing.
# shellcheck source=daemon.sh
. "$(dirname "$0")/daemon.sh"

ticks() { # what the daemon has used so far, in 1/100 s
    awk -v hz="$(getconf CLK_TCK)" '{ sub(/^.*\) /, ""); print int(($12 + $13) * 100 / hz) }' "/proc/$pid/stat"
}

start --workers 2
disk quiet ram $((8 << 20)) || exit 1
before=$(ticks)
sleep 5
ok "alone it uses less than 1 % of a CPU" holds $(($(ticks) - before)) '<' 5

coproc HOLD { exec "$here/sessions.py" "$address" "$port" "$iqn:quiet" 100; }
hold=$HOLD_PID
read -r -t 60 line <&"${HOLD[0]}"
ok "a hundred sessions are logged in" holds "$(call session.list | jq '.sessions | length')" = 100
before=$(ticks)
sleep 5
ok "with them it uses less than 1 % of a CPU" holds $(($(ticks) - before)) '<' 5
ok "they are still there" holds "$(call session.list | jq '.sessions | length')" = 100
kill "$hold"
wait "$hold" 2>/dev/null
none_left() { [ "$(call session.list | jq '.sessions | length')" = 0 ]; }
ok "none is left once they have closed" until_true none_left

table() { "$root/bench/footprint" --daemon "$BLOCKGATED" --workers 2 1 20 | tee /dev/stderr | grep -Eq '^ +20 +[1-9]'; }
ok "bench/footprint prints its table" table
done_testing
