/*
 * The commit log: events of instructions and of what they did, as lines of
 * text.  Private to traces; the writer feeds it with events in order.
 */
#ifndef TESSERA_TRACES_COMMIT_LOG_H
#define TESSERA_TRACES_COMMIT_LOG_H

#include "traces/traces.h"

struct commit_log;

/* NULL when the host refuses the file (errno says why). */
struct commit_log *commit_log_open(const char *path);

/* Events that are not of an instruction are passed over. */
void commit_log_event(struct commit_log *log, const struct trace_event *event);

/* False when the host has refused to write: errno says why. */
bool commit_log_close(struct commit_log *log);

#endif
