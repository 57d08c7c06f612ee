/*
 * The CPI stack of a run.  Each row of run_outcome.hart is one hart in one mode; the
 * table adds them up in three ways: by hart, by mode, and all.
 */
#include "sim/cli/cpi.h"

#include <string.h>

enum { COLUMN_MIN = 6 };

static void add(struct run_hart *sum, const struct run_hart *hart)
{
    sum->cycles += hart->cycles;
    sum->instructions += hart->instructions;
    for (unsigned k = 0; k < RUN_PARTS_MAX; k++)
        sum->part[k] += hart->part[k];
}

static struct run_hart sum_of_mode(const struct run_outcome *o, char mode)
{
    struct run_hart sum = {.mode = mode};
    for (unsigned i = 0; i < o->hart_count; i++)
        if (o->hart[i].mode == mode)
            add(&sum, &o->hart[i]);
    return sum;
}

static struct run_hart sum_of_all(const struct run_outcome *o)
{
    struct run_hart sum = {0};
    for (unsigned i = 0; i < o->hart_count; i++)
        add(&sum, &o->hart[i]);
    return sum;
}

static int width_of(const char *name)
{
    int n = (int)strlen(name);
    return n < COLUMN_MIN ? COLUMN_MIN : n;
}

/* `shown` has the parts that the columns are for. */
static void print_head(const struct run_outcome *o, const struct run_hart *shown, FILE *out)
{
    fprintf(out, "%-5s %12s %6s", "tile", "cycles", "CPI");
    for (unsigned k = 0; k < o->part_count; k++)
        if (shown->part[k])
            fprintf(out, "  %*s", width_of(o->part[k]), o->part[k]);
    fputs("   (% of cycles)\n", out);
}

static void print_row(const struct run_outcome *o, const struct run_hart *shown, const char *name,
                      const struct run_hart *row, FILE *out)
{
    fprintf(out, "%-5s %12llu", name, (unsigned long long)row->cycles);
    if (row->instructions)
        fprintf(out, " %6.2f", (double)row->cycles / (double)row->instructions);
    else
        fprintf(out, " %6s", "-");
    for (unsigned k = 0; k < o->part_count; k++)
        if (shown->part[k] && row->part[k])
            fprintf(out, "  %*.1f", width_of(o->part[k]),
                    100.0 * (double)row->part[k] / (double)row->cycles);
        else if (shown->part[k])
            fprintf(out, "  %*s", width_of(o->part[k]), "-");
    fputc('\n', out);
}

static void print_harts(const struct run_outcome *o, const struct run_hart *shown, FILE *out)
{
    for (unsigned i = 0; i < o->hart_count;) {
        struct run_hart sum = {.tile = o->hart[i].tile};
        char name[16];
        snprintf(name, sizeof name, "%u", sum.tile);
        for (; i < o->hart_count && o->hart[i].tile == sum.tile; i++)
            add(&sum, &o->hart[i]);
        print_row(o, shown, name, &sum, out);
    }
}

void cpi_print(const struct run_outcome *o, FILE *out)
{
    struct run_hart all = sum_of_all(o);
    if (!all.cycles)
        return;
    print_head(o, &all, out);
    print_harts(o, &all, out);
    for (const char *mode = "USM"; *mode; mode++) {
        struct run_hart sum = sum_of_mode(o, *mode);
        const char name[] = {'i', 'n', ' ', *mode, '\0'};
        if (sum.cycles)
            print_row(o, &all, name, &sum, out);
    }
    print_row(o, &all, "all", &all, out);
}

json_t *cpi_object(const struct run_outcome *o)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < o->hart_count; i++) {
        const struct run_hart *hart = &o->hart[i];
        json_t *parts = json_object();
        for (unsigned k = 0; k < o->part_count; k++)
            json_object_set_new(parts, o->part[k], json_integer((json_int_t)hart->part[k]));
        json_array_append_new(list, json_pack("{s:i, s:s#, s:I, s:I, s:o}", "tile", (int)hart->tile,
                                              "mode", &hart->mode, 1, "cycles",
                                              (json_int_t)hart->cycles, "instructions",
                                              (json_int_t)hart->instructions, "parts", parts));
    }
    return list;
}
