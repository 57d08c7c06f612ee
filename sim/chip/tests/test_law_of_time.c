/*
 * The law of time: how the simulation is cut into slices, in which order tiles
 * are stepped, whether invariants are checked and events traced - none of it
 * may change a result.
 *
 * The guest is a random program a tile that does whatever can reach another
 * tile or be reached by one: shared lines, atomics, reservations, messages to
 * others and to itself, inter-processor interrupts, timers, polling, sleeping,
 * remote registers, calls of the host, stores of all sizes in a row, accesses to a device
 * outside the chip, which in turn interrupts tiles and writes to shared lines.  Each folds
 * the cycle counter into its data as it goes, so that one event one cycle off changes
 * everything behind it.
 */
#include <stdlib.h>
#include <unistd.h>

#include "sim/base/hash.h"
#include "sim/base/rng.h"
#include "sim/chip/tests/manners.h"
#include "traces/traces.h"

/* ---- the guest ------------------------------------------------------------------- */

enum { SHARED_SETS = 2, QUEUE_DEPTH = 2, CREDITS = 2 };

/* s0 rounds left, s1 this tile's number, s2 interrupts taken, a0 shared lines,
 * a1 msip registers, a2 mtimecmp register of this tile, a5 the sum of all that
 * was seen. */
static struct rng rng;

static void put_fold(struct program *p, unsigned reg)
{
    put(p, asm_i(OP_slli, T6, A5, 5));
    put(p, asm_r(OP_sub, A5, T6, A5));
    put(p, asm_r(OP_add, A5, A5, reg));
}

static void put_fold_cycle(struct program *p)
{
    put_csrr(p, T1, CSR_MCYCLE);
    put_fold(p, T1);
}

/* Some line of the shared ones; four of them fall into each set of a cache. */
static int32_t shared_offset(void)
{
    return (int32_t)(rng_below(&rng, 4) * 512 + rng_below(&rng, SHARED_SETS) * LINE_BYTES +
                     rng_below(&rng, 2) * 8);
}

static void put_load(struct program *p, unsigned tiles)
{
    (void)tiles;
    put(p, asm_i(OP_ld, T1, A0, shared_offset()));
    put_fold(p, T1);
}

static void put_store(struct program *p, unsigned tiles)
{
    (void)tiles;
    put(p, asm_s(OP_sd, A5, A0, shared_offset()));
}

/* Stores of several sizes, then loads that may want bytes of more than one. */
static void put_store_burst(struct program *p, unsigned tiles)
{
    static const enum insn_op stores[] = {OP_sb, OP_sh, OP_sw, OP_sd};
    static const enum insn_op loads[] = {OP_lbu, OP_lh, OP_lwu, OP_ld};
    int32_t near = shared_offset();
    (void)tiles;
    for (unsigned n = 1 + rng_below(&rng, 8); n > 0; n--)
        put(p, asm_s(stores[rng_below(&rng, 4)], rng_below(&rng, 2) ? A5 : S0, A0,
                     (rng_below(&rng, 3) ? near : shared_offset()) + (int32_t)rng_below(&rng, 9)));
    for (unsigned n = rng_below(&rng, 4); n > 0; n--) {
        put(p, asm_i(loads[rng_below(&rng, 4)], T1, A0,
                     (rng_below(&rng, 3) ? near : shared_offset()) + (int32_t)rng_below(&rng, 9)));
        put_fold(p, T1);
    }
    put_fold_cycle(p);
}

/* Two parts of the line's last and the next line's first bytes. */
static void put_split(struct program *p, unsigned tiles)
{
    int32_t at = (int32_t)(rng_below(&rng, 4) * 512) + LINE_BYTES - 1 - (int32_t)rng_below(&rng, 7);
    (void)tiles;
    put(p, asm_s(OP_sd, A5, A0, at));
    put(p, asm_i(OP_ld, T1, A0, rng_below(&rng, 2) ? at : shared_offset()));
    put_fold(p, T1);
    put_fold_cycle(p);
}

static void put_fence(struct program *p, unsigned tiles)
{
    (void)tiles;
    put(p, asm_n(OP_fence) | rng_below(&rng, 256) << 20);
    put_fold_cycle(p);
}

static void put_fence_i(struct program *p, unsigned tiles)
{
    (void)tiles;
    put(p, asm_n(OP_fence_i));
    put_fold_cycle(p);
}

static void put_cache_block(struct program *p, unsigned tiles)
{
    (void)tiles;
    put(p, asm_i(OP_addi, T0, A0, shared_offset()));
    put(p, asm_r(rng_below(&rng, 2) ? OP_cbo_zero : OP_cbo_flush, ZERO, T0, ZERO));
    put_fold_cycle(p);
}

static void put_atomic(struct program *p, unsigned tiles)
{
    (void)tiles;
    put(p, asm_i(OP_addi, T0, A0, shared_offset()));
    put(p, asm_r(OP_amoadd_d, T1, T0, S1));
    put_fold(p, T1);
}

static void put_reserved(struct program *p, unsigned tiles)
{
    (void)tiles;
    put(p, asm_i(OP_addi, T0, A0, shared_offset()));
    put(p, asm_r(OP_lr_d, T1, T0, ZERO));
    put(p, asm_i(OP_addi, T1, T1, 1));
    put(p, asm_r(OP_sc_d, T2, T0, T1));
    put_fold(p, T2);
}

/* Reserves, takes its time, and stores, somewhere else, or not at all; then uses
 * the line at once, which may have been waited for. */
static void put_reserved_long(struct program *p, unsigned tiles)
{
    (void)tiles;
    put(p, asm_i(OP_addi, T0, A0, shared_offset()));
    put(p, asm_r(OP_lr_d, T1, T0, ZERO));
    for (unsigned n = rng_below(&rng, 8); n > 0; n--)
        put(p, asm_r(rng_below(&rng, 3) ? OP_mul : OP_div, T3, T3, A5));
    if (rng_below(&rng, 3) == 0)
        put(p, asm_i(OP_addi, T0, A0, shared_offset()));
    if (rng_below(&rng, 4))
        put(p, asm_r(rng_below(&rng, 4) ? OP_sc_d : OP_lr_d, T2, T0, ZERO));
    for (unsigned n = rng_below(&rng, 4); n > 0; n--)
        put(p, asm_r(OP_amoadd_d, T1, T0, S1));
    put(p, asm_s(OP_sd, A5, T0, 0));
    put_fold(p, T2);
    put_fold(p, T1);
    put_fold_cycle(p);
}

static void put_arithmetic(struct program *p, unsigned tiles)
{
    (void)tiles;
    for (unsigned n = rng_below(&rng, 25); n > 0; n--)
        put(p, asm_r(n % 5 ? OP_add : OP_mul, T3, T3, A5));
}

static void put_interrupt_other(struct program *p, unsigned tiles)
{
    put(p, asm_i(OP_addi, T1, ZERO, 1));
    put(p, asm_s(OP_sw, T1, A1, (int32_t)(4 * rng_below(&rng, tiles))));
    put_fold_cycle(p);
}

static void put_read_remote(struct program *p, unsigned tiles)
{
    put(p, asm_i(OP_lw, T1, A1, (int32_t)(4 * rng_below(&rng, tiles))));
    put_fold(p, T1);
    put_fold_cycle(p);
}

/* mtimecmp = now + something */
static void put_set_timer(struct program *p)
{
    put_csrr(p, T1, CSR_MCYCLE);
    put(p, asm_i(OP_addi, T1, T1, (int32_t)rng_below(&rng, 150)));
    put(p, asm_s(OP_sd, T1, A2, 0));
}

static void put_timer(struct program *p, unsigned tiles)
{
    (void)tiles;
    put_set_timer(p);
}

/* Sleeps with interrupts off, so that none is lost before the wfi. */
static void put_nap(struct program *p, unsigned tiles)
{
    (void)tiles;
    put(p, asm_i(OP_csrrci, ZERO, 8, CSR_MSTATUS));
    put_set_timer(p);
    put(p, asm_n(OP_wfi));
    put(p, asm_i(OP_csrrsi, ZERO, 8, CSR_MSTATUS));
    put_fold_cycle(p);
}

static void put_send(struct program *p, unsigned tiles)
{
    for (unsigned n = rng_below(&rng, 3); n < 3; n++)
        put_csrw(p, CSR_MU_PUSH, A5);
    put(p, asm_i(OP_csrrwi, ZERO, rng_below(&rng, tiles), CSR_MU_SEND));
    put_csrr(p, T1, CSR_MU_SEND);
    put_fold(p, T1);
    put(p, asm_i(OP_addi, T1, ZERO, MU_DISCARD));
    put_csrw(p, CSR_MU_SEND, T1);
}

/* Takes one message if there is one, and always notes when it looked. */
static void put_receive(struct program *p, unsigned tiles)
{
    (void)tiles;
    put_csrr(p, T1, CSR_MU_COUNT);
    put_fold(p, T1);
    unsigned none = put(p, asm_b(OP_beq, T1, ZERO, 0));
    put_csrr(p, T1, CSR_MU_HEADER);
    put_fold(p, T1);
    put_csrr(p, T1, CSR_MU_LABEL);
    put_fold(p, T1);
    put_csrr(p, T1, CSR_MU_POP);
    put_fold(p, T1);
    put_csrw(p, CSR_MU_ACK, ZERO);
    land(p, none);
    put_fold_cycle(p);
}

/* To itself and back: polls until the message is there, acknowledges it and
 * sends again at once, with what credits have come home. */
static void put_talk_to_itself(struct program *p, unsigned tiles)
{
    (void)tiles;
    put_csrw(p, CSR_MU_PUSH, A5);
    put_csrw(p, CSR_MU_SEND, S1);
    put_csrr(p, T1, CSR_MU_SEND);
    put_fold(p, T1);
    for (unsigned n = rng_below(&rng, 12); n > 0; n--) {
        put_csrr(p, T1, CSR_MU_COUNT);
        put_fold(p, T1);
    }
    put_csrw(p, CSR_MU_ACK, ZERO);
    put(p, asm_i(OP_addi, T1, ZERO, MU_DISCARD));
    put_csrw(p, CSR_MU_SEND, T1);
}

/* A fetch of code that was never run before: straight on, a few lines away. */
static void put_far_code(struct program *p, unsigned tiles)
{
    (void)tiles;
    unsigned over = put(p, asm_j(RA, 0));
    for (unsigned n = 16 + rng_below(&rng, 32); n > 0; n--)
        put(p, asm_nop());
    land(p, over);
}

/* A write by the host: its block is this tile's, the text and fromhost are lines
 * that all tiles use.  Nobody waits for the answer. */
static void put_host_call(struct program *p, unsigned tiles)
{
    (void)tiles;
    put_li(p, T0, MACHINE_DATA + 0x9000);
    put(p, asm_i(OP_slli, T1, S1, LINE_SHIFT));
    put(p, asm_r(OP_add, T0, T0, T1));
    put(p, asm_i(OP_addi, T1, ZERO, 64));
    put(p, asm_s(OP_sd, T1, T0, 0));
    put(p, asm_i(OP_addi, T1, A0, shared_offset()));
    put(p, asm_s(OP_sd, T1, T0, 16));
    put(p, asm_i(OP_addi, T1, ZERO, 3));
    put(p, asm_s(OP_sd, T1, T0, 24));
    put_li(p, T1, MACHINE_TOHOST);
    put(p, asm_s(OP_sd, T0, T1, 0));
    put_fold_cycle(p);
}

/* A line of the console: by the page, at once; by the host, when it is served. */
static void put_lines(struct program *p, unsigned tiles)
{
    (void)tiles;
    put_li(p, T0, MAP_SIMCTL_BASE);
    put(p, asm_i(OP_addi, T1, S1, 'a'));
    put(p, asm_s(OP_sb, T1, T0, SIMCTL_CONSOLE));
    put(p, asm_i(OP_addi, T1, ZERO, '\n'));
    put(p, asm_s(OP_sb, T1, T0, SIMCTL_CONSOLE));
    put_li(p, T0, MACHINE_TOHOST);
    put_li(p, T1, UINT64_C(0x0101000000000000) | '\n');
    put(p, asm_s(OP_sd, T1, T0, 0));
}

/* A byte to the console; then what fromhost says for a while, which is cleared. */
static void put_host_console(struct program *p, unsigned tiles)
{
    (void)tiles;
    put_li(p, T0, MACHINE_TOHOST);
    put_li(p, T1, UINT64_C(0x0101000000000000) | ('a' + rng_below(&rng, 26)));
    put(p, asm_s(OP_sd, T1, T0, 0));
    for (unsigned n = rng_below(&rng, 6); n > 0; n--) {
        put(p, asm_i(OP_ld, T1, T0, MACHINE_FROMHOST - MACHINE_TOHOST));
        put_fold(p, T1);
    }
    put(p, asm_s(OP_sd, ZERO, T0, MACHINE_FROMHOST - MACHINE_TOHOST));
}

/* Outside the chip, where every access changes what the next one reads. */
static void put_outside(struct program *p, unsigned tiles)
{
    (void)tiles;
    put_li(p, T0, UINT64_C(1) << 30);
    if (rng_below(&rng, 2))
        put(p, asm_s(OP_sw, A5, T0, (int32_t)(4 * rng_below(&rng, 8))));
    put(p, asm_i(OP_ld, T1, T0, (int32_t)(8 * rng_below(&rng, 4))));
    put_fold(p, T1);
    put_li(p, T1, 1u << IRQ_SEIP);
    put(p, asm_i(OP_csrrs, ZERO, T1, CSR_MIE));
    put_fold_cycle(p);
}

typedef void put_piece_fn(struct program *p, unsigned tiles);
static put_piece_fn *const pieces[] = {
    put_load,          put_load,       put_store,          put_store,           put_atomic,
    put_atomic,        put_nap,        put_timer,          put_interrupt_other, put_read_remote,
    put_send,          put_send,       put_receive,        put_receive,         put_reserved,
    put_reserved_long, put_arithmetic, put_talk_to_itself, put_far_code,        put_host_call,
    put_host_console,  put_lines,      put_store_burst,    put_store_burst,     put_split,
    put_fence,         put_fence,      put_fence_i,        put_cache_block,     put_outside,
};
enum { PIECES = sizeof pieces / sizeof pieces[0] };

/* The handler turns off what called it and notes the cycle. */
static unsigned put_handler(struct program *p)
{
    unsigned handler = p->count;
    put_csrw(p, CSR_MSCRATCH, T1);
    put(p, asm_i(OP_addi, S2, S2, 1));
    put_csrr(p, T4, CSR_MCYCLE);
    put(p, asm_r(OP_xor, A4, A4, T4));
    put_csrr(p, T4, CSR_MEPC);
    put(p, asm_r(OP_add, A4, A4, T4));
    put_csrr(p, T4, CSR_MCAUSE);
    put(p, asm_i(OP_andi, T4, T4, 4)); /* 3 software, 7 timer */
    unsigned timer = put(p, asm_b(OP_bne, T4, ZERO, 0));
    put(p, asm_i(OP_slli, T4, S1, 2));
    put(p, asm_r(OP_add, T4, T4, A1));
    put(p, asm_s(OP_sw, ZERO, T4, 0));
    unsigned done = put(p, asm_j(ZERO, 0));
    land(p, timer);
    put(p, asm_i(OP_addi, T4, ZERO, -1));
    put(p, asm_s(OP_sd, T4, A2, 0));
    land(p, done);
    put_li(p, T4, 1u << IRQ_SEIP);
    put(p, asm_i(OP_csrrc, ZERO, T4, CSR_MIE)); /* the line stays up until a later visit */
    put_csrr(p, T1, CSR_MSCRATCH);
    put(p, asm_n(OP_mret));
    return handler;
}

/* Endpoint n leads to queue 0 of tile n; queue 0 takes QUEUE_DEPTH messages,
 * fewer than all credits together: some are refused. */
static void put_message_setup(struct program *p, unsigned tiles)
{
    put_li(p, T1, MU_RQ_VALID | QUEUE_DEPTH << MU_RQ_DEPTH_SHIFT);
    put_csrw(p, CSR_SMU_RQ_CONF, T1);
    for (unsigned n = 0; n < tiles; n++) {
        put(p, asm_i(OP_csrrwi, ZERO, n, CSR_SMU_EP));
        put(p, asm_i(OP_csrrwi, ZERO, n, CSR_SMU_EP_DEST));
        put_csrw(p, CSR_SMU_EP_LABEL, S1);
        put(p, asm_i(OP_csrrwi, ZERO, CREDITS, CSR_SMU_EP_CREDITS));
        put(p, asm_i(OP_csrrwi, ZERO, MU_EP_VALID, CSR_SMU_EP_CONF));
    }
}

/* Adds one to a counter; tile 0 waits, polling, until all have, and exits. */
static void put_finish(struct program *p, unsigned tiles)
{
    put_li(p, T0, MACHINE_DATA + 0x8000);
    put(p, asm_i(OP_addi, T1, ZERO, 1));
    put(p, asm_r(OP_amoadd_d, ZERO, T0, T1));
    unsigned last = put(p, asm_b(OP_bne, S1, ZERO, 0));
    put(p, asm_i(OP_addi, T2, ZERO, (int32_t)tiles));
    unsigned poll = put(p, asm_i(OP_ld, T1, T0, 0));
    put_branch(p, OP_bne, T1, T2, poll);
    put_exit(p, 0);
    land(p, last);
    put_sleep(p);
}

static void put_guest(struct program *p, unsigned tiles, unsigned rounds, unsigned length)
{
    unsigned over = put(p, asm_j(ZERO, 0));
    unsigned handler = put_handler(p);
    land(p, over);
    put_csrr(p, S1, CSR_MHARTID);
    put_li(p, A0, MACHINE_DATA);
    put_li(p, A1, MAP_MSIP_BASE);
    put_li(p, A2, MAP_MTIMECMP_BASE);
    put(p, asm_i(OP_slli, T1, S1, 3));
    put(p, asm_r(OP_add, A2, A2, T1));
    put_message_setup(p, tiles);
    put_li(p, T1, address_of(p, handler));
    put_csrw(p, CSR_MTVEC, T1);
    put_li(p, T1, 1u << IRQ_MSIP | 1u << IRQ_MTIP | 1u << IRQ_SEIP);
    put_csrw(p, CSR_MIE, T1);
    put(p, asm_i(OP_csrrsi, ZERO, 8, CSR_MSTATUS));
    put(p, asm_i(OP_addi, S0, ZERO, (int32_t)rounds));
    for (unsigned t = 0; t < tiles; t++) { /* each tile has its own loop */
        put(p, asm_i(OP_addi, T1, S1, -(int32_t)t));
        put(p, asm_b(OP_beq, T1, ZERO, 8));
        unsigned next = put(p, asm_j(ZERO, 0));
        unsigned loop = p->count;
        for (unsigned n = 0; n < length; n++)
            pieces[rng_below(&rng, PIECES)](p, tiles);
        put(p, asm_i(OP_addi, S0, S0, -1));
        unsigned out = put(p, asm_b(OP_beq, S0, ZERO, 0));
        put_jump(p, loop);
        land(p, out);
        put_finish(p, tiles);
        land(p, next);
    }
}

/* ---- machines ------------------------------------------------------------------------ */

static const struct shape {
    const char *name;
    uint32_t width, height, concentration, router_cycles;
} shapes[] = {
    {"one tile", 1, 1, 1, 3},
    {"2x1, P1", 2, 1, 1, 1},
    {"2x2", 2, 2, 1, 3},
    {"2x2, P4", 2, 2, 1, 4},
    {"3x2, P2", 3, 2, 1, 2},
    {"2x1, two tiles a router", 2, 1, 2, 3},
    {"1x1, four tiles", 1, 1, 4, 1},
    {"2x2, four tiles a router, P1", 2, 2, 4, 1},
    {"4x4", 4, 4, 1, 3},
    {"2x2 with long links, as amd-4x4", 2, 2, 2, 3},
};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

/* The device: what it reads and how long it takes depends on all that it has seen. */
static bool answer_outside(void *context, struct external_access *access)
{
    struct machine *m = context;
    m->outside = hash_u64(hash_u64(m->outside, access->cycle), access->tile);
    m->outside = hash_u64(hash_u64(m->outside, access->address), access->value);
    if (!access->is_store)
        access->value = m->outside;
    access->delay = m->outside % 16 ? m->outside % 50 : 1500;
    return true;
}

/* Interrupts one tile, no longer the one before, and writes to a shared line, if that
 * can be done now. */
static void visit_from_outside(struct machine *m)
{
    unsigned tiles = config_tiles(&m->cfg);
    m->outside = hash_u64(m->outside, chip_cycle(m->chip));
    for (unsigned t = 0; t < tiles; t++)
        chip_raise(m->chip, (tile_id)t, CHIP_LINE_SUPERVISOR, t == m->outside % tiles);
    paddr_t line = MACHINE_DATA + m->outside / 64 % 4 * 512;
    bool written = chip_write_memory(m->chip, line, &m->outside, sizeof m->outside);
    m->outside = hash_u64(m->outside, written);
}

static void shape_machine(struct machine *m, const struct shape *s, unsigned seed)
{
    machine_begin(m, s->width, s->height);
    m->cfg.mesh_concentration = s->concentration;
    m->cfg.mesh_router_cycles = s->router_cycles;
    m->cfg.l1d_kib = m->cfg.l1i_kib = 1; /* so that lines are replaced */
    m->cfg.l1d_ways = m->cfg.l1i_ways = 2;
    m->cfg.sim_seed = seed;
    m->cfg.device_external_mib = 1;
    m->cfg.device_external_tile = seed % config_tiles(&m->cfg);
    m->options.external = (struct external){answer_outside, m};
    m->visit = visit_from_outside;
    m->visit_cycles = 200 + 13 * (seed % 5);
    if (strstr(s->name, "amd")) {
        m->cfg.mesh_link_cycles_x = m->cfg.mesh_link_cycles_y = 29;
        m->cfg.l1_probe_cycles = 49;
        m->cfg.coherence_home_cycles = 55;
    }
}

/* Extreme latencies move the lookahead's least term from one to another. */
static void vary_latencies(struct config *cfg, unsigned variant)
{
    switch (variant % 5) {
    case 1:
        cfg->l1_miss_cycles = cfg->message_send_cycles = cfg->device_access_cycles = 20;
        cfg->l1_probe_cycles = cfg->message_receive_cycles = 1;
        break;
    case 2:
        cfg->coherence_home_cycles = cfg->coherence_home_occupancy_cycles = 1;
        cfg->l1_miss_cycles = cfg->l1_probe_cycles = 1;
        cfg->memory_latency_cycles = cfg->memory_line_cycles = 1;
        cfg->l1_fill_cycles = 0;
        break;
    case 3:
        cfg->message_send_cycles = cfg->message_receive_cycles = cfg->device_access_cycles = 1;
        cfg->l1_fill_cycles = 0;
        cfg->hart_reservation_cycles = 7;
        cfg->coherence_mshrs = 1;
        break;
    case 4: /* a line that comes from memory is the quickest answer of a home */
        cfg->coherence_home_cycles = 60;
        cfg->coherence_home_occupancy_cycles = 1;
        cfg->memory_latency_cycles = cfg->memory_line_cycles = 1;
        cfg->mesh_flit_bits = 1024;
        break;
    default:
        break;
    }
}

/* How lines are kept coherent: every organisation of directories and every protocol
 * has answers of homes whose time the lookahead has to bound. */
enum { COHERENCE_SETTINGS = 6 };
static const char *const coherence_settings[][COHERENCE_SETTINGS] = {
    {NULL},
    {"coherence.directory=probe"},
    {"coherence.directory=probe", "coherence.protocol=moesi", "l1d.replacement=tree-plru"},
    {"coherence.directory=limited-b", "coherence.pointers=1", "coherence.hops=four"},
    {"coherence.directory=limited-nb", "coherence.pointers=1"},
    {"coherence.directory=limited-nb", "coherence.pointers=2", "coherence.protocol=moesi",
     "coherence.clean_evictions=noisy"},
    {"coherence.directory=sparse", "coherence.sparse_sets=1", "coherence.sparse_ways=1",
     "coherence.mshrs=2", "coherence.hops=four", "coherence.protocol=moesi"},
    {"coherence.directory=sparse", "coherence.sparse_sets=2", "coherence.sparse_ways=2",
     "coherence.sparse_sharers=coarse", "coherence.group=2", "coherence.mshrs=2"},
    {"coherence.protocol=msi", "coherence.clean_evictions=noisy", "l1d.replacement=random"},
    {"memory.timing=banks", "memory.banks=2", "memory.row_kib=1", "memory.controller_cycles=0",
     "memory.column_cycles=1", "memory.line_cycles=1"},
    {"memory.timing=banks", "memory.rows=closed"},
};
enum { COHERENCES = sizeof coherence_settings / sizeof coherence_settings[0] };

static void set_coherence(struct config *cfg, unsigned which)
{
    struct error e = {0};
    for (unsigned i = 0; i < COHERENCE_SETTINGS && coherence_settings[which][i]; i++)
        cr_assert(config_set(cfg, coherence_settings[which][i], "coherence", &e), "%s", e.text);
    cr_assert(config_check(cfg, "coherence", &e), "%s", e.text);
}

static void compare_manners_of(const struct shape *s, unsigned seed, uint32_t store_buffer,
                               unsigned coherence)
{
    static struct machine whole, other;
    char what[128];
    for (unsigned n = 0; n < MANNERS; n++) {
        struct machine *m = n ? &other : &whole;
        shape_machine(m, s, seed);
        vary_latencies(&m->cfg, seed);
        m->cfg.hart_store_buffer = store_buffer;
        set_coherence(&m->cfg, coherence);
        rng = rng_stream(7, seed);
        put_guest(&m->p, config_tiles(&m->cfg), 6, 12);
        run_in_manner(m, &manners[n]);
        if (n == 0)
            continue;
        snprintf(what, sizeof what, "%s, seed %u, %u stores, coherence %u, %s", s->name, seed,
                 store_buffer, coherence, manners[n].name);
        check_equal(&whole, &other, what);
        machine_end(&other);
    }
    machine_end(&whole);
}

static void compare_manners(const struct shape *s, unsigned seed, uint32_t store_buffer)
{
    compare_manners_of(s, seed, store_buffer, 0);
}

Test(law_of_time, manners_do_not_show_however_lines_are_kept_coherent)
{
    for (unsigned which = 1; which < COHERENCES; which++)
        for (unsigned seed = 0; seed < 10; seed++)
            compare_manners_of(&shapes[seed % 2 ? 4 : 8], seed, seed / 2 % 2 ? 4 : 0, which);
}

#define RANDOM_GUESTS(shape)                                                                       \
    Test(law_of_time, manners_do_not_show_on_machine_##shape)                                      \
    {                                                                                              \
        for (unsigned seed = 0; seed < 12; seed++)                                                 \
            compare_manners(&shapes[shape], seed, 0);                                              \
    }                                                                                              \
    Test(law_of_time, manners_do_not_show_with_store_buffers_on_machine_##shape)                   \
    {                                                                                              \
        for (unsigned seed = 12; seed < 24; seed++)                                                \
            compare_manners(&shapes[shape], seed, (uint32_t[]){1, 2, 8, 64}[seed % 4]);            \
    }
RANDOM_GUESTS(0)
RANDOM_GUESTS(1)
RANDOM_GUESTS(2)
RANDOM_GUESTS(3)
RANDOM_GUESTS(4)
RANDOM_GUESTS(5)
RANDOM_GUESTS(6)
RANDOM_GUESTS(7)
RANDOM_GUESTS(8)
RANDOM_GUESTS(9)

/* All harts but one sleep; that one wakes from a fetch, some cycles ahead of the world,
 * and the others' packets must not find it where it may not be yet. */
Test(law_of_time, a_hart_that_has_fetched_is_ahead_of_the_world)
{
    compare_manners(&shapes[8], 76, 1);
}

/* The guests above are worth something only if they do what they are for. */
Test(law_of_time, random_guests_exercise_everything)
{
    static const char *const wanted[] = {
        "hart.interrupts",         "message.sent",         "message.received",
        "message.no_credits",      "message.refused",      "l1d.upgrades",
        "l1d.evictions",           "l1d.invalidations",    "hart.reservations_kept",
        "home.forwards",           "hart.stall.idle",      "hart.stall.device",
        "hart.stall.fetch",        "hart.stores_buffered", "hart.loads_forwarded",
        "hart.stall.store_buffer",
    };
    static struct machine m;
    shape_machine(&m, &shapes[8], 1);
    m.cfg.hart_store_buffer = 4;
    rng = rng_stream(7, 1);
    put_guest(&m.p, config_tiles(&m.cfg), 6, 12);
    run_in_manner(&m, &manners[0]);
    for (unsigned i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        cr_assert_gt(machine_stat(&m, wanted[i]), 0, "%s", wanted[i]);
    machine_end(&m);
}
