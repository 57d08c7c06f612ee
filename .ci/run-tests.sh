#!/bin/bash
# Runs tests, two at a time, and ends with one line: N passed, N failed.
#
#   run-tests.sh [-j N] [--guests TESSERA ELF_DIR SOURCE_DIR] [--script FILE] [PROGRAM...]
#
# PROGRAM is a Criterion test program; its tests are counted one by one.  A
# program that crashes or that runs no test counts as a failure.
#
# A guest test is a SOURCE_DIR/NAME.c whose program is ELF_DIR/NAME.elf, run by
# TESSERA.  Comment lines of the source say how:
#   // machine: tiny-2x2     a name in configs/machines or a file (tiny-2x2)
#   // bootargs: a=b c=d     boot arguments (none)
#   // set: section.name=v   an option --set
#   // exit: 0               the exit status to expect (0)
#   // expect: TEXT          console lines hold these texts, in this order
#   // report: TEXT          and lines of what the simulator says of a bad end, these
# Several machines or bootargs give one test for each combination.
#
# A SCRIPT, such as the lint, is one test: it passes when its status is 0.
#
# A line is printed for each program, guest or script; the output of those that
# fail follows at the end.  Every test has TEST_SECONDS to end, so that a hang is a
# failure and not a lost machine.
set -u

JOBS=$(nproc 2>/dev/null || echo 2)
SECONDS_MAX=${TEST_SECONDS:-900}

# ---- one test program ---------------------------------------------------------

# Prints the number after the word "$1:" in Criterion's synthesis line.
synthesis() { sed -n "s/.*Synthesis:.* $1: \([0-9]*\).*/\1/p" "$work/$job.out" | tail -1; }

run_program() {
    program=$1
    timeout -k 5 "$SECONDS_MAX" "$program" >"$work/$job.out" 2>&1 </dev/null
    status=$?
    passed=$(synthesis Passing)
    failed=$(synthesis Failing)
    passed=${passed:-0} failed=${failed:-0} why=
    if [ "$status" -eq 124 ] || [ "$status" -eq 137 ]; then
        why="no end after $SECONDS_MAX seconds"
    elif [ "$failed" -gt 0 ]; then
        why="$failed of $((passed + failed)) tests failed"
    elif [ "$status" -ne 0 ]; then
        why="ended with status $status"
    elif [ "$passed" -eq 0 ]; then
        why="ran no test"
    fi
    [ -z "$why" ] || [ "$failed" -gt 0 ] || failed=1
    finish "$program" "$passed" "$failed" "$why"
}

# ---- one script ---------------------------------------------------------------

run_script() {
    timeout -k 5 "$SECONDS_MAX" "$1" >"$work/$job.out" 2>&1 </dev/null
    status=$?
    if [ "$status" -eq 0 ]; then
        finish "$1" 1 0 ""
    else
        finish "$1" 0 1 "ended with status $status"
    fi
}

# ---- one guest test -------------------------------------------------------------

# The values of the comment lines "// $2: value" of a source, one a line.
directive() { sed -n "s|^// *$2: *||p" "$1"; }

machine_file() {
    if [ -f "configs/machines/$1.yaml" ]; then
        echo "configs/machines/$1.yaml"
    else
        echo "$1"
    fi
}

# Prints the first of the source's texts ($2: expect, report) that a file does not
# show in its turn.
unmet_expectation() {
    [ -n "$(directive "$1" "$2")" ] || return
    directive "$1" "$2" | awk '
        NR == FNR { text[++texts] = $0; next }
        met < texts && index($0, text[met + 1]) { met++ }
        END { if (met < texts) print text[met + 1] }' - "$3"
}

run_guest() {
    tessera=$1 elf=$2 source=$3 machine=$4 bootargs=$5
    name="$source on $machine${bootargs:+ ($bootargs)}"
    wanted=$(directive "$source" exit)
    arguments=("$(machine_file "$machine")" --guest "$elf")
    [ -z "$bootargs" ] || arguments+=(--bootargs "$bootargs")
    while IFS= read -r assignment; do
        arguments+=(--set "$assignment")
    done < <(directive "$source" set)
    timeout -k 5 "$SECONDS_MAX" "$tessera" run "${arguments[@]}" \
        >"$work/$job.console" 2>"$work/$job.err" </dev/null
    status=$?
    why=
    unmet=$(unmet_expectation "$source" expect "$work/$job.console")
    unreported=$(unmet_expectation "$source" report "$work/$job.err")
    if [ "$status" -ne "${wanted:-0}" ]; then
        why="exit status $status instead of ${wanted:-0}"
    elif [ -n "$unmet" ]; then
        why="no console line \"$unmet\" in its turn"
    elif [ -n "$unreported" ]; then
        why="no line of the report \"$unreported\" in its turn"
    fi
    { echo "$tessera run ${arguments[*]}"; cat "$work/$job.console" "$work/$job.err"; } \
        >"$work/$job.out"
    if [ -z "$why" ]; then
        finish "$name" 1 0 ""
    else
        finish "$name" 0 1 "$why"
    fi
}

# ---- results -------------------------------------------------------------------

# Notes the counts of this job and prints its line.
finish() {
    echo "$2 $3" >"$work/$job.count"
    if [ -z "$4" ]; then
        rm -f "$work/$job.out"
        printf 'ok    %s: %s\n' "$1" "$2"
    else
        echo "$1" >"$work/$job.name"
        printf 'FAIL  %s: %s\n' "$1" "$4"
    fi
}

print_failures() {
    for name in "$work"/*.name; do
        [ -e "$name" ] || continue
        printf '\n---- %s\n' "$(cat "$name")"
        tail -n 200 "${name%.name}.out"
    done
}

# ---- all of them ------------------------------------------------------------------

list_programs() {
    for program in "$@"; do
        printf 'program\t%s\n' "$program"
    done
}

list_guests() {
    tessera=$1 elfs=$2 sources=$3
    for source in "$sources"/*.c; do
        base=$(basename "$source" .c)
        machines=$(directive "$source" machine)
        while IFS= read -r machine; do
            while IFS= read -r bootargs; do
                printf 'guest\t%s\t%s\t%s\t%s\t%s\n' \
                    "$tessera" "$elfs/$base.elf" "$source" "$machine" "$bootargs"
            done < <(directive "$source" bootargs | grep . || echo)
        done <<<"${machines:-tiny-2x2}"
    done
}

if [ "${1:-}" = --job ]; then # as called by xargs below
    work=$2 job=$3
    IFS=$'\t' read -r kind rest < <(sed -n "${job}p" "$work/jobs")
    case $kind in
    program) run_program "$rest" ;;
    script) run_script "$rest" ;;
    guest)
        IFS=$'\t' read -r tessera elf source machine bootargs <<<"$rest"
        run_guest "$tessera" "$elf" "$source" "$machine" "$bootargs"
        ;;
    esac
    exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
: >"$work/jobs"
scripts=
while [ $# -gt 0 ]; do
    case $1 in
    -j)
        JOBS=$2
        shift 2
        ;;
    --guests)
        ls "$4"/*.c >/dev/null || exit 1
        list_guests "$2" "$3" "$4" >>"$work/jobs"
        shift 4
        ;;
    --script)
        scripts="$scripts $2"
        shift 2
        ;;
    *) break ;;
    esac
done
list_programs "$@" >>"$work/jobs"
for script in $scripts; do # last: what they find matters least
    printf 'script\t%s\n' "$script" >>"$work/jobs"
done

jobs=$(wc -l <"$work/jobs")
seq "$jobs" | xargs -P "$JOBS" -n 1 "$0" --job "$work"
print_failures
cat "$work"/*.count 2>/dev/null | awk -v jobs="$jobs" '
    { passed += $1; failed += $2 }
    END {
        failed += jobs - NR # a job that left no count has not ended well
        printf "\n%d passed, %d failed\n", passed, failed
        exit passed == 0 || failed > 0
    }'
