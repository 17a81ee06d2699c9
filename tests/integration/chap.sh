#!/bin/bash
# chap.sh: libiscsi and QEMU with users and secrets, one-way and mutual, also for discovery.
# shellcheck source=daemon.sh
. "$(dirname "$0")/daemon.sh"

user=web1 secret=correct-horse
own_user=disk own_secret=battery-staple
at() { # USER SECRET [DISK]: as libiscsi takes it
    echo "iscsi://$1%$2@$(portal)${3:+/$iqn:$3/0}"
}

demand() { # DISK [MEMBERS]
    call acl.update "{\"target\":\"$iqn:$1\",\"initiator\":\"*\",
        \"set\":{\"auth\":{\"user\":\"$user\",\"secret\":\"$secret\"${2:+,$2}}}}"
}

shows_lun() { # URL
    iscsi-ls -s "$1" >"$work/ls"
    cat "$work/ls"
    grep -Eq 'Lun:0 +Type:DIRECT_ACCESS' "$work/ls"
}

works() { # URL
    qemu-io -f raw -c 'write -P 0xab 0 1M' -c 'read -P 0xab 0 1M' "$1"
}

start
disk one-way ram $((16 << 20)) && disk mutual ram $((16 << 20)) && disk modern ram $((16 << 20)) ||
    { echo "FAIL chap: make the disks"; exit 1; }
mutual="\"mutual_user\":\"$own_user\",\"mutual_secret\":\"$own_secret\""
ok "an entry gets a user and a secret" demand one-way
ok "an entry gets one for each side" demand mutual "$mutual"
ok "an entry gets newer algorithms only" demand modern '"algorithms":["sha3-256"]'
refused "one secret for both sides is refused" 'secret of its own' \
    demand mutual "\"mutual_user\":\"$own_user\",\"mutual_secret\":\"$secret\""

refused "iscsi-ls without a user sees no LUN" 'Authentication failure' shows_lun "iscsi://$(portal)"
ok "iscsi-inq with user and secret" iscsi-inq "$(at $user $secret one-way)"
ok "qemu-io with user and secret" works "$(at $user $secret one-way)"
refused "qemu-io without" 'Authentication failure' works "$(url one-way)"
refused "iscsi-inq with another secret" 'Authentication failure' iscsi-inq "$(at $user incorrect-horse one-way)"
refused "iscsi-inq with another user" 'Authentication failure' iscsi-inq "$(at web2 $secret one-way)"

both=$(at $user $secret mutual)
ok "the target proves itself" iscsi-inq "$both?target_user=$own_user&target_password=$own_secret"
refused "an initiator that knows another target" 'Authentication failed' \
    iscsi-inq "$both?target_user=$own_user&target_password=another-staple"
ok "an initiator need not ask for that" iscsi-inq "$both"
refused "a target without a secret is not asked" 'Authentication failure' \
    iscsi-inq "$(at $user $secret one-way)?target_user=$own_user&target_password=$own_secret"
refused "an initiator that knows MD5 only is not let in with less" 'Authentication failure' \
    iscsi-inq "$(at $user $secret modern)"

ok "an entry takes all algorithms again" demand modern '"algorithms":null'
ok "iscsi-ls with user and secret sees the LUNs" shows_lun "$(at $user $secret)"
ok "discovery gets a user and a secret" \
    call discovery.update "{\"set\":{\"auth\":{\"user\":\"$user\",\"secret\":\"$secret\"}}}"
refused "iscsi-ls without them is not told the targets" 'Authentication failure' iscsi-ls "iscsi://$(portal)"
ok "iscsi-ls with them is told" shows_lun "$(at $user $secret)"

ok "the daemon stops" stop
start
ok "users and secrets are there after a restart" works "$(at $user $secret one-way)"
refused "and are still asked for" 'Authentication failure' works "$(url one-way)"
done_testing
