/*
 * systemc-example MACHINE.yaml GUEST.elf [QUANTUM_NS]
 *
 * Runs a guest on a board whose device is written in SystemC.  The exit status is
 * that of `tessera run`.
 */
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "sim/systemc/board.hpp"

namespace
{

int usage(const char *text)
{
    fprintf(stderr, "systemc-example: %s\n", text);
    return EXIT_STATUS_USAGE;
}

int help()
{
    puts("Usage: systemc-example MACHINE.yaml GUEST.elf [QUANTUM_NS]\n"
         "Shows a Tessera chip inside a SystemC simulation: the guest runs on the machine and\n"
         "drives a copier, a device written in SystemC with TLM-2.0 sockets that reads and\n"
         "writes the chip's memory and raises an interrupt when it is done.\n\n"
         "  MACHINE.yaml  the machine; it gets a window for devices of 1 MiB\n"
         "  GUEST.elf     a guest program that knows the device\n"
         "  QUANTUM_NS    by how much chip and devices may be apart in time (1000)\n\n"
         "The guest's console is the output; the exit status is that of `tessera run`.");
    return EXIT_STATUS_OK;
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
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return help();
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
