/*
 * Running one guest on one machine, from request to record: what `tessera run`
 * does once and a sweep's workers do for each point.
 */
#ifndef TESSERA_RUN_H
#define TESSERA_RUN_H

#include <signal.h>

#include "sim/base/elf.h"
#include "sim/cli/request.h"

/* What else a run may do besides filling its record. */
struct run_instruments {
    FILE *console;                          /* the guest's console; NULL: nowhere */
    FILE *report;                           /* why a run failed, at length; NULL: nowhere */
    const char *trace_path;                 /* event trace; NULL: none */
    const char *commit_log_path;            /* a line an instruction; NULL: none */
    bool keep_mesh;                         /* put what the mesh's links did into the record */
    const volatile sig_atomic_t *interrupt; /* non-zero ends the run; NULL: never */
    volatile sig_atomic_t *inquiry; /* non-zero: say on stderr where the run stands; NULL: never */
};

/* A run between its two halves. */
struct run {
    const struct run_request *request; /* must outlive the run */
    struct config cfg;
    struct elf_image image;
};

/*
 * Everything that can be refused before anything is opened or built: resolves
 * the request, reads the guest, and fills all of `record` but the outcome.
 * Whatever is returned, release the run with run_release and the record with
 * run_record_free.  Installs no signal handlers, prints nothing and keeps
 * nothing between calls, so that it works in a forked worker as well.
 */
bool run_prepare(struct run *run, const struct run_request *request, struct run_record *record,
                 struct error *e);

/*
 * Builds the chip, loads the guest, runs it to its end and fills the outcome.
 * True when the guest ended the run, whatever its code: outcome.exit_code is
 * then that code, and outcome.status what is left of it in an exit status.  False after filling `e`
 * when it did not: bad input (65), an internal check (70), a limit (75), a deadlock (76); the
 * outcome then holds what is known so far, and its status and message repeat the error.  Prints
 * nothing but what the instruments ask for.
 */
bool run_perform(struct run *run, const struct run_instruments *instruments,
                 struct run_record *record, struct error *e);

void run_release(struct run *run);

/* Both halves, with the console to `console` (NULL: nowhere) and nothing else. */
bool run_point(const struct run_request *request, FILE *console, struct run_record *record,
               struct error *e);

#endif
