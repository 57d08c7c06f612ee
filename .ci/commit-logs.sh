#!/bin/bash
# Holds commit logs against Spike's: `.ci/commit-logs.sh ELF...`.
#
#   SPIKE     the program (built outside the repository); default: spike
#   ISA       what Spike is told to be; must be what the machine is
#   OPTIONS   more words for Spike
#   MACHINE   default: configs/machines/one-tile.yaml
#   LIMIT     cycles after which Tessera gives up
#
# Each ELF runs on both.  Spike's boot ROM (its instructions at 0x1000) is left
# out, and both logs are cut behind the first store of a code to `tohost`, since
# neither stops at once.  Then every line must be the same.  A program that
# compares equal must not look at what differs between any two machines:
#   - cycle, time, mcycle; minstret before it is written (Spike counts its ROM)
#   - a0 and a1 beyond hart 0's number, t0: Spike's ROM leaves other values
#   - marchid; mip.MTIP (Spike's timer is due from the start)
#   - an lr/sc pair across a multiple of 5000 instructions, where Spike changes
#     harts and drops the reservation
set -u
cd "$(dirname "$0")/.."
B=${B:-build}
SPIKE=${SPIKE:-spike}
ISA=${ISA:-rv64ima_zicsr_zifencei_zicntr_zihpm}
MACHINE=${MACHINE:-configs/machines/one-tile.yaml}
LIMIT=${LIMIT:-20000000}
CROSS=${CROSS:-riscv64-unknown-elf-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# Up to and with the first store of something to the address $1.
until_exit() {
    awk -v store="mem 0x$1 0x" \
        '{ print } index($0, store) && $NF !~ /^0x0+$/ { exit }'
}

compare() {
    elf=$1
    tohost=$("${CROSS}nm" "$elf" | awk '$3 == "tohost" { print $1 }')
    "$B/tessera" run -q "$MACHINE" --guest "$elf" --max-cycles "$LIMIT" \
        --commit-log "$work/own" >/dev/null 2>"$work/words"
    # shellcheck disable=SC2086
    timeout 60 "$SPIKE" --isa="$ISA" ${OPTIONS:-} -m0x80000000:0x4000000 \
        --log-commits --log="$work/spike" "$elf" >/dev/null 2>>"$work/words"
    until_exit "$tohost" <"$work/own" >"$work/a"
    grep -v '^core *[0-9]*: 3 0x00000000000010' "$work/spike" | until_exit "$tohost" >"$work/b"
    if [ -s "$work/a" ] && cmp -s "$work/a" "$work/b"; then
        echo "equal   $(basename "$elf"): $(wc -l <"$work/a") lines"
    else
        failed=1
        echo "differs $(basename "$elf"): $(head -n 1 "$work/words")"
        diff "$work/a" "$work/b" | head -n 5
    fi
}

for elf in "$@"; do
    compare "$elf"
done
exit $failed
