#!/bin/bash
# stop.sh: SIGTERM in the middle of work: what was begun is finished, nothing that was answered is lost.
# shellcheck source=daemon.sh
. "$(dirname "$0")/daemon.sh"

for type in ram "${file_types[@]}"; do
    name=$(name_of "$type")
    rm -rf "$state"
    port=''
    start
    disk busy-$name $type $((16 << 20)) || exit 1
    u=$(url busy-$name)
    (exec qemu-img bench -w -f raw -c 1000000 -d 32 -s 4096 "$u" >"$work/bench" 2>&1) &
    load=$!
    writes() { call stats.get '{"kind":"lun"}' | jq '[.stats[].io.write_ops] | add'; }
    busy() { [ "$(writes)" -gt 100 ]; }
    ok "$type: writes are going on" until_true busy
    SECONDS=0
    stop
    ok "$type: SIGTERM in the middle of them ends the daemon with 0" test $? = 0
    ok "$type: within ten seconds" holds $SECONDS '<' 10
    kill $load 2>/dev/null
    wait $load 2>/dev/null
    refused "$type: its port is closed" 'refused|connect' iscsi-ls "iscsi://$(portal)"
done

# Every write that was answered is in the file: the writer notes what it was told.
rm -rf "$state"
port=''
start
disk sure aio $((16 << 20)) || exit 1
for i in {1..250}; do
    qemu-io -f raw -c "write -P $i $((i * 65536 - 65536)) 64k" "$(url sure)" 2>&1 |
        grep -q '^wrote 65536/65536' || break
    echo "$i" >"$work/answered"
done 2>/dev/null &
writer=$!
until_true test -s "$work/answered" >"$work/out"
until_true sh -c "test \$(cat '$work/answered') -gt 10" >"$work/out"
stop
ok "SIGTERM between writes ends the daemon with 0" test $? = 0
kill "$writer" 2>/dev/null
wait "$writer" 2>/dev/null
all_there() {
    local i last
    last=$(cat "$work/answered")
    for ((i = 1; i <= last; i++)); do
        qemu-io -r -f raw -c "read -P $i $((i * 65536 - 65536)) 64k" "$work/sure.img" >"$work/io" 2>&1 || return 1
        ! grep -q 'verification' "$work/io" || { echo "block $i"; return 1; }
    done
}
ok "every write that was answered is in the file" all_there

# Sessions that only sit there do not hold it up, nor do connections that never logged in.
start
coproc HOLD { exec "$here/sessions.py" "$address" "$port" "$iqn:sure" 20; }
hold=$HOLD_PID
read -r -t 30 line <&"${HOLD[0]}"
ok "twenty sessions are open" holds "$(call session.list | jq '.sessions | length')" = 20
exec 8<>"/dev/tcp/127.0.0.1/$port"
SECONDS=0
stop
ok "the daemon ends with 0 under idle sessions and a silent connection" test $? = 0
ok "within ten seconds" holds $SECONDS '<' 10
exec 8>&-
kill "$hold" 2>/dev/null
wait "$hold" 2>/dev/null

# At once, and twice.
start
kill -TERM "$pid"
stop
ok "a second SIGTERM does no harm" test $? = 0
done_testing
