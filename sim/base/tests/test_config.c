/*
 * Configuration: defaults, the ways in, every class of refusal, and that what
 * is printed reads back.
 */
#include "sim/base/config.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/base/mesh_faults.h"

static struct config cfg;

/* A folder of its own for the files of one test. */
static void enter_folder(void)
{
    char folder[] = "/tmp/tessera-test-XXXXXX";
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
}

static void leave_folder(void)
{
    char command[128], folder[96];
    cr_assert_not_null(getcwd(folder, sizeof folder));
    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert_eq(system(command), 0);
}

static void write_file(const char *name, const char *text)
{
    FILE *f = fopen(name, "w");
    cr_assert_not_null(f);
    fputs(text, f);
    fclose(f);
}

static void load_good(const char *text)
{
    struct error e = {0};
    write_file("m.yaml", text);
    cr_assert(config_load(&cfg, "m.yaml", &e), "%s", e.text);
}

static void expect_refused(const char *text, const char *message)
{
    struct error e = {0};
    write_file("m.yaml", text);
    cr_assert_not(config_load(&cfg, "m.yaml", &e), "accepted: %s", text);
    cr_expect_eq(e.status, EXIT_STATUS_INPUT);
    cr_expect_str_eq(e.text, message);
}

static void expect_set_refused(const char *assignment, const char *message)
{
    struct error e = {0};
    struct config before;
    config_defaults(&cfg);
    before = cfg;
    cr_assert_not(config_set(&cfg, assignment, "--set", &e), "accepted: %s", assignment);
    cr_expect_eq(e.status, EXIT_STATUS_USAGE);
    cr_expect_str_eq(e.text, message);
    cr_expect_eq(memcmp(&before, &cfg, sizeof cfg), 0, "a refused assignment changed something");
}

TestSuite(config, .init = enter_folder, .fini = leave_folder);

Test(config, defaults_are_a_good_machine)
{
    struct error e = {0};
    config_defaults(&cfg);
    cr_expect(config_check(&cfg, "defaults", &e), "%s", e.text);
    cr_expect_eq(cfg.mesh_width, 4);
    cr_expect_eq(cfg.sim_check, false);
    cr_expect_eq(cfg.memory_controllers.count, 1);
    cr_expect_eq(config_tiles(&cfg), 16);
}

Test(config, every_row_of_the_table_has_its_place)
{
    char before[8192], after[8192];
    for (unsigned i = 0; i < config_param_count; i++) {
        const struct param *p = &config_params[i];
        char assignment[128];
        struct error e = {0};
        config_defaults(&cfg);
        config_format(&cfg, p, before, sizeof before);
        if (p->type == PARAM_INT || p->type == PARAM_LIST)
            snprintf(assignment, sizeof assignment, "%s=%u", p->key, p->max);
        else if (p->type == PARAM_BOOL)
            snprintf(assignment, sizeof assignment, "%s=%s", p->key,
                     strcmp(before, "true") == 0 ? "false" : "true");
        else if (p->type == PARAM_TEXT)
            snprintf(assignment, sizeof assignment, "%s=any, text; at all", p->key);
        else
            snprintf(assignment, sizeof assignment, "%s=%s", p->key,
                     strrchr(p->choices, '|') ? strrchr(p->choices, '|') + 1 : p->choices);
        cr_assert(config_set(&cfg, assignment, "--set", &e), "%s", e.text);
        config_format(&cfg, p, after, sizeof after);
        cr_expect_str_eq(after, strchr(assignment, '=') + 1);
    }
}

Test(config, a_file_is_laid_over_the_defaults)
{
    load_good("mesh: {width: 2, height: 3}\nmemory:\n  controllers: [0, 5]\nsim:\n  check: true\n");
    cr_expect_eq(cfg.mesh_width, 2);
    cr_expect_eq(cfg.mesh_height, 3);
    cr_expect_eq(cfg.mesh_vcs, 4);
    cr_expect_eq(cfg.memory_controllers.count, 2);
    cr_expect_eq(cfg.memory_controllers.item[1], 5);
    cr_expect(cfg.sim_check);
    cr_expect_str_eq(cfg.name, "m");
}

Test(config, a_file_is_laid_over_the_one_it_extends)
{
    cr_assert_eq(system("mkdir sub"), 0);
    write_file("sub/base.yaml", "name: old\nmesh: {width: 2, height: 2}\nl1d: {kib: 32}\n");
    load_good("extends: sub/base.yaml\nmesh: {width: 8}\n");
    cr_expect_eq(cfg.mesh_width, 8);
    cr_expect_eq(cfg.mesh_height, 2);
    cr_expect_eq(cfg.l1d_kib, 32);
    cr_expect_str_eq(cfg.name, "m");
    load_good("name: mine\ndescription: words\nmesh:\n");
    cr_expect_str_eq(cfg.name, "mine");
}

Test(config, what_is_printed_reads_back_the_same)
{
    char text[8192] = "";
    load_good("name: a.b\nmesh: {width: 5, height: 2}\nmemory: {controllers: [9, 0, 3]}\n"
              "sim: {tile_order: shuffled, check: true, seed: 4294967295}\n");
    struct config first = cfg;
    FILE *f = fmemopen(text, sizeof text, "w");
    config_print(&cfg, f);
    fclose(f);
    load_good(text);
    cr_expect_eq(memcmp(&first, &cfg, sizeof cfg), 0, "%s", text);
}

Test(config, the_hash_covers_what_can_change_a_result)
{
    struct error e = {0};
    config_defaults(&cfg);
    uint64_t plain = config_hash(&cfg);
    snprintf(cfg.name, sizeof cfg.name, "other");
    cr_assert(config_set(&cfg, "sim.tile_order=reverse", "--set", &e));
    cr_expect_eq(config_hash(&cfg), plain);
    cr_assert(config_set(&cfg, "mesh.vcs=2", "--set", &e));
    cr_expect_neq(config_hash(&cfg), plain);
    config_defaults(&cfg);
    cr_assert(config_set(&cfg, "memory.controllers=1", "--set", &e));
    cr_expect_neq(config_hash(&cfg), plain);
}

Test(config, refuses_a_misspelt_key_and_names_the_nearest)
{
    expect_refused("mesh:\n  height: 2\n  widht: 3\n",
                   "m.yaml:3: mesh.widht: no such parameter; did you mean mesh.width?");
    expect_refused("\nmehs: {width: 3}\n", "m.yaml:2: mehs: no such section; did you mean mesh?");
    expect_refused("mesh: {qqqqqqqqqqqqqqq: 3}\n",
                   "m.yaml:1: mesh.qqqqqqqqqqqqqqq: no such parameter");
    expect_refused("mesh.width: 3\n", "m.yaml:1: mesh.width: belongs inside its section, as in "
                                      "`mesh: {width: 4}`");
    expect_set_refused("mesh.widht=3",
                       "--set: mesh.widht: no such parameter; did you mean mesh.width?");
    expect_set_refused("mesh.width", "--set: mesh.width: write it as SECTION.NAME=VALUE");
    expect_set_refused("=3", "--set: =3: write it as SECTION.NAME=VALUE");
    expect_set_refused("mesh=3",
                       "--set: mesh: is a section; write SECTION.NAME=VALUE (tessera list "
                       "params)");
}

Test(config, refuses_a_value_of_the_wrong_type)
{
    expect_refused("mesh:\n  width: abc\n", "m.yaml:2: mesh.width: \"abc\" is not an integer");
    expect_refused("mesh: {width: 4.5}\n", "m.yaml:1: mesh.width: \"4.5\" is not an integer");
    expect_refused("mesh: {width: }\n", "m.yaml:1: mesh.width: \"\" is not an integer");
    expect_refused("mesh: {width: [1, 2]}\n", "m.yaml:1: mesh.width: \"1,2\" is not an integer");
    expect_refused("mesh:\n  width: {a: 1}\n",
                   "m.yaml:2: mesh.width: a value or a list of values is expected");
    expect_refused("sim: {check: 1}\n", "m.yaml:1: sim.check: \"1\" is neither true nor false");
    expect_refused("sim: {tile_order: revers}\n",
                   "m.yaml:1: sim.tile_order: \"revers\" is not one of forward|reverse|shuffled; "
                   "did you mean reverse?");
    expect_refused("mesh: 4\n", "m.yaml:1: mesh: is a section: parameters are expected in it");
    expect_refused("- mesh\n", "m.yaml:1: machine: a map of sections is expected");
}

Test(config, refuses_a_value_out_of_range)
{
    expect_refused("mesh:\n  width: 200\n",
                   "m.yaml:2: mesh.width: 200 is out of range 1..128 (routers)");
    expect_refused("mesh: {width: -1}\n",
                   "m.yaml:1: mesh.width: -1 is out of range 1..128 (routers)");
    expect_refused("mesh: {width: 99999999999999999999}\n",
                   "m.yaml:1: mesh.width: 99999999999999999999 is out of range 1..128 (routers)");
    expect_refused("memory: {controllers: [0, 16384]}\n",
                   "m.yaml:1: memory.controllers: 16384 is out of range 0..16383 (tile)");
    expect_set_refused("sim.seed=4294967296",
                       "--set: sim.seed: 4294967296 is out of range 0..4294967295");
}

Test(config, refuses_a_controller_on_a_tile_that_does_not_exist)
{
    expect_refused("mesh: {width: 2, height: 2}\nmemory:\n  controllers: [0, 4]\n",
                   "m.yaml:3: memory.controllers: tile 4 does not exist; this chip has tiles 0..3");
    expect_refused("memory: {controllers: [1, 2, 1]}\n",
                   "m.yaml:1: memory.controllers: tile 1 is named twice");
    expect_refused("memory: {controllers: []}\n",
                   "m.yaml:1: memory.controllers: at least one tile needs a memory controller");
}

Test(config, names_the_file_that_gave_the_value_in_conflict)
{
    write_file("base.yaml", "\nmemory: {controllers: [15]}\n");
    expect_refused("extends: base.yaml\nmesh: {width: 2}\n",
                   "base.yaml:2: memory.controllers: tile 15 does not exist; this chip has tiles "
                   "0..7 (m.yaml extends it)");
}

Test(config, names_the_extending_file_in_any_mistake_of_the_base)
{
    write_file("base.yaml", "mesh: {widht: 2}\n");
    expect_refused("extends: base.yaml\n", "base.yaml:1: mesh.widht: no such parameter; did you "
                                           "mean mesh.width? (m.yaml extends it)");
    write_file("base.yaml", "mesh: [\n");
    write_file("middle.yaml", "extends: base.yaml\n");
    expect_refused("extends: middle.yaml\n",
                   "base.yaml:2: did not find expected node content (m.yaml extends it)");
}

Test(config, a_conflict_is_placed_where_its_last_part_was_given)
{
    write_file("base.yaml", "\n\nl1d: {kib: 16}\n");
    expect_refused("extends: base.yaml\nl1d: {ways: 3}\n",
                   "m.yaml:2: l1d.kib, l1d.ways: 16 KiB in 3 ways of 64-byte lines do not give a "
                   "power of two of sets");
    expect_refused("l1d:\n  ways: 3\n  kib: 16\n",
                   "m.yaml:3: l1d.kib, l1d.ways: 16 KiB in 3 ways of 64-byte lines do not give a "
                   "power of two of sets");
}

Test(config, a_list_may_stand_in_brackets)
{
    static const char *const spellings[] = {"0,9", "[0,9]", "[ 0 , 9 ]", "0, 9"};
    for (unsigned i = 0; i < 4; i++) {
        char assignment[64];
        struct error e = {0};
        config_defaults(&cfg);
        snprintf(assignment, sizeof assignment, "memory.controllers=%s", spellings[i]);
        cr_assert(config_set(&cfg, assignment, "--set", &e), "%s", e.text);
        cr_expect_eq(cfg.memory_controllers.count, 2);
        cr_expect_eq(cfg.memory_controllers.item[1], 9);
    }
    expect_set_refused("memory.controllers=[0,9", "--set: memory.controllers: \"[0\" is not an "
                                                  "integer");
}

Test(config, refuses_an_empty_machine)
{
    expect_refused("", "m.yaml:1: machine: the file is empty; give it a section, as in `mesh: "
                       "{width: 4}`");
    expect_refused("# words\n", "m.yaml:2: machine: the file is empty; give it a section, as in "
                                "`mesh: {width: 4}`");
}

Test(config, refuses_a_cache_whose_sets_are_no_power_of_two)
{
    expect_refused(
        "l1d: {kib: 12, ways: 4}\n",
        "m.yaml:1: l1d.kib, l1d.ways: 12 KiB in 4 ways of 64-byte lines do not give a power of "
        "two of sets");
    expect_refused(
        "l1i: {kib: 16, ways: 3}\n",
        "m.yaml:1: l1i.kib, l1i.ways: 16 KiB in 3 ways of 64-byte lines do not give a power of "
        "two of sets");
    load_good("l1d: {kib: 12, ways: 3}\nl1i: {kib: 1, ways: 16}\n");
}

Test(config, refuses_a_chip_that_is_too_large)
{
    expect_refused("mesh: {width: 128, height: 128, concentration: 2}\n",
                   "m.yaml:1: mesh.width, mesh.height, mesh.concentration: 128 x 128 routers of 2 "
                   "tiles are 32768 tiles; at most 16384 are possible");
}

Test(config, refuses_an_external_window_in_dram_or_on_no_tile)
{
    expect_refused("device: {external_mib: 64, external_base_mib: 2000}\n",
                   "m.yaml:1: device.external_base_mib, device.external_mib: the window ends at "
                   "2064 MiB, in DRAM, which begins at 2048 MiB");
    expect_refused("device: {external_mib: 1, external_tile: 16}\n",
                   "m.yaml:1: device.external_tile: there is no tile 16: the machine has 16 tiles");
}

Test(config, refuses_flits_and_slots_that_do_not_fit)
{
    expect_refused("mesh: {flit_bits: 100}\n",
                   "m.yaml:1: mesh.flit_bits: 100 is not a multiple of 8");
    expect_refused("message: {slots: 8, queues: 9}\n",
                   "m.yaml:1: message.slots, message.queues: 8 messages cannot give each of the 9 "
                   "receive queues one");
}

Test(config, a_condition_broken_by_an_option_is_bad_usage)
{
    struct error e = {0};
    config_defaults(&cfg);
    cr_assert(config_set(&cfg, "memory.controllers=99", "--set", &e));
    cr_assert_not(config_check(&cfg, "--set", &e));
    cr_expect_eq(e.status, EXIT_STATUS_USAGE);
    cr_expect_str_eq(e.text, "--set: memory.controllers: tile 99 does not exist; this chip has "
                             "tiles 0..15");
}

Test(config, refuses_a_missing_file_and_a_circle)
{
    struct error e = {0};
    cr_assert_not(config_load(&cfg, "none.yaml", &e));
    cr_expect_eq(e.status, EXIT_STATUS_INPUT);
    cr_expect_str_eq(e.text, "none.yaml: No such file or directory");
    expect_refused("\nextends: none.yaml\n",
                   "m.yaml:2: extends: none.yaml: No such file or directory");
    write_file("m.yaml", "extends: m.yaml\n");
    cr_assert_not(config_load(&cfg, "m.yaml", &e));
    cr_expect_not_null(strstr(e.text, "extends: a chain of more than 8 files"), "%s", e.text);
}

Test(config, refuses_a_name_that_could_not_be_printed)
{
    expect_refused("name: 'a b'\n",
                   "m.yaml:1: name: letters, digits and . _ + - are expected, at most 63");
}

/* ---- conditions of the mesh ------------------------------------------------ */

static void expect_condition_refused(const char *const *assignments, const char *message)
{
    struct error e = {0};
    config_defaults(&cfg);
    for (; *assignments; assignments++)
        cr_assert(config_set(&cfg, *assignments, "--set", &e), "%s", e.text);
    cr_assert_not(config_check(&cfg, "--set", &e), "accepted");
    cr_expect_str_eq(e.text, message);
}
#define SET(...) ((const char *const[]){__VA_ARGS__, NULL})

Test(config, a_routing_that_needs_more_vcs_is_refused)
{
    expect_condition_refused(
        SET("mesh.routing=o1turn", "mesh.vcs=1"),
        "--set: mesh.routing, mesh.vcs: o1turn needs at least 2 VCs in each virtual "
        "network: one for xy and one for yx");
    expect_condition_refused(SET("mesh.routing=adaptive", "mesh.vcs=1"),
                             "--set: mesh.routing, mesh.vcs: adaptive needs at least 2 VCs in each "
                             "virtual network: one of them is the escape");
}

Test(config, faults_are_refused_with_what_would_be_right)
{
    static const struct {
        const char *text, *message;
    } row[] = {
        {"link 3,2", "\"link 3,2\": a link leads east, west, north or south"},
        {"link 1,1 eest",
         "\"link 1,1 eest\": a link leads east, west, north or south; did you mean "
         "east?"},
        {"link 3,2 east", "\"link 3,2 east\": router 3,2 has no neighbour in the east"},
        {"link 0,0 south", "\"link 0,0 south\": router 0,0 has no neighbour in the south"},
        {"router 4,0", "\"router 4,0\": there is no router 4,0; this mesh has 0,0 to 3,3"},
        {"router 4", "\"router 4\": a router is written X,Y as in router 1,0"},
        {"router 1,1 5000", "\"router 1,1 5000\": only @CYCLE may follow, as in @5000"},
        {"router 1,1 @x", "\"router 1,1 @x\": @x: a cycle is @0 to @4294967295"},
        {"drop 2", "\"drop 2\": a chance from 0 to below 1 is expected, as in drop 1e-6"},
        {"seed x", "\"seed x\": a seed is a number from 0 to 4294967295, as in seed 7"},
        {"drop 0.1;;", "\"\": an empty item; one semicolon stands between two items"},
        {"lnik 1,1 east", "\"lnik 1,1 east\": link, router, drop, corrupt or seed is expected; did "
                          "you mean link?"},
    };
    for (unsigned k = 0; k < sizeof row / sizeof *row; k++) {
        char assignment[128], message[256];
        snprintf(assignment, sizeof assignment, "mesh.faults=%s", row[k].text);
        snprintf(message, sizeof message, "--set: mesh.faults: %s", row[k].message);
        expect_condition_refused(SET("mesh.routing=table", assignment), message);
    }
    expect_condition_refused(
        SET("mesh.faults=router 1,1"),
        "--set: mesh.faults, mesh.routing: only table routing goes around broken "
        "links and routers: give mesh.routing=table");
}

Test(config, faults_are_read)
{
    struct mesh_faults f;
    char problem[256];
    cr_assert(mesh_faults_parse(" link 2,1 north @70 ; router 3,0; drop 0.5; corrupt 0.25; seed 9",
                                4, 4, &f, problem, sizeof problem),
              "%s", problem);
    cr_expect_eq(f.count, 2);
    cr_expect_eq(f.item[0].kind, MESH_FAULT_LINK);
    cr_expect_eq(f.item[0].x, 2);
    cr_expect_eq(f.item[0].y, 1);
    cr_expect_eq(f.item[0].direction, MESH_NORTH);
    cr_expect_eq(f.item[0].at, 70);
    cr_expect_eq(f.item[1].kind, MESH_FAULT_ROUTER);
    cr_expect_eq(f.item[1].x, 3);
    cr_expect_eq(f.item[1].at, 0);
    cr_expect_eq(f.drop, UINT64_C(1) << 63);
    cr_expect_eq(f.corrupt, UINT64_C(1) << 62);
    cr_expect_eq(f.seed, 9);
}

Test(config, refuses_directories_that_make_no_sense)
{
    expect_refused(
        "coherence: {directory: coarse, group: 17}\n",
        "m.yaml:1: coherence.group, mesh.width, mesh.height, mesh.concentration: a group "
        "of 17 tiles on a chip of 16");
    expect_refused("coherence: {directory: sparse, sparse_sets: 24}\n",
                   "m.yaml:1: coherence.sparse_sets: 24 is not a power of two");
    expect_refused(
        "coherence: {directory: sparse, mshrs: 1}\n",
        "m.yaml:1: coherence.mshrs, coherence.directory: a sparse directory needs two at "
        "least: for a line that waits for an entry, and for the line that is recalled to "
        "free it");
    expect_refused(
        "coherence: {directory: probe, clean_evictions: noisy}\n",
        "m.yaml:1: coherence.clean_evictions, coherence.directory: noisy evictions have no "
        "directory to tell");
    expect_refused("l1d: {kib: 12, ways: 3, replacement: tree-plru}\n",
                   "m.yaml:1: l1d.replacement, l1d.ways: no binary tree has 3 leaves");
}
