/*
 * The fuzzer's command line.
 *
 *   fuzz run     draws programs, compares, shrinks what differs and keeps it
 *   fuzz show    one program of a seed, with what became of it
 *   fuzz record  writes the corpus: programs with QEMU's results
 *   fuzz check   runs kept programs on Tessera (or, --qemu, on QEMU once more)
 *   fuzz list    what can be switched, and what is not compared and why
 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "sim/base/arena.h"
#include "sim/fuzz/compare.h"
#include "sim/fuzz/corpus.h"
#include "sim/fuzz/generate.h"
#include "sim/fuzz/machines.h"
#include "sim/fuzz/record.h"
#include "sim/fuzz/report.h"

/* What `show` and `record` take unless told otherwise; `run` draws from everything. */
#define FEATURES_DEFAULT "base_c_zba_zbb_zbs_zicbom_zicboz_svinval_sstc_sv39_sv48_pmp_misaligned"

enum { BATCH_SECONDS = 10, PROGRESS_SECONDS = 15, FILES_MAX = 256, EXIT_DIFFERENCE = 1 };

struct request {
    uint32_t features;
    uint32_t drawn; /* a batch's features are `features` and some of these */
    uint64_t seed, first, programs, seconds;
    unsigned batch, failures_max;
    bool on_qemu, quiet, features_given;
    const char *output; /* a file or a directory */
    const char *file[FILES_MAX];
    unsigned files;
};

static volatile sig_atomic_t interrupted;

static void on_signal(int signal)
{
    (void)signal;
    interrupted = 1;
}

static uint64_t now_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec;
}

static int fail(const struct error *e)
{
    fprintf(stderr, "fuzz: %s\n", e->text);
    return (int)e->status;
}

/* ---- run ------------------------------------------------------------------------------- */

struct session {
    const struct request *request;
    struct program *program; /* request->batch */
    struct pair *pair;
    uint64_t next, done, lost, started, spoke;
    unsigned failures;
};

static void speak(const struct session *s)
{
    uint64_t seconds = now_seconds() - s->started;
    fprintf(stderr, "fuzz: %" PRIu64 " programs in %" PRIu64 " s, %u differ, %" PRIu64 " lost\n",
            s->done, seconds, s->failures, s->lost);
}

static bool keep(const struct session *s, const struct program *p, const struct pair *pair)
{
    char path[512];
    struct binary b;
    snprintf(path, sizeof path, "%s/%" PRIu64 "-%" PRIu64 ".txt", s->request->output,
             p->setting.seed, p->setting.number);
    FILE *f = fopen(path, "w");
    if (!f) {
        fprintf(stderr, "fuzz: %s: %s\n", path, strerror(errno));
        return false;
    }
    program_assemble(p, &b);
    corpus_write(f, &b, &pair->qemu);
    fclose(f);
    fprintf(stderr, "fuzz: kept in %s\n", path);
    return true;
}

static bool report_failure(struct session *s, unsigned i, struct error *e)
{
    struct program *p = &s->program[i];
    struct pair *pair = &s->pair[i];
    struct binary b;
    s->failures++;
    fprintf(stderr, "fuzz: program %" PRIu64 " of seed %" PRIu64 " differs; shrinking\n",
            p->setting.number, p->setting.seed);
    if (!compare_shrink(p, pair, e))
        return false;
    program_assemble(p, &b);
    report_program(&b, stdout);
    report_difference(&pair->qemu, &pair->tessera, stdout);
    putchar('\n');
    fflush(stdout);
    keep(s, p, pair);
    return true;
}

static bool run_batch(struct session *s, unsigned count, struct error *e)
{
    const struct request *r = s->request;
    uint32_t features = generate_features(r->seed, s->next, r->features, r->drawn);
    for (unsigned i = 0; i < count; i++)
        generate(&s->program[i], r->seed, s->next + i, features);
    if (!compare_programs(s->program, count, BATCH_SECONDS, s->pair, e))
        return false;
    for (unsigned i = 0; i < count && s->failures < r->failures_max; i++) {
        enum verdict verdict = compare_verdict(&s->pair[i]);
        if (verdict == VERDICT_LOST) { /* in its batch: what becomes of it alone? */
            if (!compare_programs(&s->program[i], 1, BATCH_SECONDS, &s->pair[i], e))
                return false;
            verdict = compare_verdict(&s->pair[i]);
        }
        if (verdict == VERDICT_LOST) {
            s->lost++;
            fprintf(stderr, "fuzz: program %" PRIu64 " of seed %" PRIu64 " does not end on QEMU\n",
                    s->program[i].setting.number, r->seed);
        } else if (verdict != VERDICT_EQUAL && !report_failure(s, i, e)) {
            return false;
        }
    }
    s->next += count;
    s->done += count;
    return true;
}

static bool is_over(const struct session *s)
{
    const struct request *r = s->request;
    return interrupted || s->failures >= r->failures_max || s->lost >= r->batch ||
           (r->programs && s->done >= r->programs) ||
           (r->seconds && now_seconds() - s->started >= r->seconds);
}

static int command_run(const struct request *r)
{
    struct error e;
    struct session s = {.request = r, .next = r->first};
    s.program = mem_alloc(r->batch * sizeof *s.program);
    s.pair = mem_alloc(r->batch * sizeof *s.pair);
    s.started = s.spoke = now_seconds();
    bool good = true;
    mkdir(r->output, 0777);
    while (good && !is_over(&s)) {
        uint64_t left = r->programs ? r->programs - s.done : r->batch;
        good = run_batch(&s, left < r->batch ? (unsigned)left : r->batch, &e);
        if (!r->quiet && now_seconds() - s.spoke >= PROGRESS_SECONDS) {
            speak(&s);
            s.spoke = now_seconds();
        }
    }
    speak(&s);
    fprintf(stderr, "fuzz: seed %" PRIu64 ", next program %" PRIu64 "\n", r->seed, s.next);
    mem_free(s.pair);
    mem_free(s.program);
    return !good ? fail(&e) : s.failures || s.lost ? EXIT_DIFFERENCE : 0;
}

/* ---- show ------------------------------------------------------------------------------ */

static int command_show(const struct request *r)
{
    static const char *const verdicts[] = {"equal", "differs", "does not end on Tessera",
                                           "does not end on QEMU"};
    static struct program p;
    struct binary b;
    struct pair pair;
    struct error e;
    generate(&p, r->seed, r->first, r->features);
    program_assemble(&p, &b);
    report_program(&b, stdout);
    if (!compare_programs(&p, 1, BATCH_SECONDS, &pair, &e))
        return fail(&e);
    printf("%s\n", verdicts[compare_verdict(&pair)]);
    report_difference(&pair.qemu, &pair.tessera, stdout);
    return compare_verdict(&pair) == VERDICT_EQUAL ? 0 : EXIT_DIFFERENCE;
}

/* ---- record ------------------------------------------------------------------------------ */

static int command_record(const struct request *r)
{
    struct error e;
    unsigned candidates = r->programs && r->programs < 100000 ? (unsigned)r->programs : 6000;
    return record_corpus(r->output ? r->output : "sim/fuzz/corpus", r->seed, candidates, &e)
               ? 0
               : fail(&e);
}

/* ---- check --------------------------------------------------------------------------------- */

struct kept {
    struct binary *b;
    struct result *expected, *got;
    unsigned count;
};

/* Runs what was read and says what differs; how many. */
static bool check_batch(const struct request *r, struct kept *k, unsigned *differ, struct error *e)
{
    if (r->on_qemu) {
        struct qemu *q = qemu_start(k->b, k->count, k->got, BATCH_SECONDS, e);
        if (!q || !qemu_wait(q, e))
            return false;
    } else if (!tessera_run(k->b, k->count, k->got, e)) {
        return false;
    }
    for (unsigned i = 0; i < k->count; i++) {
        corpus_fold(&k->got[i]);
        if (result_equal(&k->expected[i], &k->got[i]))
            continue;
        ++*differ;
        report_program(&k->b[i], stdout);
        report_difference(&k->expected[i], &k->got[i], stdout);
    }
    k->count = 0;
    return true;
}

static bool check_file(const struct request *r, const char *path, struct kept *k,
                       unsigned *programs, unsigned *differ, struct error *e)
{
    unsigned line = 0;
    bool more = true, good = true;
    FILE *in = fopen(path, "r");
    if (!in)
        return error_set(e, EXIT_STATUS_IO, "%s: %s", path, strerror(errno));
    while (good && more) {
        unsigned n = k->count;
        good = corpus_read(in, path, &line, &k->b[n], &k->expected[n], &more, e);
        if (!good)
            break;
        bool other = more && n && k->b[n].setting.features != k->b[0].setting.features;
        if (n && (!more || other || n + 1 == BATCH_MAX)) {
            struct binary next = k->b[n];
            struct result expected = k->expected[n];
            good = check_batch(r, k, differ, e);
            k->b[0] = next;
            k->expected[0] = expected;
        }
        k->count += more;
        *programs += more;
    }
    if (good && k->count)
        good = check_batch(r, k, differ, e);
    fclose(in);
    return good;
}

static int command_check(const struct request *r)
{
    struct error e;
    struct kept k = {.b = mem_alloc(BATCH_MAX * sizeof *k.b),
                     .expected = mem_alloc(BATCH_MAX * sizeof *k.expected),
                     .got = mem_alloc(BATCH_MAX * sizeof *k.got)};
    unsigned programs = 0, differ = 0;
    bool good = true;
    for (unsigned i = 0; good && i < r->files; i++)
        good = check_file(r, r->file[i], &k, &programs, &differ, &e);
    mem_free(k.got);
    mem_free(k.expected);
    mem_free(k.b);
    if (!good)
        return fail(&e);
    fprintf(stderr, "fuzz: %u programs, %u differ\n", programs, differ);
    return differ ? EXIT_DIFFERENCE : 0;
}

/* ---- list ------------------------------------------------------------------------------------ */

static int command_list(const struct request *r)
{
    (void)r;
    printf("features (joined by _, as in base_c_zba; run draws some for each batch, "
           "show and record take\n%s):\n",
           FEATURES_DEFAULT);
#define FEATURE(name, percent, qemu_on, qemu_off, on, off, meaning)                                \
    printf("  %-12s %s\n", #name, meaning);
#include "sim/fuzz/features.def"
#undef FEATURE
    printf("differences that are right:\n");
#define DIFFERENCE(name, why, how) printf("  %-16s %s;\n                   %s\n", #name, why, how);
#include "sim/fuzz/differences.def"
#undef DIFFERENCE
    printf("bits of registers that are not written:\n");
#define CSR(number, name, writable, forced, access, why)                                           \
    if (why[0])                                                                                    \
        printf("  %-16s %s\n", #name, why);
#include "sim/fuzz/csrs.def"
#undef CSR
    return 0;
}

/* ---- command line
 * -------------------------------------------------------------------------------- */

static const struct command {
    const char *name;
    int (*run)(const struct request *r);
} commands[] = {
    {"run", command_run},     {"show", command_show}, {"record", command_record},
    {"check", command_check}, {"list", command_list},
};

enum { OPT_SEED = 256, OPT_SECONDS, OPT_BATCH, OPT_QEMU, OPT_FIRST, OPT_FAILURES };

static const struct argp_option options[] = {
    {"isa", 'i', "FEATURES", 0, "what programs may use and how Tessera is; see `fuzz list`", 0},
    {"seed", OPT_SEED, "N", 0, "seed of the programs (1)", 0},
    {"first", OPT_FIRST, "N", 0, "number of the first program (0); the one to show", 0},
    {"programs", 'n', "N", 0, "how many programs", 0},
    {"seconds", OPT_SECONDS, "N", 0, "how long to run", 0},
    {"batch", OPT_BATCH, "N", 0, "programs for each start of QEMU (400)", 0},
    {"failures", OPT_FAILURES, "N", 0, "end after this many differences (5)", 0},
    {"output", 'o', "PATH", 0, "directory of run (out/fuzz) and record (sim/fuzz/corpus)", 0},
    {"qemu", OPT_QEMU, NULL, 0, "check on QEMU instead of Tessera", 0},
    {"quiet", 'q', NULL, 0, "no progress", 0},
    {0}};

static uint64_t number(const char *text, uint64_t least, uint64_t most, struct argp_state *state)
{
    char *end;
    errno = 0;
    uint64_t value = strtoull(text, &end, 0);
    if (errno || *end || end == text || *text == '-' || value < least || value > most)
        argp_error(state, "`%s' is not a number from %" PRIu64 " to %" PRIu64, text, least, most);
    return value;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct request *r = state->input;
    switch (key) {
    case 'i':
        if (!features_parse(arg, &r->features))
            argp_error(state, "`%s': no such features; see `fuzz list`", arg);
        r->features_given = true;
        return 0;
    case OPT_SEED:
        r->seed = number(arg, 0, UINT64_MAX, state);
        return 0;
    case OPT_FIRST:
        r->first = number(arg, 0, UINT64_MAX, state);
        return 0;
    case 'n':
        r->programs = number(arg, 1, UINT64_MAX, state);
        return 0;
    case OPT_SECONDS:
        r->seconds = number(arg, 1, UINT32_MAX, state);
        return 0;
    case OPT_BATCH:
        r->batch = (unsigned)number(arg, 1, BATCH_MAX, state);
        return 0;
    case OPT_FAILURES:
        r->failures_max = (unsigned)number(arg, 1, UINT32_MAX, state);
        return 0;
    case 'o':
        r->output = arg;
        return 0;
    case OPT_QEMU:
        r->on_qemu = true;
        return 0;
    case 'q':
        r->quiet = true;
        return 0;
    case ARGP_KEY_ARG:
        if (r->files == FILES_MAX)
            argp_error(state, "more than %d files", FILES_MAX);
        r->file[r->files++] = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char **argv)
{
    static const struct argp argp = {options,
                                     parse,
                                     "run|show|record|check|list [FILE...]",
                                     "Random programs on Tessera and on QEMU.",
                                     NULL,
                                     NULL,
                                     NULL};
    struct request r = {.seed = 1, .batch = 400, .failures_max = 5};
    features_parse(FEATURES_DEFAULT, &r.features);
    argp_err_exit_status = EXIT_STATUS_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, &r);
    signal(SIGINT, on_signal);
    for (unsigned i = 0; r.files && i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(commands[i].name, r.file[0]) == 0) {
            r.files--;
            memmove(r.file, r.file + 1, r.files * sizeof r.file[0]);
            if (commands[i].run == command_run && !r.output)
                r.output = "out/fuzz";
            if (commands[i].run == command_run && !r.features_given) {
                r.features = 0;
                r.drawn = (1u << FEATURES) - 1;
            }
            return commands[i].run(&r);
        }
    fprintf(stderr, "fuzz: which of run, show, record, check and list?\n");
    return EXIT_STATUS_USAGE;
}
