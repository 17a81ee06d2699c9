#!/bin/bash
# options.sh: the command line.
# shellcheck source=daemon.sh
. "$(dirname "$0")/daemon.sh"

version=$(sed -n 's/^AC_INIT(\[blockgate\], \[\(.*\)\])/\1/p' "$root/configure.ac")

prints() { # PATTERN OPTION…: on standard output, and ends with 0
    local pattern=$1
    shift
    timeout 10 "$BLOCKGATED" "$@" >"$work/stdout" || return 1
    cat "$work/stdout"
    grep -Eq -- "$pattern" "$work/stdout"
}

prints_document() {
    timeout 10 "$BLOCKGATED" --print-openrpc >"$work/openrpc.json" &&
        jq -e '.openrpc and (.methods | length > 30)
            and ([.methods[].name] | index("config.apply") and index("rpc.discover"))' "$work/openrpc.json"
}

for option in state-dir rpc-socket rpc-group rpc-reader-socket rpc-reader-group portal workers buffers log-level config print-openrpc version help; do
    ok "--help tells of --$option" prints "--$option" --help
done
ok "--version prints the version" prints "blockgate.* $version\$" --version
ok "--print-openrpc prints the API's description" prints_document

while IFS='|' read -r options pattern name; do
    # shellcheck disable=SC2086
    refused "$name" "$pattern" timeout 10 "$BLOCKGATED" --state-dir "$state" --rpc-socket "$sock" $options
done <<'END'
--nonsense|nonsense|an unknown option is named
--portal 127.0.0.1:70000|127.0.0.1:70000|a port out of range is named
--portal 127.0.0.1:no|127.0.0.1:no|a port that is no number is named
--portal example.org:3260|example.org|a portal that is no address is named
--portal ::1|::1|an IPv6 address without brackets is named
--workers 0|workers|no workers are refused
--workers many|many|a number of workers that is none is named
--buffers 1|buffers|too little memory for buffers is refused
--buffers much|much|an amount of memory that is none is named
--log-level loud|loud|an unknown log level is named
left-over|left-over|a word too many is named
END
ok "none of these made a state folder" test ! -e "$state"

sock=$work/$(printf 'x%.0s' {1..120})/api.sock
mkdir "$(dirname "$sock")"
refused "a socket path that is too long is named" "$(basename "$(dirname "$sock")")" \
    timeout 10 "$BLOCKGATED" --state-dir "$state" --rpc-socket "$sock"
sock=$work/api.sock

refused "a state folder that cannot be is named" "$work/file" \
    timeout 10 "$BLOCKGATED" --state-dir "$work/file" --rpc-socket "$sock" < <(: >"$work/file")

sock=$work/new/api.sock
start --workers 3 --log-level debug
ok "the folder of the socket is made" test -S "$sock"
ok "--log-level sets the level" sh -c "curl -fsS --unix-socket '$sock' http://x/call/log.get | jq -e '.level == \"debug\"'"
refused "a second daemon does not take the socket of a first" "$sock" \
    timeout 10 "$BLOCKGATED" --state-dir "$work/state2" --rpc-socket "$sock" --portal "127.0.0.1:$(free_port)"
refused "nor its state folder" "$state" \
    timeout 10 "$BLOCKGATED" --state-dir "$state" --rpc-socket "$work/two.sock" --portal "127.0.0.1:$(free_port)"
ok "the first goes on" call daemon.info
stop INT
ok "SIGINT ends it in order, too" test $? = 0
ok "the socket is gone afterwards" test ! -e "$sock"

# A file that rules: read at the start and on SIGHUP.
config=$work/config.json state=$work/state3 sock=$work/api.sock port=''
has() { call backstore.list | jq -e --arg n "$1" '[.backstores[].name] | index($n)'; }
echo '{"backstores": {"one": {"type": "ram", "size": 65536}}}' >"$config"
start --config "$config"
ok "--config is applied at the start" has one
echo '{"backstores": {"two": {"type": "ram", "size": 65536}}}' >"$config"
kill -HUP "$pid"
ok "and on SIGHUP" until_true has two
refused "what it does not say any more is gone" . has one
echo '{"backstores": {"three": {"type": "nonsense"}}}' >"$config"
kill -HUP "$pid"
ok "a wrong file is named in the log" until_true grep -q 'stays as it is.*config.json' "$log"
ok "and changes nothing" has two
stop
ok "SIGTERM ends it in order" test $? = 0
done_testing
