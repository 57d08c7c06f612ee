/*
 * One line for each instruction that retires, as Spike's --log-commits writes:
 *
 *   core   0: 3 0x0000000080000014 (0x00b53023) mem 0x0000000080001000 0x0000000000000007
 *   |         | |                   |            |
 *   hart      | program counter     |            loads: address; stores: address, data
 *             privilege             bits (four digits when compressed)
 *
 * Between bits and memory stand the registers that it wrote: " x5  0x...", then
 * control registers as " c768_mstatus 0x...", by their numbers.  The events of
 * one instruction follow each other in that order (sim/core/retire.c), so a
 * line is written as they come, and ended by the next instruction.
 *
 * Format: commit_log_print_insn() of riscv-isa-sim.
 */
#include "traces/commit_log.h"

#include <inttypes.h>

#include "sim/base/arena.h"

struct commit_log {
    FILE *f;
    bool line_open;
};

struct commit_log *commit_log_open(const char *path)
{
    FILE *f = fopen(path, "w");
    if (!f)
        return NULL;
    struct commit_log *log = mem_alloc(sizeof *log);
    *log = (struct commit_log){.f = f};
    return log;
}

static void end_line(struct commit_log *log)
{
    if (log->line_open)
        fputc('\n', log->f);
    log->line_open = false;
}

bool commit_log_close(struct commit_log *log)
{
    end_line(log);
    bool ok = !ferror(log->f);
    ok = fclose(log->f) == 0 && ok;
    mem_free(log);
    return ok;
}

/* ---- events ------------------------------------------------------------------- */

static bool is_compressed(uint32_t bits)
{
    return (bits & 3) != 3;
}

static void write_insn(struct commit_log *log, const struct trace_event *event)
{
    uint32_t bits = (uint32_t)event->b;
    unsigned privilege = event->b >> 32 & 3, rd = event->b >> 40 & 31;
    end_line(log);
    log->line_open = true;
    fprintf(log->f, "core%4u: %u 0x%016" PRIx64 " (0x%0*" PRIx32 ")", event->tile, privilege,
            event->a, is_compressed(bits) ? 4 : 8, is_compressed(bits) ? bits & 0xffff : bits);
    if (rd)
        fprintf(log->f, " x%-2u 0x%016" PRIx64, rd, event->c);
}

static void write_csr(struct commit_log *log, const struct trace_event *event)
{
    char name[CSR_NAME_MAX];
    unsigned number = event->a & 0xfff;
    csr_name(number, name);
    fprintf(log->f, " c%u_%s 0x%016" PRIx64, number, name[0] ? name : "unknown", event->c);
}

static void write_load(struct commit_log *log, const struct trace_event *event)
{
    fprintf(log->f, " mem 0x%016" PRIx64, event->a);
}

static void write_store(struct commit_log *log, const struct trace_event *event)
{
    fprintf(log->f, " mem 0x%016" PRIx64 " 0x%0*" PRIx64, event->a, 2 * (int)(event->b & 0xff),
            event->c);
}

static void (*const write_event[TRACE_KINDS])(struct commit_log *, const struct trace_event *) = {
    [TRACE_INSN] = write_insn,
    [TRACE_CSR] = write_csr,
    [TRACE_LOADED] = write_load,
    [TRACE_STORED] = write_store,
};

void commit_log_event(struct commit_log *log, const struct trace_event *event)
{
    if (write_event[event->kind])
        write_event[event->kind](log, event);
}
