/*
 * The oracle of stale translations.  A guest that has shot a mapping down declares
 * so (sim/abi/simctl.h); the oracle then looks into every TLB of the chip, and what
 * the shootdown should have removed from there is *dead*.  A dead entry does what
 * it did, until a fence or a replacement removes it, which is no fault.  A fetch,
 * load or store that goes through it is one: the run ends, with a report.
 *
 *     hart 0    PTE changed . . messages, acknowledgements . . . DONE at c
 *     hart 1    . . . . . . . . . . forgot its fence . . . . . . . . . . . uses it
 *     all                                             looked into at c + lookahead
 *
 * Which entries die is decided by what they translate to, not by when they were
 * filled: a hart that has walked since the page table changed holds a good entry
 * whenever that was.  An entry dies if all of these hold:
 *   range   its page is among those declared (a large page counts by the 4 KiB
 *           pieces in which a TLB keeps it: declare all of them)
 *   scope   it was read from a table with the declared root, or carries the declared
 *           ASID, or any; global entries are in every scope
 *   stale   the page table under the declared root, as memory has it when the
 *           oracle looks, maps the page to another frame or not at all, or lacks
 *           one of R, W, X, U, D that the entry has, or has the U that it lacks
 *   old     if the guest said what the mapping was: it has that frame and R, W, X, U
 * The root tells address spaces apart even where ASIDs are reused or are each
 * core's own.  With a replica of the page table for each core, declare OF_ASID, or
 * OF_ROOT once for each replica.
 *
 * What is on its way is judged too: a walk that has come down through a pointer
 * which is no longer there (its entry will be dead), the halves of an access to two
 * lines and the second line of an instruction, once found.  A store that waits in
 * the store buffer will be performed whatever comes: if it was translated by what is
 * stale now, that is a use, at the time of the judgement, and no fence of the TLB
 * undoes it.  Everything else asks
 * the TLB again when it is performed: a load that misses, a device register, an
 * atomic.  Views are dropped where something died, so the next access asks as well.
 *
 * Time.  The oracle looks where all tiles stand, `lookahead` cycles after DONE: no
 * reaction to anything the declaring hart does after DONE comes sooner.  (If a line
 * of a page table is then on its way in a message, cycle by cycle until it is not.)
 * Uses before that cycle are not seen, so a shootdown that is declared less than
 * `lookahead` cycles early escapes if its last fence comes in that time.
 *
 * Limits.  Only what is in the TLBs or on its way dies: a hart that walks a stale
 * *replica* afterwards fills an entry that nobody looks at before the next
 * declaration for its page.  Two shootdowns of one page that overlap need OLD, or
 * the first one's completion condemns what the second is about to remove.
 *
 * The oracle costs no simulated time and changes no result: marks are read on the
 * slow path only, and what a hart remembers besides its TLBs cannot be seen.
 */
#ifndef TESSERA_ORACLE_H
#define TESSERA_ORACLE_H

#include "sim/base/types.h"
#include "sim/core/port.h"
#include "sim/core/tlb.h"

/* Where a hart was. */
struct hart_place {
    cycle_t cycle;
    uint64_t pc;
    uint64_t satp; /* what translated pc; 0: nothing did */
    tile_id tile;
    uint8_t priv;
};

/* A shootdown that has been declared complete. */
struct shootdown {
    uint64_t page, pages; /* range: virtual page numbers */
    uint64_t space, old;  /* SIMCTL_SHOOTDOWN_SPACE, _OLD */
    uint8_t scope;        /* SHOOTDOWN_OF_* */
    bool gone;
    uint32_t number;   /* an entry's `dead`; 0: nothing has died of it yet */
    cycle_t judged_at; /* since when dead entries are dead */
    struct hart_place by;
};

/* The use that ended the run; the earliest (cycle, tile) counts. */
struct stale_use {
    struct hart_place by;
    uint64_t address;
    enum access_kind kind;
    bool buffered; /* a store that had retired, and waited in the store buffer */
    struct tlb_use via;
    struct shootdown shootdown;
};

struct oracle {
    /* those that left something behind, by number - 1 */
    struct shootdown *judged;
    unsigned judged_count, judged_capacity;
    uint64_t declared, marked;
    struct stale_use use; /* when the run ends by it */
};

struct tile;

/* The tile's hart has stored `value` to SIMCTL_SHOOTDOWN_DONE. */
void oracle_declare(struct tile *t, uint64_t value);

/* At cycle `now`, at which all harts stand: marks what is dead.  False: a page
 * table's line is on its way, try again a cycle later. */
bool oracle_judge(struct tile *tiles, struct shootdown *s, cycle_t now);

/* The tile's hart executes an instruction of two lines, the second of which it had
 * found through an entry that has died since. */
void oracle_straddled(struct tile *t);

/* What memory maps a page to, at no cost, between cycles. */
enum page_answer { PAGE_MAPPED, PAGE_ABSENT, PAGE_IN_FLIGHT };
enum page_answer oracle_read_table(struct coherence *coh, uint64_t satp, uint64_t vpn,
                                   struct tlb_entry *page);

#endif
