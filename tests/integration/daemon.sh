# shellcheck shell=bash
# daemon.sh: a daemon of a test's own, in a temporary folder. Sourced by the tests beside it.
#
#   start [OPTION…]         start blockgated and wait until it answers; sets pid and port
#   stop [SIGNAL]           end it; the status is its exit status
#   call METHOD [PARAMS]    call the API; prints the result, or the error and fails
#   disk NAME TYPE SIZE [MEMBERS]
#                           make a backing store and a target with it as LUN 0, open to all
#   url NAME                where that disk is
#   ${file_types[@]}        the types of backing stores that have a file, of those that work here
#   name_of TYPE            the same as a part of a target's name
#   ok NAME COMMAND…        a test: the command succeeds
#   refused NAME PATTERN COMMAND…
#                           a test: the command fails, and says what matches PATTERN
#   skip NAME REASON        a test that this machine cannot run
#   done_testing            the last line of a test: the daemon ends well
set -u
export LC_ALL=C BLOCKGATE_CHECK_RESULTS=1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
BLOCKGATED=${BLOCKGATED:-$root/build/asan/blockgated}
suite=${suite:-$(basename "$0" .sh)}
work=$(mktemp -d "${TMPDIR:-/var/tmp}/blockgate-$suite.XXXXXX") || exit 2
state=$work/state sock=$work/api.sock log=$work/daemon.log
address=127.0.0.1
pid='' port='' failures=0
run_as=() # a prefix of the command, such as setpriv

# In many containers io_uring is forbidden, and a build may be without it.
file_types=(rdwr aio)
if grep -q io_uring_queue_init "$BLOCKGATED" 2>/dev/null &&
    python3 -c 'import ctypes, sys; sys.exit(ctypes.CDLL(None).syscall(425, 1, ctypes.create_string_buffer(120)) < 0)'; then
    file_types+=(io_uring)
fi

[ -x "$BLOCKGATED" ] || { echo "FAIL $suite: there is no $BLOCKGATED"; exit 1; }

clean_up() {
    trap - EXIT
    [ -z "$pid" ] || { kill -9 "$pid" && wait "$pid"; } 2>/dev/null
    # shellcheck disable=SC2046
    [ -z "$(jobs -p)" ] || kill $(jobs -p) 2>/dev/null
    [ -n "${KEEP_WORK-}" ] || rm -rf "$work"
}
trap clean_up EXIT
trap 'clean_up; exit 130' INT TERM HUP

name_of() { echo "${1/_/-}"; }

# --- the daemon ---

free_port() { # below the range that the kernel hands out by itself
    local p
    for _ in {1..100}; do
        p=$((20000 + RANDOM % 12000))
        (exec 3<>"/dev/tcp/127.0.0.1/$p") 2>/dev/null || { echo "$p"; return; }
    done
    return 1
}

is_ready() {
    curl -fsS --max-time 10 --unix-socket "$sock" http://x/readyz >/dev/null 2>&1
}

answers() { # does the daemon, within twenty seconds? Not if it has ended.
    for _ in {1..400}; do
        is_ready && return 0
        kill -0 "$pid" 2>/dev/null || return 1
        sleep 0.05
    done
    return 1
}

launch() { # OPTION…: start it, and do not wait
    "${run_as[@]}" "$BLOCKGATED" --state-dir "$state" --rpc-socket "$sock" "$@" >>"$log" 2>&1 </dev/null &
    pid=$!
}

start() { # a port that somebody else took in the meantime is worth another try
    local host=$address
    [[ $host != *:* ]] || host="[$host]"
    for _ in 1 2 3; do
        [ -n "$port" ] && [ -e "$state" ] || port=$(free_port)
        : >"$log"
        launch --portal "$host:$port" "$@"
        answers && return 0
        wait "$pid"
        pid=''
        grep -qi 'in use' "$log" || break
        port=''
    done
    sed 's/^/    /' "$log"
    echo "FAIL $suite: the daemon starts"
    exit 1
}

# shellcheck disable=SC2120
stop() {
    local id=$pid
    pid=''
    [ -n "$id" ] || return 1
    kill "-${1:-TERM}" "$id" || return 1
    wait "$id"
}

call() {
    curl -sS --max-time 60 --fail-with-body --unix-socket "$sock" "http://x/call/$1" -d "${2-"{}"}"
}

iqn=iqn.2026-01.org.example

disk() {
    local more=${4-}
    case $2 in
    ram | null) ;;
    *) more="\"path\":\"$work/$1.img\",\"create\":true${more:+,$more}" ;;
    esac
    call backstore.create "{\"backstore\":{\"name\":\"$1\",\"type\":\"$2\",\"size\":$3${more:+,$more}}}" >"$work/call" &&
        call target.create "{\"name\":\"$iqn:$1\",\"luns\":[{\"lun\":0,\"backstore\":\"$1\"}],
            \"acls\":[{\"initiator\":\"*\"}]}" >"$work/call" && return 0
    cat "$work/call"
    return 1
}

portal() {
    if [[ $address = *:* ]]; then echo "[$address]:$port"; else echo "$address:$port"; fi
}

url() {
    echo "iscsi://$(portal)/$iqn:$1/${2:-0}"
}

# --- tests ---

ok() {
    local name=$1
    shift
    if "$@" >"$work/out" 2>&1; then
        echo "PASS $suite: $name"
    else
        failed "$name" "$work/out"
    fi
}

refused() {
    local name=$1 pattern=$2
    shift 2
    if "$@" >"$work/out" 2>&1; then
        echo "it was accepted" >>"$work/out"
        failed "$name" "$work/out"
    elif ! grep -Eq -- "$pattern" "$work/out"; then
        echo "expected: $pattern" >>"$work/out"
        failed "$name" "$work/out"
    else
        echo "PASS $suite: $name"
    fi
}

failed() { # NAME FILE: what was printed, and what the daemon logged
    {
        tail -n 20 "$2"
        [ ! -s "$log" ] || { echo "log of the daemon:"; tail -n 8 "$log" | cut -c1-220; }
    } | sed 's/^/    /'
    echo "FAIL $suite: $1"
    failures=$((failures + 1))
}

skip() {
    echo "SKIP $suite: $1 ($2)"
}

holds() { # [[ ]] as a command, for ok: VALUE OPERATOR VALUE
    echo "is $1, wanted $2 $3"
    case $2 in
    =) [ "$1" = "$3" ] ;;
    !=) [ "$1" != "$3" ] ;;
    '<') [ "$1" -lt "$3" ] ;;
    '>') [ "$1" -gt "$3" ] ;;
    *) return 2 ;;
    esac
}

until_true() { # COMMAND…: within ten seconds
    for _ in {1..200}; do
        "$@" >"$work/until" 2>&1 && return 0
        sleep 0.05
    done
    cat "$work/until"
    return 1
}

done_testing() {
    local status
    if [ -n "$pid" ]; then
        stop
        status=$?
        ok "the daemon ends with 0 when it is told to" holds "$status" = 0
    fi
    [ "$failures" = 0 ]
    exit
}
