/* Replay of packets from a file: exact times, and what is refused. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "mesh/mesh.h"

static cycle_t asked; /* cycles; 0: all */
static char path[] = "/tmp/tessera-replay-XXXXXX.zst";

static void write_file(const char *name, const void *bytes, size_t count)
{
    FILE *f = fopen(name, "w");
    cr_assert_not_null(f);
    fwrite(bytes, 1, count, f);
    fclose(f);
}

static bool replay(const char *text, bool packed, struct mesh_result *result, struct error *e)
{
    char name[64], small[4096];
    int fd = mkstemps(path, 4);
    cr_assert_geq(fd, 0);
    close(fd);
    snprintf(name, sizeof name, "%s%s", path, packed ? "" : ".txt");
    size_t n = packed ? ZSTD_compress(small, sizeof small, text, strlen(text), 3) : strlen(text);
    write_file(name, packed ? small : text, n);
    struct config cfg;
    config_defaults(&cfg); /* 4x4, router_cycles 3 */
    const struct mesh_traffic traffic = {.replay = name, .cycles = asked};
    bool good = mesh_run_traffic(&cfg, &traffic, NULL, result, e);
    unlink(name);
    unlink(path);
    strcpy(path, "/tmp/tessera-replay-XXXXXX.zst");
    return good;
}

/* Alone in the mesh a packet takes 2 + 4 x routers + flits - 1 cycles. */
Test(replay, a_packet_alone_takes_the_zero_load_latency)
{
    struct mesh_result r;
    struct error e;
    cr_assert(replay("# cycle source destination flits\n100 0 15 1\n\n", false, &r, &e), "%s",
              e.text);
    cr_expect_eq(r.latency.count, 1);
    cr_expect_eq(r.latency.max, 2 + 4 * 7);
    cr_expect_eq(r.hops, 7);
    cr_expect_eq(r.flit_hops, 7);
}

/* Ten packets at once of one source leave one after the other, and wait for it. */
Test(replay, packets_of_one_cycle_wait_in_their_source)
{
    struct mesh_result r;
    struct error e;
    char text[512] = "";
    for (unsigned k = 0; k < 10; k++)
        strcat(text, "7 5 5 1\n");
    cr_assert(replay(text, false, &r, &e), "%s", e.text);
    cr_expect_eq(r.latency.count, 10);
    cr_expect_eq(r.latency.min, 6);
    cr_expect_eq(r.latency.max, 6 + 9);
    cr_expect_float_eq(r.network_latency, 6, 1e-9);
    cr_expect_float_eq(r.latency.mean, 6 + 4.5, 1e-9);
}

Test(replay, does_not_jump_beyond_the_cycles_that_are_asked_for)
{
    struct mesh_result r;
    struct error e;
    asked = 5000;
    cr_assert(replay("0 0 1 1\n9000000000000 1 0 5 1\n", false, &r, &e), "%s", e.text);
    cr_expect_eq(r.latency.count, 1);
    cr_expect_leq(r.cycles, 5000 + 2 * 1024); /* progress is looked at every 1,024 */
}

Test(replay, jumps_over_what_is_idle)
{
    struct mesh_result r;
    struct error e;
    cr_assert(replay("0 0 1 1\n9000000000000 1 0 5 1 # a long time\n", false, &r, &e), "%s",
              e.text);
    cr_expect_eq(r.latency.count, 2);
    cr_expect_eq(r.latency.min, 2 + 4 * 2);
    cr_expect_eq(r.latency.max, 2 + 4 * 2 + 4);
    cr_expect_eq(r.cycles, 9000000000000 + 2 + 4 * 2 + 4 + 1);
}

/* On virtual networks of their own two packets do not wait for one another's VC,
 * but share the injection link. */
Test(replay, virtual_networks_are_kept_apart)
{
    struct mesh_result r;
    struct error e;
    cr_assert(replay("0 0 3 4 0\n0 0 3 4 3\n", false, &r, &e), "%s", e.text);
    cr_expect_eq(r.latency.count, 2);
    cr_expect_leq(r.latency.max, 2 + 4 * 4 + 7);
}

Test(replay, reads_what_zstd_has_packed)
{
    struct mesh_result r;
    struct error e;
    cr_assert(replay("100 0 15 1\n", true, &r, &e), "%s", e.text);
    cr_expect_eq(r.latency.max, 2 + 4 * 7);
}

static void expect_refusal(const char *text, const char *words)
{
    struct mesh_result r;
    struct error e = {0};
    cr_expect_not(replay(text, false, &r, &e), "%s", text);
    cr_expect_eq(e.status, EXIT_STATUS_INPUT);
    cr_expect_not_null(strstr(e.text, words), "%s", e.text);
}

Test(replay, a_bad_line_is_refused_with_its_number)
{
    expect_refusal("5 0 1 1\n# later\n4 0 1 1\n", ".txt:3: cycle 4 is before cycle 5");
    expect_refusal("0 16 1 1\n",
                   ".txt:1: source 16: there is no such node; this mesh has nodes 0 to 15");
    expect_refusal("\n0 1 99 1\n", ".txt:2: destination 99");
    expect_refusal("0 1 2 0\n", ".txt:1: 0 flits");
    expect_refusal("0 1 2 65\n", ".txt:1: 65 flits");
    expect_refusal("0 1 2 1 4\n", ".txt:1: virtual network 4");
    expect_refusal("0 1 2\n", ".txt:1: 3 numbers");
    expect_refusal("0 1 2 1 0 7\n", ".txt:1: \"7\" is too much");
    expect_refusal("0 -1 2 1\n", ".txt:1: \"-1\" is not a whole number");
    expect_refusal("0 1 2 x\n", ".txt:1: \"x\" is not a whole number");
    expect_refusal("# nothing\n", "there is no packet in it");
}

Test(replay, a_file_that_is_not_there_is_refused)
{
    struct config cfg;
    struct mesh_result r;
    struct error e = {0};
    config_defaults(&cfg);
    cr_expect_not(
        mesh_run_traffic(&cfg, &(struct mesh_traffic){.replay = "/nowhere/x"}, NULL, &r, &e));
    cr_expect_eq(e.status, EXIT_STATUS_INPUT);
}
