/*
 * Calls and returns are what the link register says (unprivileged architecture,
 * table "Return-address stack prediction hints"): jal and jalr that write ra or
 * t0 call, jalr through them returns.  Where an instruction led is known when
 * the next one retires, so each is remembered as a step and carried out then:
 *
 *      call      open the function at the new pc; it will return to the link
 *      return    close up to and with the frame that returns to the new pc
 *      any       if the new pc is not in the innermost function: after a return
 *                or a jump through a register, and if an outer frame is in that
 *                function, close down to it (longjmp); otherwise the innermost
 *                function gives way to the new one and leaves it its return
 *                address (tail call, fall-through, another thread's stack)
 *
 * A trap puts a frame of its own on the stack, which mret or sret takes off
 * with everything above it; nothing before looks through it.  So whatever the
 * program does, frames nest, each is closed once, and the stack is bounded.
 */
#include "traces/calls.h"

#include "sim/base/arena.h"

/* ---- instructions --------------------------------------------------------------- */

static bool is_link(unsigned reg)
{
    return reg == 1 || reg == 5;
}

static enum step step_of_jalr(unsigned rd, unsigned rs1)
{
    if (is_link(rd))
        return STEP_CALL;
    return is_link(rs1) ? STEP_RETURN : STEP_JUMP;
}

/* c.jr, c.jalr; c.j is as good as any instruction. */
static enum step step_of_compressed(uint32_t bits)
{
    unsigned rs1 = bits >> 7 & 31;
    if ((bits & 0xe07f) != 0x8002 || rs1 == 0)
        return STEP_NEXT;
    return step_of_jalr(bits >> 12 & 1, rs1);
}

static enum step step_of(uint32_t bits)
{
    unsigned rd = bits >> 7 & 31;
    if ((bits & 3) != 3)
        return step_of_compressed(bits);
    if ((bits & 0x7f) == 0x67)
        return step_of_jalr(rd, bits >> 15 & 31);
    return (bits & 0x7f) == 0x6f && is_link(rd) ? STEP_CALL : STEP_NEXT;
}

static unsigned length_of(uint32_t bits)
{
    return (bits & 3) == 3 ? 4 : 2;
}

/* ---- the stack -------------------------------------------------------------------- */

static struct frame *top_of(const struct calls *c)
{
    return c->count ? &c->frame[c->count - 1] : NULL;
}

static bool top_is(const struct calls *c, enum frame_kind kind)
{
    return c->count && top_of(c)->kind == kind;
}

static void open_frame(struct calls *c, struct calls_change *change, struct frame frame)
{
    if (c->count == c->capacity) {
        c->capacity = c->capacity ? 2 * c->capacity : 16;
        c->frame = mem_resize(c->frame, c->capacity * sizeof *c->frame);
    }
    c->frame[c->count++] = frame;
    change->opened = true;
}

static void close_down_to(struct calls *c, struct calls_change *change, unsigned count)
{
    change->closed += c->count - count;
    c->count = count;
}

static void close_wait(struct calls *c, struct calls_change *change)
{
    if (top_is(c, FRAME_WAIT))
        close_down_to(c, change, c->count - 1);
}

/* How many frames lie below and with the innermost trap: no return looks below. */
static unsigned floor_of(const struct calls *c)
{
    unsigned n = c->count;
    while (n && c->frame[n - 1].kind != FRAME_TRAP)
        n--;
    return n;
}

/* ---- functions ----------------------------------------------------------------------- */

static bool is_in(const struct frame *f, const struct symbols *symbols, uint64_t pc)
{
    if (!f->name)
        return !symbols_at(symbols, pc);
    return pc == f->name->address || pc - f->name->address < f->name->bytes;
}

static void open_function(struct calls *c, struct calls_change *change,
                          const struct symbols *symbols, uint64_t pc, uint64_t return_to)
{
    open_frame(c, change,
               (struct frame){.kind = FRAME_FUNCTION,
                              .name = symbols_at(symbols, pc),
                              .about = pc,
                              .return_to = return_to});
}

/* The innermost function becomes the one at `pc`. */
static void enter_sideways(struct calls *c, struct calls_change *change,
                           const struct symbols *symbols, uint64_t pc)
{
    uint64_t return_to = UINT64_MAX;
    if (top_is(c, FRAME_FUNCTION)) {
        return_to = top_of(c)->return_to;
        close_down_to(c, change, c->count - 1);
    }
    if (c->count < CALLS_FUNCTIONS_MAX)
        open_function(c, change, symbols, pc, return_to);
}

static void enter(struct calls *c, struct calls_change *change, const struct symbols *symbols,
                  uint64_t pc)
{
    if (c->count < CALLS_FUNCTIONS_MAX)
        open_function(c, change, symbols, pc, c->link);
    else if (!top_is(c, FRAME_FUNCTION) || !is_in(top_of(c), symbols, pc))
        enter_sideways(c, change, symbols, pc);
}

/* False when no function that is open was called from just before `pc`. */
static bool leave_to(struct calls *c, struct calls_change *change, uint64_t pc)
{
    unsigned lowest = floor_of(c);
    for (unsigned n = c->count; n > lowest; n--) {
        if (c->frame[n - 1].return_to == pc) {
            close_down_to(c, change, n - 1);
            return true;
        }
    }
    return false;
}

static void find_place(struct calls *c, struct calls_change *change, const struct symbols *symbols,
                       uint64_t pc, bool far)
{
    unsigned lowest = floor_of(c);
    if (c->count > lowest && is_in(top_of(c), symbols, pc))
        return;
    for (unsigned n = c->count; far && n > lowest; n--) {
        if (is_in(&c->frame[n - 1], symbols, pc)) {
            close_down_to(c, change, n);
            return;
        }
    }
    enter_sideways(c, change, symbols, pc);
}

struct calls_change calls_insn(struct calls *c, const struct symbols *symbols, uint64_t pc,
                               uint32_t bits)
{
    struct calls_change change = {0};
    close_wait(c, &change);
    if (c->step == STEP_CALL && pc != c->link)
        enter(c, &change, symbols, pc);
    else if (c->step != STEP_RETURN || !leave_to(c, &change, pc))
        find_place(c, &change, symbols, pc, c->step == STEP_RETURN || c->step == STEP_JUMP);
    if (c->step == STEP_RETURN && !change.opened)
        find_place(c, &change, symbols, pc, false);
    c->step = (uint8_t)step_of(bits);
    c->link = pc + length_of(bits);
    return change;
}

/* ---- traps and waits -------------------------------------------------------------------- */

struct calls_change calls_trap(struct calls *c, uint64_t about)
{
    struct calls_change change = {0};
    close_wait(c, &change);
    if (c->count >= CALLS_TRAPS_MAX) {
        unsigned lowest = floor_of(c);
        close_down_to(c, &change, lowest ? lowest - 1 : 0);
    }
    open_frame(
        c, &change,
        (struct frame){.kind = FRAME_TRAP, .step = c->step, .about = about, .return_to = c->link});
    c->step = STEP_JUMP;
    return change;
}

/* A return that answers no trap starts something: a guest's user code. */
struct calls_change calls_trap_return(struct calls *c)
{
    struct calls_change change = {0};
    unsigned lowest = floor_of(c);
    close_wait(c, &change);
    c->step = STEP_JUMP;
    if (lowest) {
        c->step = c->frame[lowest - 1].step;
        c->link = c->frame[lowest - 1].return_to;
        close_down_to(c, &change, lowest - 1);
    }
    return change;
}

struct calls_change calls_sleep(struct calls *c, uint64_t about)
{
    struct calls_change change = {0};
    close_wait(c, &change);
    open_frame(c, &change, (struct frame){.kind = FRAME_WAIT, .about = about});
    return change;
}

struct calls_change calls_wake(struct calls *c)
{
    struct calls_change change = {0};
    close_wait(c, &change);
    return change;
}

void calls_free(struct calls *c)
{
    mem_free(c->frame);
    *c = (struct calls){0};
}
