#!/bin/bash
# test_layers.sh: layers.awk finds what it should, in a tree of planted includes.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
cd "$tree"
mkdir -p src/core src/store src/scsi src/catalog src/iscsi src/net rpc

plant() { # FILE LINE…
    local file=$1
    shift
    printf '%s\n' "$@" >"$file"
}
plant src/core/good.c '#include <pthread.h>' '#include "core/log.h"' '#include <event2/event.h>'
plant src/iscsi/registry.c '#include <pthread.h>' '#include "catalog/access.h"'
plant src/catalog/document_check.c '#include <jansson.h>' '#include "catalog/document_private.h"'
plant src/main.c '#include "rpc/http.h"' '#include "core/log.h"'
plant rpc/http.c '#include <sys/socket.h>' '#include <event2/http.h>' '#include "net/portal.h"'

plant src/core/up.c '#include "store/store.h"'
plant src/scsi/sideways.c '#include "catalog/catalog.h"'
plant src/iscsi/past.c '#include "store/store.h"'
plant src/iscsi/socket.c '' '#include <sys/socket.h>'
plant src/scsi/thread.c '#include <pthread.h>'
plant src/net/json.c '#include <jansson.h>'
plant rpc/loop.c '#include <event2/event.h>'
plant src/store/nosy.c '#include "core/pool_private.h"'

cat >expected <<'END'
rpc/loop.c:1: rpc/loop.c must not include <event2/event.h>
src/core/up.c:1: core must not include store
src/iscsi/past.c:1: iscsi must not include store
src/iscsi/socket.c:2: src/iscsi/socket.c must not include <sys/socket.h>
src/net/json.c:1: src/net/json.c must not include <jansson.h>
src/scsi/sideways.c:1: scsi must not include catalog
src/scsi/thread.c:1: src/scsi/thread.c must not include <pthread.h>
src/store/nosy.c:1: "core/pool_private.h" is private to core
END
if awk -f "$here/layers.awk" "$here/layers.txt" src/*.c src/*/*.c rpc/*.c >found; then
    echo "layers.awk ends with 0 over a tree with violations"
    exit 1
fi
diff -u expected <(sort found)

# What is left without them is a tree that passes.
cut -d: -f1 expected | xargs rm
awk -f "$here/layers.awk" "$here/layers.txt" src/*.c src/*/*.c rpc/*.c
