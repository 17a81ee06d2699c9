#!/bin/bash
# redirect.sh: libiscsi and QEMU are sent to another portal group. For now, they go there; for good,
# libiscsi 1.19 says so and goes nowhere.
# shellcheck source=daemon.sh
. "$(dirname "$0")/daemon.sh"

start
second=$(free_port)
new() { # METHOD PARAMS
    call "$1" "$2" >"$work/call" || { cat "$work/call"; echo "FAIL redirect: $1"; exit 1; }
}
disk moving ram $((16 << 20)) || exit 1
new portal_group.create "{\"tag\":2,\"portals\":[{\"address\":\"127.0.0.1\",\"port\":$second}]}"
new target.update "{\"name\":\"$iqn:moving\",\"set\":{\"portal_groups\":[1,2]}}"

group_sends() { # PERMANENT
    call portal_group.update "{\"tag\":1,\"redirect\":{\"address\":\"127.0.0.1\",\"port\":$second,\"permanent\":$1}}"
}

is_sent() { # COMMAND…: works, though group 1 has sent it elsewhere
    local before after
    before=$(grep -c 'msg="login redirected"' "$log")
    "$@" || return 1
    after=$(grep -c 'msg="login redirected"' "$log")
    echo "was redirected $((after - before)) times"
    [ "$after" -gt "$before" ]
}

works() { qemu-io -f raw -c 'write -P 0x5c 0 1M' -c 'read -P 0x5c 0 1M' "$(url moving)"; }

ok "a portal group sends elsewhere for now" group_sends false
ok "iscsi-inq goes there" is_sent iscsi-inq "$(url moving)"
ok "qemu-io goes there, writes and reads" is_sent works
ok "what was written is found there by who goes there at once" \
    qemu-io -r -f raw -c 'read -P 0x5c 0 1M' "iscsi://127.0.0.1:$second/$iqn:moving/0"
ok "a portal group sends elsewhere for good" group_sends true
refused "iscsi-inq tells its user, who is to learn the new address" 'moved permanently' iscsi-inq "$(url moving)"
refused "qemu-io does, too" 'moved permanently' works
refused "a group that sends back to the first is refused" 'leads back to portal group' \
    call portal_group.update "{\"tag\":2,\"redirect\":{\"address\":\"127.0.0.1\",\"port\":$port}}"
ok "the group sends nobody elsewhere any more" call portal_group.update '{"tag":1,"redirect":null}'
refused "and then iscsi-inq stays" 'was redirected 0 times' is_sent iscsi-inq "$(url moving)"
done_testing
