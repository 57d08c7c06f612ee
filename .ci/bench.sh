#!/usr/bin/env bash
# bench.sh [MESH_BENCH...]: how fast this build is on this machine.  Everything
# is measured now; nothing is compared with a stored number.
#
# Rates are instructions by the processor time that the process took, so that a
# busy machine shows less; the best of REPEATS (3) counts.  Beside Tessera's are,
# for the same ELF, those of qemu-system-riscv64 (machine `spike`, which ends
# through tohost as well) and of Spike (SPIKE=path, or the one on PATH): plain,
# and with its models of the L1s.  QEMU and plain Spike time nothing.
set -eu
tessera=${B:-build}/tessera
guest=${B:-build}/guest
repeats=${REPEATS:-3}
spike=${SPIKE:-$(command -v spike || true)}
qemu=$(command -v qemu-system-riscv64 || true)
isa=rv64ima_zicsr_zifencei
l1=64:4:64 # 16 KiB, 4 ways: the machine's L1s
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
TIMEFORMAT='%U'

mhz=$(awk -F': ' '/cpu MHz/{print $2; exit}' /proc/cpuinfo)
counts_cycles=no
if command -v perf >/dev/null &&
    perf stat -x, -e cycles:u true 2>&1 >/dev/null | grep -q '^[0-9][0-9]*,'; then
    counts_cycles=yes
fi

# seconds LIMIT COMMAND...: the least processor time of the repeats, in user mode; nothing
# if the command fails.  A run that ends at its limit of cycles (75) has not failed.
seconds() {
    local limit=$1 best="" took status
    shift
    for _ in $(seq "$repeats"); do
        status=0
        { time timeout "$limit" "$@" </dev/null >/dev/null 2>&1 || status=$?; } 2>"$work/time"
        [ "$status" = 0 ] || [ "$status" = 75 ] || return 0
        took=$(cat "$work/time")
        best=$(awk -v a="$best" -v b="$took" 'BEGIN{print (a == "" || b < a) ? b : a}')
    done
    echo "$best"
}

# top NAME: a number of the last statistics
top() {
    awk -F'[:,]' -v n="\"$1\"" '$1 == " " n {print $2 + 0; exit}' "$work/s.json"
}

# rate INSTRUCTIONS SECONDS [REFERENCE]: million instructions a second; - without a time
rate() {
    awk -v i="$1" -v s="$2" 'BEGIN{if (s + 0 > 0) printf "%.0f", i / s / 1e6; else printf "-"}'
}

# What the host spends on an instruction: counted if perf can, else the time at the
# clock that the kernel states.
cycles_an_instruction() {
    local instructions=$1 took=$2
    shift 2
    if [ "$counts_cycles" = yes ]; then
        perf stat -x, -e cycles:u -o "$work/perf" -- "$@" >/dev/null 2>&1 || true
        awk -F, -v i="$instructions" '/cycles/{printf "%.1f", $1 / i}' "$work/perf"
    else
        awk -v i="$instructions" -v s="$took" -v f="$mhz" 'BEGIN{printf "%.1f", s * f * 1e6 / i}'
    fi
}

# ratio A B
ratio() {
    awk -v a="$1" -v b="$2" 'BEGIN{if (a + 0 > 0 && b + 0 > 0) printf "%.1f", b / a; else printf "-"}'
}

one_tile() {
    local name=$1 elf=$guest/examples/$1.elf mine plain="" modelled="" emulated="" instructions
    local run=("$tessera" run configs/machines/one-tile.yaml --guest "$elf" -q)
    mine=$(seconds 300 "${run[@]}" --stats "$work/s.json")
    instructions=$(top instructions)
    [ -z "$qemu" ] || emulated=$(seconds 60 "$qemu" -M spike -m 64M -display none -serial none \
        -monitor none -bios "$elf")
    [ -z "$spike" ] || plain=$(seconds 300 "$spike" --isa=$isa "$elf")
    [ -z "$spike" ] || modelled=$(seconds 300 "$spike" --isa=$isa --ic=$l1 --dc=$l1 "$elf")
    printf '  %-12s %9s %9s %9s %9s %9s %9s\n' "$name" "$(rate "$instructions" "$mine")" \
        "$(cycles_an_instruction "$instructions" "$mine" "${run[@]}")" \
        "$(rate "$instructions" "$modelled")" "$(ratio "$mine" "$modelled")" \
        "$(rate "$instructions" "$plain")" "$(rate "$instructions" "$emulated")"
}

# What two runs differ by, so that the misses of the beginning do not count.
busy_tiles() {
    local side=$1 early=$2 late=$3 took=() count=() limit
    local run=("$tessera" run configs/machines/one-tile.yaml --set mesh.width="$side"
        --set mesh.height="$side" --guest "$guest/examples/busy.elf" -q)
    for limit in "$early" "$late"; do
        took+=("$(seconds 300 "${run[@]}" --max-cycles "$limit" --stats "$work/s.json")")
        count+=("$(top instructions)")
    done
    awk -v tiles=$((side * side)) -v i=$((count[1] - count[0])) -v a="${took[0]}" -v b="${took[1]}" \
        -v f="$mhz" -v c=$((late - early)) 'BEGIN{
            s = b - a
            printf "  %5d tiles  %9.0f %9.1f %9.2f\n", tiles, i / s / 1e6, s * f * 1e6 / i,
                i / tiles / c}'
}

echo "machine: $(awk -F': ' '/model name/{print $2; exit}' /proc/cpuinfo), $(nproc) cores, $(uname -sr)"
if [ "$counts_cycles" = yes ]; then
    echo "host cycles: counted in user mode"
else
    echo "host cycles: processor time x $mhz MHz, which the kernel states (perf cannot count here)"
fi
echo
echo "one busy tile, full timing; million instructions a second (best of $repeats):"
printf '  %-12s %9s %9s %9s %9s %9s %9s\n' "" tessera "host" "spike" "tessera/" "spike" "qemu"
printf '  %-12s %9s %9s %9s %9s %9s %9s\n' "" "" "cyc/insn" "--ic --dc" "spike L1" "plain" ""
for name in heapsort dhrystone alu; do
    one_tile "$name"
done
echo
echo "tiles that are all busy (each sorts 4 KiB of its own), in sum:"
printf '  %-12s %9s %9s %9s\n' "" "M insn/s" "cyc/insn" "insn/cycle"
busy_tiles 8 500000 2500000
busy_tiles 32 350000 700000
cat <<'TEXT'
  A slice of 12 cycles touches, counted from the layout in lines of 64 bytes: 10 of the hart's
  state, 1 of its fetch view, 1 of its predictor's counters, 2 for each access (view, data);
  with 10 instructions and 2 accesses that is 1 KiB.
TEXT
echo
echo "the mesh alone, uniform traffic, beside BookSim 2 where BOOKSIM names it:"
for bench in "$@"; do
    .ci/bench-booksim.sh "$bench"
    echo
    "$bench"
done
echo
echo "the update sweep, from nothing, $(nproc) workers:"
start=$(date +%s.%N)
"$tessera" sweep configs/sweeps/update.yaml --guest "$guest/tessera-os.elf" --db "$work/bench.db" -q
end=$(date +%s.%N)
awk -v a="$start" -v b="$end" 'BEGIN{printf "  %.1f seconds\n", b-a}'
echo
echo "peak memory of one run:"
for machine in one-tile mesh-4x4 mesh-8x8; do
    "$tessera" run configs/machines/$machine.yaml --guest "$guest/tessera-os.elf" \
        --stats "$work/s.json" -q >/dev/null
    awk -F'[:,]' -v m=$machine '/^ "host_peak_kib"/{printf "  %-24s %8.1f MiB\n", m, $2/1024}' "$work/s.json"
done
