#!/bin/bash
# Checks what a compiler alone does not: `make lint`.
#
#   layers    includes obey the dependency law (the table below) and have no cycles
#   headers   every header compiles by itself
#   warnings  the host's code has none, under gcc and under clang
#   words     memory has one door, models print nothing, nothing is left to be done
#   scripts   shell scripts parse
#
# A finding is one line, `file:line: what`; without any there is one line in all.
# Bash and awk only, because this also runs before anything is installed.
set -u
cd "$(dirname "$0")/.."

CROSS=${CROSS:-riscv64-unknown-elf-}
WARNINGS=$(sed -n 's/^WARN := //p' Makefile)
CXXWARNINGS=$(sed -n 's/^CXXWARN := //p' Makefile)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The dependency law (ARCHITECTURE.md, "Top level").
#   folder | what of it others may include | folders that it may include
# `*` stands for all of its headers.  A folder may always include itself.
LAW='
sim/abi    | *                     |
sim/base   | *                     | sim/abi
mesh       | mesh/mesh.h           | sim/abi sim/base
mesh/systemc |                     | sim/abi sim/base mesh
coherence  | coherence/coherence.h | sim/abi sim/base
traces     | traces/traces.h       | sim/abi sim/base
sim/core   | *                     | sim/abi sim/base mesh coherence traces
sim/tile   | *                     | sim/abi sim/base mesh coherence traces sim/core
sim/engine | *                     | sim/abi sim/base mesh coherence traces sim/core sim/tile
sim/chip   | *                     | sim/abi sim/base mesh coherence traces sim/core sim/tile sim/engine
sim/systemc |                      | sim/abi sim/base sim/chip
analysis   | analysis/analysis.h   | sim/base
sim/cli    |                       | sim/abi sim/base mesh coherence traces analysis sim/core sim/tile sim/engine sim/chip
sim/fuzz   |                       | sim/abi sim/base traces sim/core sim/chip
guest-os   |                       | sim/abi
'
GENERATED='revision.h' # headers that the build writes

# Folders whose code is a model: it prints nothing.  Exceptions are reports that
# write to a file which the caller hands over.
MODELS='mesh coherence sim/core sim/tile sim/engine sim/chip'
MAY_PRINT='mesh/deadlock.c coherence/report.c coherence/table.c sim/chip/explain.c sim/chip/explain_hart.c'
MAY_ALLOCATE='sim/base/arena.c'

FOLDERS='sim mesh coherence traces analysis guest-os'

sources() { # NAME...: files of the project with these names, tests included
    local names=()
    for name in "$@"; do
        names+=(-o -name "$name")
    done
    # shellcheck disable=SC2086
    find $FOLDERS -type f \( "${names[@]:1}" \) | LC_ALL=C sort
}

not_guest() { grep -v '^guest-os/'; }
not_tests() { grep -v -e '/tests/' -e '/bench/' -e '/verify/'; }

# ---- layers ---------------------------------------------------------------------

# "file line target" for every include in quotes.
includes() {
    sources '*.c' '*.h' '*.cpp' '*.hpp' '*.S' '*.def' '*.inc' | xargs awk '
        match($0, /^[ \t]*#[ \t]*include[ \t]+"[^"]*"/) {
            target = substr($0, RSTART, RLENGTH)
            gsub(/^[^"]*"|"$/, "", target)
            print FILENAME, FNR, target
        }'
}

check_law() {
    awk -v law="$LAW" -v generated="$GENERATED" '
        function folder_of(path,    name, best) {
            best = ""
            for (name in front)
                if (index(path, name "/") == 1 && length(name) > length(best))
                    best = name
            return best
        }
        function exists(path,    line, found) {
            found = (getline line < path) >= 0
            close(path)
            return found
        }
        BEGIN {
            rows = split(law, row, "\n")
            for (i = 1; i <= rows; i++) {
                if (split(row[i], column, "|") < 3)
                    continue
                gsub(/[ \t]/, "", column[1])
                gsub(/[ \t]/, "", column[2])
                front[column[1]] = column[2]
                may[column[1]] = " " column[3] " "
            }
            made = " " generated " "
        }
        {
            from = folder_of($1)
            to = folder_of($3)
            where = $1 ":" $2 ": "
            if (index(made, " " $3 " "))
                next
            if (!exists($3))
                print where "\"" $3 "\" is not a file, seen from the root"
            else if (from == "" || to == "")
                print where "\"" $3 "\": no row of the law in .ci/lint.sh covers this"
            else if (from != to && !index(may[from], " " to " "))
                print where from " may not include " to " (\"" $3 "\")"
            else if (from != to && front[to] != "*" && front[to] != $3)
                print where "\"" $3 "\" is internal to " to \
                    (front[to] ? "; include \"" front[to] "\"" : "")
        }' "$work/includes"
}

# Takes away headers that include none of those left, or that none of those left
# includes, until there is none of these: what remains lies on a cycle, or on a
# way from one to another.
check_cycles() {
    awk '
        $1 ~ /\.h(pp)?$/ { line[$1, $3] = $2; node[$1] = 1 }
        function is_inner(name,    e, end, out, in_) {
            for (e in line) {
                split(e, end, SUBSEP)
                if (!(end[1] in node) || !(end[2] in node))
                    continue
                out = out || end[1] == name
                in_ = in_ || end[2] == name
            }
            return out && in_
        }
        END {
            do {
                removed = 0
                for (name in node)
                    if (!is_inner(name)) {
                        delete node[name]
                        removed++
                    }
            } while (removed)
            for (e in line) {
                split(e, end, SUBSEP)
                if (end[1] in node && end[2] in node)
                    print end[1] ":" line[e] ": \"" end[2] "\" is part of a cycle of includes"
            }
        }' "$work/includes" | LC_ALL=C sort
}

# The first include of a .c or .cpp file is the header of the same name, if there is one.
check_own_header() {
    awk '
        $1 ~ /\.c(pp)?$/ && !($1 in seen) {
            seen[$1] = 1
            own = $1
            sub(/c(pp)?$/, own ~ /pp$/ ? "hpp" : "h", own)
            if ((getline line < own) >= 0 && $3 != own)
                print $1 ":" $2 ": its own header \"" own "\" does not come first"
            close(own)
        }' "$work/includes"
}

# ---- compilers --------------------------------------------------------------------

# Compiles the files of stdin with "$1", for their messages only; each message
# becomes a finding that ends in ($2).
compile() {
    # shellcheck disable=SC2016
    compiler=$1 xargs -P "$(nproc)" -n 4 sh -c '
        text=$($compiler "$@" 2>&1) || printf "%s\n" "$text"' sh |
        grep -E '(error|warning):' | LC_ALL=C sort -u |
        sed "s|^\./||; s/: \(fatal \)\{0,1\}\(error\|warning\):/:/; s/\$/ ($2)/"
}

cxx_flags() { echo "-fsyntax-only -std=c++17 -D_GNU_SOURCE -I. $CXXWARNINGS"; }
host_flags() { echo "-fsyntax-only -std=gnu11 -D_GNU_SOURCE -I. -I$work $WARNINGS"; }
guest_flags() {
    echo "-fsyntax-only -std=gnu11 -ffreestanding -march=rv64ima_zicsr -mabi=lp64" \
        "-mcmodel=medany -I. $WARNINGS"
}

# One file a header, so that it is compiled as somebody would include it.
check_headers() {
    mkdir -p "$work/alone"
    sources '*.h' | while read -r header; do
        printf '#include "%s"\n' "$header" >"$work/alone/$(echo "$header" | tr '/' '+').c"
    done
    find "$work/alone" -name '*.c' ! -name 'guest-os+*' |
        compile "gcc $(host_flags)" 'header alone'
    sources '*.hpp' | while read -r header; do
        printf '#include "%s"\n' "$header" >"$work/alone/$(echo "$header" | tr '/' '+').cpp"
    done
    find "$work/alone" -name '*.cpp' | compile "g++ $(cxx_flags)" 'header alone'
    command -v "${CROSS}gcc" >/dev/null || return 0
    find "$work/alone" -name 'guest-os+*' |
        compile "${CROSS}gcc $(guest_flags)" 'header alone'
}

check_warnings() {
    for compiler in gcc clang; do
        if command -v $compiler >/dev/null; then
            sources '*.c' | not_guest | compile "$compiler $(host_flags)" $compiler
            cxx=$(echo $compiler | sed 's/gcc/g/; s/$/++/')
            sources '*.cpp' | compile "$cxx $(cxx_flags)" "$cxx"
        else
            echo ".ci/lint.sh:1: $compiler is not installed: make setup"
        fi
    done
}

# ---- words ------------------------------------------------------------------------

# Code without comments, strings and character constants, as "file:line: code".
bare_code() {
    xargs -r awk '
        FNR == 1 { comment = 0 }
        {
            text = $0
            gsub(/\\./, "", text)
            bare = ""
            while (text != "") {
                if (comment) {
                    stop = index(text, "*/")
                    if (!stop)
                        break
                    text = substr(text, stop + 2)
                    comment = 0
                } else if (match(text, /"[^"]*"|'\''[^'\'']*'\''|\/\*|\/\//)) {
                    bare = bare substr(text, 1, RSTART - 1) " "
                    token = substr(text, RSTART, RLENGTH)
                    text = token == "//" ? "" : substr(text, RSTART + RLENGTH)
                    comment = token == "/*"
                } else {
                    bare = bare text
                    text = ""
                }
            }
            print FILENAME ":" FNR ": " bare
        }'
}

# The first line of each file of bare code that calls one of $1 (an alternation),
# apart from the files $2; $3 is the message.
calls() {
    awk -F': ' -v name="(^|[^a-zA-Z0-9_>.])($1)[ ]*\\\\(" -v but=" $2 " -v what="$3" '
        {
            file = $1
            sub(/:.*/, "", file)
            code = substr($0, length($1) + 2)
            if (code ~ name && !index(but, " " file " ") && !seen[file]++)
                print $1 ": " what
        }'
}

check_words() {
    sources '*.c' '*.h' | not_guest | not_tests | bare_code >"$work/bare"
    calls 'malloc|calloc|realloc|free|strdup|strndup|asprintf|vasprintf|aligned_alloc|posix_memalign' \
        "$MAY_ALLOCATE" 'memory comes from sim/base/arena.h' <"$work/bare"
    # shellcheck disable=SC2086
    grep -E "^($(echo $MODELS | tr ' ' '|'))/" "$work/bare" |
        calls 'printf|fprintf|vprintf|vfprintf|puts|fputs|putchar|putc|fputc|perror' \
            "$MAY_PRINT" 'a model prints nothing'
    find $FOLDERS configs .ci Makefile ./*.md -type f ! -path .ci/lint.sh -print0 2>/dev/null |
        xargs -0 grep -nIwE 'TODO|FIXME' | sed 's/^\([^:]*:[0-9]*\):.*/\1: left to be done/'
}

check_scripts() {
    find .ci $FOLDERS -type f | while read -r file; do
        case $(head -c 32 "$file" | head -n 1 | tr -d '\0') in
        '#!/bin/sh'*) sh -n "$file" ;;
        '#!/bin/bash'*) bash -n "$file" ;;
        esac
    done 2>&1 | grep -v ': `' | sed 's/: line \([0-9]*\): /:\1: /; s/^\([^:]*\): \([0-9]*\): /\1:\2: /'
}

# ---- all of it ---------------------------------------------------------------------

.ci/revision.sh "$work/revision.h" Makefile
includes >"$work/includes"
{
    check_law
    check_own_header
    check_cycles >"$work/cycles"
    cat "$work/cycles"
    if [ ! -s "$work/cycles" ]; then # or every message would come in hundreds
        check_headers
        check_warnings
    fi
    check_words
    check_scripts
} >"$work/findings"
cat "$work/findings"
count=$(wc -l <"$work/findings")
if [ "$count" -gt 0 ]; then
    echo "lint: $count findings"
    exit 1
fi
echo "lint: $(sources '*.c' '*.h' '*.cpp' '*.hpp' '*.S' '*.def' '*.inc' | wc -l) files, nothing found"
