/* Sweep files: how grids multiply out, and every class of refusal. */
#include "sim/cli/sweep_file.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <string.h>
#include <unistd.h>

static struct sweep *sweep;

static void write_file(const char *name, const char *text)
{
    FILE *f = fopen(name, "w");
    cr_assert_not_null(f);
    fputs(text, f);
    fclose(f);
}

static void enter_folder(void)
{
    char folder[] = "/tmp/tessera-test-XXXXXX";
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
    write_file("m.yaml", "mesh: {width: 2, height: 2}\n");
    write_file("n.yaml", "mesh: {width: 4, height: 4}\n");
}

static void leave_folder(void)
{
    char command[128], folder[96];
    sweep_free(sweep);
    cr_assert_not_null(getcwd(folder, sizeof folder));
    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert_eq(system(command), 0);
}

static void load_good(const char *text)
{
    struct error e = {0};
    write_file("s.yaml", text);
    sweep = sweep_load("s.yaml", NULL, &e);
    cr_assert_not_null(sweep, "%s", e.text);
}

static void expect_refused(const char *text, const char *message)
{
    struct error e = {0};
    write_file("s.yaml", text);
    cr_assert_null(sweep_load("s.yaml", NULL, &e), "accepted: %s", text);
    cr_expect_eq(e.status, EXIT_STATUS_INPUT);
    cr_expect_str_eq(e.text, message);
}

TestSuite(sweep_file, .init = enter_folder, .fini = leave_folder);

Test(sweep_file, the_last_axis_turns_fastest)
{
    load_good("machine: m.yaml\nguest: g.elf\nmax_cycles: 77\n"
              "bootargs: bench=x m={mode} c={cores} end\n"
              "grid:\n  mode: [a, b]\n  cores: [1, 2]\n");
    static const char *const bootargs[] = {"bench=x m=a c=1 end", "bench=x m=a c=2 end",
                                           "bench=x m=b c=1 end", "bench=x m=b c=2 end"};
    cr_assert_eq(sweep->count, 4);
    for (unsigned i = 0; i < 4; i++) {
        cr_expect_str_eq(sweep->point[i].request.bootargs, bootargs[i]);
        cr_expect_eq(sweep->point[i].request.max_cycles, 77);
        cr_expect_str_eq(sweep->point[i].request.guest, "g.elf");
    }
    cr_expect_str_eq(sweep->point[3].label, "mode=b cores=2");
    cr_expect_str_eq(sweep->name, "s");
}

Test(sweep_file, several_grids_follow_one_another)
{
    load_good("name: mine\nfigure: update\ndescription: words\nmachine: m.yaml\n"
              "bootargs: m={mode} c={cores}\n"
              "grids:\n  - {mode: [a, b], cores: 1}\n  - {mode: c, cores: [2, 3]}\n");
    cr_assert_eq(sweep->count, 4);
    cr_expect_str_eq(sweep->point[1].request.bootargs, "m=b c=1");
    cr_expect_str_eq(sweep->point[3].request.bootargs, "m=c c=3");
    cr_expect_str_eq(sweep->name, "mine");
    cr_expect_str_eq(sweep->figure, "update");
    cr_expect_str_eq(sweep->description, "words");
}

Test(sweep_file, an_axis_with_a_dot_sets_a_parameter)
{
    struct config cfg;
    struct error e = {0};
    load_good("machine: m.yaml\nset: {sim.seed: 5, memory.controllers: [0, 3]}\n"
              "grid:\n  mesh.vcs: [1, 2]\n  memory.latency_cycles: [50]\n");
    cr_assert_eq(sweep->count, 2);
    cr_assert(request_resolve(&sweep->point[1].request, &cfg, &e), "%s", e.text);
    cr_expect_eq(cfg.mesh_vcs, 2);
    cr_expect_eq(cfg.memory_latency_cycles, 50);
    cr_expect_eq(cfg.sim_seed, 5);
    cr_expect_eq(cfg.memory_controllers.count, 2);
}

Test(sweep_file, every_machine_gets_all_points)
{
    load_good("machine: [m.yaml, n.yaml]\nbootargs: c={cores}\ngrid: {cores: [1, 2]}\n");
    cr_assert_eq(sweep->count, 4);
    cr_expect_str_eq(sweep->point[0].label, "m.yaml cores=1");
    cr_expect_str_eq(sweep->point[3].label, "n.yaml cores=2");
}

Test(sweep_file, refuses_two_machines_of_one_name)
{
    cr_assert_eq(mkdir("sub", 0777), 0);
    write_file("sub/m.yaml", "mesh: {width: 1, height: 1}\n");
    expect_refused("machine: [m.yaml, n.yaml, sub/m.yaml]\ngrid: {mesh.vcs: [1]}\n",
                   "s.yaml:1: machine: m.yaml and sub/m.yaml are both named m; give one a name "
                   "of its own (name: ...)");
    load_good("machine: [m.yaml, m.yaml]\ngrid: {mesh.vcs: [1]}\n");
}

Test(sweep_file, machines_are_found_beside_the_sweep)
{
    struct error e = {0};
    cr_assert_eq(mkdir("sub", 0777), 0);
    write_file("sub/t.yaml", "machine: ../m.yaml\ngrid: {mesh.vcs: [1]}\n");
    sweep = sweep_load("sub/t.yaml", "other.elf", &e);
    cr_assert_not_null(sweep, "%s", e.text);
    cr_expect_str_eq(sweep->point[0].request.machine, "m.yaml");
    cr_expect_str_eq(sweep->point[0].request.guest, "other.elf");
}

Test(sweep_file, refuses_a_parameter_that_does_not_exist)
{
    expect_refused("machine: m.yaml\ngrid:\n  mesh.vsc: [1, 2]\n",
                   "s.yaml:3: mesh.vsc: no such parameter; did you mean mesh.vcs?");
    expect_refused("machine: m.yaml\nset:\n  mesh.widht: 3\ngrid: {mesh.vcs: [1]}\n",
                   "s.yaml:3: mesh.widht: no such parameter; did you mean mesh.width?");
    expect_refused("machine: m.yaml\ngrid: {mesh.vcs: [1, 99]}\n",
                   "s.yaml:2: mesh.vcs: 99 is out of range 1..8 (VCs)");
}

Test(sweep_file, refuses_a_placeholder_that_does_not_exist)
{
    expect_refused("machine: m.yaml\nbootargs: c={cores}\ngrid:\n  corse: [1]\n",
                   "s.yaml:4: corse: no such placeholder in bootargs (a parameter's name has a "
                   "dot); did you mean cores?");
    expect_refused("machine: m.yaml\nbootargs: c={cores} m={mode}\ngrid:\n  cores: [1]\n",
                   "s.yaml:2: bootargs: {mode} has no values in the grid of line 4");
}

Test(sweep_file, refuses_unknown_keys_and_figures)
{
    expect_refused("machin: m.yaml\ngrid: {}\n",
                   "s.yaml:1: machin: no such key of a sweep; did you mean machine?");
    expect_refused("machine: m.yaml\nfigure: updat\ngrid: {}\n",
                   "s.yaml:2: updat: no such figure; did you mean update?");
}

Test(sweep_file, refuses_a_file_without_machine_or_grid)
{
    expect_refused("grid: {mesh.vcs: [1]}\n", "s.yaml:1: machine: is missing");
    expect_refused("machine: m.yaml\n", "s.yaml:1: grid: either grid or grids is expected");
    expect_refused("machine: m.yaml\ngrid: {mesh.vcs: []}\n",
                   "s.yaml:2: mesh.vcs: a list of values is expected");
    expect_refused("machine: m.yaml\nmax_cycles: soon\ngrid: {mesh.vcs: 1}\n",
                   "s.yaml:2: max_cycles: a whole number is expected");
    expect_refused("machine: m.yaml\ngrids: {mesh.vcs: 1}\n",
                   "s.yaml:2: grids: a list of grids is expected");
}

Test(sweep_file, refuses_a_machine_that_is_missing_or_cannot_be)
{
    expect_refused("machine: none.yaml\ngrid: {mesh.vcs: 1}\n",
                   "none.yaml: No such file or directory (a machine of s.yaml)");
    expect_refused("machine: m.yaml\ngrid:\n  memory.controllers: [0, 9]\n",
                   "s.yaml:3: memory.controllers: tile 9 does not exist; this chip has tiles 0..3");
}
