#!/bin/bash
# Holds commit logs against Spike's: `.ci/commit-logs.sh ELF...`.
#
#   SPIKE     the program (built outside the repository); default: spike
#   ISA       what Spike is told to be; must be what the machine is.  The default
#             ends with zfinx, which takes mstatus.FS away, as a hart without F may
#   OPTIONS   more words for Spike
#   MACHINE   default: configs/machines/one-tile.yaml
#   SETS      more words for Tessera; by default A and D bits as menvcfg says, for
#             Spike does not know an unconditional Svadu
#   LIMIT     cycles after which Tessera gives up
#
# Each ELF runs on both to its end, with the same exit code.  Spike's boot ROM (its
# instructions at 0x1000) is left out.  Neither stops at once, Spike after some
# thousands of instructions more, so its log is cut to the length of Tessera's;
# then every line must be the same.  A program that compares equal must not look
# at what differs between any two machines:
#   - cycle, time, mcycle; minstret before it is written (Spike counts its ROM)
#   - a0 and a1 beyond hart 0's number, t0: Spike's ROM leaves other values
#   - modes other than M before a PMP entry allows them (Spike allows all at reset)
#   - marchid; mip.MTIP (Spike's timer is due from the start)
#   - an lr/sc pair across a multiple of 5000 instructions, where Spike changes
#     harts and drops the reservation
set -u
cd "$(dirname "$0")/.."
B=${B:-build}
SPIKE=${SPIKE:-spike}
ISA=${ISA:-rv64imac_zicsr_zifencei_zicntr_zihpm_zicbom_zicboz_zba_zbb_zbs_svinval_sstc_svadu_zicclsm_zfinx}
MACHINE=${MACHINE:-configs/machines/one-tile.yaml}
SETS=${SETS---set hart.ad_update=menvcfg}
LIMIT=${LIMIT:-20000000}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# The programs' exit codes, one a line.
run_both() {
    elf=$1
    # shellcheck disable=SC2086
    "$B/tessera" run -q "$MACHINE" $SETS --guest "$elf" --max-cycles "$LIMIT" \
        --commit-log "$work/own" >/dev/null 2>"$work/words"
    echo "own exit $?" >"$work/exits"
    # shellcheck disable=SC2086
    timeout 60 "$SPIKE" --isa="$ISA" ${OPTIONS:-} -m0x80000000:0x4000000 \
        --log-commits --log="$work/full" "$elf" >/dev/null 2>>"$work/words"
    echo "Spike's exit $?" >>"$work/exits"
}

compare() {
    : >"$work/own"
    : >"$work/full"
    run_both "$1"
    lines=$(wc -l <"$work/own")
    grep -v '^core *[0-9]*: 3 0x00000000000010' "$work/full" | head -n "$lines" >"$work/spike"
    if [ "$lines" -gt 0 ] && cmp -s "$work/own" "$work/spike" &&
        [ "$(sed 's/.*exit //' "$work/exits" | uniq | wc -l)" = 1 ]; then
        echo "equal   $(basename "$1"): $lines lines"
    else
        failed=1
        echo "differs $(basename "$1"): $(paste -sd ' ' "$work/exits") $(head -n 1 "$work/words")"
        diff "$work/own" "$work/spike" | head -n 5
    fi
}

for elf in "$@"; do
    compare "$elf"
done
exit $failed
