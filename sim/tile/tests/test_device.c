/*
 * Device registers: which addresses and sizes exist, whose they are, and what
 * reads and writes do.
 */
#include "sim/tile/tests/lone_tile.h"

TestSuite(device, .init = lone_create, .fini = lone_destroy);

static struct tile *const tile = &lone.tile;
static struct hart *const hart = &lone.hart;

static uint64_t bit(unsigned n)
{
    return UINT64_C(1) << n;
}

static uint64_t read_at(paddr_t address, unsigned bytes, cycle_t now)
{
    uint64_t value = 0;
    cr_assert(device_read(tile, address, bytes, now, &value));
    return value;
}

static void write_at(paddr_t address, unsigned bytes, uint64_t value, cycle_t now)
{
    cr_assert(device_write(tile, address, bytes, value, now));
}

/* ---- the map --------------------------------------------------------------------- */

Test(device, registers_take_their_own_sizes_only)
{
    static const struct {
        paddr_t address;
        bool ok[4]; /* 1, 2, 4, 8 bytes */
    } rows[] = {
        {MAP_SIMCTL_BASE, {true, true, true, true}},
        {MAP_BOOTINFO_BASE, {true, true, true, true}},
        {MAP_MSIP_BASE, {false, false, true, false}},
        {MAP_MTIMECMP_BASE, {false, false, false, true}},
        {MAP_MTIME, {false, false, false, true}},
        {MAP_SETSSIP_BASE, {false, false, true, false}},
        {MAP_WIDE_MSIP_BASE, {false, false, true, false}},
        {MAP_WIDE_MTIMECMP_BASE, {false, false, false, true}},
        {MAP_WIDE_SETSSIP_BASE, {false, false, true, false}},
        {0, {false, false, false, false}},
        {MAP_SIMCTL_BASE + MAP_SIMCTL_BYTES, {false, false, false, false}},
        {MAP_MSIP_BASE - 4, {false, false, false, false}},
        {MAP_MTIME + 8, {false, false, false, false}},
        {MAP_DRAM_BASE, {false, false, false, false}},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (unsigned k = 0; k < 4; k++) {
            tile_id owner;
            uint64_t value;
            unsigned bytes = 1u << k;
            bool ok = rows[i].ok[k];
            cr_assert_eq(device_owner(tile, rows[i].address, bytes, &owner), ok, "%#llx, %u bytes",
                         (unsigned long long)rows[i].address, bytes);
            cr_assert_eq(device_read(tile, rows[i].address, bytes, 0, &value), ok);
            cr_assert_eq(device_write(tile, rows[i].address, bytes, 0, 0),
                         ok && rows[i].address != MAP_MTIME);
        }
}

Test(device, each_tile_has_its_registers_and_there_are_no_more_than_tiles)
{
    tile_id owner;
    for (unsigned t = 0; t < 4; t++) {
        cr_assert(device_owner(tile, MAP_MSIP_BASE + 4 * t, 4, &owner));
        cr_assert_eq(owner, t);
        cr_assert(device_owner(tile, MAP_MTIMECMP_BASE + 8 * t, 8, &owner));
        cr_assert_eq(owner, t);
        cr_assert(device_owner(tile, MAP_SETSSIP_BASE + 4 * t, 4, &owner));
        cr_assert_eq(owner, t);
    }
    cr_assert_not(device_owner(tile, MAP_MSIP_BASE + 4 * 4, 4, &owner));
    cr_assert_not(device_owner(tile, MAP_MTIMECMP_BASE + 8 * 4, 8, &owner));
    cr_assert_not(device_owner(tile, MAP_SETSSIP_BASE + 4 * 4, 4, &owner));
    cr_assert(device_owner(tile, MAP_MTIME, 8, &owner));
    cr_assert_eq(owner, LONE_TILE, "mtime is everyone's own");
}

/* The largest chip: the ACLINT's mtimecmp ends before its hart 4095, whose
 * place mtime has, and the wide views do not. */
Test(device, wide_views_have_room_for_every_hart)
{
    tile_id owner;
    lone.cfg.mesh_width = lone.cfg.mesh_height = 128;
    cr_assert_eq(config_tiles(&lone.cfg), MAP_WIDE_HARTS);
    cr_assert_eq(MAP_WIDE_HARTS, TILES_MAX);
    cr_assert(device_owner(tile, MAP_MTIMECMP_BASE + 8 * 4095, 8, &owner));
    cr_expect_eq(owner, LONE_TILE, "mtime");
    for (unsigned t = 0; t < TILES_MAX; t += 4095) {
        cr_assert(device_owner(tile, MAP_WIDE_MSIP_BASE + 4 * t, 4, &owner));
        cr_expect_eq(owner, t);
        cr_assert(device_owner(tile, MAP_WIDE_MTIMECMP_BASE + 8 * t, 8, &owner));
        cr_expect_eq(owner, t);
        cr_assert(device_owner(tile, MAP_WIDE_SETSSIP_BASE + 4 * t, 4, &owner));
        cr_expect_eq(owner, t);
    }
}

Test(device, wide_views_are_the_same_registers)
{
    write_at(MAP_WIDE_MTIMECMP_BASE + 8 * LONE_TILE, 8, 1234, 0);
    cr_expect_eq(read_at(MAP_MTIMECMP_BASE + 8 * LONE_TILE, 8, 0), 1234);
    write_at(MAP_WIDE_MSIP_BASE + 4 * LONE_TILE, 4, 1, 0);
    cr_expect_eq(read_at(MAP_MSIP_BASE + 4 * LONE_TILE, 4, 0), 1);
    write_at(MAP_WIDE_SETSSIP_BASE + 4 * LONE_TILE, 4, 1, 0);
    cr_expect(hart->mip & bit(IRQ_SSIP));
}

/* ---- software interrupts ------------------------------------------------------------- */

Test(device, msip_sets_clears_and_shows_the_software_interrupt)
{
    const paddr_t msip = MAP_MSIP_BASE + 4 * LONE_TILE;
    write_at(msip, 4, 1, 10);
    cr_assert_eq(hart->mip, bit(IRQ_MSIP));
    cr_assert_eq(read_at(msip, 4, 10), 1);
    write_at(msip, 4, 0xfffffffe, 10); /* one bit only */
    cr_assert_eq(hart->mip, 0);
    cr_assert_eq(read_at(msip, 4, 10), 0);
}

Test(device, setssip_sets_and_never_clears)
{
    const paddr_t setssip = MAP_SETSSIP_BASE + 4 * LONE_TILE;
    write_at(setssip, 4, 0, 10);
    cr_assert_eq(hart->mip, 0);
    write_at(setssip, 4, 1, 10);
    cr_assert_eq(hart->mip, bit(IRQ_SSIP));
    write_at(setssip, 4, 0, 10);
    cr_assert_eq(hart->mip, bit(IRQ_SSIP));
    cr_assert_eq(read_at(setssip, 4, 10), 0);
}

Test(device, a_software_interrupt_wakes_its_sleeper_if_it_is_enabled)
{
    hart_sleep(hart, WAIT_WFI);
    write_at(MAP_MSIP_BASE + 4 * LONE_TILE, 4, 1, 70);
    cr_assert_eq(hart->wait, WAIT_WFI);
    hart->mie = bit(IRQ_MSIP);
    write_at(MAP_MSIP_BASE + 4 * LONE_TILE, 4, 1, 80);
    cr_assert_eq(hart->wait, WAIT_NONE);
    cr_assert_eq(lone.woken, 1);
    cr_assert_eq(hart->stall[STALL_idle], 80);
}

Test(device, an_interrupt_does_not_wake_a_hart_that_waits_for_a_line)
{
    hart->mie = bit(IRQ_MSIP);
    hart_sleep(hart, WAIT_LINE);
    write_at(MAP_MSIP_BASE + 4 * LONE_TILE, 4, 1, 80);
    cr_assert_eq(hart->wait, WAIT_LINE);
    cr_assert_eq(hart->mip, bit(IRQ_MSIP), "it is pending when the hart goes on");
}

/* ---- the timer ------------------------------------------------------------------------- */

static const paddr_t mtimecmp = MAP_MTIMECMP_BASE + 8 * LONE_TILE;

Test(device, mtimecmp_reads_back_and_is_beyond_reach_at_first)
{
    cr_assert_eq(read_at(mtimecmp, 8, 0), UINT64_MAX);
    lone.cfg.device_mtime_divider = 10;
    write_at(mtimecmp, 8, 12345, 0);
    cr_assert_eq(read_at(mtimecmp, 8, 0), 12345);
    cr_assert_eq(hart->timer_at, 123450, "ticks to cycles");
    write_at(mtimecmp, 8, UINT64_MAX, 0);
    cr_assert_eq(hart->timer_at, CYCLE_NEVER);
    write_at(mtimecmp, 8, UINT64_MAX / 2, 0);
    cr_assert_eq(hart->timer_at, CYCLE_NEVER, "more cycles than can be counted");
    cr_assert_eq(read_at(mtimecmp, 8, 0), UINT64_MAX / 2, "and yet as written");
}

Test(device, mtime_cannot_be_written)
{
    cr_assert_not(device_write(tile, MAP_MTIME, 8, 1000, 70));
    cr_assert_eq(read_at(MAP_MTIME, 8, 70), 70);
}

Test(device, mtime_ticks_every_divider_cycles)
{
    lone.cfg.device_mtime_divider = 7;
    for (cycle_t now = 0; now < 100; now++)
        cr_assert_eq(read_at(MAP_MTIME, 8, now), now / 7);
}

Test(device, writing_mtimecmp_takes_the_interrupt_back)
{
    hart->mip = bit(IRQ_MTIP) | bit(IRQ_MSIP);
    write_at(mtimecmp, 8, 1000, 10);
    cr_assert_eq(hart->mip, bit(IRQ_MSIP));
}

Test(device, a_running_harts_slice_ends_at_its_new_timer)
{
    hart->until = 500;
    write_at(mtimecmp, 8, 300, 10);
    cr_assert_eq(hart->until, 300);
    write_at(mtimecmp, 8, 5, 10);
    cr_assert_eq(hart->until, 10, "one that has passed: now");
    hart->until = 500;
    write_at(mtimecmp, 8, 900, 10);
    cr_assert_eq(hart->until, 500);
}

Test(device, a_sleeper_is_woken_by_its_timer_only_if_that_is_enabled)
{
    hart_sleep(hart, WAIT_WFI);
    write_at(mtimecmp, 8, 300, 10);
    cr_assert_eq(lone.timer, CYCLE_NEVER);
    hart->mie = bit(IRQ_MTIP);
    write_at(mtimecmp, 8, 300, 10);
    cr_assert_eq(lone.timer, 300);
    write_at(mtimecmp, 8, 400, 20);
    cr_assert_eq(lone.timer, 400, "the new one counts");
    tile_timer(tile, 399);
    cr_assert_eq(hart->wait, WAIT_WFI);
    tile_timer(tile, 400);
    cr_assert_eq(hart->wait, WAIT_NONE);
    cr_assert_eq(hart->mip, bit(IRQ_MTIP));
}

/* ---- boot information --------------------------------------------------------------------- */

Test(device, the_boot_information_is_read_in_any_size_and_never_written)
{
    uint8_t *bytes = (uint8_t *)lone.bootinfo;
    for (unsigned i = 0; i < MAP_BOOTINFO_BYTES; i++)
        bytes[i] = (uint8_t)(i * 7);
    for (unsigned offset = 0; offset < MAP_BOOTINFO_BYTES; offset += 8) {
        uint64_t expected;
        memcpy(&expected, bytes + offset, 8);
        cr_assert_eq(read_at(MAP_BOOTINFO_BASE + offset, 8, 0), expected);
        write_at(MAP_BOOTINFO_BASE + offset, 8, 0, 0);
        cr_assert_eq(read_at(MAP_BOOTINFO_BASE + offset, 8, 0), expected);
    }
    cr_assert_eq(read_at(MAP_BOOTINFO_BASE + MAP_BOOTINFO_BYTES - 1, 1, 0),
                 bytes[MAP_BOOTINFO_BYTES - 1], "nothing behind the page is read");
}

/* ---- by packet ------------------------------------------------------------------------------ */

static const struct packet *answer_to(enum packet_kind kind, paddr_t address, uint64_t value)
{
    struct packet p = {.kind = (uint8_t)kind, .to_half = HALF_HART, .from = 1, .to = LONE_TILE};
    p.device = (struct device_access){.address = address, .value = value, .bytes = 4};
    lone.posted_count = 0;
    tile_receive(tile, &p, 60);
    cr_assert_eq(lone.posted_count, 1);
    cr_assert_eq(lone.posted[0].at, 60 + lone.cfg.device_access_cycles);
    cr_assert_eq(lone.posted[0].packet.kind, PACKET_DEVICE_REPLY);
    cr_assert_eq(lone.posted[0].packet.to, 1);
    return &lone.posted[0].packet;
}

Test(device, another_tile_reads_and_writes_by_packet)
{
    const paddr_t msip = MAP_MSIP_BASE + 4 * LONE_TILE;
    cr_assert_eq(answer_to(PACKET_DEVICE_READ, msip, 0)->device.value, 0);
    answer_to(PACKET_DEVICE_WRITE, msip, 1);
    cr_assert_eq(hart->mip, bit(IRQ_MSIP));
    cr_assert_eq(answer_to(PACKET_DEVICE_READ, msip, 0)->device.value, 1);
}

Test(device, an_access_to_another_tile_is_posted_once_and_completed_by_its_answer)
{
    uint64_t value = 0;
    enum trap_cause cause;
    const paddr_t msip = MAP_MSIP_BASE; /* of tile 0 */
    hart->cycle = 20;
    cr_assert_eq(port_load(hart, msip, 4, &value, &cause), PORT_WAIT);
    cr_assert_eq(hart->wait, WAIT_DEVICE);
    cr_assert_eq(lone.posted[0].packet.kind, PACKET_DEVICE_READ);
    cr_assert_eq(lone.posted[0].packet.to, 0);
    cr_assert_eq(lone.posted[0].at, 20 + lone.cfg.device_access_cycles);
    struct packet reply = {.kind = PACKET_DEVICE_REPLY, .from = 0, .to = LONE_TILE};
    reply.device.value = 1;
    tile_receive(tile, &reply, 55);
    cr_assert_eq(hart->wait, WAIT_NONE);
    cr_assert_eq(hart->stall[STALL_device], 35);
    cr_assert_eq(port_load(hart, msip, 4, &value, &cause), PORT_DONE);
    cr_assert_eq(value, 1);
    cr_assert_eq(lone.posted_count, 1);
}

Test(device, a_wrong_size_is_a_fault_whosever_register_it_is)
{
    uint64_t value;
    enum trap_cause cause;
    for (unsigned t = 0; t < 4; t++) {
        cr_assert_eq(port_load(hart, MAP_MTIMECMP_BASE + 8 * t, 4, &value, &cause), PORT_FAULT);
        cr_assert_eq(cause, CAUSE_LOAD_ACCESS);
        cr_assert_eq(port_store(hart, MAP_MSIP_BASE + 8 * (t / 2), 8, 1, &cause), PORT_FAULT);
        cr_assert_eq(cause, CAUSE_STORE_ACCESS);
    }
    cr_assert_eq(lone.posted_count, 0);
    cr_assert_eq(hart->wait, WAIT_NONE);
}

Test(device, atomics_on_devices_are_faults)
{
    uint8_t *cell;
    enum trap_cause cause;
    static const struct {
        enum atomic_kind kind;
        enum trap_cause cause;
    } cases[] = {{ATOMIC_AMO, CAUSE_STORE_ACCESS},
                 {ATOMIC_SC, CAUSE_STORE_ACCESS},
                 {ATOMIC_LR, CAUSE_LOAD_ACCESS}};
    for (unsigned i = 0; i < 3; i++) {
        cr_assert_eq(
            port_atomic(hart, MAP_MSIP_BASE + 4 * LONE_TILE, 4, cases[i].kind, &cell, &cause),
            PORT_FAULT);
        cr_assert_eq(cause, cases[i].cause);
    }
}
