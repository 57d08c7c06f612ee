/*
 * Bad input travels up to main as a value: an exit status of the contract and
 * one line of text that names file, line and key.  Functions that can fail
 * take a `struct error *` last and return false (or NULL) after filling it.
 */
#ifndef TESSERA_ERROR_H
#define TESSERA_ERROR_H

#include <stdbool.h>

enum exit_status {
    EXIT_STATUS_OK = 0,
    EXIT_STATUS_USAGE = 64,     /* bad command line */
    EXIT_STATUS_INPUT = 65,     /* bad configuration, ELF, trace, sweep, database */
    EXIT_STATUS_INTERNAL = 70,  /* an internal check failed */
    EXIT_STATUS_IO = 74,        /* the host refused I/O */
    EXIT_STATUS_LIMIT = 75,     /* a limit was reached */
    EXIT_STATUS_DEADLOCK = 76,  /* deadlock or livelock */
    EXIT_STATUS_INTERRUPT = 130 /* Ctrl-C */
};

struct error {
    enum exit_status status;
    char text[1024];
};

/* Fills `e` (printf-like) and returns false, so that a caller can write
 * `return error_set(e, EXIT_STATUS_INPUT, "%s:%d: ...", ...)`. */
bool error_set(struct error *e, enum exit_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The entry of `names` (count strings) nearest to `word` by edit distance, or
 * NULL when nothing is near enough to be worth suggesting. */
const char *nearest_name(const char *word, const char *const *names, unsigned count);

#endif
