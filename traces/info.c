/*
 * The rows of events.def as a table, and the one way to take an event's
 * arguments apart.
 */
#include "traces/traces.h"

enum { ARGUMENT_a, ARGUMENT_b, ARGUMENT_c };

#define FIELD(name, argument, shift, bits, style)                                                  \
    {#name, ARGUMENT_##argument, shift, bits, TRACE_STYLE_##style},

const struct trace_info trace_info[TRACE_KINDS] = {
#define EVENT(kind, name, lane, meaning, fields)                                                   \
    [TRACE_##kind] = {#name, meaning, TRACE_LANE_##lane, {fields}},
#include "traces/events.def"
#undef EVENT
};

uint64_t trace_field_value(const struct trace_event *event, const struct trace_field *field)
{
    const uint64_t argument[] = {event->a, event->b, event->c};
    uint64_t value = argument[field->argument] >> field->shift;
    return field->bits == 64 ? value : value & ((UINT64_C(1) << field->bits) - 1);
}
