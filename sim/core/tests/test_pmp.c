/*
 * Physical memory protection against a second matcher that looks at one byte
 * after the other, on all small cases of one and two entries and on random ones
 * of sixteen; the registers' rules: locks, granularity, reserved encodings.
 */
#include "sim/core/pmp.h"

#include <criterion/criterion.h>

#include "sim/base/rng.h"

static struct pmp pmp;
static struct rng rng;

static void create(void)
{
    pmp = (struct pmp){.entries = PMP_ENTRIES};
    rng = rng_stream(12, 0);
}

TestSuite(pmp, .init = create);

enum { OFF = 0, TOR = 1 << 3, NA4 = 2 << 3, NAPOT = 3 << 3, MODES = 3 << 3 };
enum { U, S, M = 3 };

/* ---- the second matcher ------------------------------------------------------------ */

/* Does this entry match the byte?  Granules of 2^(2 + grain) bytes are the units. */
static bool matches(unsigned i, uint64_t byte)
{
    uint64_t word = byte / 4, granule = UINT64_C(1) << pmp.grain;
    uint64_t top = pmp.addr[i], size = 8;
    switch (pmp.cfg[i] & MODES) {
    case TOR:
        return word / granule < top / granule &&
               (i == 0 || word / granule >= pmp.addr[i - 1] / granule);
    case NA4:
        return word == top;
    case NAPOT:
        for (uint64_t low = top | ((granule - 1) >> 1); low % 2; low /= 2)
            size *= 2;
        return byte / size == top * 4 / size;
    default:
        return false;
    }
}

static bool expected(uint64_t address, unsigned bytes, unsigned rights, unsigned priv)
{
    for (unsigned i = 0; i < pmp.entries; i++) {
        unsigned matched = 0;
        for (unsigned k = 0; k < bytes; k++)
            matched += matches(i, address + k);
        if (matched == 0)
            continue;
        if (matched < bytes)
            return false; /* partly: whatever the rights, and in M too */
        if (priv == M && !(pmp.cfg[i] & PMP_L))
            return true;
        return (pmp.cfg[i] & rights) == rights;
    }
    return priv == M || pmp.entries == 0;
}

static void check(uint64_t address, unsigned bytes)
{
    static const uint8_t rights[] = {PMP_R, PMP_W, PMP_X};
    static const uint8_t modes[] = {U, S, M};
    for (unsigned r = 0; r < 3; r++)
        for (unsigned m = 0; m < 3; m++)
            cr_assert_eq(pmp_allows(&pmp, address, bytes, rights[r], modes[m]),
                         expected(address, bytes, rights[r], modes[m]),
                         "%u bytes at %#llx, right %u, mode %u; cfg %02x %02x addr %#llx %#llx",
                         bytes, (unsigned long long)address, rights[r], modes[m], pmp.cfg[0],
                         pmp.cfg[1], (unsigned long long)pmp.addr[0],
                         (unsigned long long)pmp.addr[1]);
}

static void check_around(uint64_t from, uint64_t to)
{
    for (uint64_t address = from; address < to; address++)
        for (unsigned bytes = 1; bytes <= 8; bytes *= 2)
            check(address, bytes);
}

/* ---- matching --------------------------------------------------------------------------- */

Test(pmp, one_entry_of_every_mode_address_and_right)
{
    for (unsigned cfg = 0; cfg < 256; cfg++)
        for (uint64_t addr = 0; addr < 16; addr++) {
            if (cfg & 0x60)
                continue;
            pmp.cfg[0] = (uint8_t)cfg;
            pmp.addr[0] = addr;
            check_around(0, 72);
        }
}

Test(pmp, two_entries_of_every_mode_and_address)
{
    static const uint8_t rights[] = {0, PMP_R, PMP_R | PMP_W | PMP_X, PMP_X | PMP_L};
    for (unsigned modes = 0; modes < 16; modes++)
        for (unsigned r = 0; r < 16; r++)
            for (uint64_t a = 0; a < 8; a++)
                for (uint64_t b = 0; b < 8; b++) {
                    pmp.cfg[0] = (uint8_t)((modes & 3) << 3 | rights[r & 3]);
                    pmp.cfg[1] = (uint8_t)((modes >> 2) << 3 | rights[r >> 2]);
                    pmp.addr[0] = a;
                    pmp.addr[1] = b;
                    for (uint64_t address = 0; address < 36; address += 1 + address % 3)
                        check(address, 8);
                    for (uint64_t address = 0; address < 36; address += 2)
                        check(address, 4);
                }
}

Test(pmp, sixteen_random_entries_with_every_granularity)
{
    for (unsigned n = 0; n < 4000; n++) {
        pmp.entries = (uint8_t)rng_below(&rng, PMP_ENTRIES + 1);
        pmp.grain = (uint8_t)rng_below(&rng, 4);
        for (unsigned i = 0; i < PMP_ENTRIES; i++) {
            pmp.cfg[i] = (uint8_t)(rng_next(&rng) & 0x9f);
            if (pmp.grain && (pmp.cfg[i] & MODES) == NA4)
                pmp.cfg[i] &= (uint8_t)~MODES;
            pmp.addr[i] = rng_below(&rng, 256);
        }
        for (unsigned k = 0; k < 40; k++)
            check(rng_below(&rng, 1100), 1u << rng_below(&rng, 4));
        check(rng_below(&rng, 16) * 64, 64);
    }
}

Test(pmp, the_largest_region_is_all_of_memory)
{
    pmp_write_addr(&pmp, 0, ~UINT64_C(0));
    pmp_write_cfg(&pmp, 0, NAPOT | PMP_R);
    cr_assert(pmp_allows(&pmp, 0, 8, PMP_R, U));
    cr_assert(pmp_allows(&pmp, (UINT64_C(1) << 56) - 8, 8, PMP_R, U));
    cr_assert_not(pmp_allows(&pmp, 0, 8, PMP_W, U));
    create();
    pmp_write_addr(&pmp, 0, ~UINT64_C(0));
    pmp_write_cfg(&pmp, 0, TOR | PMP_R);
    cr_assert(pmp_allows(&pmp, (UINT64_C(1) << 56) - 16, 8, PMP_R, U));
}

Test(pmp, without_a_match_only_m_may_and_without_entries_all_may)
{
    for (unsigned rights = 0; rights < 8; rights++) {
        cr_assert(pmp_allows(&pmp, 0x80000000, 8, rights, M));
        cr_assert_not(pmp_allows(&pmp, 0x80000000, 8, rights, S));
        cr_assert_not(pmp_allows(&pmp, 0x80000000, 8, rights, U));
    }
    pmp.entries = 0;
    cr_assert(pmp_allows(&pmp, 0x80000000, 8, PMP_W, U));
}

/* ---- registers ----------------------------------------------------------------------------- */

Test(pmp, pmpcfg_holds_eight_entries_each)
{
    for (unsigned i = 0; i < PMP_ENTRIES; i++) {
        create();
        pmp_write_cfg(&pmp, i / 8 * 2, UINT64_C(0x1d) << 8 * (i % 8));
        for (unsigned k = 0; k < PMP_ENTRIES; k++)
            cr_assert_eq(pmp.cfg[k], k == i ? 0x1d : 0);
        cr_assert_eq(pmp_read_cfg(&pmp, i / 8 * 2), UINT64_C(0x1d) << 8 * (i % 8));
        cr_assert_eq(pmp_read_cfg(&pmp, 2 - i / 8 * 2), 0);
    }
}

Test(pmp, bits_5_and_6_read_zero_and_w_without_r_is_not_taken)
{
    for (unsigned cfg = 0; cfg < 256; cfg++) {
        create();
        pmp_write_cfg(&pmp, 0, PMP_R | TOR);
        pmp_write_cfg(&pmp, 0, cfg);
        bool reserved = (cfg & 3) == PMP_W;
        cr_assert_eq(pmp_read_cfg(&pmp, 0), reserved ? (PMP_R | TOR) : (cfg & 0x9f), "%02x", cfg);
    }
}

Test(pmp, pmpaddr_has_54_bits)
{
    pmp_write_addr(&pmp, 3, ~UINT64_C(0));
    cr_assert_eq(pmp_read_addr(&pmp, 3), (UINT64_C(1) << 54) - 1);
}

Test(pmp, a_locked_entry_keeps_its_registers_and_a_locked_tor_the_address_below)
{
    for (unsigned mode = OFF; mode <= NAPOT; mode += TOR) {
        create();
        for (unsigned i = 0; i < 4; i++)
            pmp_write_addr(&pmp, i, 100 + i);
        pmp_write_cfg(&pmp, 0, (uint64_t)(PMP_L | mode) << 16); /* entry 2 */
        for (unsigned i = 0; i < 4; i++)
            pmp_write_addr(&pmp, i, 200 + i);
        cr_assert_eq(pmp_read_addr(&pmp, 0), 200);
        cr_assert_eq(pmp_read_addr(&pmp, 1), mode == TOR ? 101 : 201);
        cr_assert_eq(pmp_read_addr(&pmp, 2), 102);
        cr_assert_eq(pmp_read_addr(&pmp, 3), 203);
        pmp_write_cfg(&pmp, 0, 0x07070707);
        cr_assert_eq(pmp_read_cfg(&pmp, 0), 0x07000707 | (uint64_t)(PMP_L | mode) << 16,
                     "its neighbours are free");
    }
}

Test(pmp, a_locked_entry_binds_m_too)
{
    pmp_write_addr(&pmp, 0, 0x20000000);
    pmp_write_cfg(&pmp, 0, NA4 | PMP_R);
    cr_assert(pmp_allows(&pmp, 0x80000000, 4, PMP_W, M));
    pmp_write_cfg(&pmp, 0, NA4 | PMP_R | PMP_L);
    cr_assert_not(pmp_allows(&pmp, 0x80000000, 4, PMP_W, M));
    cr_assert_not(pmp_allows(&pmp, 0x80000000, 4, PMP_X, M));
    cr_assert(pmp_allows(&pmp, 0x80000000, 4, PMP_R, M));
}

/* Volume II, "Physical Memory Protection CSRs": how software finds the granularity. */
Test(pmp, granularity_shows_in_what_pmpaddr_reads)
{
    for (unsigned grain = 0; grain < 10; grain++) {
        create();
        pmp.grain = (uint8_t)grain;
        const uint64_t all = (UINT64_C(1) << 54) - 1, granule = (UINT64_C(1) << grain) - 1;
        pmp_write_cfg(&pmp, 0, OFF);
        pmp_write_addr(&pmp, 0, ~UINT64_C(0));
        cr_assert_eq(pmp_read_addr(&pmp, 0), all & ~granule, "OFF, grain %u", grain);
        pmp_write_cfg(&pmp, 0, TOR);
        cr_assert_eq(pmp_read_addr(&pmp, 0), all & ~granule, "TOR");
        pmp_write_addr(&pmp, 0, 0);
        pmp_write_cfg(&pmp, 0, NAPOT);
        cr_assert_eq(pmp_read_addr(&pmp, 0), grain ? granule >> 1 : 0, "NAPOT");
        pmp_write_cfg(&pmp, 0, NA4 | PMP_R);
        cr_assert_eq(pmp_read_cfg(&pmp, 0), grain ? NAPOT : (NA4 | PMP_R), "NA4");
    }
}

Test(pmp, entries_that_do_not_exist_read_zero)
{
    for (unsigned n = 0; n <= PMP_ENTRIES; n++) {
        create();
        pmp.entries = (uint8_t)n;
        for (unsigned i = 0; i < PMP_ENTRIES; i++)
            pmp_write_addr(&pmp, i, 77);
        pmp_write_cfg(&pmp, 0, ~UINT64_C(0));
        pmp_write_cfg(&pmp, 2, ~UINT64_C(0));
        for (unsigned i = 0; i < PMP_ENTRIES; i++) {
            cr_assert_eq(pmp_read_addr(&pmp, i), i < n ? 77 : 0);
            cr_assert_eq(pmp.cfg[i], i < n ? 0x9f : 0);
        }
    }
}
