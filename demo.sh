#!/bin/bash
# demo.sh: blockgate in two minutes, from an empty machine to a disk used over iSCSI.
#
# usage: ./demo.sh [--keep]       --keep: leave the daemon running until Ctrl-C
#
# Installs the Debian packages that are missing (apt-get, by sudo where needed); all else needs no
# root. Everything that is made lies under ./run/ and ./build/demo/.
set -Eeuo pipefail
cd "$(dirname "$0")"
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin
keep=no doing='' pid=''
case ${1-} in
--keep) keep=yes ;;
'') ;;
*) sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac

packages=(build-essential autoconf automake pkg-config libevent-dev libjansson-dev libssl-dev libaio-dev liburing-dev
    libisal-dev curl jq libiscsi-bin qemu-utils qemu-block-extra e2fsprogs)
target=iqn.2026-01.org.example:disk0

if [ -t 1 ]; then bold=$'\e[1m' dim=$'\e[36m' plain=$'\e[0m'; else bold='' dim='' plain=''; fi

step() {
    printf '\n%s%s%s\n' "$bold" "$1" "$plain"
}

run() { # COMMAND: print it, then run just that
    doing=$1
    printf '%s$ %s%s\n' "$dim" "$1" "$plain"
    eval "$1"
}

end_daemon() { # its exit status
    local id=$pid
    pid=''
    [ -n "$id" ] || return 0
    kill -TERM "$id" 2>/dev/null || true
    wait "$id"
}

close_session() {
    [ -n "${HOLD_PID-}" ] || return 0
    { echo quit >&"${HOLD[1]}"; } 2>/dev/null || true
    wait "$HOLD_PID" 2>/dev/null || true
}

failed() {
    local status=$?
    trap - ERR EXIT
    printf '\n%sdemo.sh: this failed (status %s):%s %s\n' "$bold" "$status" "$plain" "$doing" >&2
    [ ! -s "${build_log-}" ] || { echo "the end of $build_log:"; tail -n 15 "$build_log"; } >&2
    [ ! -s run/blockgated.log ] || { echo "the end of run/blockgated.log:"; tail -n 15 run/blockgated.log; } >&2
    close_session
    end_daemon || true
    exit 1
}
trap failed ERR
trap 'close_session; end_daemon || true' EXIT
trap 'exit 130' INT TERM

free_port() {
    local p
    while p=$((20000 + RANDOM % 12000)); do
        (exec 3<>"/dev/tcp/127.0.0.1/$p") 2>/dev/null || break
    done
    echo "$p"
}

start_daemon() {
    run "build/demo/blockgated --state-dir run/state --rpc-socket run/api.sock --portal $portal 2>>run/blockgated.log &"
    pid=$!
    for _ in {1..100}; do
        curl -fsS --unix-socket run/api.sock http://x/readyz >/dev/null 2>&1 && return 0
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    return 1
}

call() { # METHOD PARAMS FILTER: as the user would, with jq to keep the answer short
    local params=''
    [ -z "$2" ] || params=" -d '$2'"
    run "curl -fsS --unix-socket run/api.sock http://x/call/$1$params |
    jq -c '$3'"
}

same_checksum() { # FILE FILE
    run "sha256sum $1 $2"
    doing="compare the checksums of $1 and $2"
    [ "$(sha256sum <"$1")" = "$(sha256sum <"$2")" ]
}

if [ -e run/pid ] && kill -0 "$(cat run/pid)" 2>/dev/null; then
    echo "demo.sh: a demo is still running here (process $(cat run/pid)): end that one first" >&2
    trap - ERR EXIT
    exit 1
fi
rm -rf run
mkdir -p run build/demo
echo $$ >run/pid

step "Packages"
# shellcheck source=tests/packages.sh
. tests/packages.sh
doing="install packages"
need_packages "${packages[@]}"
echo "all there"

step "Build"
build_log=run/build.log
run "autoreconf -fi >run/build.log 2>&1"
run "(cd build/demo && ../../configure -q CFLAGS='-O2 -g') >>run/build.log 2>&1"
run "make -s -j$(nproc) -C build/demo blockgated >>run/build.log 2>&1"
build_log=''

step "Start: an ordinary process, no root, no kernel module"
portal=127.0.0.1:$(free_port)
url=iscsi://$portal/$target/0
start_daemon
call daemon.info '' '{name, version, pid, backstore_types}'

step "A file system with the documentation of this machine"
size_mib=$(($(du -sm /usr/share/doc | cut -f1) * 3 / 2 + 64))
run "mkfs.ext4 -q -b 4096 -i 4096 -d /usr/share/doc run/fs.img ${size_mib}M"
files=$(dumpe2fs -h run/fs.img 2>/dev/null | awk -F: '/^Inode count/ { n = $2 } /^Free inodes/ { n -= $2 } END { print n - 11 }')
echo "$size_mib MiB, $files files and folders"

step "A disk: four calls"
call backstore.create "{\"backstore\": {\"name\": \"disk0\", \"type\": \"aio\", \"path\": \"$PWD/run/disk0.img\", \"size\": $((size_mib << 20)), \"create\": true}}" \
    '{changed, revision, naa: .backstore.naa}'
call target.create "{\"name\": \"$target\"}" '{changed, revision}'
call lun.create "{\"target\": \"$target\", \"lun\": 0, \"backstore\": \"disk0\"}" '{changed, revision}'
call acl.create "{\"target\": \"$target\", \"initiator\": \"*\"}" '{changed, revision}'

step "Use it over iSCSI"
run "iscsi-ls -s iscsi://$portal"
run "qemu-img convert -n -f raw -O raw run/fs.img $url"
run "qemu-img convert -f raw -O raw $url run/back.img"
same_checksum run/fs.img run/back.img
run "e2fsck -fn run/back.img 2>&1"

step "Restart: everything is still there"
run "kill -TERM $pid"
doing="wait for blockgated to end with status 0"
end_daemon
start_daemon
call target.list '' '.targets[] | {name, luns, acls: [.acls[].initiator]}'
call backstore.list '' '.backstores[] | {name, type, state, size, naa}'
run "qemu-img compare -f raw -F raw run/fs.img $url"

step "Who is connected, and what was done"
run "coproc HOLD { qemu-io -r -f raw $url; }   # a session that stays open"
echo 'read 0 8M' >&"${HOLD[1]}"
for _ in 1 2; do read -r -t 20 line <&"${HOLD[0]}"; echo "$line"; done
call session.list '' '.sessions[] | {id, initiator, target, remote: .connections[0].remote}'
call stats.get '{"kind": "lun"}' '.stats[] | {name} + (.io | {read_ops, read_bytes, write_ops, write_bytes, errors})'

proven="a $size_mib MiB ext4 file system of $files files went to the disk over iSCSI, came back with the same SHA-256, passed e2fsck and was there after a restart"
close_session
if [ $keep = yes ]; then
    step "Proven: $proven."
    cat <<END
The daemon goes on until Ctrl-C. Its log is run/blockgated.log.

  iSCSI    $url
  API      curl -fsS --unix-socket run/api.sock http://x/call/daemon.info
  try      qemu-io -f raw -c 'read 0 1M' $url
END
    doing="wait for blockgated"
    trap 'trap - INT TERM; end_daemon; exit' INT TERM
    wait "$pid"
    exit
fi

step "Stop"
run "kill -TERM $pid"
doing="wait for blockgated to end with status 0"
end_daemon
rm -f run/pid
printf '\n%sProven: %s; blockgated ended with 0.%s\n' "$bold" "$proven" "$plain"
