/*
 * systemc-example MACHINE.yaml GUEST.elf [QUANTUM_NS]
 *
 * Runs a guest on a board whose device is written in SystemC.  The exit status is
 * that of `tessera run`.
 */
#include <cstdio>
#include <cstdlib>

#include "sim/systemc/board.hpp"

namespace
{

int usage(const char *text)
{
    fprintf(stderr, "systemc-example: %s\n", text);
    return EXIT_STATUS_USAGE;
}

int run(const config &cfg, const elf_image &image)
{
    tessera_chip_settings settings;
    settings.max_cycles = 100000000;
    settings.console = [](tile_id, const std::string &text) {
        fwrite(text.data(), 1, text.size(), stdout);
    };
    board top("board", cfg, image, settings);
    sc_core::sc_start();
    chip_explain(top.chip.handle(), stderr);
    return chip_exit_status(top.chip.handle());
}

} // namespace

int sc_main(int argc, char **argv)
{
    config cfg;
    elf_image image;
    error e;
    if (argc != 3 && argc != 4)
        return usage("MACHINE.yaml GUEST.elf [QUANTUM_NS]");
    double quantum = argc == 4 ? atof(argv[3]) : 1000;
    if (!(quantum >= 0 && quantum <= 1e9))
        return usage("a quantum is a number of nanoseconds, up to 1e9");
    if (!config_load(&cfg, argv[1], &e) ||
        !config_set(&cfg, "device.external_mib=1", "systemc-example", &e) ||
        !elf_load(&image, argv[2], &e)) {
        usage(e.text);
        return e.status;
    }
    sc_core::sc_report_handler::set_actions(sc_core::SC_INFO, sc_core::SC_DO_NOTHING);
    tlm::tlm_global_quantum::instance().set(sc_core::sc_time(quantum, sc_core::SC_NS));
    int status = run(cfg, image);
    elf_free(&image);
    return status;
}
