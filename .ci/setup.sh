#!/bin/sh
# Installs what the build, the tests and the figures need and the machine lacks.
#
# Called by `make setup`, on which `make test` and `make reproduce` depend, so
# the usual case is that nothing is missing: then it says nothing and costs two
# calls of dpkg-query.  Otherwise it says what it will install and installs it
# with apt-get, through sudo when the caller is not root.
#
# Disassembly needs Capstone 5.  Debian 12 has version 4, so there Capstone
# alone comes from the next suite of the mirror that the machine already uses.
# That suite gets a priority below every installed package, and a rehearsal
# (apt-get -s) must show that nothing but Capstone moves; when anything fails,
# the suite is taken out again.
set -eu

# One package a line; `a|b` means that either will do and `a` is installed.
PACKAGES='
gcc
g++
libc6-dev
clang
clang-format
gcc-riscv64-unknown-elf
libcriterion-dev
libyaml-dev
libsqlite3-dev
sqlite3
libzstd-dev
libelf-dev
libdw-dev
libjansson-dev
libsystemc-dev
gnuplot-nox|gnuplot-qt|gnuplot-x11
'
CAPSTONE=libcapstone-dev
CAPSTONE_VERSION=5.0

APT=/etc/apt
NEXT_NAME=tessera-capstone # base name of the files that add the next suite

# The suite that has a newer Capstone than release $1, if that one's is too old.
next_suite() {
    case $1 in
    bookworm) echo trixie ;;
    esac
}

say() { printf 'setup: %s\n' "$*" >&2; }
die() {
    say "$@"
    exit 1
}

# ---- what is missing --------------------------------------------------------

# The wanted packages that are not installed, one a line.
missing_packages() {
    # shellcheck disable=SC2046
    dpkg-query -W -f '${db:Status-Status} ${Package}\n' $(echo "$PACKAGES" | tr '|' ' ') \
        2>/dev/null | awk -v wanted="$(echo "$PACKAGES" | xargs)" '
        $1 == "installed" { have[$2] = 1 }
        END {
            rows = split(wanted, row, " ")
            for (i = 1; i <= rows; i++) {
                found = 0
                choices = split(row[i], choice, "|")
                for (j = 1; j <= choices; j++)
                    if (choice[j] in have)
                        found = 1
                if (!found)
                    print choice[1]
            }
        }'
}

has_capstone() {
    version=$(dpkg-query -W -f '${db:Status-Status} ${Version}\n' "$CAPSTONE" 2>/dev/null |
        awk '$1 == "installed" { print $2; exit }')
    [ -n "$version" ] && dpkg --compare-versions "$version" ge "$CAPSTONE_VERSION"
}

# ---- apt --------------------------------------------------------------------

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

apt_get() {
    as_root env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 \
        apt-get -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 -qq "$@" </dev/null >&2
}

# The newest version of Capstone in the machine's sources that is new enough.
offered_capstone() {
    LC_ALL=C apt-cache madison "$CAPSTONE" 2>/dev/null | awk '{ print $3 }' |
        while read -r version; do
            if dpkg --compare-versions "$version" ge "$CAPSTONE_VERSION"; then
                echo "$version"
                break
            fi
        done
}

# What installing "$@" would move apart from Capstone, one package a line.
other_moves() {
    LC_ALL=C apt-get -s --no-install-recommends install "$@" |
        awk '/^(Inst|Remv) / && $2 !~ /^libcapstone/ { print $2 }'
}

# ---- the next suite ---------------------------------------------------------

# An entry of one-line sources (stdin) for archive $1, asking for suite $2.
# `pick` says which of the entries that fit.
list_entry() {
    awk -v codename="$1" -v suite="$2" -v pick="$3" '
        match($0, /^deb[ \t]+(\[[^]]*\][ \t]+)?/) {
            head = substr($0, 1, RLENGTH)
            split(substr($0, RLENGTH + 1), field)
            fits = field[2] == codename || field[2] ~ /^(old)*stable$/
            if (fits && field[1] !~ /^cdrom:/ && $0 ~ /[ \t]main/ && ++seen == pick)
                print head field[1], suite, "main"
        }'
}

# The same for sources in stanzas; the entry keeps its mirror and its key.
stanza_entry() {
    awk -v codename="$1" -v suite="$2" -v pick="$3" '
        function finish() {
            if (fits && binary && !off && ++seen == pick)
                printf "%sTypes: deb\nSuites: %s\nComponents: main\n", kept, suite
            kept = ""
            fits = binary = off = 0
        }
        /^#/ { next }
        /^[ \t]*$/ { finish(); next }
        /^[^ \t]/ {
            name = tolower($1)
            sub(/:.*/, "", name)
        }
        {
            ours = name == "types" || name == "suites" || name == "components"
            if (!ours)
                kept = kept $0 "\n"
            for (i = 1; i <= NF; i++) {
                if (name == "types" && $i == "deb")
                    binary = 1
                if (name == "suites" && ($i == codename || $i ~ /^(old)*stable$/))
                    fits = 1
                if (name == "uris" && $i ~ /^cdrom:/ || name == "enabled" && tolower($i) == "no")
                    off = 1
            }
        }
        END { finish() }'
}

write_file() { as_root tee "$1" >/dev/null; }

remove_next() {
    as_root rm -f "$APT/sources.list.d/$NEXT_NAME.list" \
        "$APT/sources.list.d/$NEXT_NAME.sources" "$APT/preferences.d/$NEXT_NAME"
}

# Adds suite $2 from one source entry: $1 is the file that holds it.  True when
# Capstone is on offer afterwards.
try_source() {
    file=$1 codename=$2 suite=$3
    case $file in
    *.sources) kind=sources form=stanza_entry ;;
    *) kind=list form=list_entry ;;
    esac
    target=$APT/sources.list.d/$NEXT_NAME.$kind
    pick=1
    while entry=$($form "$codename" "$suite" "$pick" <"$file") && [ -n "$entry" ]; do
        pick=$((pick + 1))
        printf '%s\n' "$entry" | write_file "$target"
        apt_get update -o Dir::Etc::sourcelist="$target" -o Dir::Etc::sourceparts=- \
            -o APT::Get::List-Cleanup=0 || true
        if [ -n "$(offered_capstone)" ]; then
            return 0
        fi
        as_root rm -f "$target"
    done
    return 1
}

add_next_suite() {
    codename=$1 suite=$2
    say "Capstone $CAPSTONE_VERSION is not in $codename: adding $suite of the same mirror," \
        "with low priority ($APT/sources.list.d/$NEXT_NAME.*, $APT/preferences.d/$NEXT_NAME)"
    printf '%s\n' "# Lets Capstone come from $suite, and nothing else by itself." \
        'Package: *' "Pin: release n=$suite" 'Pin-Priority: 100' |
        write_file "$APT/preferences.d/$NEXT_NAME"
    for source in "$APT/sources.list" "$APT"/sources.list.d/*.list \
        "$APT"/sources.list.d/*.sources; do
        case $source in
        */"$NEXT_NAME".*) continue ;;
        esac
        if [ -r "$source" ] && try_source "$source" "$codename" "$suite"; then
            return 0
        fi
    done
    die "no package source of this machine offers $CAPSTONE of $suite"
}

# ---- the work ---------------------------------------------------------------

install_packages() {
    apt_get install -y --no-install-recommends "$@" ||
        die "apt-get could not install: $*"
}

install_capstone() {
    version=$(offered_capstone)
    if [ -z "$version" ]; then
        codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
        suite=$(next_suite "$codename")
        [ -n "$suite" ] ||
            die "this release has no Capstone $CAPSTONE_VERSION ($CAPSTONE): install it by hand"
        trap remove_next EXIT
        trap 'exit 130' INT TERM
        add_next_suite "$codename" "$suite"
        version=$(offered_capstone)
    fi
    moved=$(other_moves "$CAPSTONE=$version" | xargs)
    [ -z "$moved" ] || die "Capstone $version would also change: $moved; nothing was changed"
    install_packages "$CAPSTONE=$version"
    trap - EXIT INT TERM
}

if ! command -v dpkg-query >/dev/null; then
    say "not a Debian system: this needs what Debian calls" \
        "$(echo "$PACKAGES" | xargs) $CAPSTONE (>= $CAPSTONE_VERSION)"
    exit 0
fi

missing=$(missing_packages | xargs)
if has_capstone; then
    capstone=
else
    capstone=" $CAPSTONE (>= $CAPSTONE_VERSION)"
fi
[ -n "$missing$capstone" ] || exit 0

say "installing with apt-get:${missing:+ $missing}$capstone"
[ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null ||
    die "this needs root and there is no sudo: run it as root, or install the packages yourself"
apt_get update || say "not every package source could be read; going on with the rest"
# shellcheck disable=SC2086
[ -z "$missing" ] || install_packages $missing
[ -z "$capstone" ] || install_capstone
say "done"
