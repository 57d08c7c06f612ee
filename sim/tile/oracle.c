/*
 * Declarations, judgements and uses; oracle.h says what they mean.
 *
 * Judging looks at the sets in which entries of the range can be, in every TLB of
 * every hart.  A correct shootdown has left nothing there, so the page table itself
 * is hardly ever read.  A judgement that must be tried again has perhaps marked
 * some entries already: they stay marked, for they were stale then.
 */
#include "sim/tile/oracle.h"

#include "sim/abi/simctl.h"
#include "sim/core/mmu.h"
#include "sim/core/pte.h"
#include "sim/tile/htif.h"
#include "sim/tile/tile.h"

/* ---- declaring ------------------------------------------------------------------ */

static struct hart_place place_of(const struct hart *h)
{
    return (struct hart_place){.cycle = h->cycle,
                               .pc = h->pc,
                               .satp = h->priv == PRIV_M ? 0 : h->satp,
                               .tile = h->id,
                               .priv = h->priv};
}

static bool names_space(uint64_t satp)
{
    return satp_mode(satp) == SATP_SV39 || satp_mode(satp) == SATP_SV48;
}

void oracle_declare(struct tile *t, uint64_t value)
{
    uint64_t address = t->simctl->shootdown.address, space = t->simctl->shootdown.space;
    struct shootdown s = {.pages = t->simctl->shootdown.pages,
                          .space = space,
                          .old = t->simctl->shootdown.old,
                          .scope = value & SHOOTDOWN_SCOPE,
                          .gone = value & SHOOTDOWN_GONE,
                          .by = place_of(t->hart)};
    if (s.scope > SHOOTDOWN_OF_ALL || value > (SHOOTDOWN_SCOPE | SHOOTDOWN_GONE)) {
        htif_fault(t, "a shootdown's scope is 0, 1 or 2, perhaps with 4 for gone: 0x%llx",
                   (unsigned long long)value);
    } else if (!names_space(space)) {
        htif_fault(t, "a shootdown's address space is a value of satp with Sv39 or Sv48: 0x%llx",
                   (unsigned long long)space);
    } else if (s.pages && !satp_is_canonical(space, address)) {
        htif_fault(t, "a shootdown at 0x%llx, which is no virtual address",
                   (unsigned long long)address);
    } else {
        s.page = s.pages ? page_number(address) : 0;
        s.pages = s.pages ? s.pages : UINT64_MAX;
        t->oracle->declared++;
        htif_declare(t, &s);
    }
}

/* ---- what the page table says ------------------------------------------------------- */

/* The entry of one level: PAGE_MAPPED when it is well formed. */
static enum page_answer read_entry(struct coherence *coh, paddr_t at, unsigned level, uint64_t *pte)
{
    if (!coherence_has(coh, at))
        return PAGE_ABSENT;
    if (!coherence_peek(coh, at, pte, sizeof *pte))
        return PAGE_IN_FLIGHT;
    return pte_is_well_formed(*pte, level) ? PAGE_MAPPED : PAGE_ABSENT;
}

enum page_answer oracle_read_table(struct coherence *coh, uint64_t satp, uint64_t vpn,
                                   struct tlb_entry *page)
{
    paddr_t table = satp_root(satp);
    for (unsigned level = satp_levels(satp) - 1;; level--) {
        uint64_t pte = 0;
        enum page_answer answer = read_entry(coh, pte_at(table, vpn, level), level, &pte);
        if (answer != PAGE_MAPPED)
            return answer;
        if (pte_is_leaf(pte)) {
            *page = pte_piece(satp, pte, vpn, level);
            return PAGE_MAPPED;
        }
        table = pte_frame(pte) << PAGE_SHIFT;
    }
}

/* Does the way from satp's root still lead to the table that the walk has reached? */
static enum page_answer path_leads(struct coherence *coh, uint64_t satp, const struct walk *w)
{
    paddr_t table = satp_root(satp);
    for (unsigned level = satp_levels(satp) - 1; level > w->level; level--) {
        uint64_t pte = 0;
        enum page_answer answer = read_entry(coh, pte_at(table, w->address, level), level, &pte);
        if (answer != PAGE_MAPPED)
            return answer;
        if (pte_is_leaf(pte))
            return PAGE_ABSENT;
        table = pte_frame(pte) << PAGE_SHIFT;
    }
    return table == w->table ? PAGE_MAPPED : PAGE_ABSENT;
}

/* ---- judging ------------------------------------------------------------------------ */

/* One judgement as it goes on. */
struct judgement {
    struct coherence *coh;
    struct oracle *oracle;
    struct shootdown *s;
    cycle_t now;
    bool in_flight; /* a line of a page table could not be read */
};

static bool in_range(const struct shootdown *s, uint64_t vpn)
{
    return vpn - s->page < s->pages;
}

static bool in_scope(const struct shootdown *s, uint64_t satp, uint16_t asid, bool global)
{
    switch (s->scope) {
    case SHOOTDOWN_OF_ROOT:
        return global || satp_root(satp) == satp_root(s->space);
    case SHOOTDOWN_OF_ASID:
        return global || asid == satp_space(s->space);
    default:
        return true;
    }
}

/* Does the entry let through what the page does not? */
static bool exceeds(const struct tlb_entry *entry, const struct tlb_entry *page)
{
    unsigned more = entry->bits & ~(unsigned)page->bits, other = entry->bits ^ page->bits;
    return entry->ppn != page->ppn || (more & (PTE_R | PTE_W | PTE_X | PTE_D)) || (other & PTE_U);
}

/* Is it what the guest says the mapping was? */
static bool is_old(const struct shootdown *s, const struct tlb_entry *entry)
{
    unsigned other = entry->bits ^ (unsigned)(s->old & 0xff);
    return s->old == 0 || (entry->ppn == pte_frame(s->old) + (entry->vpn - s->page) &&
                           !(other & (PTE_R | PTE_W | PTE_X | PTE_U)));
}

static bool is_stale(struct judgement *j, const struct tlb_entry *entry)
{
    struct tlb_entry page;
    if (j->s->gone)
        return true;
    enum page_answer answer = oracle_read_table(j->coh, j->s->space, entry->vpn, &page);
    j->in_flight |= answer == PAGE_IN_FLIGHT;
    return answer == PAGE_ABSENT || (answer == PAGE_MAPPED && exceeds(entry, &page));
}

/* The number under which this shootdown is kept for the report. */
static uint32_t number_of(struct judgement *j)
{
    struct oracle *o = j->oracle;
    if (j->s->number)
        return j->s->number;
    if (o->judged_count == o->judged_capacity) {
        o->judged_capacity = o->judged_capacity ? 2 * o->judged_capacity : 16;
        o->judged = mem_resize(o->judged, o->judged_capacity * sizeof *o->judged);
    }
    j->s->judged_at = j->now;
    j->s->number = o->judged_count + 1;
    o->judged[o->judged_count++] = *j->s;
    return j->s->number;
}

/* True when the entry has died now. */
static bool judge_entry(struct judgement *j, struct tlb_entry *entry,
                        const struct tlb_origin *origin)
{
    bool meant = entry->bits && !entry->dead && in_range(j->s, entry->vpn) &&
                 in_scope(j->s, origin->satp, entry->asid, entry->bits & PTE_G) &&
                 is_old(j->s, entry) && is_stale(j, entry);
    if (meant)
        entry->dead = number_of(j);
    return meant;
}

static unsigned judge_set(struct judgement *j, struct tlb *tlb, uint64_t set)
{
    unsigned died = 0;
    for (uint32_t way = 0; way < tlb->ways; way++) {
        struct tlb_entry *entry = &tlb->entry[set * tlb->ways + way];
        died += judge_entry(j, entry, tlb_origin(tlb, entry));
    }
    return died;
}

static unsigned judge_tlb(struct judgement *j, struct tlb *tlb)
{
    unsigned died = 0;
    uint64_t sets = j->s->pages < tlb->sets ? j->s->pages : tlb->sets;
    for (uint64_t n = 0; n < sets; n++)
        died += judge_set(j, tlb, (j->s->page + n) & (tlb->sets - 1));
    j->oracle->marked += died;
    return died;
}

/* A walk that comes from nowhere fills a dead entry; one whose way is right has yet
 * to read the leaf. */
static void judge_walk(struct judgement *j, struct hart *h)
{
    struct walk *w = &h->walk;
    if (!w->active || w->dead || !in_range(j->s, w->address) ||
        !in_scope(j->s, h->satp, satp_space(h->satp), w->global))
        return;
    enum page_answer way = j->s->gone ? PAGE_ABSENT : path_leads(j->coh, h->satp, w);
    j->in_flight |= way == PAGE_IN_FLIGHT;
    if (way == PAGE_ABSENT)
        w->dead = number_of(j);
}

static void judge_split(struct judgement *j, struct split *s)
{
    unsigned found = s->stage == SPLIT_NONE ? 0 : s->stage == SPLIT_ONE_FOUND ? 1 : 2;
    for (unsigned part = 0; part < found; part++)
        judge_entry(j, &s->via[part].entry, &s->via[part].origin);
}

/* The second line of an instruction, when it is at hand already. */
static void judge_behind(struct hart *h)
{
    if (h->behind_line != UINT64_MAX)
        h->behind_dead |= mmu_used(h, h->behind_line, ACCESS_FETCH).entry.dead != 0;
}

/* The earliest use of a tile in a cycle counts. */
static void use_stale(struct tile *t, const struct stale_use *use)
{
    if (!htif_stale_translation(t, use->by.cycle))
        return;
    t->oracle->use = *use;
    t->oracle->use.shootdown = t->oracle->judged[use->via.entry.dead - 1];
}

static void judge_stores(struct judgement *j, struct hart *h)
{
    for (uint64_t n = h->stores.left; n < h->stores.entered; n++) {
        struct store_origin *origin = store_buffer_origin(&h->stores, n);
        if (!judge_entry(j, &origin->via.entry, &origin->via.origin))
            continue;
        struct stale_use use = {.by = {j->now, origin->pc,
                                       origin->priv == PRIV_M ? 0 : origin->via.origin.satp, h->id,
                                       origin->priv},
                                .address = origin->address,
                                .kind = ACCESS_STORE,
                                .buffered = true,
                                .via = origin->via};
        use_stale(h->tile, &use);
    }
}

static void judge_hart(struct judgement *j, struct hart *h)
{
    unsigned died = judge_tlb(j, &h->itlb) + judge_tlb(j, &h->dtlb) + judge_tlb(j, &h->l2tlb);
    judge_walk(j, h);
    judge_split(j, &h->split);
    judge_behind(h);
    judge_stores(j, h);
    if (died)
        mmu_forget_views(h);
}

bool oracle_judge(struct tile *tiles, struct shootdown *s, cycle_t now)
{
    struct judgement j = {tiles->coherence, tiles->oracle, s, now, false};
    for (unsigned i = 0; i < config_tiles(tiles->cfg); i++)
        judge_hart(&j, tiles[i].hart);
    return !j.in_flight;
}

/* ---- using ---------------------------------------------------------------------------- */

void port_stale_use(struct hart *h, uint64_t address, enum access_kind kind,
                    const struct tlb_use *use)
{
    struct stale_use stale = {.by = place_of(h), .address = address, .kind = kind, .via = *use};
    use_stale(h->tile, &stale);
}

void oracle_straddled(struct tile *t)
{
    struct hart *h = t->hart;
    struct tlb_use use = mmu_used(h, h->behind_line, ACCESS_FETCH);
    h->behind_dead = false;
    if (use.entry.dead)
        port_stale_use(h, h->behind_line, ACCESS_FETCH, &use);
}
