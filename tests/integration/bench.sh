#!/bin/bash
# bench.sh: blockgate-bench does what its manual page says, against the daemon. How fast is not tested.
# shellcheck source=daemon.sh
. "$(dirname "$0")/daemon.sh"
bench=${BLOCKGATE_BENCH:-$(dirname "$BLOCKGATED")/blockgate-bench}

run() { # OPTION…: what it prints is in out.json
    "$bench" --json --seconds 0.2 --warm-up 0 "$@" >"$work/out.json" || { cat "$work/out.json"; return 1; }
    jq -e . "$work/out.json"
}

says() { # FILTER, of the last run
    jq -e "$1" "$work/out.json"
}

start --workers 2
disk disk ram $((8 << 20)) || exit 1
for mode in read write mix tur nop login; do
    ok "$mode is measured" run --mode $mode --sessions 2 "$(url disk)"
    ok "$mode has done something, and nothing wrong" says '.errors == 0 and (.commands // .logins) > 0'
    ok "$mode has percentiles in order" says '.latency_us |
        .p50 > 0 and .p50 <= .p90 and .p90 <= .p99 and .p99 <= .["p99.9"] and .["p99.9"] <= .max'
done
ok "a number of commands is kept to" run --commands 1000 --sessions 3 --threads 2 --depth 7 "$(url disk)"
ok "no more and no less" says '.commands == 1000'
ok "all of a unit is filled" run --mode fill --block-size 64k --seconds 60 "$(url disk)"
ok "with as many commands as it has pieces" says '.commands == 128'
ok "text for people says the same" grep -q IOPS <("$bench" --seconds 0.1 --warm-up 0 --sequential "$(url disk)")
ok "the target's CPU time and memory are watched" run --pid "$pid" "$(url disk)"
ok "and there is some" says '.target.rss_kib > 1000'
ok "digests are agreed on" run --header-digest --data-digest "$(url disk)"
ok "and are there" says '.negotiated.header_digest and .negotiated.data_digest'
ok "writes that must be asked for arrive" run --mode write --block-size 256k --no-immediate-data --initial-r2t \
    --max-burst 64k "$(url disk)"
ok "none is lost" says '.errors == 0 and .commands > 0 and .negotiated.initial_r2t'

call target.update "{\"name\":\"$iqn:disk\",\"set\":{\"parameters\":{\"nop_interval_s\":1}}}" >"$work/call"
ok "idle sessions stay" run --mode idle --sessions 20 --seconds 3 "$(url disk)"
ok "and answer pings" says '.errors == 0 and .logins == 20 and .pings >= 20'

# A change while it runs: the unit attention is not an error, and no command is lost.
"$bench" --json --commands 200000 --seconds 60 "$(url disk)" >"$work/out.json" &
client=$!
has_session() { [ "$(call session.list | jq '.sessions | length')" = 1 ]; }
until_true has_session
call backstore.resize "{\"name\":\"disk\",\"size\":$((16 << 20))}" >"$work/call" || cat "$work/call"
wait "$client"
ok "a unit that grows disturbs no load" holds $? = 0
ok "each command has been done" says '.commands == 200000 and .errors == 0'
ok "it has heard of the change" says '.unit_attentions == 1 or .async_messages > 0'

call acl.update "{\"target\":\"$iqn:disk\",\"initiator\":\"*\",
    \"set\":{\"auth\":{\"user\":\"web1\",\"secret\":\"correct-horse\"}}}" >"$work/call"
at=$(url disk)
refused "without a secret it is not let in" '0201' run "$at"
refused "nor with a wrong one" '0201' run "${at/:\/\//:\/\/web1%wrong-donkey@}"
ok "with the right one it is" run "${at/:\/\//:\/\/web1%correct-horse@}"
refused "a target that is not there is an error" '0203' run "$(url other)"
refused "a unit that is not there is an error" 'not ready' run "${at/:\/\//:\/\/web1%correct-horse@}7"
call acl.update "{\"target\":\"$iqn:disk\",\"initiator\":\"*\",\"set\":{\"auth\":null}}" >"$work/call"
call target.update "{\"name\":\"$iqn:disk\",\"set\":{\"parameters\":{\"data_digest\":[\"none\"]}}}" >"$work/call"
refused "digests that the target does not want are an error" 'does not agree' run --data-digest "$at"
done_testing
