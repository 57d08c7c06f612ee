/* The tables as texts: complete, consistent, and printed in the README as they are. */
#include <stdlib.h>

#include "coherence/tests/harness.h"

static const char README[] = "coherence/README.md"; /* tests run at the repository's root */
static const char HEADING[] = "\n## Tables\n\n";

static char *read_file(const char *path)
{
    FILE *in = fopen(path, "r");
    cr_assert_not_null(in, "%s cannot be opened", path);
    static char text[1 << 18];
    text[fread(text, 1, sizeof text - 1, in)] = '\0';
    fclose(in);
    return text;
}

static char *print_tables(void)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    coherence_print_tables(out);
    fclose(out);
    return text;
}

static void write_readme(const char *head, size_t head_bytes, const char *tables)
{
    FILE *out = fopen(README, "w");
    cr_assert_not_null(out);
    fwrite(head, 1, head_bytes, out);
    fputs(tables, out);
    fclose(out);
}

Test(tables, the_readme_shows_the_rows_as_they_are)
{
    char *text = read_file(README), *tables = print_tables(), *at = strstr(text, HEADING);
    cr_assert_not_null(at, "no heading for the tables");
    at += strlen(HEADING);
    if (getenv("UPDATE_README"))
        write_readme(text, (size_t)(at - text), tables);
    else
        cr_assert(strcmp(at, tables) == 0, "run with UPDATE_README=1");
    free(tables);
}

/* Every event is the business of some row of some protocol. */
Test(tables, every_event_has_a_row)
{
    for (unsigned e = 0; e < L1_EVENTS; e++) {
        unsigned rows = 0;
        for (unsigned p = 0; p < PROTOCOLS; p++)
            for (unsigned s = 0; s < L1_STATES; s++)
                rows += protocol_find(p)->l1[s][e].legal;
        cr_expect_gt(rows, 0, "L1D event %s", l1_event_info[e].name);
    }
    for (unsigned e = 0; e < HOME_EVENTS; e++) {
        unsigned rows = 0;
        for (unsigned p = 0; p < PROTOCOLS; p++)
            for (unsigned s = 0; s < HOME_STATES; s++)
                rows += protocol_find(p)->home[s][e].legal;
        cr_expect_gt(rows, 0, "home event %s", home_event_info[e].name);
    }
}

/* Requests wait outside the table while a line is busy. */
Test(tables, busy_home_states_take_responses_only)
{
    for (unsigned p = 0; p < PROTOCOLS; p++)
        for (unsigned s = 0; s < HOME_STATES; s++)
            for (unsigned e = 0; e < HOME_EVENTS; e++)
                if (protocol_find(p)->home[s][e].legal)
                    cr_expect_eq(home_state_info[s].busy, e >= HOME_EVENT_MemData, "%s (%s, %s)",
                                 protocol_find(p)->name, home_state_info[s].name,
                                 home_event_info[e].name);
}

/* Is the state one of this protocol's? */
static bool has_state(const struct protocol *protocol, unsigned state)
{
    for (unsigned e = 0; e < L1_EVENTS; e++)
        if (protocol->l1[state][e].legal)
            return true;
    return false;
}

/* A line that a transaction pins, or that waits to be acknowledged, answers an
 * access with a wait or a refusal; every other copy with a hit or a request. */
static void expect_accesses_answered(const struct protocol *protocol, unsigned s)
{
    const struct l1_row *load = &protocol->l1[s][L1_EVENT_Load];
    const struct l1_row *store = &protocol->l1[s][L1_EVENT_Store];
    cr_expect(load->legal && store->legal, "%s %s", protocol->name, l1_state_info[s].name);
    if (l1_state_info[s].place != PLACE_FRAME)
        cr_expect(load->next == s && store->next == s, "%s %s", protocol->name,
                  l1_state_info[s].name);
}

Test(tables, every_L1_state_says_what_an_access_does)
{
    for (unsigned p = 0; p < PROTOCOLS; p++)
        for (unsigned s = 0; s < L1_STATES; s++)
            if (has_state(protocol_find(p), s))
                expect_accesses_answered(protocol_find(p), s);
}

/* Where a row leads, there are rows to go on. */
Test(tables, no_row_leads_to_a_state_without_rows)
{
    for (unsigned p = 0; p < PROTOCOLS; p++)
        for (unsigned s = 0; s < L1_STATES; s++)
            for (unsigned e = 0; e < L1_EVENTS; e++) {
                const struct l1_row *row = &protocol_find(p)->l1[s][e];
                if (row->legal)
                    cr_expect(has_state(protocol_find(p), row->next), "%s (%s, %s)",
                              protocol_find(p)->name, l1_state_info[s].name, l1_event_info[e].name);
            }
}

Test(tables, responses_go_to_whoever_may_not_refuse_them)
{
    for (unsigned i = 0; i < COH_TYPES; i++) {
        const struct coh_msg_info *info = &coh_msg_info[i];
        if (info->vnet == VNET_REQUEST)
            cr_expect_eq(info->to, AGENT_HOME, "%s", info->name);
        if (info->to == AGENT_MEMORY)
            cr_expect_eq(info->vnet, VNET_FORWARD, "%s", info->name);
    }
}
