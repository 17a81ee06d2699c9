#!/bin/bash
# service.sh: what a service manager is told, and the unit for systemd.
# shellcheck source=daemon.sh
. "$(dirname "$0")/daemon.sh"

listen() { # ADDRESS: each message, its lines joined by a blank, is a line of $work/told
    : >"$work/told"
    python3 -u -c 'import socket, sys
name = sys.argv[1]
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("\0" + name[1:] if name[0] == "@" else name)
print("listening", flush=True)
while True:
    print(s.recv(4096).decode().replace("\n", " "), flush=True)' "$1" >"$work/told" &
    listener=$!
    until_true grep -q listening "$work/told"
}
told() { grep -c -- "$1" "$work/told"; }
told_times() { [ "$(told "$2")" -ge "$1" ]; }
not_told() { ! grep -q -- "$1" "$work/told"; }

for notify in "$work/notify" "@blockgate-test-$$"; do
    kind=path
    [ "${notify:0:1}" = / ] || kind="abstract name"
    listen "$notify"
    run_as=(env "NOTIFY_SOCKET=$notify" WATCHDOG_USEC=300000)
    port=''
    start --workers 2
    ok "$kind: the manager is told that the daemon is ready" until_true told_times 1 'READY=1'
    ok "$kind: and goes on getting signs of life" until_true told_times 4 'WATCHDOG=1'
    stop
    ok "$kind: SIGTERM ends the daemon with 0" test $? = 0
    ok "$kind: the manager was told of the stop" until_true told_times 1 'STOPPING=1'
    ok "$kind: once each" holds "$(told 'READY=1') $(told 'STOPPING=1')" = '1 1'
    kill $listener
    wait $listener 2>/dev/null
    rm -f "$work/notify"
done

listen "$work/notify"
run_as=(env "NOTIFY_SOCKET=$work/notify" WATCHDOG_USEC=3000 WATCHDOG_PID=1)
start
ok "signs of life that another process owes: told of the start" until_true told_times 1 'READY=1'
stop
until_true told_times 1 'STOPPING=1' >"$work/out"
ok "signs of life that another process owes are not given" not_told WATCHDOG
kill $listener
wait $listener 2>/dev/null
rm -f "$work/notify"

run_as=(env "NOTIFY_SOCKET=$work/nobody-listens" WATCHDOG_USEC=300000)
start
ok "a manager that does not listen keeps nobody from serving" call daemon.info
stop
ok "nor from ending with 0" test $? = 0
run_as=(env NOTIFY_SOCKET=relative)
start
ok "a NOTIFY_SOCKET that is none is said in the log" grep -q 'NOTIFY_SOCKET.*relative' "$log"
stop
run_as=()

unit=$work/blockgated.service
sed "s|@bindir[@]|$(dirname "$(realpath "$BLOCKGATED")")|" "$root/contrib/systemd/blockgated.service.in" >"$unit"
options_exist() { # what ExecStart passes
    local option
    for option in $(grep -oE -- ' --[a-z-]+' "$unit"); do
        "$BLOCKGATED" --help | grep -q -- "$option" || { echo "$option"; return 1; }
    done
}
ok "the unit passes options that there are" options_exist
if command -v systemd-analyze >/dev/null; then
    ok "systemd finds nothing wrong with the unit" systemd-analyze verify --man=no "$unit"
    ok "its exposure is 2.0 at most" systemd-analyze security --no-pager --offline=true --threshold=20 "$unit"
else
    skip "systemd finds nothing wrong with the unit" "there is no systemd-analyze"
fi
start
done_testing
