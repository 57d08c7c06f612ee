/*
 * The page-table cases where software sets A and D (Svade), which QEMU 7.2 cannot do:
 * an access faults there just where the other way has a fault too, or would set a bit,
 * and no entry changes.  That the other way is as QEMU has it, test_corpus.c shows.
 */
#include "sim/fuzz/tests/kept.h"

#include "sim/fuzz/cases.h"
#include "sim/fuzz/encode.h"

enum { PTE_A = 64, PTE_D = 128, CAUSE_ECALLS = 8, FIRST_PAGE_FAULT = 12 };

static bool is_ecall(const struct trap_record *t)
{
    return t->cause >= CAUSE_ECALLS && t->cause < FIRST_PAGE_FAULT;
}

static uint64_t page_fault_of(unsigned access)
{
    static const uint8_t cause[CASE_ACCESSES] = {12, 13, 15};
    return cause[access];
}

/* Must hardware set a bit before this access? */
static bool wants_bits(const struct page_case *c)
{
    uint64_t wanted = c->access == CASE_STORE ? PTE_A | PTE_D : PTE_A;
    return (c->bits & wanted) != wanted;
}

/* In both logs a case is a fault, or none, and an ecall. */
static void check_logs(unsigned number, const struct result *hardware,
                       const struct result *software)
{
    struct page_case cases[CASES_A_PROGRAM];
    unsigned count = cases_of(number, cases), h = 0, s = 0;
    for (unsigned i = 0; i < count; i++) {
        const struct page_case *c = &cases[i];
        const struct trap_record *by_h = &hardware->log[h], *by_s = &software->log[s];
        bool refused = !is_ecall(by_h);
        if (refused) {
            cr_assert_eq(by_s->cause, by_h->cause, "program %u case %u", number, i);
            cr_assert_eq(by_s->tval, by_h->tval, "program %u case %u", number, i);
        } else {
            cr_assert_eq(!is_ecall(by_s), wants_bits(c), "program %u case %u", number, i);
            if (wants_bits(c))
                cr_assert_eq(by_s->cause, page_fault_of(c->access));
        }
        h += refused ? 2 : 1;
        s += refused || wants_bits(c) ? 2 : 1;
        cr_assert(is_ecall(&hardware->log[h - 1]) && is_ecall(&software->log[s - 1]));
    }
    cr_assert_eq(software->traps, s + 1, "the end");
}

/* Is it what a case is about, and not on the way to it? */
static bool is_access(const struct item *item)
{
    unsigned opcode = item->bits & 0x7f, funct3 = item->bits >> 12 & 7;
    return ((opcode == OPCODE_LOAD || opcode == OPCODE_STORE) && funct3 == 3) ||
           (opcode == OPCODE_JALR && item->place >= 2 * UNIT_PLACES);
}

static void run(struct binary *b, unsigned count, uint32_t more, struct result *results)
{
    struct error e;
    for (unsigned i = 0; i < count; i++)
        b[i].setting.features |= more;
    cr_assert(tessera_run(b, count, results, &e), "%s", e.text);
}

Test(cases, software_sets_a_and_d_where_hardware_would)
{
    static struct program p;
    uint32_t svade;
    unsigned count = cases_programs();
    struct binary *b = mem_alloc(2 * count * sizeof *b), *still = b + count;
    struct result *hardware = mem_alloc(3 * count * sizeof *hardware);
    struct result *software = hardware + count, *untouched = software + count;
    cr_assert(features_parse("svade", &svade));
    for (unsigned i = 0; i < count; i++) {
        cases_generate(&p, i);
        program_assemble(&p, &b[i]);
        for (unsigned k = 0; k < p.items; k++)
            if (is_access(&p.item[k]))
                p.item[k].bits = NOP;
        program_assemble(&p, &still[i]);
    }
    run(b, count, 0, hardware);
    run(still, count, 0, untouched);
    run(b, count, svade, software);
    unsigned changed = 0;
    for (unsigned i = 0; i < count; i++) {
        check_logs(i, &hardware[i], &software[i]);
        cr_assert_eq(software[i].hash[2], untouched[i].hash[2], "program %u: tables", i);
        changed += hardware[i].hash[2] != untouched[i].hash[2];
    }
    cr_assert_gt(changed, count / 4, "hardware does set bits");
    mem_free(hardware);
    mem_free(b);
}
