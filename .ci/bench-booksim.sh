#!/usr/bin/env bash
# bench-booksim.sh MESH_BENCH: the mesh alone, and BookSim 2 (BOOKSIM=path of the program)
# beside it: the same routers and traffic, by turns, ROUNDS (2) times, the best of each.
#
# One thread, uniform traffic, router_cycles 3, 4 VCs of 8 flits for each virtual network
# (BookSim, which has none, gets as many VCs in one).  Cycles are divided by the processor time that
# the process took in user mode; BookSim's start is in it, less than a hundredth.
set -eu
bench=$1
booksim=${BOOKSIM:-}
rounds=${ROUNDS:-2}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
TIMEFORMAT='%U'

cat >"$work/config" <<'TEXT'
topology = mesh; n = 2; routing_function = dor; traffic = uniform;
vc_buf_size = 8; wait_for_tail_credit = 0;
vc_allocator = islip; sw_allocator = islip; alloc_iters = 1;
input_speedup = 1; output_speedup = 1; internal_speedup = 1.0;
credit_delay = 0; routing_delay = 0; vc_alloc_delay = 1; sw_alloc_delay = 1; st_final_delay = 1;
sim_type = latency; injection_rate_uses_flits = 1;
TEXT

# beside SIDE RATE FLITS VNETS PERIOD: BookSim's cycles a second; nothing if there is none
beside() {
    [ -n "$booksim" ] || return 0
    { time timeout 600 "$booksim" "$work/config" k="$1" injection_rate="$2" packet_size="$3" \
        num_vcs=$((4 * $4)) sample_period="$5" >"$work/out" 2>&1; } 2>"$work/time" || true
    awk -v s="$(tail -1 "$work/time")" '/^Time taken is/ && s > 0 {printf "%.0f", $4 / s}' "$work/out"
}

# point SIDE RATE FLITS VNETS PERIOD [PARAMETER=VALUE]
point() {
    local own=0 ns="" theirs=0 round cycles found
    for round in $(seq "$rounds"); do
        read -r cycles found < <("$bench" "$1" "$2" "$3" "$4" ${6:+"$6"})
        [ "$cycles" -le "$own" ] || { own=$cycles ns=$found; }
        cycles=$(beside "$@")
        [ "${cycles:-0}" -le "$theirs" ] || theirs=$cycles
    done
    printf '  %7s %6s %6s %6s %10s %12s %10s %7s %s\n' "$1x$1" "$2" "$3" "$4" "$own" "$ns" \
        "${theirs/#0/-}" "$(awk -v a="$own" -v b="$theirs" 'BEGIN{
            if (b > 0) printf "%.1f", a / b; else printf "-"}')" "${6:-}"
}

printf '  %7s %6s %6s %6s %10s %12s %10s %7s\n' routers load flits vnets cycles/s ns/flit-hop \
    BookSim ratio
point 8 0.05 1 1 20000
point 8 0.2 1 1 8000
point 8 0.4 1 1 4000
point 8 0.2 5 1 8000
point 32 0.05 1 1 500
point 32 0.1 1 1 300
point 8 0.05 1 4 10000
point 8 0.2 1 4 4000
point 8 0.4 1 4 2000
point 8 0.2 1 1 8000 mesh.counters=true
