#!/bin/bash
# ipv6.sh: the same daemon over ::1, and over both families at once.
# shellcheck source=daemon.sh
. "$(dirname "$0")/daemon.sh"

if ! grep -qs '^00000000000000000000000000000001 ' /proc/net/if_inet6; then
    skip "IPv6 works" "this machine has no ::1"
    exit 0
fi

address=::1
start
ok "a disk can be made" disk six ram $((8 << 20))
ok "iscsi-ls finds it at ::1" sh -c "iscsi-ls 'iscsi://$(portal)' | grep -F '$iqn:six'"
ok "its portal is shown in brackets" sh -c "iscsi-ls 'iscsi://$(portal)' | grep -F '[::1]:$port,1'"
ok "qemu-io writes and reads over ::1" qemu-io -f raw -c 'write -P 7 0 1M' -c 'read -P 7 0 1M' "$(url six)"
ok "a portal of the other family can be added" call portal_group.update "{\"tag\":1,\"portals\":[
    {\"address\":\"::1\",\"port\":$port},{\"address\":\"127.0.0.1\",\"port\":$port}]}"
address=127.0.0.1
ok "the same data is there over 127.0.0.1" qemu-io -r -f raw -c 'read -P 7 0 1M' "$(url six)"
done_testing
