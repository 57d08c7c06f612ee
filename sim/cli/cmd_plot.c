/* tessera plot: draws one figure from the database. */
#include "sim/cli/cli.h"

#include <stdio.h>
#include <string.h>

#include "analysis/analysis.h"

struct plot_options {
    const char *figure, *database, *output, *sweep;
    uint64_t run; /* of mesh-heat; 0: the last */
    bool quiet;
};

enum { OPTION_DB = 1000, OPTION_RUN, OPTION_SWEEP };

static const struct argp_option argp_options[] = {
    {"db", OPTION_DB, "FILE", 0, "database (default: " CLI_DATABASE ")", 0},
    {"run", OPTION_RUN, "ID", 0, "of mesh-heat: the run_id (default: the last run with a mesh)", 0},
    {"sweep", OPTION_SWEEP, "NAME", 0, "the sweep to draw (default: the figure's last)", 0},
    {"output", 'o', "FILE", 0, "picture, .svg, .png or .pdf (default: out/FIGURE.svg)", 0},
    {"quiet", 'q', NULL, 0, "print errors only", 0},
    {0},
};

static error_t parse_option(int key, char *text, struct argp_state *state)
{
    struct plot_options *o = state->input;
    switch (key) {
    case OPTION_DB:
        o->database = text;
        break;
    case OPTION_SWEEP:
        o->sweep = text;
        break;
    case OPTION_RUN:
        o->run = cli_number(state, "--run", text, 1, INT64_MAX);
        break;
    case 'o':
        o->output = text;
        break;
    case 'q':
        o->quiet = true;
        break;
    case ARGP_KEY_ARG:
        if (o->figure)
            argp_error(state, "one figure is expected");
        o->figure = text;
        break;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "a figure is expected; `tessera list figures` names them");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp parser = {
    argp_options, parse_option, "FIGURE", "Draw a figure from the runs in the database.",
    NULL,         NULL,         NULL};

int cmd_plot(int argc, char **argv)
{
    struct plot_options options = {.database = CLI_DATABASE};
    struct error e;
    char output[256];
    cli_parse(&parser, argc, argv, &options);
    if (options.output == NULL) {
        snprintf(output, sizeof output, "out/%s.svg", options.figure);
        options.output = output;
    }
    if (options.run && strcmp(options.figure, FIGURE_MESH_HEAT) != 0) {
        error_set(&e, EXIT_STATUS_USAGE, "--run: only %s is drawn of a single run",
                  FIGURE_MESH_HEAT);
        return cli_fail(&e);
    }
    if (!analysis_check_figure(options.figure, options.output, &e))
        return cli_fail(&e);
    struct analysis *db = analysis_open(options.database, ANALYSIS_READ, &e);
    bool good = db && (!options.sweep || analysis_choose_sweep(db, options.sweep, &e)) &&
                (options.run ? analysis_draw_heat(db, options.run, options.output, &e)
                             : analysis_draw(db, options.figure, options.output, &e));
    analysis_close(db);
    if (!good)
        return cli_fail(&e);
    cli_wrote(options.output, options.quiet);
    return EXIT_STATUS_OK;
}
