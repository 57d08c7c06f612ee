/*
 * Points from the commit log of a run.  The harness starts each program at the
 * image's first instruction, so that one log of many programs comes apart there;
 * what retires in the image's first 64 KiB is the harness's own.
 */
#include "sim/fuzz/coverage.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sim/base/arena.h"
#include "sim/core/decode.h"
#include "sim/fuzz/machines.h"

static const char *const insns[] = {
#define ALU(name, match, mask, format, value) #name,
#define MUL(name, match, mask, format, value) #name,
#define DIV(name, match, mask, format, value) #name,
#define LOAD(name, match, mask, type)         #name,
#define STORE(name, match, mask, type)        #name,
#define BRANCH(name, match, mask, condition)  #name,
#define AMO(name, match, mask, type, value)   #name,
#define SYS(name, match, mask, format)        #name,
#include "sim/core/insn.def"
#undef ALU
#undef MUL
#undef DIV
#undef LOAD
#undef STORE
#undef BRANCH
#undef AMO
#undef SYS
};

/* Registers by their number, those of counters by their first. */
static const struct registers {
    uint16_t first, last;
} registers[] = {
    {0x180, 0x180},
    {0x323, 0x33f},
    {0xb03, 0xb1f},
    {0xc03, 0xc1f},
#define CSR(number, name, writable, forced, access, why) {number, number},
#include "sim/fuzz/csrs.def"
#undef CSR
};

enum { INSNS = sizeof insns / sizeof insns[0], MODES = 3, CAUSES = 16, SHORT_FORMS = 24 };
enum { REGISTERS = sizeof registers / sizeof registers[0], FENCE_FORMS = 4, SPACES = 4 };
enum {
    FIRST_SHORT = INSNS * MODES,
    FIRST_TRAP = FIRST_SHORT + SHORT_FORMS * MODES,
    FIRST_CSR = FIRST_TRAP + 2 * CAUSES * MODES * 2,
    FIRST_FENCE = FIRST_CSR + REGISTERS * MODES,
    FIRST_SPACE = FIRST_FENCE + FENCE_FORMS * MODES,
    POINTS = FIRST_SPACE + SPACES
};
_Static_assert((int)POINTS <= (int)COVERAGE_POINTS, "room for every point");

static const char modes[MODES] = {'U', 'S', 'M'};

/* Of a privilege as the architecture counts it. */
static unsigned mode_of(unsigned privilege)
{
    return privilege == 3 ? 2 : privilege & 1;
}

/* ---- names --------------------------------------------------------------------------- */

const char *coverage_name(unsigned point, char *text)
{
    text[0] = '\0';
    if (point < FIRST_SHORT) {
        sprintf(text, "%s.%c", insns[point / MODES], modes[point % MODES]);
    } else if (point < FIRST_TRAP) {
        unsigned form = (point - FIRST_SHORT) / MODES;
        sprintf(text, "compressed.%u.%u.%c", form / 8, form % 8, modes[point % MODES]);
    } else if (point < FIRST_CSR) {
        unsigned n = point - FIRST_TRAP, cause = n / 2 / MODES;
        sprintf(text, "%s.%u.%c.%c", cause < CAUSES ? "trap" : "interrupt", cause % CAUSES,
                modes[n / 2 % MODES], n % 2 ? 'M' : 'S');
    } else if (point < FIRST_FENCE) {
        unsigned n = point - FIRST_CSR;
        sprintf(text, "csr.%03x.%c", registers[n / MODES].first, modes[n % MODES]);
    } else if (point < FIRST_SPACE) {
        static const char *const form[FENCE_FORMS] = {"all", "a", "s", "as"};
        unsigned n = point - FIRST_FENCE;
        sprintf(text, "fence.%s.%c", form[n / MODES], modes[n % MODES]);
    } else if (point < POINTS) {
        sprintf(text, "spaces.%u", point - FIRST_SPACE + 1);
    }
    return text;
}

unsigned coverage_insns(void)
{
    return INSNS;
}

const char *coverage_insn_name(unsigned insn)
{
    return insns[insn];
}

static unsigned sum(const struct coverage *c, unsigned first, unsigned count)
{
    unsigned n = 0;
    for (unsigned i = 0; i < count; i++)
        n += c->reached[first + i];
    return n;
}

unsigned coverage_of_insn(const struct coverage *c, unsigned insn)
{
    return sum(c, insn * MODES, MODES);
}

unsigned coverage_of_trap(const struct coverage *c, unsigned cause, bool interrupt)
{
    assert(cause < CAUSES);
    return sum(c, FIRST_TRAP + (cause + interrupt * CAUSES) * MODES * 2, MODES * 2);
}

/* ---- instructions ---------------------------------------------------------------------- */

static unsigned row_of(const char *name)
{
    unsigned i = 0;
    while (i < INSNS && strcmp(insns[i], name) != 0)
        i++;
    return i;
}

/* A control register's row; REGISTERS when it has none. */
static unsigned register_row(uint32_t bits)
{
    unsigned number = bits >> 20, i = 0;
    bool accesses = (bits & 0x7f) == 0x73 && (bits >> 12 & 3);
    while (i < REGISTERS &&
           !(accesses && number >= registers[i].first && number <= registers[i].last))
        i++;
    return i;
}

static bool is_fence(uint32_t bits)
{
    return (bits & 0xfe007fff) == 0x12000073 || (bits & 0xfe007fff) == 0x16000073;
}

static void take_insn(struct coverage *c, uint32_t bits, unsigned privilege)
{
    bool compressed = (bits & 3) != 3;
    unsigned mode = mode_of(privilege);
    struct insn insn = decode_insn(compressed ? expand_compressed((uint16_t)bits) : bits);
    unsigned row = row_of(insn_name((enum insn_op)insn.op));
    if (row < INSNS)
        c->reached[row * MODES + mode]++;
    if (compressed)
        c->reached[FIRST_SHORT + ((bits & 3) * 8 + (bits >> 13 & 7)) * MODES + mode]++;
    if (register_row(bits) < REGISTERS)
        c->reached[FIRST_CSR + register_row(bits) * MODES + mode]++;
    if (is_fence(bits)) {
        unsigned form = (bits >> 15 & 31 ? 1u : 0) + (bits >> 20 & 31 ? 2u : 0);
        c->reached[FIRST_FENCE + form * MODES + mode]++;
    }
}

/* The address spaces that a program has entered. */
struct spaces {
    unsigned count;
    uint64_t satp[SPACES];
};

static void take_space(struct coverage *c, struct spaces *spaces, const char *line)
{
    uint64_t satp;
    const char *written = strstr(line, "c384_satp ");
    if (!written || sscanf(written, "c384_satp 0x%" SCNx64, &satp) != 1 || !satp)
        return;
    for (unsigned i = 0; i < spaces->count; i++)
        if (spaces->satp[i] == satp)
            return;
    if (spaces->count < SPACES) {
        c->reached[FIRST_SPACE + spaces->count]++;
        spaces->satp[spaces->count++] = satp;
    }
}

/* Most lines: the harness's, but for its first. */
static bool is_of_no_interest(const char *line)
{
    static const char harness[] = "0x000000008000", first[] = "0x0000000080000000";
    const char *pc = strstr(line, "0x");
    return !pc || (strncmp(pc, harness, sizeof harness - 1) == 0 &&
                   strncmp(pc, first, sizeof first - 1) != 0);
}

static void read_log(FILE *log, struct coverage *coverage, unsigned count)
{
    struct coverage *c = coverage - 1;
    struct spaces spaces = {0};
    unsigned privilege, bits;
    uint64_t pc;
    char line[256];
    while (fgets(line, sizeof line, log)) {
        if (is_of_no_interest(line) ||
            sscanf(line, "core %*u: %u 0x%" SCNx64 " (0x%x)", &privilege, &pc, &bits) != 3)
            continue;
        if (pc != FZ_BASE && c >= coverage) {
            take_insn(c, bits, privilege);
            take_space(c, &spaces, line);
        } else if (pc == FZ_BASE) {
            if (++c == coverage + count)
                return;
            spaces.count = 0;
        }
    }
}

/* ---- traps ------------------------------------------------------------------------------- */

/* The instruction that an exception is the work of: it never retires. */
static const char *insn_of(unsigned cause)
{
    return cause == 3 ? "ebreak" : cause >= 8 && cause <= 11 ? "ecall" : "";
}

static void take_traps(struct coverage *c, const struct result *r)
{
    for (unsigned i = 0; i < TRAPS_MAX && i < r->traps; i++) {
        const struct trap_record *t = &r->log[i];
        bool by_m = t->where & WHERE_M, interrupt = t->cause >> 63;
        unsigned from = by_m ? mode_of(t->status >> 11 & 3) : t->status >> 8 & 1;
        unsigned cause = (unsigned)t->cause & (CAUSES - 1);
        unsigned row = interrupt ? INSNS : row_of(insn_of(cause));
        if (row < INSNS)
            c->reached[row * MODES + from]++;
        c->reached[FIRST_TRAP + ((cause + interrupt * CAUSES) * MODES + from) * 2 + by_m]++;
    }
}

static bool run_logged(const struct binary *programs, unsigned count, struct result *results,
                       struct coverage *coverage, struct error *e)
{
    char path[64];
    int file = memfd_create("fuzz-commits", 0);
    if (file < 0)
        return error_set(e, EXIT_STATUS_IO, "memory for a commit log: %s", strerror(errno));
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    memset(coverage, 0, count * sizeof *coverage);
    bool good = tessera_log(programs, count, results, path, e);
    FILE *log = good ? fopen(path, "r") : NULL;
    if (log) {
        read_log(log, coverage, count);
        fclose(log);
    }
    close(file);
    for (unsigned i = 0; i < count; i++)
        take_traps(&coverage[i], &results[i]);
    return good;
}

bool coverage_run(const struct binary *programs, unsigned count, struct result *results,
                  struct coverage *coverage, struct error *e)
{
    unsigned n = programs[0].setting.features & LOCKED ? 1 : count;
    for (unsigned i = 0; i < count; i += n)
        if (!run_logged(&programs[i], n, &results[i], &coverage[i], e))
            return false;
    return true;
}
