/* The example's board: a chip, the copier behind its window, one interrupt line. */
#ifndef TESSERA_SYSTEMC_BOARD_HPP
#define TESSERA_SYSTEMC_BOARD_HPP

#include "sim/systemc/copier.hpp"
#include "sim/systemc/tessera_chip.hpp"

class board : public sc_core::sc_module
{
  public:
    tessera_chip chip;
    copier device{"device"};

    board(sc_core::sc_module_name name, const config &cfg, const elf_image &image,
          const tessera_chip_settings &settings)
        : sc_core::sc_module(name), chip("chip", cfg, image, settings)
    {
        chip.window.bind(device.registers);
        device.memory.bind(chip.memory);
        device.interrupt(interrupt);
        SC_METHOD(pass_interrupt_on);
        sensitive << interrupt;
        dont_initialize();
        SC_METHOD(stop);
        sensitive << chip.ended();
        dont_initialize();
    }

  private:
    using SC_CURRENT_USER_MODULE = board; /* for SC_METHOD */
    sc_core::sc_signal<bool> interrupt{"interrupt"};

    void pass_interrupt_on() { chip.set_interrupt(0, CHIP_LINE_MACHINE, interrupt.read()); }
    void stop() { sc_core::sc_stop(); }
};

#endif
