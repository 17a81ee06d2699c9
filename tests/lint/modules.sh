#!/bin/bash
# modules.sh: the documents name what there is, in the tree around the working folder.
#
# - In the first column of its tables src/LAYER/README.md, and that of rpc/ and bench/load/, names
#   each module of its folder, as `name` or `name.c`, and none that is not there. tests/README.md does so with
#   the folders of tests/. X_private.h belongs to X.
# - A file.c, file.h or file.def that a document speaks of is there (TYPE.c is none); where functions are named
#   behind it in a table (| file.c: `function` |), they are defined in it.
set -u
bad=0

complain() {
    echo "$1"
    bad=1
}

first_column() { # README: the names in it
    sed -nE 's/^\| (`[^|]*)\|.*/\1/p' "$1" | grep -oE '`[^`]+`' | tr -d '`'
}

compare() { # README NAMED THERE: two lists, one name a line
    local name
    while read -r name; do complain "$1 does not name $name"; done < <(comm -13 <(sort -u <<<"$2") <(sort -u <<<"$3") | sed '/^$/d')
    while read -r name; do complain "$1 names $name, which is not there"; done < <(comm -23 <(sort -u <<<"$2") <(sort -u <<<"$3") | sed '/^$/d')
}

modules() { # FOLDER
    find "$1" -type f -regex '.*\.\(c\|h\|def\)' ! -name '*_private.h' -printf '%P\n' | sed -E 's/\.[a-z]+$//'
}

for folder in src/*/ rpc/ bench/load/; do
    [ -d "$folder" ] || continue
    compare "${folder}README.md" "$(first_column "${folder}README.md" | sed -E 's/\.(c|h|def)$//')" "$(modules "$folder")"
done
compare tests/README.md "$(first_column tests/README.md | sed -nE 's,^([a-z]+)/.*,\1,p')" \
    "$(find tests -mindepth 1 -maxdepth 1 -type d -printf '%f\n')"

sources=$(find src rpc schemas tests bench -type f -regex '.*\.\(c\|h\|def\)' 2>/dev/null)
documents=$(find README.md doc src rpc schemas tests bench -name '*.md' 2>/dev/null)

for document in $documents; do
    while read -r file; do
        grep -qE "(^|/)$file\$" <<<"$sources" || complain "$document names $file, which is not there"
    done < <(sed 's/<[^>]*>//g' "$document" | grep -oE '[A-Za-z0-9_/]+\.(c|h|def)\b' | grep -v '[A-Z]' | sort -u)
    while read -r file function; do
        grep -qE "^$function\(" "$(grep -E "(^|/)$file\$" <<<"$sources" | head -n 1)" 2>/dev/null ||
            complain "$document: $function is not defined in $file"
    done < <(awk -F '|' '/^\|/ {
        for (i = 2; i < NF; i++)
            if (match($i, /[a-z_\/]+\.c: `[a-z_]+`/)) {
                n = split(substr($i, RSTART), word, "`")
                sub(/:.*/, "", word[1])
                for (j = 2; j <= n; j += 2)
                    print word[1], word[j]
            }
    }' "$document")
done
exit $bad
