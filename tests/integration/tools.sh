#!/bin/bash
# tools.sh: libiscsi's tools and QEMU's, over each store, block size and digest setting.
# shellcheck source=daemon.sh
. "$(dirname "$0")/daemon.sh"

size=$((16 << 20))
image=$work/image

options() { # DISK DIGEST: the disk as QEMU takes it with options
    echo "driver=raw,file.driver=iscsi,file.transport=tcp,file.portal=$(portal),file.target=$iqn:$1,file.lun=0,file.header-digest=$2"
}

lists_luns() { # DISK
    iscsi-ls -s "iscsi://$(portal)" >"$work/ls"
    cat "$work/ls"
    grep -qF "Target:$iqn:$1 Portal:$(portal),1" "$work/ls" &&
        sed -n "/$iqn:$1 /,/^Target/p" "$work/ls" | grep -Eq 'Lun:0 +Type:DIRECT_ACCESS \(Size:(16M|15M)\)'
}

inquires() { # DISK DIGEST
    local u
    u="$(url "$1")?header_digest=$2"
    iscsi-inq "$u" >"$work/inq" && grep -q 'DIRECT_ACCESS' "$work/inq" &&
        iscsi-inq -e 1 -c 131 "$u" >"$work/inq83" && grep -qi 'NAA' "$work/inq83"
}

tells_size() { # DISK DIGEST
    [ "$(qemu-img info --output=json --image-opts "$(options "$1" "$2")" | jq '."virtual-size"')" = $size ]
}

copies() { # DISK DIGEST: there, back, and the same
    rm -f "$work/back"
    qemu-img convert -n -f raw --target-image-opts "$image" "$(options "$1" "$2")" &&
        qemu-img compare --image-opts "$(options "$1" "$2")" "driver=raw,file.driver=file,file.filename=$image" &&
        qemu-img convert -O raw --image-opts "$(options "$1" "$2")" "$work/back" &&
        cmp "$image" "$work/back"
}

benches() { # DISK DIGEST
    qemu-img bench -c 500 -d 32 -s 4096 --image-opts "$(options "$1" "$2")" &&
        qemu-img bench -w -c 500 -d 32 -s 4096 --image-opts "$(options "$1" "$2")" &&
        qemu-img bench -w -c 20 -d 4 -s 1M -S 65536 --flush-interval=10 --image-opts "$(options "$1" "$2")"
}

patterns() { # DISK DIGEST
    qemu-io --image-opts "$(options "$1" "$2")" -c 'write -P 0xab 0 1M' -c 'write -P 0xcd 1M 64k' \
        -c 'read -P 0xab 0 1M' -c 'write -f -P 0xee 2M 8k' -c 'flush' -c 'write -z 64k 64k' -c 'discard 128k 128k' \
        -c 'read -P 0xab 0 64k' -c 'read -P 0 64k 64k' -c 'read -P 0xab 256k 768k' -c 'read -P 0xcd 1M 64k' \
        -c 'read -P 0xee 2M 8k' >"$work/io" 2>&1
    local rc=$?
    cat "$work/io"
    [ $rc = 0 ] && ! grep -Eqi 'error|fail|verification' "$work/io"
}

head -c $((12 << 20)) /dev/urandom >"$image" && truncate -s $size "$image"
start
for type in ram "${file_types[@]}"; do
    name=$(name_of "$type")
    for block in 512 4096; do
        disk "$name-$block" $type $size "\"block_size\":$block" || { echo "FAIL tools: make $name-$block"; exit 1; }
    done
done

for type in ram "${file_types[@]}"; do
    name=$(name_of "$type")
    for block in 512 4096; do
        ok "iscsi-ls shows $type with $block-byte blocks" lists_luns $name-$block
        for digest in none crc32c; do
            what="$type, $block-byte blocks, header digest $digest"
            ok "iscsi-inq: $what" inquires $name-$block $digest
            ok "qemu-img info: $what" tells_size $name-$block $digest
            ok "qemu-img convert and compare: $what" copies $name-$block $digest
            ok "qemu-img bench: $what" benches $name-$block $digest
            ok "qemu-io: $what" patterns $name-$block $digest
        done
    done
done

for type in "${file_types[@]}"; do
    name=$(name_of "$type")
    # Not by QEMU: the daemon has the lock on the file.
    ok "what was written to $type is in its file" cmp -n 65536 -i 1048576:0 "$work/$name-512.img" <(head -c 65536 /dev/zero | tr '\0' '\315')
done
done_testing
