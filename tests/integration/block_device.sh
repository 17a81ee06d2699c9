#!/bin/bash
# block_device.sh: a block device as a backing store, by a loop device where one can be had.
# shellcheck source=daemon.sh
. "$(dirname "$0")/daemon.sh"

truncate -s 16M "$work/device.img"
if ! device=$(losetup --find --show "$work/device.img" 2>"$work/why"); then
    why=$(tr '\n' ' ' <"$work/why")
    for type in "${file_types[@]}"; do
        skip "$type works on a block device" "no loop device can be had here: ${why% }"
    done
    exit 0
fi
trap 'losetup -d "$device"; clean_up' EXIT

start
for type in "${file_types[@]}"; do
    name=$(name_of "$type")
    ok "$type opens a block device and takes its size" sh -c "curl -fsS --unix-socket '$sock' http://x/call/backstore.create \
        -d '{\"backstore\":{\"name\":\"dev-$name\",\"type\":\"$type\",\"path\":\"$device\"}}' | jq -e '.backstore.size == 16777216'"
    ok "$type: a target" call target.create "{\"name\":\"$iqn:dev-$name\",\"luns\":[{\"lun\":0,\"backstore\":\"dev-$name\"}],
        \"acls\":[{\"initiator\":\"*\"}]}"
    ok "$type: written and read over iSCSI" qemu-io -f raw -c 'write -P 0x5a 1M 1M' -c 'read -P 0x5a 1M 1M' -c flush "$(url dev-$name)"
    refused "$type: a block device has one user" "dev-$name" call backstore.create \
        "{\"backstore\":{\"name\":\"again\",\"type\":\"$type\",\"path\":\"$device\"}}"
    call target.delete "{\"name\":\"$iqn:dev-$name\"}" >"$work/call"
    ok "$type: let go" call backstore.delete "{\"name\":\"dev-$name\"}"
done
stop
ok "the daemon ends with 0" test $? = 0
ok "the data is on the device" qemu-io -r -f raw -c 'read -P 0x5a 1M 1M' "$device"
done_testing
