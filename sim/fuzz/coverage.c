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

enum { INSNS = sizeof insns / sizeof insns[0], MODES = 3, CAUSES = 16, SHORT_FORMS = 24 };
enum {
    FIRST_SHORT = INSNS * MODES,
    FIRST_TRAP = FIRST_SHORT + SHORT_FORMS * MODES,
    POINTS = FIRST_TRAP + 2 * CAUSES * MODES * 2
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
    } else if (point < POINTS) {
        unsigned n = point - FIRST_TRAP, cause = n / 2 / MODES;
        sprintf(text, "%s.%u.%c.%c", cause < CAUSES ? "trap" : "interrupt", cause % CAUSES,
                modes[n / 2 % MODES], n % 2 ? 'M' : 'S');
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
    unsigned privilege, bits;
    uint64_t pc;
    char line[256];
    while (fgets(line, sizeof line, log)) {
        if (is_of_no_interest(line) ||
            sscanf(line, "core %*u: %u 0x%" SCNx64 " (0x%x)", &privilege, &pc, &bits) != 3)
            continue;
        if (pc != FZ_BASE && c >= coverage)
            take_insn(c, bits, privilege);
        else if (pc == FZ_BASE && ++c == coverage + count)
            return;
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

bool coverage_run(const struct binary *programs, unsigned count, struct result *results,
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
