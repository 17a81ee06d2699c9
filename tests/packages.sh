# packages.sh: install the Debian packages that are missing. Sourced by check.sh and demo.sh.
# shellcheck shell=bash

# need_packages PACKAGE…: returns at once where all are there; says what it runs where not.
need_packages() {
    local p log as_root=()
    local -a missing=()

    for p in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || missing+=("$p")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    if ! command -v apt-get >/dev/null; then
        echo "this is not Debian: please install what matches ${missing[*]}" >&2
        return 1
    fi
    [ "$(id -u)" = 0 ] || as_root=(sudo)
    echo "\$ ${as_root[*]}${as_root[*]:+ }apt-get install ${missing[*]}"
    log=$(mktemp)
    if "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -q >"$log" 2>&1 </dev/null &&
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
            apt-get install -q -y --no-install-recommends "${missing[@]}" >>"$log" 2>&1 </dev/null; then
        rm -f "$log"
        return 0
    fi
    tail -n 20 "$log" >&2
    rm -f "$log"
    echo "could not install ${missing[*]}" >&2
    return 1
}
