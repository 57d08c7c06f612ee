/*
 * Replay: packets and their times from a file.
 *
 *   # cycle  source  destination  flits  [virtual network]
 *   0        3       60           1
 *   0        4       11           5      1
 *   17       3       0            2
 *
 * One packet a line, five whole numbers at most, separated by blanks; without the fifth the
 * packet takes virtual network 0.  A # begins a comment; empty lines are
 * skipped.  Cycles do not go back.  A file that ends in .zst is decompressed.
 *
 * A packet is handed to its source in exactly its cycle, however long the queue
 * there is, and its latency counts from it.  Its payload is its number in the
 * file.  While the mesh is idle, the clock jumps to the next packet's cycle.
 */
#include "mesh/load.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <zstd.h>

#include "sim/base/file.h"

enum { FILE_BYTES_MAX = 1 << 30, FIELDS_MIN = 4, FIELDS = 5 };

struct line { /* of the file that is a packet */
    cycle_t cycle;
    tile_id from, to;
    uint8_t flits, vnet;
};

struct replay {
    struct line *line;
    uint32_t count, next;
    uint64_t arrived;
    unsigned vnets, flits_max;
};

/* ---- reading ------------------------------------------------------------ */

struct reader {
    const char *path;
    unsigned nodes, number; /* of the line, from 1 */
    struct replay *replay;
};

static bool refuse(const struct reader *r, struct error *e, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool refuse(const struct reader *r, struct error *e, const char *format, ...)
{
    char what[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return error_set(e, EXIT_STATUS_INPUT, "%s:%u: %s", r->path, r->number, what);
}

/* Cuts the comment off and takes the numbers; *fields says how many there are. */
static bool take_numbers(const struct reader *r, char *text, uint64_t *number, unsigned *fields,
                         struct error *e)
{
    char *rest = NULL;
    text[strcspn(text, "#\r")] = 0;
    *fields = 0;
    for (char *word = strtok_r(text, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest)) {
        char *end;
        if (*fields == FIELDS)
            return refuse(r, e, "\"%s\" is too much: cycle source destination flits [vnet]", word);
        number[*fields] = strtoull(word, &end, 10);
        if (!isdigit((unsigned char)*word) || *end || strlen(word) > 19)
            return refuse(r, e, "\"%s\" is not a whole number", word);
        ++*fields;
    }
    if (*fields > 0 && *fields < FIELDS_MIN)
        return refuse(r, e, "%u number%s; a packet has cycle source destination flits [vnet]",
                      *fields, *fields == 1 ? "" : "s");
    return true;
}

static bool check_packet(const struct reader *r, const uint64_t *number, struct error *e)
{
    const struct replay *replay = r->replay;
    static const char *const ends[] = {"source", "destination"};
    if (replay->count && number[0] < replay->line[replay->count - 1].cycle)
        return refuse(r, e, "cycle %llu is before cycle %llu of the packet above: time goes back",
                      (unsigned long long)number[0],
                      (unsigned long long)replay->line[replay->count - 1].cycle);
    for (unsigned k = 0; k < 2; k++)
        if (number[1 + k] >= r->nodes)
            return refuse(r, e, "%s %llu: there is no such node; this mesh has nodes 0 to %u",
                          ends[k], (unsigned long long)number[1 + k], r->nodes - 1);
    if (number[3] < 1 || number[3] > MESH_PACKET_FLITS_MAX)
        return refuse(r, e, "%llu flits: a packet has 1 to %d", (unsigned long long)number[3],
                      MESH_PACKET_FLITS_MAX);
    if (number[4] >= MESH_VNETS_MAX)
        return refuse(r, e, "virtual network %llu: there are 0 to %d",
                      (unsigned long long)number[4], MESH_VNETS_MAX - 1);
    return true;
}

static bool read_line(struct reader *r, char *text, struct error *e)
{
    uint64_t number[FIELDS] = {0};
    unsigned fields;
    if (!take_numbers(r, text, number, &fields, e))
        return false;
    if (fields == 0)
        return true;
    if (!check_packet(r, number, e))
        return false;
    struct replay *replay = r->replay;
    replay->line[replay->count++] = (struct line){number[0], (tile_id)number[1], (tile_id)number[2],
                                                  (uint8_t)number[3], (uint8_t)number[4]};
    if (number[4] >= replay->vnets)
        replay->vnets = (unsigned)number[4] + 1;
    if (number[3] > replay->flits_max)
        replay->flits_max = (unsigned)number[3];
    return true;
}

static size_t count_lines(const char *text)
{
    size_t lines = 1;
    for (; (text = strchr(text, '\n')); text++)
        lines++;
    return lines;
}

static bool read_lines(struct reader *r, char *text, struct error *e)
{
    for (char *end; text; text = end ? end + 1 : NULL) {
        end = strchr(text, '\n');
        if (end)
            *end = 0;
        r->number++;
        if (!read_line(r, text, e))
            return false;
    }
    return r->replay->count > 0 ||
           error_set(e, EXIT_STATUS_INPUT, "%s: there is no packet in it", r->path);
}

/* Replaces *text by what zstd had made smaller; the text must be released. */
static bool unpack(const char *path, char **text, size_t bytes, struct error *e)
{
    ZSTD_DStream *stream = ZSTD_createDStream();
    ZSTD_inBuffer in = {*text, bytes, 0};
    ZSTD_outBuffer out = {mem_alloc(bytes + 1), bytes + 1, 0};
    size_t left = 1;
    while (left && !ZSTD_isError(left) && out.pos < FILE_BYTES_MAX) {
        size_t at = in.pos, made = out.pos;
        left = ZSTD_decompressStream(stream, &out, &in);
        if (out.pos == out.size) {
            out.size *= 2;
            out.dst = mem_resize(out.dst, out.size);
        } else if (in.pos == at && out.pos == made) {
            break; /* the file ends too early */
        }
    }
    ZSTD_freeDStream(stream);
    mem_free(*text);
    *text = out.dst;
    (*text)[out.pos] = 0;
    return left == 0 ||
           error_set(e, EXIT_STATUS_INPUT,
                     "%s: cannot be decompressed: it is damaged, cut off or too large", path);
}

static bool is_packed(const char *path)
{
    size_t n = strlen(path);
    return n > 4 && strcmp(path + n - 4, ".zst") == 0;
}

struct replay *replay_read(const char *path, unsigned nodes, struct arena *arena, struct error *e)
{
    size_t bytes = 0;
    char *text = file_read(path, FILE_BYTES_MAX, &bytes, e);
    bool good = text && (!is_packed(path) || unpack(path, &text, bytes, e));
    struct reader reader = {.path = path, .nodes = nodes};
    if (good) {
        reader.replay = arena_alloc(arena, 1, sizeof *reader.replay);
        reader.replay->line = arena_alloc(arena, count_lines(text), sizeof *reader.replay->line);
        reader.replay->vnets = 1;
        good = read_lines(&reader, text, e);
    }
    mem_free(text);
    return good ? reader.replay : NULL;
}

unsigned replay_vnets(const struct replay *replay)
{
    return replay->vnets;
}

unsigned replay_flits_max(const struct replay *replay)
{
    return replay->flits_max;
}

/* ---- running ------------------------------------------------------------ */

static void start(struct load *load, struct arena *arena)
{
    (void)load;
    (void)arena;
}

/* Not beyond the cycles that were asked for. */
static cycle_t skip_to(const struct load *load, cycle_t now, cycle_t next)
{
    cycle_t asked = load->meter.asked;
    return asked && asked < next ? (asked > now ? asked : now) : next;
}

static void send(struct load *load, cycle_t now)
{
    struct replay *r = load->replay;
    if (r->next < r->count && r->line[r->next].cycle > now && mesh_is_idle(load->mesh))
        mesh_skip_to(load->mesh, now = skip_to(load, now, r->line[r->next].cycle));
    for (; r->next < r->count && r->line[r->next].cycle == now; r->next++) {
        const struct line *l = &r->line[r->next];
        meter_sent(&load->meter, now, l->from, l->to);
        mesh_send(load->mesh, l->from, l->to, l->vnet, l->flits, r->next);
    }
}

static void left(struct load *load, const struct departure *d, cycle_t now)
{
    if (d->head)
        meter_left(&load->meter, load->replay->line[d->payload].cycle, now);
}

static void arrived(struct load *load, const struct mesh_arrival *a, cycle_t now)
{
    struct replay *r = load->replay;
    meter_arrived(&load->meter, r->line[a->payload].cycle, now, a->corrupt);
    load->finished = ++r->arrived == r->count;
}

static void lost(struct load *load, const struct mesh_notice *n, cycle_t now)
{
    struct replay *r = load->replay;
    (void)now;
    meter_lost(&load->meter, r->line[n->payload].cycle);
    load->finished = ++r->arrived == r->count;
}

static void state(const struct load *load, struct load_state *state)
{
    *state = (struct load_state){.handed = mesh_now(load->mesh), .finished = load->finished};
}

const struct load_kind load_replay = {0, start, send, left, arrived, lost, state};
