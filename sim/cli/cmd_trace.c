/*
 * tessera trace FILE: an event trace in a form for people or other programs.
 * Each form is a row of `formats`; all of them see the same events, those that
 * --tile, --from and --to let through.
 */
#include "sim/cli/cli.h"

#include <string.h>

#include "traces/traces.h"

static const struct format {
    const char *name;
    bool (*print)(struct trace_reader *reader, const struct trace_filter *filter, FILE *out,
                  struct error *e);
} formats[] = {
    {"text", trace_print_text},
    {"perfetto", trace_print_perfetto},
};

enum { FORMATS = sizeof formats / sizeof formats[0] };

struct arguments {
    const char *path;
    const struct format *format;
    struct trace_filter filter;
};

static const struct argp_option options[] = {
    {"format", 'f', "NAME", 0,
     "text (the default): one line an event, with disassembly; perfetto: functions, traps and "
     "waits of each hart as spans of time, for ui.perfetto.dev",
     0},
    {"tile", 't', "N", 0, "only what happened on tile N", 0},
    {"from", 'F', "CYCLE", 0, "only from this cycle on", 0},
    {"to", 'T', "CYCLE", 0, "only up to and with this cycle", 0},
    {0},
};

static const struct format *find_format(const struct argp_state *state, const char *name)
{
    char known[64] = "";
    for (unsigned i = 0; i < FORMATS; i++) {
        if (strcmp(formats[i].name, name) == 0)
            return &formats[i];
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", formats[i].name);
    }
    argp_error(state, "--format: there is no format \"%s\"; there is: %s", name, known);
    return NULL;
}

static error_t parse(int key, char *value, struct argp_state *state)
{
    struct arguments *a = state->input;
    switch (key) {
    case 'f':
        a->format = find_format(state, value);
        break;
    case 't':
        a->filter.tile = (tile_id)cli_number(state, "--tile", value, 0, TILES_MAX - 1);
        break;
    case 'F':
        a->filter.from = cli_number(state, "--from", value, 0, CYCLE_NEVER);
        break;
    case 'T':
        a->filter.to = cli_number(state, "--to", value, 0, CYCLE_NEVER);
        break;
    case ARGP_KEY_ARG:
        if (a->path)
            argp_error(state, "one trace at a time: %s", value);
        a->path = value;
        break;
    case ARGP_KEY_END:
        if (!a->path)
            argp_error(state, "which trace? (`tessera run --trace FILE` writes one)");
        if (a->filter.from > a->filter.to)
            argp_error(state, "--from lies after --to");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static bool check_tile(const struct arguments *a, const struct trace_reader *reader,
                       struct error *e)
{
    uint32_t tiles = trace_reader_header(reader)->tiles;
    if (a->filter.tile == TILE_NONE || a->filter.tile < tiles)
        return true;
    return error_set(e, EXIT_STATUS_USAGE, "--tile: the traced machine has the tiles 0..%u only",
                     tiles - 1);
}

int cmd_trace(int argc, char **argv)
{
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "FILE",
        .doc = "Shows an event trace that `tessera run --trace FILE` has written.",
    };
    struct arguments a = {.format = formats, .filter = {.tile = TILE_NONE, .to = CYCLE_NEVER}};
    struct error e;
    cli_parse(&argp, argc, argv, &a);
    struct trace_reader *reader = trace_open(a.path, &e);
    bool ok =
        reader && check_tile(&a, reader, &e) && a.format->print(reader, &a.filter, stdout, &e);
    trace_reader_close(reader);
    return ok ? EXIT_STATUS_OK : cli_fail(&e);
}
