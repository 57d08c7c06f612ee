#!/usr/bin/env bash
# bench.sh [MESH_BENCH...]: how fast this build is on this machine.  Everything
# is measured now; nothing is compared with a stored number.
set -eu
tessera=${B:-build}/tessera
guest=${B:-build}/guest
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

echo "machine: $(awk -F': ' '/model name/{print $2; exit}' /proc/cpuinfo), $(nproc) cores, $(uname -sr)"
echo
echo "one busy tile, full timing (best of 3):"
for elf in "$guest"/examples/*.elf; do
    best=0
    for _ in 1 2 3; do
        "$tessera" run configs/machines/one-tile.yaml --guest "$elf" --stats "$work/s.json" -q >/dev/null
        rate=$(awk -F'[:,]' '/^ "instructions"/{i=$2} /^ "host_seconds"/{h=$2} END{printf "%.1f", i/h/1e6}' "$work/s.json")
        best=$(awk -v a="$best" -v b="$rate" 'BEGIN{print (b>a)?b:a}')
    done
    printf '  %-24s %8.1f million instructions/s\n' "$(basename "$elf" .elf)" "$best"
done
echo
echo "the mesh alone, uniform traffic:"
for bench in "$@"; do
    "$bench"
done
echo
echo "the update sweep, from nothing, $(nproc) workers:"
start=$(date +%s.%N)
"$tessera" sweep configs/sweeps/update.yaml --db "$work/bench.db" -q
end=$(date +%s.%N)
awk -v a="$start" -v b="$end" 'BEGIN{printf "  %.1f seconds\n", b-a}'
echo
echo "peak memory of one run:"
for machine in one-tile mesh-4x4 mesh-8x8; do
    "$tessera" run configs/machines/$machine.yaml --guest "$guest/tessera-os.elf" \
        --stats "$work/s.json" -q >/dev/null
    awk -F'[:,]' -v m=$machine '/^ "host_peak_kib"/{printf "  %-24s %8.1f MiB\n", m, $2/1024}' "$work/s.json"
done
