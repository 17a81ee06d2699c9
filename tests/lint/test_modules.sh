#!/bin/bash
# test_modules.sh: modules.sh finds what it should, in a tree of planted untruths.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
cd "$tree"
mkdir -p src/core rpc/methods schemas doc bench tests/unit tests/wire

plant() { # FILE LINE…
    local file=$1
    shift
    printf '%s\n' "$@" >"$file"
}
touch src/core/{log,new}.c src/core/{log,list_private,bytes}.h src/core/rows.def rpc/methods/lun.c
plant src/core/log.c 'void' 'log_line(void)' '    log_other();'
plant src/core/README.md '| module | |' '|---|---|' '| `log.c`, `rows` | `prose` |' '| `bytes` | what `list.c` uses |' '| `gone` | |'
plant rpc/README.md '| `methods/lun` | a new one is `methods/NOUN.c` |'
plant doc/flows.md '| 1 | core/log.c: `log_line`, `log_other` | |' 'See `src/core/log.h`, `src/core/old.h`, <pthread.h>.'
plant tests/README.md '| `unit/<layer>/` | |' '| `fuzz/` | |'
touch README.md

cat >expected <<'END'
doc/flows.md names src/core/old.h, which is not there
doc/flows.md: log_other is not defined in core/log.c
src/core/README.md does not name new
src/core/README.md names gone, which is not there
src/core/README.md names list.c, which is not there
tests/README.md does not name wire
tests/README.md names fuzz, which is not there
END
if bash "$here/modules.sh" >found; then
    echo "modules.sh ends with 0 over a tree with untruths"
    exit 1
fi
diff -u expected <(LC_ALL=C sort found)

# What is left without them is a tree that passes.
rm src/core/new.c
plant src/core/README.md '| `log.c`, `rows` | |' '| `bytes` | |'
plant doc/flows.md '| 1 | core/log.c: `log_line` | |'
plant tests/README.md '| `unit/<layer>/` | |' '| `wire/` | |'
bash "$here/modules.sh"
