#!/bin/bash
# restart.sh: what is configured and written outlives the daemon, however it ends.
# shellcheck source=daemon.sh
. "$(dirname "$0")/daemon.sh"

what_is_there() { # everything that an initiator or an operator can tell disks by
    call config.get | jq -S '{revision, config}'
    call backstore.list | jq -S '.backstores'
    iscsi-ls -s "iscsi://$(portal)"
    for d in kept fast; do
        iscsi-inq -e 1 -c 128 "$(url "$d")"
        iscsi-inq -e 1 -c 131 "$(url "$d")"
    done
}

same_as_before() {
    what_is_there >"$work/now" 2>&1
    diff "$work/before" "$work/now"
}

pattern_is_there() { # BYTE
    qemu-io -r -f raw -c "read -P $1 0 1M" "$(url kept)" >"$work/io" 2>&1 && ! grep -i verification "$work/io"
}

revision() { call config.get | jq .revision; }

start
disk kept aio $((8 << 20)) || exit 1
disk fast rdwr $((8 << 20)) '"block_size":4096' || exit 1
call lun.create "{\"target\":\"$iqn:kept\",\"lun\":7,\"backstore\":\"fast\",\"read_only\":true}" >"$work/call"
call acl.create "{\"target\":\"$iqn:kept\",\"initiator\":\"iqn.2026-01.org.example:me\"}" >"$work/call"
what_is_there >"$work/before" 2>&1
ok "two disks are there to begin with" grep -q 'Lun:7' "$work/before"
ok "data is written" qemu-io -f raw -c 'write -P 0x11 0 1M' -c flush "$(url kept)"

stop
ok "SIGTERM ends the daemon with 0" test $? = 0
start
ok "configuration and identities survive SIGTERM" same_as_before
ok "data survives SIGTERM" pattern_is_there 0x11

qemu-io -f raw -c 'write -P 0x22 0 1M' -c flush "$(url kept)" >"$work/io" 2>&1
stop KILL 2>/dev/null
start
ok "configuration and identities survive kill -9" same_as_before
ok "data that was flushed survives kill -9" pattern_is_there 0x22

# A change that was answered is there after kill -9; one that is cut short is there whole or not at all.
for i in 1 2 3 4 5; do
    call backstore.create "{\"backstore\":{\"name\":\"last-$i\",\"type\":\"ram\",\"size\":1048576}}" >"$work/call"
    stop KILL 2>/dev/null
    start
    ok "change $i, answered just before kill -9, is there" call backstore.get "{\"name\":\"last-$i\"}"
done
before=$(revision)
(
    for i in {1..200}; do
        call backstore.create "{\"backstore\":{\"name\":\"flood-$i\",\"type\":\"ram\",\"size\":1048576}}" || break
        echo "$i"
    done
) 2>/dev/null | grep -E '^[0-9]+$' >"$work/answered" &
until_true test -s "$work/answered" >/dev/null
stop KILL 2>/dev/null
wait
answered=$(tail -n 1 "$work/answered")
start
ok "changes answered before kill -9 are all there" holds "$(call backstore.list | jq '[.backstores[] |
    select(.name | startswith("flood-"))] | length')" '>' $((answered - 1))
ok "each of them raised the revision by one" holds "$(revision)" = $((before +
    $(call backstore.list | jq '[.backstores[] | select(.name | startswith("flood-"))] | length')))

states() { find "$state" -type f -name '*.json*' | wc -l; }
ok "the last ten states are kept, and no more" holds "$(states)" = 11
ok "nobody else may read the state" holds "$(find "$state" -type f -perm /077 | wc -l)" = 0

# A damaged state file: the daemon says so, keeps it, and takes the last good one only if told to.
stop
file=$state/state.json
ok "the state is in one file" test -s "$file"
good=$(cat "$file")
for damage in cut garbage empty; do
    case $damage in
    cut) head -c $(($(stat -c %s "$file") / 2)) <<<"$good" >"$file" ;;
    garbage) head -c 300 /dev/urandom >"$file" ;;
    empty) : >"$file" ;;
    esac
    sum=$(sha256sum <"$file")
    refused "a state file that is damaged ($damage) is named, and how to go on" 'state\.json.*--recover|--recover.*state\.json' \
        timeout 10 "$BLOCKGATED" --state-dir "$state" --rpc-socket "$sock"
    ok "it is kept as it was ($damage)" holds "$(sha256sum <"$file")" = "$sum"
done
start --recover
ok "--recover starts from the last good state" call backstore.get '{"name":"kept"}'
ok "data is there after that, too" pattern_is_there 0x22
ok "the damaged file is still kept" sh -c "find '$state' -type f -size 0 | grep ."
done_testing
