/*
 * The corpus: programs that QEMU has run once, on Tessera.  `make fuzz
 * CORPUS=record` writes it anew.
 */
#include "sim/fuzz/tests/kept.h"

#include "sim/fuzz/cases.h"
#include "sim/fuzz/coverage.h"
#include "sim/fuzz/generate.h"
#include "sim/fuzz/report.h"

enum { MACHINES = 4 };
static const char *const machines[MACHINES] = {"base", "tso_tinytlb_tinycache_late", "quick_tso",
                                               "checked"};

/* ---- results -------------------------------------------------------------------------- */

static unsigned count_differences(const struct kept_programs *k, unsigned first, unsigned count,
                                  struct result *got)
{
    unsigned differ = 0;
    for (unsigned i = 0; i < count; i++) {
        corpus_fold(&got[i]);
        if (result_equal(&got[i], &k->expected[first + i]))
            continue;
        if (!differ++) {
            report_program(&k->b[first + i], stderr);
            report_difference(&k->expected[first + i], &got[i], stderr);
        }
    }
    return differ;
}

static void check_on(const char *path, const char *machine)
{
    struct kept_programs k;
    struct error e;
    uint32_t more;
    unsigned differ = 0;
    struct result *got = mem_alloc(KEPT_MAX * sizeof *got);
    kept_read(&k, path);
    cr_assert(features_parse(machine, &more));
    for (unsigned i = 0; i < k.count; i++)
        k.b[i].setting.features |= more;
    for (unsigned i = 0, n; i < k.count; i += n) {
        n = kept_batch(&k, i);
        cr_assert(tessera_run(&k.b[i], n, got, &e), "%s", e.text);
        differ += count_differences(&k, i, n, got);
    }
    cr_assert_eq(differ, 0, "%u of %u programs of %s differ on %s", differ, k.count, path, machine);
    kept_free(&k);
    mem_free(got);
}

Test(corpus, random_programs_end_as_on_qemu)
{
    check_on(CORPUS_RANDOM, machines[0]);
}

Test(corpus, page_table_cases_end_as_on_qemu)
{
    check_on(CORPUS_CASES, machines[0]);
}

Test(corpus, how_the_machine_is_made_does_not_show)
{
    for (unsigned i = 1; i < MACHINES; i++)
        check_on(CORPUS_RANDOM, machines[i]);
    check_on(CORPUS_CASES, machines[1]);
}

/* The harness sets all that a program can see: what ran before leaves nothing. */
Test(corpus, a_program_alone_ends_as_among_others)
{
    struct kept_programs k;
    struct error e;
    static struct result got;
    kept_read(&k, CORPUS_RANDOM);
    for (unsigned i = 0; i < k.count; i++) {
        cr_assert(tessera_run(&k.b[i], 1, &got, &e), "%s", e.text);
        cr_assert_eq(count_differences(&k, i, 1, &got), 0);
    }
    kept_free(&k);
}

/* ---- completeness ------------------------------------------------------------------------ */

static void add_up(struct coverage *sum, const struct coverage *one)
{
    for (unsigned i = 0; i < COVERAGE_POINTS; i++)
        sum->reached[i] += one->reached[i];
}

static void cover(struct coverage *sum, const char *path)
{
    struct kept_programs k;
    struct error e;
    struct result *results = mem_alloc(KEPT_MAX * sizeof *results);
    struct coverage *coverage = mem_alloc(KEPT_MAX * sizeof *coverage);
    memset(sum, 0, sizeof *sum);
    kept_read(&k, path);
    for (unsigned i = 0, n; i < k.count; i += n) {
        n = kept_batch(&k, i);
        cr_assert(coverage_run(&k.b[i], n, results, coverage, &e), "%s", e.text);
        for (unsigned j = 0; j < n; j++)
            add_up(sum, &coverage[j]);
    }
    kept_free(&k);
    mem_free(coverage);
    mem_free(results);
}

static void check_insns(const struct coverage *c)
{
    unsigned missing = 0;
    for (unsigned i = 0; i < coverage_insns(); i++)
        if (!coverage_of_insn(c, i)) {
            fprintf(stderr, "no program executes %s\n", coverage_insn_name(i));
            missing++;
        }
    cr_assert_eq(missing, 0, "%u of %u instructions are in no program", missing, coverage_insns());
}

/* Every exception but a misaligned jump's, which compressed instructions exclude; the
 * interrupts but that of other devices, which nothing raises. */
static void check_traps(const struct coverage *c)
{
    static const uint8_t exceptions[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 15};
    static const uint8_t interrupts[] = {1, 3, 5, 7, 9};
    for (unsigned i = 0; i < sizeof exceptions; i++)
        cr_assert(coverage_of_trap(c, exceptions[i], false), "no program traps with cause %u",
                  exceptions[i]);
    for (unsigned i = 0; i < sizeof interrupts; i++)
        cr_assert(coverage_of_trap(c, interrupts[i], true), "no program has interrupt %u",
                  interrupts[i]);
    cr_assert_eq(coverage_of_trap(c, 10, false), 0, "there is no such cause");
}

/* By name: what any mode may do is done in every mode. */
static bool has_point(const struct coverage *c, const char *name)
{
    char text[32];
    for (unsigned i = 0; i < COVERAGE_POINTS; i++)
        if (strcmp(coverage_name(i, text), name) == 0)
            return c->reached[i];
    cr_assert(false, "%s is no point", name);
    return false;
}

static void check_modes(const struct coverage *c)
{
    static const char *const names[] = {"add",   "lui",     "mul",      "div",   "sh1add",
                                        "clz",   "bset",    "lb",       "sd",    "beq",
                                        "jal",   "jalr",    "amoadd_d", "lr_w",  "sc_d",
                                        "fence", "fence_i", "cbo_zero", "csrrs", "cbo_flush"};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        for (const char *mode = "USM"; *mode; mode++) {
            char text[40];
            snprintf(text, sizeof text, "%s.%c", names[i], *mode);
            cr_assert(has_point(c, text), "no program reaches %s", text);
        }
    cr_assert(has_point(c, "mret.M") && has_point(c, "sret.S") && has_point(c, "wfi.S") &&
              has_point(c, "sfence_vma.S"));
    cr_assert_not(has_point(c, "mret.U") || has_point(c, "sret.U") || has_point(c, "wfi.U"));
}

/* Every register of csrs.def, a fence of each form where it is allowed, and as many
 * spaces as a program has. */
static void check_registers(const struct coverage *c)
{
    static const char *const fences[] = {"all", "a", "s", "as"};
    static const uint16_t numbers[] = {
        0x180,
        0x323,
        0xb03,
        0xc03,
#define CSR(number, name, writable, forced, access, why) number,
#include "sim/fuzz/csrs.def"
#undef CSR
    };
    char text[40];
    for (unsigned i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        snprintf(text, sizeof text, "csr.%03x.M", numbers[i]);
        cr_assert(has_point(c, text), "no program reaches %s", text);
    }
    for (unsigned i = 0; i < 4; i++)
        for (const char *mode = "SM"; *mode; mode++) {
            snprintf(text, sizeof text, "fence.%s.%c", fences[i], *mode);
            cr_assert(has_point(c, text), "no program reaches %s", text);
        }
    cr_assert(has_point(c, "csr.c03.U") && has_point(c, "csr.180.S") && has_point(c, "csr.14d.S"));
    cr_assert(has_point(c, "spaces.1") && has_point(c, "spaces.4"));
    cr_assert_not(has_point(c, "csr.180.U") || has_point(c, "csr.b03.S"));
}

Test(corpus, covers_instructions_traps_and_modes)
{
    static struct coverage c;
    cover(&c, CORPUS_RANDOM);
    check_insns(&c);
    check_traps(&c);
    check_modes(&c);
    check_registers(&c);
}

static bool same_program(const struct binary *a, const struct binary *b)
{
    return memcmp(&a->setting, &b->setting, sizeof a->setting) == 0 && a->code_at == b->code_at &&
           a->end == b->end && a->code_bytes == b->code_bytes &&
           memcmp(a->code, b->code, a->code_bytes) == 0;
}

Test(corpus, holds_every_page_table_case)
{
    struct kept_programs k;
    static struct program p;
    static struct binary b;
    kept_read(&k, CORPUS_CASES);
    cr_assert_eq(k.count, cases_programs());
    for (unsigned i = 0; i < k.count; i++) {
        cases_generate(&p, i);
        program_assemble(&p, &b);
        cr_assert(same_program(&b, &k.b[i]), "program %u is another: make fuzz CORPUS=record", i);
        cr_assert_eq(k.expected[i].status, RESULT_ENDED);
    }
    kept_free(&k);
}

/* ---- the file --------------------------------------------------------------------------- */

/* Reads `text` as a corpus of one program; false with the error's text. */
static bool read_text(const char *text, struct binary *b, struct result *r, struct error *e)
{
    unsigned line = 0;
    bool more;
    FILE *in = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    bool good = corpus_read(in, "kept.txt", &line, b, r, &more, e);
    fclose(in);
    return good;
}

Test(corpus, what_is_written_is_read_again)
{
    static struct program p;
    static struct binary b, again;
    static struct result r, r_again;
    struct error e;
    char *text;
    size_t bytes;
    for (unsigned n = 0; n < 20; n++) {
        generate(&p, 5, n, ~(uint32_t)FEATURES_OF_SIMULATOR & ((1u << FEATURES) - 1));
        program_assemble(&p, &b);
        memset(&r, 0, sizeof r);
        r.status = 1;
        r.x[7] = r.log[3].epc = r.state[5] = n;
        FILE *out = open_memstream(&text, &bytes);
        corpus_write(out, &b, &r);
        fclose(out);
        cr_assert(read_text(text, &again, &r_again, &e), "%s", e.text);
        corpus_fold(&r);
        cr_assert(same_program(&b, &again));
        cr_assert(b.patches == again.patches &&
                  memcmp(b.patch, again.patch, b.patches * sizeof b.patch[0]) == 0);
        cr_assert(result_equal(&r, &r_again));
        free(text);
    }
}

Test(corpus, a_damaged_line_is_named)
{
    static const char *const bad[] = {
        "x 32 0x1\n",      "state nothing 0x1\n", "hello\n",          "code 0x1 end\n",
        "action 16 0x1\n", "instead 1\n",         "result 1 traps\n", "= y 3\n"};
    static struct binary b;
    static struct result r;
    struct error e;
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[200];
        snprintf(text, sizeof text, "program 1 of seed 2 features base\n%send\n", bad[i]);
        cr_assert_not(read_text(text, &b, &r, &e), "%s", bad[i]);
        cr_assert_eq(strncmp(e.text, "kept.txt:2: ", 12), 0, "%s", e.text);
    }
}

Test(corpus, a_program_without_end_is_named)
{
    static struct binary b;
    static struct result r;
    struct error e;
    cr_assert_not(read_text("program 1 of seed 2 features base\ncode 0x80018800 end 0x800\n"
                            "0000000000000073\n",
                            &b, &r, &e));
}
