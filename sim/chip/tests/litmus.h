/*
 * Litmus tests: small programs whose outcomes tell memory models apart
 * (unprivileged architecture, "Formal Memory Model Specifications"; the names
 * are those of the literature), and all outcomes that a model allows.
 *
 * A model is a machine that performs one step of one thread at a time, in every
 * order there is:
 *   sequential consistency   a step is the thread's next operation
 *   total store order        stores go into the thread's buffer, from which the
 *                            oldest is written in a step of its own; a load takes
 *                            the newest of its own buffer, else memory; fences
 *                            w,r and atomics wait until the buffer is empty
 * This is RVWMO with Ztso, stricter only for LR and SC (an SC is written at once here):
 * what RVWMO forbids is outside of it.  An SC without a valid reservation
 * fails, with one it may fail.
 *
 * An outcome is written as digits: what each thread's loads, swaps and SCs have
 * given, thread by thread, then what memory holds.
 */
#ifndef TESSERA_TESTS_LITMUS_H
#define TESSERA_TESTS_LITMUS_H

#include <criterion/criterion.h>
#include <string.h>

#include "sim/core/decode.h"

enum { LITMUS_THREADS = 4, LITMUS_OPS = 5, LITMUS_VARIABLES = 2, LITMUS_OUTCOMES = 512 };
enum { LITMUS_TEXT = LITMUS_THREADS * LITMUS_OPS + LITMUS_VARIABLES + 1 };

enum litmus_action { NOTHING, STORE, LOAD, FENCE, SWAP, LR, SC };
enum { X, Y, OWN }; /* OWN: a line that no other thread uses */
enum { ACQUIRE = 2, RELEASE = 1 };

struct litmus_op {
    enum litmus_action action;
    unsigned operand; /* variable; FENCE: its operands */
    unsigned value;   /* STORE, SWAP, SC: 1 or 2 */
    unsigned order;   /* of SWAP, LR, SC: ACQUIRE, RELEASE */
};

struct litmus {
    const char *name;
    struct litmus_op thread[LITMUS_THREADS][LITMUS_OPS];
};

/* ---- the tests ------------------------------------------------------------------------ */

#define ST(variable, value)                                                                        \
    {                                                                                              \
        STORE, variable, value, 0                                                                  \
    }
#define LD(variable)                                                                               \
    {                                                                                              \
        LOAD, variable, 0, 0                                                                       \
    }
#define FN(operands)                                                                               \
    {                                                                                              \
        FENCE, operands, 0, 0                                                                      \
    }
#define SW(variable, value)                                                                        \
    {                                                                                              \
        SWAP, variable, value, 0                                                                   \
    }
#define SW_AS(order, variable, value)                                                              \
    {                                                                                              \
        SWAP, variable, value, order                                                               \
    }
#define LRES(variable)                                                                             \
    {                                                                                              \
        LR, variable, 0, 0                                                                         \
    }
#define SCON(variable, value)                                                                      \
    {                                                                                              \
        SC, variable, value, 0                                                                     \
    }

#define RW_RW (FENCE_BEFORE_R | FENCE_BEFORE_W | FENCE_AFTER_R | FENCE_AFTER_W)
#define W_R   (FENCE_BEFORE_W | FENCE_AFTER_R)
#define W_W   (FENCE_BEFORE_W | FENCE_AFTER_W)
#define R_RW  (FENCE_BEFORE_R | FENCE_AFTER_R | FENCE_AFTER_W)
#define RW_W  (FENCE_BEFORE_R | FENCE_BEFORE_W | FENCE_AFTER_W)

static const struct litmus litmus_tests[] = {
    {"SB", {{ST(X, 1), LD(Y)}, {ST(Y, 1), LD(X)}}},
    {"SB+rfi", {{ST(X, 1), LD(X), LD(Y)}, {ST(Y, 1), LD(Y), LD(X)}}},
    {"SB+fence.tso", {{ST(X, 1), FN(FENCE_TSO), LD(Y)}, {ST(Y, 1), FN(FENCE_TSO), LD(X)}}},
    {"SB+fence w,w", {{ST(X, 1), FN(W_W), LD(Y)}, {ST(Y, 1), FN(W_W), LD(X)}}},
    {"SB+fence rw,rw", {{ST(X, 1), FN(RW_RW), LD(Y)}, {ST(Y, 1), FN(RW_RW), LD(X)}}},
    {"SB+fence w,r", {{ST(X, 1), FN(W_R), LD(Y)}, {ST(Y, 1), FN(W_R), LD(X)}}},
    {"SB+one fence", {{ST(X, 1), FN(RW_RW), LD(Y)}, {ST(Y, 1), LD(X)}}},
    {"SB+rfi+fence", {{ST(X, 1), LD(X), FN(W_R), LD(Y)}, {ST(Y, 1), LD(Y), FN(W_R), LD(X)}}},
    {"SB+amos", {{SW(X, 1), LD(Y)}, {SW(Y, 1), LD(X)}}},
    {"SB, amo between", {{ST(X, 1), SW(OWN, 1), LD(Y)}, {ST(Y, 1), SW(OWN, 1), LD(X)}}},
    {"SB+lr-sc", {{LRES(X), SCON(X, 1), LD(Y)}, {LRES(Y), SCON(Y, 1), LD(X)}}},
    {"R", {{ST(X, 1), ST(Y, 1)}, {ST(Y, 2), LD(X)}}},
    {"R+fences", {{ST(X, 1), FN(W_W), ST(Y, 1)}, {ST(Y, 2), FN(RW_RW), LD(X)}}},
    {"MP", {{ST(X, 1), ST(Y, 1)}, {LD(Y), LD(X)}}},
    {"MP+fence w,w+fence r,rw", {{ST(X, 1), FN(W_W), ST(Y, 1)}, {LD(Y), FN(R_RW), LD(X)}}},
    {"MP+release+acquire", {{ST(X, 1), SW_AS(RELEASE, Y, 1)}, {SW_AS(ACQUIRE, Y, 2), LD(X)}}},
    {"MP+lr-sc", {{ST(X, 1), LRES(Y), SCON(Y, 1)}, {LD(Y), FN(R_RW), LD(X)}}},
    {"LB", {{LD(X), ST(Y, 1)}, {LD(Y), ST(X, 1)}}},
    {"LB+fences", {{LD(X), FN(RW_W), ST(Y, 1)}, {LD(Y), FN(RW_W), ST(X, 1)}}},
    {"LB+amos", {{SW(X, 2), ST(Y, 1)}, {SW(Y, 2), ST(X, 1)}}},
    {"S", {{ST(X, 2), ST(Y, 1)}, {LD(Y), ST(X, 1)}}},
    {"S+fences", {{ST(X, 2), FN(W_W), ST(Y, 1)}, {LD(Y), FN(RW_W), ST(X, 1)}}},
    {"CoRR", {{ST(X, 1)}, {LD(X), LD(X)}}},
    {"CoRR2", {{ST(X, 1)}, {ST(X, 2)}, {LD(X), LD(X)}, {LD(X), LD(X)}}},
    {"CoRW", {{LD(X), ST(X, 1)}, {ST(X, 2)}}},
    {"CoWW", {{ST(X, 1), ST(X, 2)}, {LD(X)}}},
    {"CoWR", {{ST(X, 1), LD(X)}, {ST(X, 2)}}},
    {"2+2W", {{ST(X, 1), ST(Y, 2)}, {ST(Y, 1), ST(X, 2)}}},
    {"2+2W+fences", {{ST(X, 1), FN(W_W), ST(Y, 2)}, {ST(Y, 1), FN(W_W), ST(X, 2)}}},
    {"WRC", {{ST(X, 1)}, {LD(X), ST(Y, 1)}, {LD(Y), LD(X)}}},
    {"WRC+fences", {{ST(X, 1)}, {LD(X), FN(RW_RW), ST(Y, 1)}, {LD(Y), FN(R_RW), LD(X)}}},
    {"WRC+amos", {{SW(X, 1)}, {LD(X), SW_AS(RELEASE, Y, 1)}, {SW_AS(ACQUIRE, Y, 2), LD(X)}}},
    {"RWC", {{ST(X, 1)}, {LD(X), LD(Y)}, {ST(Y, 1), LD(X)}}},
    {"RWC+fences", {{ST(X, 1)}, {LD(X), FN(RW_RW), LD(Y)}, {ST(Y, 1), FN(RW_RW), LD(X)}}},
    {"IRIW", {{ST(X, 1)}, {ST(Y, 1)}, {LD(X), LD(Y)}, {LD(Y), LD(X)}}},
    {"IRIW+fences", {{ST(X, 1)}, {ST(Y, 1)}, {LD(X), FN(R_RW), LD(Y)}, {LD(Y), FN(R_RW), LD(X)}}},
    {"IRIW+amos", {{SW(X, 1)}, {SW(Y, 1)}, {LD(X), LD(Y)}, {LD(Y), LD(X)}}},
    {"swaps are atomic", {{SW(X, 1)}, {SW(X, 2)}, {LD(X)}}},
    {"lr-sc is atomic", {{LRES(X), SCON(X, 1)}, {LRES(X), SCON(X, 2)}, {LD(X)}}},
    {"lr-sc against a store", {{LRES(X), SCON(X, 1)}, {ST(X, 2)}, {LD(X), LD(X)}}},
    {"lr-sc against a swap", {{LRES(X), SCON(X, 1)}, {SW(X, 2)}}},
};
enum { LITMUS_TESTS = sizeof litmus_tests / sizeof litmus_tests[0] };

static inline bool litmus_gives(const struct litmus_op *op)
{
    return op->action == LOAD || op->action == SWAP || op->action == LR || op->action == SC;
}

/* ---- sets of outcomes ------------------------------------------------------------------- */

struct outcomes {
    unsigned count;
    char text[LITMUS_OUTCOMES][LITMUS_TEXT];
};

static inline bool outcomes_have(const struct outcomes *set, const char *text)
{
    for (unsigned i = 0; i < set->count; i++)
        if (strcmp(set->text[i], text) == 0)
            return true;
    return false;
}

static inline void outcomes_add(struct outcomes *set, const char *text)
{
    if (outcomes_have(set, text))
        return;
    cr_assert_lt(set->count, LITMUS_OUTCOMES);
    strcpy(set->text[set->count++], text);
}

/* ---- the models --------------------------------------------------------------------------- */

struct litmus_thread {
    unsigned next, gives, pending;
    char given[LITMUS_OPS];
    unsigned variable[LITMUS_OPS], value[LITMUS_OPS]; /* pending stores, the oldest first */
    unsigned reserved;                                /* 1 + variable; 0: nothing */
};

struct litmus_state {
    const struct litmus *test;
    bool buffered; /* total store order */
    struct litmus_thread thread[LITMUS_THREADS];
    unsigned memory[OWN + LITMUS_THREADS];
};

static inline unsigned litmus_place(unsigned thread, unsigned variable)
{
    return variable == OWN ? OWN + thread : variable;
}

static inline void litmus_write(struct litmus_state *s, unsigned variable, unsigned value)
{
    s->memory[variable] = value;
    for (unsigned t = 0; t < LITMUS_THREADS; t++)
        if (s->thread[t].reserved == variable + 1)
            s->thread[t].reserved = 0;
}

static inline void litmus_drain(struct litmus_state *s, struct litmus_thread *t)
{
    litmus_write(s, t->variable[0], t->value[0]);
    t->pending--;
    memmove(t->variable, t->variable + 1, sizeof t->variable - sizeof t->variable[0]);
    memmove(t->value, t->value + 1, sizeof t->value - sizeof t->value[0]);
}

static inline unsigned litmus_read(const struct litmus_state *s, const struct litmus_thread *t,
                                   unsigned variable)
{
    for (unsigned i = t->pending; i-- > 0;)
        if (t->variable[i] == variable)
            return t->value[i];
    return s->memory[variable];
}

static inline void litmus_give(struct litmus_thread *t, unsigned value)
{
    t->given[t->gives++] = (char)('0' + value);
}

static inline bool litmus_must_drain(const struct litmus_op *op)
{
    bool fence =
        op->action == FENCE && (op->operand & W_R) == W_R && (op->operand & FENCE_TSO) != FENCE_TSO;
    return fence || op->action == SWAP || op->action == LR || op->action == SC;
}

/* Performs thread n's next operation; `fails`: an SC does so though it need not. */
static inline void litmus_perform(struct litmus_state *s, unsigned n, bool fails)
{
    struct litmus_thread *t = &s->thread[n];
    const struct litmus_op *op = &s->test->thread[n][t->next++];
    unsigned at = litmus_place(n, op->operand);
    bool reserved;
    switch (op->action) {
    case STORE:
        t->variable[t->pending] = at;
        t->value[t->pending++] = op->value;
        if (!s->buffered)
            litmus_drain(s, t);
        break;
    case LOAD:
        litmus_give(t, litmus_read(s, t, at));
        break;
    case SWAP:
        litmus_give(t, s->memory[at]);
        litmus_write(s, at, op->value);
        break;
    case LR:
        litmus_give(t, s->memory[at]);
        t->reserved = at + 1;
        break;
    case SC:
        reserved = t->reserved == at + 1 && !fails;
        t->reserved = 0;
        litmus_give(t, !reserved);
        if (reserved)
            litmus_write(s, at, op->value);
        break;
    case FENCE:
    case NOTHING:
        break;
    }
}

static inline void litmus_note(const struct litmus_state *s, struct outcomes *set)
{
    char text[LITMUS_TEXT];
    char *end = text;
    for (unsigned n = 0; n < LITMUS_THREADS; n++)
        for (unsigned i = 0; i < s->thread[n].gives; i++)
            *end++ = s->thread[n].given[i];
    for (unsigned v = 0; v < LITMUS_VARIABLES; v++)
        *end++ = (char)('0' + s->memory[v]);
    *end = '\0';
    outcomes_add(set, text);
}

/* Takes every step that some thread can take, and goes on from each. */
static inline void litmus_explore(const struct litmus_state *s, struct outcomes *set)
{
    bool done = true;
    for (unsigned n = 0; n < LITMUS_THREADS; n++) {
        const struct litmus_thread *t = &s->thread[n];
        const struct litmus_op *op = &s->test->thread[n][t->next];
        bool ended = t->next == LITMUS_OPS || op->action == NOTHING;
        struct litmus_state next;
        if (t->pending) {
            done = false;
            next = *s;
            litmus_drain(&next, &next.thread[n]);
            litmus_explore(&next, set);
        }
        if (ended)
            continue;
        done = false;
        if (t->pending && litmus_must_drain(op))
            continue;
        for (unsigned fails = 0; fails <= (op->action == SC); fails++) {
            next = *s;
            litmus_perform(&next, n, fails);
            litmus_explore(&next, set);
        }
    }
    if (done)
        litmus_note(s, set);
}

static inline void litmus_allowed(const struct litmus *test, bool buffered, struct outcomes *set)
{
    struct litmus_state start = {.test = test, .buffered = buffered};
    set->count = 0;
    litmus_explore(&start, set);
}

#endif
