/*
 * One run, in two halves.  Preparing resolves the request and reads the guest,
 * so that whoever asked can be refused before anything is opened or built;
 * performing builds the chip, lets it run and writes down what came out.
 */
#include "sim/cli/run.h"

#include <string.h>
#include <time.h>

#include "sim/base/arena.h"
#include "sim/chip/chip.h"
#include "sim/cli/mesh_record.h"
#include "sim/core/hart.h"
#include "sim/tile/packet.h"
#include "traces/traces.h"

static double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void console_to_file(void *context, tile_id tile, const char *text, size_t bytes)
{
    (void)tile;
    fwrite(text, 1, bytes, context);
    if (bytes && text[bytes - 1] != '\n')
        fputc('\n', context);
    fflush(context);
}

/* Packet types as the trace numbers them: coherence messages, then the kinds. */
enum { PACKET_TYPES = (unsigned)COH_TYPES + (unsigned)PACKET_KINDS };

static void name_packets(const char *names[PACKET_TYPES])
{
    static const char *const kinds[PACKET_KINDS] = {
        [PACKET_COHERENCE] = "Coherence",
        [PACKET_MESSAGE] = "Message",
        [PACKET_CREDIT] = "Credit",
        [PACKET_REFUSED] = "Refused",
        [PACKET_DEVICE_READ] = "DeviceRead",
        [PACKET_DEVICE_WRITE] = "DeviceWrite",
        [PACKET_DEVICE_REPLY] = "DeviceReply",
    };
    for (unsigned i = 0; i < COH_TYPES; i++)
        names[i] = coh_msg_info[i].name;
    for (unsigned i = 0; i < PACKET_KINDS; i++)
        names[(unsigned)COH_TYPES + i] = kinds[i];
}

static struct trace *open_trace(const struct run_instruments *with, const struct config *cfg,
                                const struct run_record *record, const struct elf_image *image,
                                struct error *e)
{
    const char *packet_names[PACKET_TYPES];
    name_packets(packet_names);
    struct source_lines lines;
    source_lines_load(&lines, image->file, image->file_bytes);
    struct trace_header header = {
        .tiles = config_tiles(cfg),
        .guest = record->guest,
        .guest_hash = record->guest_hash,
        .config = record->config,
        .packets = {packet_names, PACKET_TYPES},
        .waits = {hart_wait_names, WAITS},
        .symbols = &image->symbols,
        .lines = &lines,
    };
    struct trace *trace = trace_create(with->trace_path, &header, e);
    source_lines_free(&lines);
    struct error closing;
    if (!trace || !with->commit_log_path || trace_add_commit_log(trace, with->commit_log_path, e))
        return trace;
    trace_close(trace, &closing);
    return NULL;
}

static void take_series(struct run_outcome *outcome, const struct chip_results *results)
{
    outcome->series = mem_alloc(results->series_count * sizeof *outcome->series);
    outcome->series_count = results->series_count;
    for (unsigned i = 0; i < results->series_count; i++) {
        const struct chip_series *from = &results->series[i];
        struct run_series *to = &outcome->series[i];
        *to = (struct run_series){.count = from->hist->count,
                                  .mean = hist_mean(from->hist),
                                  .min = from->hist->min,
                                  .p50 = hist_quantile(from->hist, 500),
                                  .p95 = hist_quantile(from->hist, 950),
                                  .p99 = hist_quantile(from->hist, 990),
                                  .max = from->hist->max};
        snprintf(to->name, sizeof to->name, "%s", from->name);
        snprintf(to->unit, sizeof to->unit, "%.*s", (int)sizeof to->unit - 1, from->unit);
    }
}

/* Modes in which a hart spent no cycle are left out. */
static void take_harts(struct run_outcome *outcome, const struct chip *chip, unsigned tiles)
{
    enum { MODES = 3 };
    outcome->part_count = chip_parts;
    for (unsigned k = 0; k < chip_parts; k++)
        outcome->part[k] = chip_part_name(k);
    outcome->hart = mem_alloc((size_t)tiles * MODES * sizeof *outcome->hart);
    for (unsigned n = 0; n < tiles * MODES; n++) {
        unsigned tile = n / MODES, mode = n % MODES;
        struct chip_account a = chip_account(chip, (tile_id)tile, mode);
        if (a.cycles == 0)
            continue;
        struct run_hart *hart = &outcome->hart[outcome->hart_count++];
        *hart = (struct run_hart){
            .tile = tile, .mode = "USM"[mode], .cycles = a.cycles, .instructions = a.instructions};
        memcpy(hart->part, a.part, sizeof a.part);
    }
}

static void take_results(struct chip *chip, unsigned tiles, struct run_outcome *outcome)
{
    struct chip_results results;
    chip_results(chip, &results);
    outcome->cycles = results.cycles;
    outcome->instructions = results.instructions;
    outcome->state_hash = results.state_hash;
    outcome->stats = results.stats; /* released with the record */
    take_series(outcome, &results);
    take_harts(outcome, chip, tiles);
}

/* The first line of the chip's own explanation is the error's text. */
static bool explain_failure(struct chip *chip, FILE *report, struct error *e)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *f = open_memstream(&text, &bytes);
    chip_explain(chip, f);
    fclose(f);
    char *newline = strchr(text, '\n');
    int first = newline ? (int)(newline - text) : (int)bytes;
    error_set(e, (enum exit_status)chip_exit_status(chip), "%.*s", first, text);
    if (report && newline)
        fputs(newline + 1, report);
    mem_free(text);
    return false;
}

static bool run_chip(struct chip *chip, const struct config *cfg,
                     const struct run_instruments *with, struct run_outcome *outcome,
                     struct error *e)
{
    double start = seconds_now();
    enum chip_end end = chip_run(chip);
    outcome->host_seconds = seconds_now() - start;
    take_results(chip, config_tiles(cfg), outcome);
    if (with->keep_mesh)
        mesh_record_take(chip_mesh(chip), cfg, outcome->cycles, &outcome->mesh);
    outcome->status = chip_exit_status(chip);
    if (end != CHIP_EXIT)
        return explain_failure(chip, with->report, e);
    outcome->exit_code = (int64_t)chip_exit_code(chip);
    return true;
}

/* Builds the chip around what is open already, and runs it. */
static bool build_and_run(const struct config *cfg, const struct run_request *request,
                          const struct run_instruments *with, const struct elf_image *image,
                          struct trace *trace, struct run_outcome *outcome, struct error *e)
{
    struct chip_options options = {
        .bootargs = request->bootargs,
        .max_cycles = request->max_cycles,
        .console = with->console ? console_to_file : NULL,
        .console_context = with->console,
        .trace = trace,
        .interrupt = with->interrupt,
        .inquiry = with->inquiry,
    };
    struct chip *chip = chip_create(cfg, &options, e);
    bool ok = chip && chip_load(chip, image, e) && run_chip(chip, cfg, with, outcome, e);
    chip_destroy(chip);
    return ok;
}

static bool run_image(const struct config *cfg, const struct run_request *request,
                      const struct run_instruments *with, const struct elf_image *image,
                      struct run_record *record, struct error *e)
{
    struct trace *trace = NULL;
    bool traced = with->trace_path || with->commit_log_path;
    if (traced && !(trace = open_trace(with, cfg, record, image, e)))
        return false;
    bool ok = build_and_run(cfg, request, with, image, trace, &record->outcome, e);
    struct error closing;
    if (trace && !trace_close(trace, &closing) && ok) {
        *e = closing;
        ok = false;
    }
    return ok;
}

/* ---- the two halves of a run ---------------------------------------------------------- */

static bool load_guest(const char *guest, struct elf_image *image, struct error *e)
{
    if (!guest || !*guest)
        return error_set(e, EXIT_STATUS_USAGE, "no guest: name an ELF with --guest");
    return elf_load(image, guest, e);
}

/* A run that has failed says why in its outcome as well. */
static bool note_end(struct run_outcome *o, bool ok, const struct error *e)
{
    if (!ok) {
        o->status = (int)e->status;
        o->exit_code = RUN_NO_EXIT_CODE;
        snprintf(o->message, sizeof o->message, "%s", e->text);
    }
    return ok;
}

bool run_prepare(struct run *run, const struct run_request *request, struct run_record *record,
                 struct error *e)
{
    memset(run, 0, sizeof *run);
    memset(record, 0, sizeof *record);
    run->request = request;
    bool ok = request_resolve(request, &run->cfg, e) &&
              load_guest(request->guest, &run->image, e) &&
              request_identify(request, &run->cfg, run->image.hash, record, e);
    record->outcome.started_at = (int64_t)time(NULL);
    record->outcome.threads = 1;
    return note_end(&record->outcome, ok, e);
}

bool run_perform(struct run *run, const struct run_instruments *with, struct run_record *record,
                 struct error *e)
{
    bool ok = run_image(&run->cfg, run->request, with, &run->image, record, e);
    record->outcome.threads = 1;
    return note_end(&record->outcome, ok, e);
}

void run_release(struct run *run)
{
    elf_free(&run->image);
}

bool run_point(const struct run_request *request, FILE *console, struct run_record *record,
               struct error *e)
{
    struct run_instruments with = {.console = console};
    struct run run;
    bool ok = run_prepare(&run, request, record, e) && run_perform(&run, &with, record, e);
    run_release(&run);
    return ok;
}
