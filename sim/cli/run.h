/*
 * Running one guest on one machine, from request to record: what `tessera run`
 * does once and a sweep's workers do for each point.
 */
#ifndef TESSERA_RUN_H
#define TESSERA_RUN_H

#include <signal.h>

#include "sim/cli/request.h"

/* What else a run may do besides filling its record. */
struct run_instruments {
    FILE *console;                          /* the guest's console; NULL: nowhere */
    FILE *report;                           /* why a run failed, at length; NULL: nowhere */
    const char *trace_path;                 /* event trace; NULL: none */
    const char *commit_log_path;            /* a line an instruction; NULL: none */
    const volatile sig_atomic_t *interrupt; /* non-zero ends the run; NULL: never */
    volatile sig_atomic_t *inquiry; /* non-zero: say on stderr where the run stands; NULL: never */
};

/*
 * Resolves and identifies the request, builds the chip, loads the guest, runs
 * it to its end and fills `record` (released by the caller with
 * run_record_free, whatever is returned).
 *
 * True when the guest ended the run, whatever its code: outcome.status and
 * outcome.exit_code are then that code.  False after filling `e` when it did
 * not: bad input (65), an internal check (70), a limit (75), a deadlock (76);
 * `record` then holds what is known so far (identity, cycles reached, ...) and
 * outcome.status and outcome.message repeat the error.
 *
 * Installs no signal handlers, prints nothing but what the instruments ask for
 * and keeps nothing between calls, so that it runs in a forked worker as well
 * as in the main process.
 */
bool run_guest(const struct run_request *request, const struct run_instruments *instruments,
               struct run_record *record, struct error *e);

/* The same, with the console to `console` (NULL: nowhere) and nothing else. */
bool run_point(const struct run_request *request, FILE *console, struct run_record *record,
               struct error *e);

#endif
