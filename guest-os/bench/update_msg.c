/*
 * MSG: core 0 is a server that owns the lines; the others are its clients.
 *
 *   client   t0 | send one line | wait for the answer | t1        -> op_cycles
 *   server      seen | take the request, update, answer | t1      -> server_cycles
 *
 * `seen` is when the transport noticed the request, so that waiting for work
 * and polling idle channels are not counted as service.
 *
 * The end needs no shared memory.  A request says whether its client has all
 * its samples; the server counts the clients that do, and answers whether all
 * of them do.  A client stops at the first such answer, the server when it has
 * given one to each.
 *
 *   REQUEST  word 0  the client's operation number     word 1  1: I am measured
 *   ANSWER   word 0  updates of line 0 so far          word 1  1: all are, stop
 *   The other words of a request are a payload that the server reads and echoes:
 *   a full line each way, whatever the transport.
 */
#include "guest-os/bench/update.h"

#include "guest-os/lib/memory.h"
#include "guest-os/lib/result.h"
#include "guest-os/lib/riscv.h"
#include "guest-os/lib/user.h"

enum { REQUEST = 1, ANSWER };
enum { OPERATION = 0, UPDATES = 0, MEASURED = 1, STOP = 1, PAYLOAD = 2 };

static struct meeting *meetings; /* one a client */

struct server {
    struct waitset clients;
    struct channel *channel; /* [client - 1]; owner: 1 once it is measured */
    uint64_t series, requests, measured, stopped;
};

void update_msg_prepare(void)
{
    meetings = memory_take((update_plan.cores - 1) * sizeof(struct meeting));
}

static void server_open(struct server *s)
{
    unsigned clients = update_plan.cores - 1;
    s->series = result_series("server_cycles", "cycles");
    s->channel = memory_take(clients * sizeof(struct channel));
    waitset_open(&s->clients, update_plan.transport, clients);
    for (unsigned i = 0; i < clients; i++)
        channel_open(&s->channel[i], update_plan.transport, i + 1, &meetings[i], &s->clients);
}

static void note_measured(struct server *s, struct channel *from, const struct message *m)
{
    s->measured += m->word[MEASURED] && !from->owner;
    from->owner |= m->word[MEASURED];
}

static void serve_one(struct server *s)
{
    const struct update_plan *plan = &update_plan;
    struct message m;
    struct channel *from = waitset_receive(&s->clients, &m);
    note_measured(s, from, &m);
    bool all = s->measured == plan->cores - 1;
    update_lines(plan->line, plan->lines);
    m.type = ANSWER;
    m.word[UPDATES] = plan->line[0].count;
    m.word[STOP] = all;
    channel_send(from, &m);
    uint64_t cycles = cycle_now() - m.seen_cycle;
    if (s->requests++ >= plan->warmup * (plan->cores - 1) && !all)
        result_sample(s->series, cycles);
    s->stopped += all;
}

static void serve(void)
{
    struct server *s = memory_take(sizeof *s);
    server_open(s);
    barrier_wait(update_plan.barrier, update_plan.cores);
    while (s->stopped < update_plan.cores - 1)
        serve_one(s);
}

/* True: the server says that everybody has been measured. */
static bool request(struct channel *c, uint64_t op, struct message *m)
{
    m->type = REQUEST;
    m->words = MESSAGE_WORDS;
    m->word[OPERATION] = op;
    m->word[MEASURED] = op + 1 >= update_plan.warmup + update_plan.ops;
    channel_send(c, m);
    channel_receive(c, m);
    return m->word[STOP];
}

static uint64_t be_client(uint64_t core)
{
    struct channel *c = memory_take(sizeof *c);
    struct message m = {0};
    uint64_t series = result_series("op_cycles", "cycles"), op = 0;
    bool stop = false;
    channel_open(c, update_plan.transport, 0, &meetings[core - 1], NULL);
    barrier_wait(update_plan.barrier, update_plan.cores);
    for (m.word[PAYLOAD] = core; !stop; op++) {
        uint64_t start = cycle_now();
        stop = request(c, op, &m);
        uint64_t cycles = cycle_now() - start;
        if (update_is_measured(op))
            result_sample(series, cycles);
        check(m.type == ANSWER && m.word[PAYLOAD] == core);
    }
    return op;
}

void update_msg_core(void *core_number)
{
    uint64_t core = (uint64_t)core_number;
    if (core == 0)
        serve();
    else
        update_plan.done[core].count = be_client(core);
    barrier_wait(update_plan.barrier, update_plan.cores);
}
