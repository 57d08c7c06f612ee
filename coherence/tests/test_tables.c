/* The tables as texts: complete, consistent, and printed in the README as they are. */
#include <stdlib.h>

#include "coherence/tests/harness.h"

static const char README[] = "coherence/README.md"; /* tests run at the repository's root */
static const char HEADING[] = "\n## Tables\n\n";

static char *read_file(const char *path)
{
    FILE *in = fopen(path, "r");
    cr_assert_not_null(in, "%s cannot be opened", path);
    static char text[1 << 16];
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

/* Is there a row for this event in any state of any protocol? */
static bool l1_event_is_used(unsigned e)
{
    bool used = false;
    for (unsigned p = 0; p < protocol_count; p++)
        for (unsigned s = 0; s < L1_STATES; s++)
            used |= protocol_find(p)->l1[s][e].legal;
    return used;
}

static bool home_event_is_used(unsigned e)
{
    bool used = false;
    for (unsigned p = 0; p < protocol_count; p++)
        for (unsigned s = 0; s < HOME_STATES; s++)
            used |= protocol_find(p)->home[s][e].legal;
    return used;
}

/* Every response that an agent can be sent moves on, or is counted by, some state. */
Test(tables, every_event_has_a_row)
{
    for (unsigned e = 0; e < L1_EVENTS; e++)
        cr_expect(l1_event_is_used(e), "L1D event %s", l1_event_info[e].name);
    for (unsigned e = 0; e < HOME_EVENTS; e++)
        cr_expect(home_event_is_used(e), "home event %s", home_event_info[e].name);
}

/* Requests wait outside the table while a line is busy. */
Test(tables, busy_home_states_take_responses_only)
{
    for (unsigned p = 0; p < protocol_count; p++)
        for (unsigned s = 0; s < HOME_STATES; s++)
            for (unsigned e = 0; e < HOME_EVENTS; e++)
                if (protocol_find(p)->home[s][e].legal)
                    cr_expect_eq(home_state_info[s].busy, e >= HOME_EVENT_MemData, "%s: (%s, %s)",
                                 protocol_find(p)->name, home_state_info[s].name,
                                 home_event_info[e].name);
}

/* Does the protocol know this state at all? */
static bool l1_state_is_used(const struct protocol *protocol, unsigned s)
{
    bool used = false;
    for (unsigned e = 0; e < L1_EVENTS; e++)
        used |= protocol->l1[s][e].legal;
    return used;
}

/* A line that a transaction pins, or that waits to be acknowledged, answers an
 * access with a wait or a refusal; every other copy with a hit or a request. */
static void check_accesses(const struct protocol *protocol, unsigned s)
{
    const struct l1_row *load = &protocol->l1[s][L1_EVENT_Load];
    const struct l1_row *store = &protocol->l1[s][L1_EVENT_Store];
    cr_expect(load->legal && store->legal, "%s: %s", protocol->name, l1_state_info[s].name);
    if (l1_state_info[s].place != PLACE_FRAME)
        cr_expect(load->next == s && store->next == s, "%s: %s", protocol->name,
                  l1_state_info[s].name);
}

Test(tables, every_L1_state_says_what_an_access_does)
{
    for (unsigned p = 0; p < protocol_count; p++)
        for (unsigned s = 0; s < L1_STATES; s++)
            if (l1_state_is_used(protocol_find(p), s))
                check_accesses(protocol_find(p), s);
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
