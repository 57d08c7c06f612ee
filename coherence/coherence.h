/*
 * Coherence: private L1 caches that hold real data, and home directories.
 * This is all that the rest of the simulator sees.
 *
 * A controller is a function from one event to a bounded list of outgoing
 * messages; the tile moves them.  Nothing here knows of the mesh, of cycles
 * other than `delay`, or of other tiles' state.
 *
 * The world has two kinds of agents:
 *   struct l1     one a tile, data side: cache array, MSHRs, write-back buffer
 *   struct home   one a tile: directory slice and its MSHRs
 * plus the memory controller (memctl) and the instruction cache (icache),
 * whose protocol is too small for a table.
 *
 * Lines are named by their physical address (line_of).  The home of a line is
 * coherence_home(); the controller that stores it, coherence_controller().
 */
#ifndef TESSERA_COHERENCE_H
#define TESSERA_COHERENCE_H

#include <stdio.h>

#include "sim/base/arena.h"
#include "sim/base/config.h"
#include "sim/base/stats.h"
#include "sim/base/types.h"

enum coh_vnet { VNET_REQUEST, VNET_FORWARD, VNET_RESPONSE };
enum coh_agent { AGENT_HOME, AGENT_L1D, AGENT_L1I, AGENT_MEMORY };

enum coh_type {
#define MSG(name, vnet, to, data, meaning) COH_##name,
#include "coherence/messages.def"
#undef MSG
    COH_TYPES
};

struct coh_msg_info {
    const char *name;
    uint8_t vnet, to;
    bool carries_data;
    const char *meaning;
};
extern const struct coh_msg_info coh_msg_info[COH_TYPES];

struct coh_msg {
    paddr_t line;
    tile_id from, to;  /* tiles; the receiving agent follows from the type */
    tile_id requester; /* the tile whose miss this message serves */
    uint8_t type;      /* enum coh_type */
    uint8_t slot;      /* the requester's MSHR or write-back slot (see coherence_slots) */
    uint16_t acks;     /* DataM, AckCount: invalidations to wait for */
    uint32_t delay;    /* outgoing only: cycles from the event to the network interface */
    /* Where the time went, along the chain of messages that led to this one: in
     * the network (whoever moves messages adds it) and in memory controllers. */
    uint32_t network_cycles, memory_cycles;
    uint8_t data[LINE_BYTES]; /* only if the type carries data */
};

/* Messages that one event makes an agent send.  The list is the caller's; its
 * `capacity` is at least coherence_out_max() for home_receive and OUT_MAX_SMALL
 * for all other agents. */
enum { OUT_MAX_SMALL = 4 };
struct coh_out {
    unsigned count, capacity;
    uint32_t network_cycles, memory_cycles; /* of the message that is the cause; 0 for an access */
    struct coh_msg *msg;
};

/* State shared by all agents of a chip: geometry, DRAM image, directory
 * arrays, checker.  The DRAM image is host memory, touched where the guest is. */
struct coherence;

struct coherence *coherence_create(struct arena *arena, const struct config *cfg);

/* The most messages that one event can make a home send: an invalidation of
 * every sharer, and the PutAcks of every write-back that waited for its turn.
 * (Where requests queue for entries of a sparse directory, one entry that
 * becomes free can let as many go on as there are MSHRs.) */
unsigned coherence_out_max(const struct coherence *coh);

/* Requests that one tile can have outstanding: its L1D's MSHRs (slots 0 ..
 * mshrs-1), its write-back buffer, its L1I's one miss (the last slot). */
unsigned coherence_slots(const struct coherence *coh);

tile_id coherence_home(const struct coherence *coh, paddr_t line);
tile_id coherence_controller(const struct coherence *coh, paddr_t line);

/* Is this address inside DRAM? */
bool coherence_has(const struct coherence *coh, paddr_t address);

/* Host pointer to the DRAM image of a line: for loading programs before reset. */
uint8_t *coherence_dram(struct coherence *coh, paddr_t address);

/* Reads or writes guest memory from outside at no cost, coherently: every
 * cached copy (L1D, write-back buffer) is seen or updated; instruction caches
 * stay as stale as they are.  For the host interface (HTIF) and debuggers,
 * between cycles only.  False, and nothing done, when the range is not in DRAM
 * (see coherence_has), or when the present value of one of its lines is on its
 * way in a message: try again a cycle later.  A line that some L1 holds in E or
 * M is never on its way, so a hart's own store is seen at once. */
bool coherence_peek(struct coherence *coh, paddr_t address, void *to, size_t bytes);
bool coherence_poke(struct coherence *coh, paddr_t address, const void *from, size_t bytes);

/* ---- L1 data cache ------------------------------------------------------ */

/* The window through which a hart's fast path sees the most recently used way
 * of each set, indexed by set = (address / LINE_BYTES) & set_mask:
 *   read_tag[set]  line address when that line may be read, else ~0
 *   write_tag[set] line address when that line may be written without telling
 *                  anyone (state M), else ~0
 *   data[set * LINE_BYTES]  its bytes
 * A load of 2^k bytes hits and is aligned when
 *   read_tag[set] == (address & ~(LINE_BYTES - 1 ^ (2^k - 1)))
 * that is: the line bits equal and the low k bits zero.  A hit on these planes
 * changes no state.  With cfg->sim_check the planes stay empty, so that every
 * access passes l1_access and the checker.
 *
 * The views belong to the hart, which keeps there what addresses it may use
 * without asking, one plane for each of its modes (hart.h says what an entry is);
 * the L1 sets a set's entries to ~0 whenever it changes that set's planes. */
enum { L1_VIEWS = 3 };
struct l1_window {
    uint64_t *read_tag;
    uint64_t *write_tag;
    uint8_t *data;
    uint64_t set_mask;
    uint64_t *view[L1_VIEWS];
};

struct l1;

struct l1 *coherence_l1(struct coherence *coh, tile_id tile);
const struct l1_window *l1_window(const struct l1 *l1);

enum l1_op {
    L1_LOAD,
    L1_STORE /* also every atomic, LR included: they need M */
};

enum l1_answer {
    L1_READY, /* the line is in the window's way, readable (and writable for L1_STORE) */
    L1_MISS,  /* a transaction began (or one for this line is under way): wait for `done` */
    L1_BUSY   /* no MSHR, frame or write-back entry is free, or the line is being written
                 back: retry after the next l1_receive */
};

/* The hart wants to access `line`.  L1_READY promotes the line to the most
 * recently used way; the hart then reads or writes l1_window()->data at once.
 * Messages to send are appended to `out`. */
enum l1_answer l1_access(struct l1 *l1, paddr_t line, enum l1_op op, struct coh_out *out);

/* A message for this L1D.  Returns true when it completed a transaction (that
 * of line in->line): the hart that waits for it must then call l1_access again,
 * which answers L1_READY, and perform its access in this same cycle, before the
 * next message is delivered, which guarantees progress.  Of several accesses
 * that wait for one line, those of the kind that began the miss go first. */
bool l1_receive(struct l1 *l1, const struct coh_msg *in, struct coh_out *out);

/* Tells the checker what the hart has just read or written at `address`
 * (no effect without sim.check). */
void l1_checked_load(struct l1 *l1, paddr_t address, unsigned bytes, uint64_t value);
void l1_checked_store(struct l1 *l1, paddr_t address, unsigned bytes, uint64_t value);

/* LR/SC: the reservation is a line; it is cleared when the line leaves this
 * L1 or loses write permission, by l1_reserve(l1, ~0), never by time. */
void l1_reserve(struct l1 *l1, paddr_t line);
bool l1_is_reserved(const struct l1 *l1, paddr_t line);

/* A line whose writes the caller wants to see one by one (HTIF's tohost):
 * write_tag never shows it.  At most L1_WATCHES lines. */
enum { L1_WATCHES = 4 };
void l1_watch(struct l1 *l1, paddr_t line);

/* True while a miss or write-back is under way. */
bool l1_is_busy(const struct l1 *l1);

/* ---- L1 instruction cache ------------------------------------------------ */

/* Not kept coherent; holds real bytes, so stale code stays stale until
 * icache_flush (fence.i).  Way numbers are stable while a line stays. */
struct icache;
struct icache *coherence_icache(struct coherence *coh, tile_id tile);

/* Looks the line up and makes it the most recently used.  A hit returns its
 * index (set * ways + way, < icache_lines); a miss begins a fetch, appends
 * messages to `out` and returns -1 (and so does any miss while one fetch is
 * under way, without a message: ask again when it is complete). */
int icache_access(struct icache *ic, paddr_t line, struct coh_out *out);
/* A message for this L1I: true when it completed the fetch. */
bool icache_receive(struct icache *ic, const struct coh_msg *in, struct coh_out *out);
const uint8_t *icache_data(const struct icache *ic, int index);
/* The bytes that it holds of a line, or NULL; to look only, nothing changes. */
const uint8_t *icache_find(const struct icache *ic, paddr_t line);
unsigned icache_lines(const struct icache *ic);
/* Is this line the most recently used of its set (a hit on it changes nothing)? */
bool icache_is_mru(const struct icache *ic, paddr_t line);
void icache_flush(struct icache *ic);

/* ---- home and memory controller ------------------------------------------ */

/* A message for the home half of `tile` (AGENT_HOME) at cycle `now`; handles
 * bank occupancy itself, in the delays of what it sends. */
void home_receive(struct coherence *coh, tile_id tile, const struct coh_msg *in, cycle_t now,
                  struct coh_out *out);

/* A message for the memory controller of `tile` (AGENT_MEMORY). */
void memctl_receive(struct coherence *coh, tile_id tile, const struct coh_msg *in, cycle_t now,
                    struct coh_out *out);

/* ---- checking and counting ------------------------------------------------ */

/* First invariant found broken (single writer, data value, a missing table
 * row), or NULL.  Text names tile, line and states. */
const char *coherence_violation(const struct coherence *coh);

/* At quiescence: no transient state anywhere, directory and caches agree.
 * NULL when all is well.  (Orphaned transients.) */
const char *coherence_check_quiet(struct coherence *coh);

/* Writes the lines in transaction, who waits and for what, for a deadlock report. */
void coherence_explain(const struct coherence *coh, FILE *out);

/* Prints the protocol tables as markdown, from the rows that drive the agents. */
void coherence_print_tables(FILE *out);

void coherence_stats(const struct coherence *coh, struct stats *stats);

#endif
