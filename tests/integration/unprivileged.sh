#!/bin/bash
# unprivileged.sh: the daemon needs no root.
# shellcheck source=daemon.sh
. "$(dirname "$0")/daemon.sh"

if [ "$(id -u)" = 0 ]; then
    # Nobody may not look into the build folder, nor write reports beside the others.
    cp "$BLOCKGATED" "$work/blockgated"
    BLOCKGATED=$work/blockgated
    chmod 755 "$work" && mkdir "$work/own" && chown nobody "$work/own"
    run_as=(setpriv --reuid=nobody --regid=nogroup --clear-groups --no-new-privs --bounding-set=-all
        env ASAN_OPTIONS="${ASAN_OPTIONS-}:log_path=$work/own/report" UBSAN_OPTIONS="${UBSAN_OPTIONS-}:log_path=$work/own/report")
    state=$work/own/state sock=$work/own/api.sock
fi

start
ok "its process belongs to somebody else than root" test "$(stat -c %u "/proc/$pid")" != 0
for type in ram "${file_types[@]}"; do
    name=$(name_of "$type")
    ok "$type: a disk" call config.apply "{\"mode\":\"merge\",\"config\":{
        \"backstores\":{\"$type\":{\"type\":\"$type\",\"size\":8388608$([ $type = ram ] ||
        echo ",\"create\":true,\"path\":\"$(dirname "$sock")/$type.img\"")}},
        \"targets\":{\"$iqn:$name\":{\"luns\":{\"0\":{\"backstore\":\"$type\"}},\"acls\":{\"*\":{}}}}}}"
    ok "$type: written and read" qemu-io -f raw -c 'write -P 3 0 1M' -c 'read -P 3 0 1M' "$(url $name)"
done
ok "the socket is for its owner and group only" sh -c "stat -c %a '$sock' | grep -Eq '^[67][67]0$'"

if [ "$(id -u)" = 0 ]; then
    truncate -s 1M "$work/own/root.img" && chmod 600 "$work/own/root.img"
    refused "a file that it may not read is named, with the reason" 'root\.img.*Permission denied' \
        call backstore.create "{\"backstore\":{\"name\":\"x\",\"type\":\"rdwr\",\"path\":\"$work/own/root.img\"}}"
    refused "a port below 1024 is named, with the reason" '127\.0\.0\.1.*860.*Permission denied' \
        call portal_group.create '{"tag":2,"portals":[{"address":"127.0.0.1","port":860}]}'
    stop
    ok "it ends with 0" test $? = 0
    ok "it left no report" sh -c "! cat '$work/own/report'* 2>/dev/null"
else
    skip "a file that it may not read is named" "needs root to make one"
fi
done_testing
