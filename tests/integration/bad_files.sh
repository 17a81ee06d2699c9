#!/bin/bash
# bad_files.sh: backing files and ports that cannot be had: a clear error, and nothing changed.
# shellcheck source=daemon.sh
. "$(dirname "$0")/daemon.sh"

make_store() { # MEMBERS
    call backstore.create "{\"backstore\":{\"name\":\"bad\",$1}}"
}

revision() { call config.get | jq .revision; }

start
disk good rdwr $((4 << 20)) || exit 1
truncate -s 1M "$work/small.img"
: >"$work/empty.img"
mkdir "$work/folder"
mkfifo "$work/fifo"
before=$(revision)

for type in "${file_types[@]}"; do
    while IFS='|' read -r members pattern name; do
        refused "$type: $name" "$pattern" make_store "\"type\":\"$type\",${members//WORK/$work}"
    done <<'END'
"path":"WORK/missing.img"|missing\.img.*No such file|a missing file is named, with the reason
"path":"WORK/no/way.img","create":true,"size":1048576|no/way\.img.*No such file|a file in a missing folder is named
"path":"WORK/small.img","size":2097152|small\.img|a file that is too small is named
"path":"WORK/empty.img"|empty\.img|an empty file is named
"path":"WORK/folder"|folder|a folder is no disk
"path":"WORK/fifo"|fifo|a fifo is no disk
"path":"/dev/null"|/dev/null|a character device is no disk
"path":"WORK/new.img","create":true|size|a new file needs a size
END
done
ok "a dry run finds the missing file, too" sh -c "! curl -fsS --unix-socket '$sock' http://x/call/backstore.create \
    -d '{\"dry_run\":true,\"backstore\":{\"name\":\"bad\",\"type\":\"rdwr\",\"path\":\"$work/missing.img\"}}'"
ok "a dry run makes no file" sh -c "curl -fsS --unix-socket '$sock' http://x/call/backstore.create -d '{\"dry_run\":true,
    \"backstore\":{\"name\":\"dry\",\"type\":\"rdwr\",\"path\":\"$work/dry.img\",\"create\":true,\"size\":1048576}}' &&
    test ! -e '$work/dry.img'"
ok "none of this changed the configuration" holds "$(revision)" = "$before"
ok "none of this made a file" sh -c "! ls '$work/new.img' '$work/missing.img' '$work/no' 2>/dev/null"

# In use by somebody else.
refused "a file that another backing store of this daemon has is refused" 'good' \
    make_store "\"type\":\"aio\",\"path\":\"$work/good.img\""
mkdir "$work/second"
"$BLOCKGATED" --state-dir "$work/second/state" --rpc-socket "$work/second/api.sock" \
    --portal "127.0.0.1:$(free_port)" 2>"$work/second/log" &
second=$!
second_takes() {
    curl -sS --fail-with-body --unix-socket "$work/second/api.sock" http://x/call/backstore.create \
        -d "{\"backstore\":{\"name\":\"mine\",\"type\":\"rdwr\",\"path\":\"$work/good.img\"}}"
}
ok "a second daemon starts beside the first" until_true curl -fsS --unix-socket "$work/second/api.sock" http://x/call/daemon.info
refused "a file that a second daemon wants is refused" 'good\.img.*(in use|locked|Resource temporarily unavailable)' second_takes
ok "it can have it once the first lets go" sh -c "curl -fsS --unix-socket '$sock' http://x/call/target.delete -d '{\"name\":\"$iqn:good\"}' &&
    curl -fsS --unix-socket '$sock' http://x/call/backstore.delete -d '{\"name\":\"good\"}'"
ok "and takes it" second_takes
kill "$second" && wait "$second"
ok "the second daemon ends with 0" test $? = 0

qemu-img create -q -f raw "$work/vm.img" 4M
coproc VM { qemu-io -f raw "$work/vm.img" 2>&1; }
vm=$VM_PID
echo 'read 0 4k' >&"${VM[1]}"
read -r -t 10 line <&"${VM[0]}"
refused "a file that QEMU has open is refused" 'vm\.img.*(in use|locked|Resource temporarily unavailable)' \
    make_store "\"type\":\"rdwr\",\"path\":\"$work/vm.img\""
echo quit >&"${VM[1]}"
wait "$vm" 2>/dev/null
ok "it can be had when QEMU has let go" make_store "\"type\":\"rdwr\",\"path\":\"$work/vm.img\""
refused "QEMU does not open a file that the daemon has" 'lock' qemu-io -f raw -c 'write 0 4k' "$work/vm.img"

# Ports.
occupy() { # PORT: sets listener, the process that has it
    rm -f "$work/listening"
    python3 -c 'import socket, sys, time
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("listening", flush=True)
time.sleep(100)' "$1" >"$work/listening" &
    listener=$!
    until_true test -s "$work/listening"
}
before=$(revision)
taken=$(free_port)
occupy "$taken"
refused "a port that is taken is named, with the reason" "127\.0\.0\.1.*$taken.*in use" \
    call portal_group.create "{\"tag\":2,\"portals\":[{\"address\":\"127.0.0.1\",\"port\":$taken}]}"
refused "an address that is not this machine's is named" '192\.0\.2\.1' \
    call portal_group.create "{\"tag\":2,\"portals\":[{\"address\":\"192.0.2.1\",\"port\":$taken}]}"
ok "neither changed the configuration" holds "$(revision)" = "$before"
kill "$listener" && wait "$listener" 2>/dev/null
ok "the port can be had when it is free" call portal_group.create "{\"tag\":2,\"portals\":[{\"address\":\"127.0.0.1\",\"port\":$taken}]}"

# At start the daemon is tolerant: what cannot be opened is in error, the rest is up.
disk broken rdwr $((4 << 20)) || exit 1
disk whole rdwr $((4 << 20)) || exit 1
stop
mv "$work/broken.img" "$work/elsewhere.img"
start
ok "it starts without a backing file" call daemon.info
ok "its health is degraded, and the file is named" sh -c "curl -sS --unix-socket '$sock' http://x/call/daemon.health |
    jq -e '.status == \"degraded\" and (.checks | tostring | contains(\"broken.img\"))'"
ok "the backing store is in error, and says why" sh -c "curl -fsS --unix-socket '$sock' http://x/call/backstore.get -d '{\"name\":\"broken\"}' |
    jq -e '.. | objects | select(.state? == \"error\") | .error | contains(\"broken.img\")'"
refused "its disk is not ready" 'not.?ready|Failed|Could not open|medium' qemu-io -f raw -c 'read 0 4k' "$(url broken)"
ok "the other disk works" qemu-io -f raw -c 'write -P 1 0 64k' -c 'read -P 1 0 64k' "$(url whole)"
mv "$work/elsewhere.img" "$work/broken.img"
ok "it comes back with an update" call backstore.update '{"name":"broken","set":{}}'
ok "and works" qemu-io -f raw -c 'read 0 4k' "$(url broken)"
stop
occupy "$port"
launch
ok "it starts though a portal's port is taken" answers
ok "its health is degraded then, and the port is named" sh -c "curl -sS --unix-socket '$sock' http://x/call/daemon.health |
    jq -e '.status != \"ok\" and (.checks | tostring | contains(\"$port\"))'"
kill "$listener" && wait "$listener" 2>/dev/null
done_testing
