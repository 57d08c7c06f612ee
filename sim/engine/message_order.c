/*
 * Few messages are ever early (as many as a source has on different VCs at
 * once, or less), so those held back are a list that is searched from its head.
 * Numbers wrap; fewer than half of them are on their way at any time.
 */
#include "sim/engine/message_order.h"

void message_order_create(struct message_order *o, struct arena *arena, unsigned tiles)
{
    size_t pairs = (size_t)tiles * tiles;
    o->tiles = tiles;
    o->launched = arena_alloc(arena, pairs, sizeof *o->launched);
    o->expected = arena_alloc(arena, pairs, sizeof *o->expected);
    o->early = arena_alloc(arena, pairs, sizeof *o->early);
}

void message_order_launch(struct message_order *o, struct packet *p)
{
    p->message.number = o->launched[(size_t)p->from * o->tiles + p->to]++;
}

static bool is_before(const struct packet *a, const struct packet *b)
{
    return (int32_t)(a->message.number - b->message.number) < 0;
}

static void hold_back(struct packet **early, struct packet *p)
{
    while (*early && is_before(*early, p))
        early = &(*early)->next;
    p->next = *early;
    *early = p;
}

struct packet *message_order_arrive(struct message_order *o, struct packet *p)
{
    size_t pair = (size_t)p->to * o->tiles + p->from;
    struct packet **early = &o->early[pair];
    hold_back(early, p);
    struct packet *first = *early, **end = early;
    while (*end && (*end)->message.number == o->expected[pair]) {
        end = &(*end)->next;
        o->expected[pair]++;
    }
    if (end == early)
        return NULL;
    *early = *end;
    *end = NULL;
    return first;
}
