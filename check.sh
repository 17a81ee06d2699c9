#!/bin/bash
# check.sh: build blockgate in every way and run every test.
#
# usage: ./check.sh [STEP…]       no STEP: all of them, two at a time
#
#   lint         include rules, formatting, JSON, shell and Python sources
#   gcc clang    builds with -Werror
#   instructions what a command costs, by callgrind, against what it cost before
#   unit         test programs of all layers, under ASan and UBSan
#   wire         iSCSI by hand-made PDUs, right and wrong, against the daemon under ASan and UBSan
#   rpc          the management API, the same
#   clients      the Python client, the same: its tests, mypy, and that what is generated is fresh
#   web          the status page in Chromium, the same; skipped where npm cannot get playwright-core
#   integration  the daemon with the tools that people use, the same
#   tsan         test programs of the layers with threads in them, under ThreadSanitizer
#   fuzz         each fuzz target for FUZZ_SECONDS (60), from its corpus
#   conformance  libiscsi's test suite against each store
#   verify       a minute of data verification, over all stores (VERIFY_SECONDS), under ASan and UBSan
#   bench        bench/compare does what it should; too short to say how fast anything is
#   dist         make distcheck, and that the tarball is complete
#
# Missing Debian packages are installed first (by sudo where needed; CHECK_INSTALL=no: not).
# Everything is built below build/; build/check/STEP.log says what a step did. The last line is
# "N passed, N failed, N skipped"; the exit status is 0 when none failed.
set -u
cd "$(dirname "$0")" || exit 2
root=$PWD
out=$root/build/check
jobs=$(nproc)
export LC_ALL=C
export CK_DEFAULT_TIMEOUT=60 CK_TIMEOUT_MULTIPLIER=4 # of test cases: the machine may be busy or slow

# Two lanes run side by side; the steps of a lane one after the other. Those that share a build
# tree are in one lane.
lanes=("gcc instructions conformance bench dist fuzz" "lint unit wire rpc clients web integration verify tsan clang")

packages=(build-essential autoconf automake pkg-config xz-utils libevent-dev libjansson-dev libssl-dev
    libaio-dev liburing-dev libisal-dev check clang libclang-rt-dev clang-format shellcheck python3 curl jq
    libiscsi-bin qemu-utils qemu-block-extra e2fsprogs util-linux python3-jsonschema python3-pytest mypy
    json-schema-test-suite groff-base valgrind prometheus)

declare -A tree_flags=(
    [gcc]="--enable-werror CC=gcc"
    [clang]="--enable-werror CC=clang"
    [asan]="--enable-asan CC=gcc CFLAGS=-O1\ -g"
    [tsan]="--enable-tsan --without-isal CC=gcc CFLAGS=-O1\ -g"
    [fuzz]="--enable-fuzzers CC=clang CFLAGS=-O1\ -g"
)

# --- building ---

bootstrap() { # the one thing that writes to the source folder; before the lanes start
    local newer
    newer=$(find . \( -path './build*' -o -path ./.git \) -prune -o \
        \( -name '*.mk' -o -name Makefile.am -o -name configure.ac \) -newer Makefile.in -print 2>&1)
    [ -f configure ] && [ -f Makefile.in ] && [ -z "$newer" ] && return 0
    autoreconf -fi >"$out/bootstrap.log" 2>&1 || {
        tail -n 20 "$out/bootstrap.log"
        echo "autoreconf failed"
        return 1
    }
}

build() { # TREE [MAKE ARGUMENT…]: configure where needed, then make
    local tree=$root/build/$1 flags=${tree_flags[$1]}
    shift
    mkdir -p "$tree" && cd "$tree" || return 1
    if [ ! -f Makefile ] || [ "$(cat flags 2>/dev/null)" != "$flags" ]; then
        eval "../../configure -q $flags" || { cat config.log; return 1; }
        echo "$flags" >flags
    fi
    make -s -j"$jobs" "$@"
}

builds() { # TREE NAME: a build that is a test by itself
    if build "$1" all; then echo "PASS build: $2"; else echo "FAIL build: $2"; fi
}

make_list() { # VARIABLE…: what these variables of the makefile hold, one word a line
    make -s --no-print-directory -f Makefile -f <(printf 'print-list:; @echo '; printf '$(%s) ' "$@") print-list |
        tr -s ' ' '\n' | sed '/^$/d'
}

# --- test programs ---

count_programs() { # PROGRAM…: COUNT lines from the logs that `make check` left
    local t
    for t in "$@"; do
        awk -v name="$t" -v result="$(sed -n 's/^:test-result: //p' "$t.trs" 2>/dev/null)" '
            /^[0-9]+%: Checks: / {
                gsub(/[,:]/, "")
                checks += $3; bad += $5 + $7
            }
            END {
                if (result == "SKIP") print "COUNT 0 0 1", name
                else if (checks > 0 && bad == 0 && result != "PASS") print "COUNT", checks, 1, 0, name
                else if (checks > 0) print "COUNT", checks - bad, bad, 0, name
                else print "COUNT 0 1 0", name, "(ran no test)"
            }' "$t.log" 2>/dev/null || echo "COUNT 0 1 0 $t (not run)"
    done
}

run_programs() { # TREE PATTERN: build TREE and run its test programs whose names match
    local -a tests
    build "$1" all || { echo "FAIL build: $1"; return; }
    mapfile -t tests < <(make_list TESTS | grep -E "$2")
    [ ${#tests[@]} -gt 0 ] || return
    rm -f "${tests[@]/%/.log}" "${tests[@]/%/.trs}"
    # What the makefile says of a program is indented: its test cases are counted instead.
    "${no_aslr[@]}" make -s -k -j"$jobs" check VERBOSE=1 TESTS="${tests[*]}" 2>&1 |
        sed -E 's/^(PASS|FAIL|SKIP|ERROR)/    &/'
    count_programs "${tests[@]}"
}

with_daemon() { # TREE SCRIPT [ARGUMENT…]: build TREE and let SCRIPT test its daemon
    local bin=$root/build/$1
    build "$1" all || { echo "FAIL build: $1"; return; }
    cd "$root" || return
    if [ ! -x "$bin/blockgated" ]; then
        echo "FAIL build: no blockgated in build/$1"
    elif [ ! -x "$2" ]; then
        echo "FAIL $2 is missing"
    else
        BLOCKGATED=$bin/blockgated BLOCKGATE_BENCH=$bin/blockgate-bench LIMIT=$bin/limit "${@:2}" </dev/null ||
            echo "($2 ended with $?)"
    fi
}

# --- the steps: each prints PASS, FAIL, SKIP or COUNT lines, and whatever explains them ---

step_lint() { tests/lint/run; }
step_gcc() { builds gcc "gcc has no warnings"; }
step_instructions() { build gcc command_script && cd "$root" && bench/instructions build/gcc/command_script; }
step_clang() { builds clang "clang has no warnings"; }
step_unit() { run_programs asan .; }
step_wire() { with_daemon asan tests/wire/run; }

step_web() { # large, and where node came from elsewhere not to be had: what is missing, it skips
    if [ "${CHECK_INSTALL:-yes}" = yes ]; then
        # shellcheck source=tests/packages.sh
        . "$root/tests/packages.sh"
        need_packages chromium
        command -v node >/dev/null || need_packages nodejs
        command -v npm >/dev/null || need_packages npm
    fi
    with_daemon asan tests/web/run
}

step_rpc() { with_daemon asan tests/rpc/run; }
step_clients() { with_daemon asan clients/python/tests/run; }
step_integration() { with_daemon asan tests/integration/run; }
step_verify() { with_daemon asan tests/verify/run --seconds "${VERIFY_SECONDS:-60}"; }
step_conformance() { with_daemon gcc tests/conformance/all; }
step_bench() { with_daemon gcc bench/compare --quick; }

step_tsan() { # gcc 12's ThreadSanitizer cannot live with as much randomness as new kernels have
    setarch -R true 2>/dev/null && no_aslr=(setarch -R)
    run_programs tsan '^test_(core|store|scsi|catalog|iscsi)$'
}

step_fuzz() {
    local f corpus
    build fuzz all || { echo "FAIL build: fuzz"; return; }
    for f in $(make_list noinst_PROGRAMS check_PROGRAMS | grep '^fuzz_' | sort -u); do
        make -s "$f" || { echo "FAIL $f: does not build"; continue; }
        corpus=$root/tests/fuzz/corpus/${f#fuzz_}
        mkdir -p "found/$f"
        if timeout 300 "./$f" -max_total_time="${FUZZ_SECONDS:-60}" -timeout=10 -rss_limit_mb=2048 \
            -print_final_stats=1 -artifact_prefix="found/$f-" "found/$f" "$corpus" >"$f.log" 2>&1; then
            echo "PASS $f: $(sed -n 's/^stat::number_of_executed_units: *//p' "$f.log") inputs"
        else
            tail -n 60 "$f.log"
            echo "FAIL $f"
        fi
    done
}

step_dist() {
    local tarball
    build gcc all || { echo "FAIL build: gcc"; return; }
    rm -f blockgate-*.tar.xz
    if make -s -j"$jobs" distcheck; then
        echo "PASS make distcheck"
    else
        echo "FAIL make distcheck"
        return
    fi
    tarball=$(echo blockgate-*.tar.xz)
    cd "$root" && git rev-parse --git-dir >/dev/null 2>&1 || return
    if diff <(git ls-files | grep -vE '^(\.gitignore|\.ci/.*)$' | sort) \
        <(tar tf "build/gcc/$tarball" | sed 's|^[^/]*/||' | sort) | grep '^<'; then
        echo "FAIL the tarball lacks these files: name them in EXTRA_DIST"
    else
        echo "PASS every file of the project is in the tarball"
    fi
}

# --- running steps ---

sanitizers() { # STEP: where reports go, so that none can be overlooked
    local reports=$out/$1.sanitizer
    rm -rf "$reports" && mkdir -p "$reports"
    # What was freed is kept for a while; with much of it each look for leaks takes long.
    export ASAN_OPTIONS="log_path=$reports/asan:detect_stack_use_after_return=1:quarantine_size_mb=16:exitcode=99"
    export UBSAN_OPTIONS="log_path=$reports/ubsan:print_stacktrace=1"
    export TSAN_OPTIONS="log_path=$reports/tsan:exitcode=99:second_deadlock_stack=1"
}

run_step() { # STEP: in a process of its own (see lane)
    local report
    no_aslr=()
    sanitizers "$1"
    "step_$1"
    for report in "$out/$1.sanitizer"/*; do
        [ -f "$report" ] || continue
        cat "$report"
        echo "FAIL $1: sanitizer report ${report##*/}"
    done
}

tally() { # LOG: "passed failed skipped"
    awk '/^PASS / { p++ } /^(FAIL|TIMEOUT) / { f++ } /^SKIP / { s++ }
        /^COUNT / { p += $2; f += $3; s += $4 }
        END { print p + 0, f + 0, s + 0 }' "$1"
}

why() { # LOG: what failed, and the end of it
    echo "----- ${1#"$root/"}"
    grep -E '^(FAIL|TIMEOUT) |^COUNT [0-9]+ [1-9]|^[^ :]+:[0-9]+:[FE]:' "$1" | head -n 40
    echo "..."
    tail -n "${CHECK_TAIL:-40}" "$1"
    echo "-----"
}

lane() { # STEP…
    local step start log rc p f s
    for step in "$@"; do
        start=$SECONDS log=$out/$step.log
        timeout -k 10 1200 "$root/check.sh" --run "$step" >"$log" 2>&1 </dev/null
        rc=$?
        [ $rc = 0 ] || echo "FAIL $step: ended with $rc" >>"$log"
        read -r p f s < <(tally "$log")
        if [ $((p + f + s)) = 0 ]; then
            echo "FAIL $step: ran no test" >>"$log"
            f=1
        fi
        echo "$p $f $s" >"$out/$step.result"
        [ "$f" = 0 ] || why "$log"
        printf '%-4s %-12s %4d s  %5d passed %3d failed %3d skipped\n' \
            "$([ "$f" = 0 ] && echo ok || echo BAD)" "$step" $((SECONDS - start)) "$p" "$f" "$s"
    done
}

main() {
    local step l want=" $* " all=" ${lanes[*]} "
    local -a todo pids=()

    for step in "$@"; do
        [[ $all == *" $step "* ]] || { sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; exit 2; }
    done
    mkdir -p "$out"
    rm -f "$out"/*.result
    if [ "${CHECK_INSTALL:-yes}" = yes ]; then
        # shellcheck source=tests/packages.sh
        . tests/packages.sh
        need_packages "${packages[@]}" || { echo "0 passed, 1 failed, 0 skipped"; exit 1; }
    fi
    bootstrap || { echo "0 passed, 1 failed, 0 skipped"; exit 1; }

    for l in "${lanes[@]}"; do
        todo=()
        for step in $l; do
            [ $# = 0 ] || [[ $want == *" $step "* ]] || continue
            todo+=("$step")
        done
        [ ${#todo[@]} -gt 0 ] || continue
        lane "${todo[@]}" &
        pids+=($!)
    done
    wait "${pids[@]}"
    awk -v seconds=$SECONDS '{ p += $1; f += $2; s += $3 }
        END {
            printf "all of it took %d s\n%d passed, %d failed, %d skipped\n", seconds, p, f, s
            exit f > 0 || p == 0
        }' "$out"/*.result
}

if [ "${1-}" = --run ]; then
    run_step "$2"
    exit 0
fi
main "$@"
