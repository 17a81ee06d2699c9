#!/bin/bash
# hot_changes.sh: the configuration changes while sessions work: they see no error and are not cut.
# shellcheck source=daemon.sh
. "$(dirname "$0")/daemon.sh"

loads=()
work_on() { # NAME COMMAND…: in the background; its output in $work/NAME.load, its status in NAME.status
    local name=$1
    shift
    {
        "$@" >"$work/$name.load" 2>&1
        echo $? >"$work/$name.status"
    } &
    loads+=($!)
}

# iscsi-perf hangs when it meets a unit attention, so its target's LUNs must stay as they are.
steady() { timeout 30 iscsi-perf -r -m 16 -t 5 -x 0 "$(url steady)"; }

# QEMU ends at the first error, so it is well as long as it goes on. On the target that changes.
reads() { timeout 120 qemu-img bench -f raw -c 1000000000 -d 16 -s 4096 "$(url same)"; }

writes() { # through QEMU, for as long as it takes
    until [ -e "$work/enough" ]; do
        qemu-img bench -w -f raw -c 3000 -d 16 -s 4096 "$(url other)" || return 1
    done
}

verifies() { # what is written is what is read, all the time
    local i=1
    until [ -e "$work/enough" ]; do
        qemu-io -f raw -c "write -P $i 0 1M" -c "read -P $i 0 1M" "$(url third)" || return 1
        i=$((i % 250 + 1))
    done
}

sessions() { call session.list | jq -c '[.sessions[] | select(.target | endswith(":same")) | .id]'; }

changes() { # one round: everything that can change while others work
    call backstore.create '{"backstore":{"name":"extra","type":"ram","size":8388608}}' &&
        call lun.create "{\"target\":\"$iqn:same\",\"lun\":1,\"backstore\":\"extra\"}" &&
        call lun.create "{\"target\":\"$iqn:other\",\"lun\":1,\"backstore\":\"extra\"}" &&
        call acl.create "{\"target\":\"$iqn:third\",\"initiator\":\"iqn.2026-01.org.example:new\"}" &&
        call backstore.resize "{\"name\":\"extra\",\"size\":$1}" &&
        call backstore.resize "{\"name\":\"spare\",\"size\":$1}" &&
        call target.create "{\"name\":\"$iqn:brief\",\"luns\":[{\"lun\":0,\"backstore\":\"extra\"}],\"acls\":[{\"initiator\":\"*\"}]}" &&
        call target.delete "{\"name\":\"$iqn:brief\"}" &&
        call acl.delete "{\"target\":\"$iqn:third\",\"initiator\":\"iqn.2026-01.org.example:new\"}" &&
        call lun.delete "{\"target\":\"$iqn:other\",\"lun\":1,\"force\":true}" &&
        call lun.delete "{\"target\":\"$iqn:same\",\"lun\":1,\"force\":true}" &&
        call backstore.delete '{"name":"extra"}'
}

start --workers 2
disk steady ram $((32 << 20)) || exit 1
disk same ram $((32 << 20)) || exit 1
disk other aio $((32 << 20)) || exit 1
disk third rdwr $((32 << 20)) || exit 1
disk spare ram $((8 << 20)) || exit 1

work_on steady steady
work_on reads reads
work_on writes writes
work_on verifies verifies
ok "sessions work" until_true sh -c "curl -fsS --unix-socket '$sock' http://x/call/session.list | jq -e '
    [.sessions[].target | select(test(\":(same|steady)\"))] | length == 2'"
ids=$(sessions)
rounds=0
while [ ! -e "$work/steady.status" ] && [ $rounds -lt 40 ]; do
    if ! changes $(((16 + rounds) << 20)) >"$work/changes" 2>&1; then
        failed "round $rounds of changes" "$work/changes"
        break
    fi
    rounds=$((rounds + 1))
done
ok "LUNs, ACL entries, sizes and targets changed again and again" holds $rounds '>' 2
ok "the session that read beside them all the time is still the same" holds "$(sessions)" = "$ids"
ok "it goes on" test ! -e "$work/reads.status"
: >"$work/enough"
pkill -P "${loads[1]}" timeout
wait "${loads[@]}"

ok "the session of another target saw no error" holds "$(cat "$work/steady.status")" = 0
ok "it had something to do" grep -Eq 'iops average [1-9]' "$work/steady.load"
ok "QEMU's writes saw no error" holds "$(cat "$work/writes.status")" = 0
ok "what was written was read back right" holds "$(cat "$work/verifies.status")" = 0
# QEMU does not ask again when the MODE SENSE of its opening meets the unit attention of a LUN map that
# has just changed: it says so, and goes on with the default.
ok "nothing failed under them" sh -c "! cat '$work/writes.load' '$work/verifies.load' |
    grep -v 'Failed MODE_SENSE(6), LUN assumed writable' | grep -iE 'verification|error|fail'"

# A disk that grows under a session that uses it.
coproc VM { qemu-io -f raw "$(url third)" 2>&1; }
vm=$VM_PID
performs() { # COMMAND: QEMU does it, by the line that tells its figures
    echo "$1" >&"${VM[1]}"
    while read -r -t 10 line <&"${VM[0]}"; do
        echo "$line"
        case $line in
        *ops/sec*) return 0 ;;
        *fail* | *rror*) return 1 ;;
        esac
    done
    return 1
}
ok "a session uses a disk" performs 'read 0 4k'
ok "the disk grows" call backstore.resize "{\"name\":\"third\",\"size\":$((64 << 20))}"
ok "the session sees no error" performs 'write -P 9 0 64k'
echo quit >&"${VM[1]}"
wait "$vm" 2>/dev/null
ok "a new session sees the new size" holds "$(qemu-img info --output=json "$(url third)" | jq '."virtual-size"')" = $((64 << 20))
ok "its new end can be used" qemu-io -f raw -c "write -P 5 $(((64 << 20) - 65536)) 64k" "$(url third)"
ok "its old data is still there" qemu-io -r -f raw -c 'read -P 9 0 64k' "$(url third)"

# An ACL entry that goes keeps the next login out, and says so; force closes who is in.
call acl.delete "{\"target\":\"$iqn:third\",\"initiator\":\"*\",\"force\":true}" >"$work/call"
refused "without an entry nobody logs in" 'uthoriz|denied|Forbidden|rejected|login' iscsi-inq "$(url third)"
done_testing
