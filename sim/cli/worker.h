/*
 * A worker: a forked process that runs one point and sends its outcome back
 * over a pipe.  It touches neither terminal nor database, and ends with its
 * parent, however that ends.
 */
#ifndef TESSERA_WORKER_H
#define TESSERA_WORKER_H

#include <sys/types.h>

#include "sim/cli/run.h"

struct worker {
    pid_t pid;
    int fd; /* the parent's end of the pipe; poll it */
    unsigned point;
    double started; /* host seconds */
    unsigned char *bytes;
    size_t count;
};

/* Starts a worker on `request`. 74 when the host refuses another process. */
bool worker_start(struct worker *worker, const struct run_request *request, unsigned point,
                  struct error *e);

/* Takes what the pipe holds; true when the worker has sent all it will. */
bool worker_read(struct worker *worker);

/* After worker_read was true: fills `outcome` (status 70 and a message when
 * the worker died on its way) and releases the worker. */
void worker_finish(struct worker *worker, struct run_outcome *outcome);

/* Kills the worker and forgets what it did. */
void worker_stop(struct worker *worker);

#endif
