/*
 * Reading and writing of corpus files.  A line is a keyword and numbers; the
 * keywords are a table.
 */
#include "sim/fuzz/corpus.h"

#include <inttypes.h>
#include <string.h>

#include "sim/base/hash.h"

enum { LINE_MAX_BYTES = 512, WORDS_A_LINE = 6 };

void corpus_fold(struct result *result)
{
    uint64_t hash = hash_bytes(HASH_SEED, result->log, sizeof result->log);
    memset(result->log, 0, sizeof result->log);
    result->log[0].cause = hash;
}

/* ---- writing ------------------------------------------------------------------------- */

static void write_values(FILE *out, const char *prefix, const uint64_t *x, const uint64_t *state)
{
    for (unsigned i = 0; i < 32; i++)
        if (x[i])
            fprintf(out, "%sx %u 0x%" PRIx64 "\n", prefix, i, x[i]);
    for (unsigned i = 0; i < STATES; i++)
        if (state[i])
            fprintf(out, "%sstate %s 0x%" PRIx64 "\n", prefix, state_name(i), state[i]);
}

static void write_code(FILE *out, const struct binary *b)
{
    for (unsigned i = 0; i < b->patches; i++)
        fprintf(out, "instead 0x%x 0x%08x\n", b->patch[i].offset, b->patch[i].word);
    fprintf(out, "code 0x%" PRIx64 " end 0x%" PRIx64 "\n", b->code_at, b->end);
    for (unsigned at = 0; at < b->code_bytes; at += 8) {
        uint64_t word;
        memcpy(&word, &b->code[at], 8);
        fprintf(out, "%016" PRIx64 "%c", word,
                at / 8 % WORDS_A_LINE == WORDS_A_LINE - 1 || at + 8 == b->code_bytes ? '\n' : ' ');
    }
}

void corpus_write(FILE *out, const struct binary *b, const struct result *result)
{
    const struct setting *s = &b->setting;
    struct result r = *result;
    char features[FEATURES_TEXT];
    features_format(s->features, features, sizeof features);
    fprintf(out, "program %" PRIu64 " of seed %" PRIu64 " features %s\n", s->number, s->seed,
            features);
    write_values(out, "", s->x, s->state);
    for (unsigned i = 0; i < ACTIONS; i++)
        if (s->action[i])
            fprintf(out, "action %u 0x%" PRIx64 "\n", i, s->action[i]);
    for (unsigned i = 0; i < s->pokes; i++)
        fprintf(out, "poke 0x%" PRIx64 " 0x%" PRIx64 "\n", s->poke[i].address, s->poke[i].value);
    write_code(out, b);
    corpus_fold(&r);
    fprintf(out,
            "result %" PRIu64 " traps %" PRIu64 " hash 0x%" PRIx64 " 0x%" PRIx64 " 0x%" PRIx64
            " log 0x%" PRIx64 "\n",
            r.status, r.traps, r.hash[0], r.hash[1], r.hash[2], r.log[0].cause);
    write_values(out, "= ", r.x, r.state);
    fprintf(out, "end\n\n");
}

/* ---- reading --------------------------------------------------------------------------- */

struct reader {
    struct binary *b;
    struct result *result;
};

static bool read_program(struct reader *r, const char *text)
{
    struct setting *s = &r->b->setting;
    char features[FEATURES_TEXT];
    return sscanf(text, "program %" SCNu64 " of seed %" SCNu64 " features %255s", &s->number,
                  &s->seed, features) == 3 &&
           features_parse(features, &s->features);
}

static bool read_register(const char *text, const char *format, uint64_t *x)
{
    unsigned n;
    uint64_t value;
    if (sscanf(text, format, &n, &value) != 2 || n >= 32)
        return false;
    x[n] = value;
    return true;
}

static bool read_state(const char *text, const char *format, uint64_t *state)
{
    char name[32];
    uint64_t value;
    if (sscanf(text, format, name, &value) != 2)
        return false;
    for (unsigned i = 0; i < STATES; i++)
        if (strcmp(name, state_name(i)) == 0) {
            state[i] = value;
            return true;
        }
    return false;
}

static bool read_x(struct reader *r, const char *text)
{
    return read_register(text, "x %u %" SCNx64, r->b->setting.x);
}

static bool read_start_state(struct reader *r, const char *text)
{
    return read_state(text, "state %31s %" SCNx64, r->b->setting.state);
}

static bool read_end(struct reader *r, const char *text)
{
    return text[2] == 'x' ? read_register(text, "= x %u %" SCNx64, r->result->x)
                          : read_state(text, "= state %31s %" SCNx64, r->result->state);
}

static bool read_action(struct reader *r, const char *text)
{
    unsigned n;
    uint64_t value;
    if (sscanf(text, "action %u %" SCNx64, &n, &value) != 2 || n >= ACTIONS)
        return false;
    r->b->setting.action[n] = value;
    return true;
}

static bool read_poke(struct reader *r, const char *text)
{
    struct setting *s = &r->b->setting;
    struct poke p;
    if (s->pokes >= POKES_MAX ||
        sscanf(text, "poke %" SCNx64 " %" SCNx64, &p.address, &p.value) != 2)
        return false;
    s->poke[s->pokes++] = p;
    return true;
}

static bool read_patch(struct reader *r, const char *text)
{
    struct patch p;
    if (r->b->patches >= PATCHES_MAX ||
        sscanf(text, "instead %" SCNx32 " %" SCNx32, &p.offset, &p.word) != 2 ||
        p.offset > FZ_CODE_BYTES - 4)
        return false;
    r->b->patch[r->b->patches++] = p;
    return true;
}

static bool read_code(struct reader *r, const char *text)
{
    return sscanf(text, "code %" SCNx64 " end %" SCNx64, &r->b->code_at, &r->b->end) == 2;
}

static bool read_result(struct reader *r, const char *text)
{
    struct result *o = r->result;
    return sscanf(text,
                  "result %" SCNu64 " traps %" SCNu64 " hash %" SCNx64 " %" SCNx64 " %" SCNx64
                  " log %" SCNx64,
                  &o->status, &o->traps, &o->hash[0], &o->hash[1], &o->hash[2],
                  &o->log[0].cause) == 6;
}

/* Any other line: words of code. */
static bool read_words(struct reader *r, const char *text)
{
    struct binary *b = r->b;
    uint64_t word;
    int used;
    while (sscanf(text, "%16" SCNx64 "%n", &word, &used) == 1) {
        if (b->code_bytes + 8 > sizeof b->code)
            return false;
        memcpy(&b->code[b->code_bytes], &word, 8);
        b->code_bytes += 8;
        text += used;
    }
    return text[strspn(text, " \n")] == '\0';
}

static const struct {
    const char *keyword;
    bool (*read)(struct reader *r, const char *text);
} keywords[] = {
    {"program ", read_program}, {"x ", read_x},           {"state ", read_start_state},
    {"action ", read_action},   {"poke ", read_poke},     {"instead ", read_patch},
    {"code ", read_code},       {"result ", read_result}, {"= ", read_end},
    {"", read_words},
};

static bool read_line(struct reader *r, const char *text)
{
    unsigned i = 0;
    while (strncmp(text, keywords[i].keyword, strlen(keywords[i].keyword)) != 0)
        i++;
    return keywords[i].read(r, text);
}

bool corpus_read(FILE *in, const char *name, unsigned *line, struct binary *b,
                 struct result *result, bool *more, struct error *e)
{
    struct reader r = {b, result};
    char text[LINE_MAX_BYTES];
    *more = false;
    memset(b, 0, sizeof *b);
    memset(result, 0, sizeof *result);
    while (fgets(text, sizeof text, in)) {
        ++*line;
        if (strcmp(text, "end\n") == 0) {
            *more = true;
            return true;
        }
        if (!read_line(&r, text))
            return error_set(e, EXIT_STATUS_INPUT, "%s:%u: not a line of a corpus file", name,
                             *line);
    }
    if (b->code_bytes)
        return error_set(e, EXIT_STATUS_INPUT, "%s:%u: the last program has no end", name, *line);
    return true;
}
