/*
 * What a run is asked to do, before it is known whether it can: the words of a
 * command line or the point of a sweep.  Resolving a request gives the
 * configuration; identifying it fills the first half of the record that the
 * database keeps, from which the second half, the outcome, is separate.
 */
#ifndef TESSERA_REQUEST_H
#define TESSERA_REQUEST_H

#include "analysis/analysis.h"
#include "sim/base/config.h"

enum { REQUEST_SETS_MAX = 64 };

struct run_set {
    const char *assignment; /* "section.name=value" */
    const char *origin;     /* named in errors: "--set", or file:line of a sweep */
};

/* All texts belong to the caller and must outlive the request. */
struct run_request {
    const char *machine;                  /* a machine file */
    struct run_set set[REQUEST_SETS_MAX]; /* applied over it in this order */
    unsigned set_count;
    const char *guest;    /* an ELF file; NULL or "": none */
    const char *bootargs; /* NULL: none */
    uint64_t max_cycles;  /* 0: no limit */
    bool mesh_alone;      /* nothing but the mesh is looked at: controllers need not exist */
    unsigned threads;     /* at least 1; no result depends on it */
};

/* Adds an assignment; refused (64) when there is no room for one more. */
bool request_add_set(struct run_request *request, const char *assignment, const char *origin,
                     struct error *e);

/* Loads the machine, applies the sets, checks the whole. */
bool request_resolve(const struct run_request *request, struct config *cfg, struct error *e);

/* Fills everything of `record` but the outcome: the configuration's text and
 * hash, seed, guest and its hash (elf_image.hash), boot arguments, revision, and the parameters
 * one by one (each word of the boot arguments, each set).  point_key becomes
 * the hash of all that can change a result; a run of its own clears it before
 * it is stored.  The record is zeroed first; release it with run_record_free. */
bool request_identify(const struct run_request *request, const struct config *cfg,
                      uint64_t guest_hash, struct run_record *record, struct error *e);

#endif
