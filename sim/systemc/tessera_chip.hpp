/*
 * A chip as a SystemC module with TLM-2.0 sockets.
 *
 *                      +--------------+
 *     guest's loads    |              |   memory (target): the SystemC world reads
 *     and stores to    | tessera_chip |<- and writes guest memory
 *  <- window (initiator)              |
 *                      |              |<- set_interrupt: lines into the harts
 *                      +--------------+
 *
 * Time.  Cycle c of the chip is the SystemC time c x clock_period.  The chip runs
 * ahead of SystemC in pieces that end at multiples of the global quantum (of one
 * clock period if that is zero) and then lets the kernel catch up:
 *
 *     SystemC time  S            S + Q
 *     chip          |===========>|  simulated at SystemC time S
 *     others                     |===> then everyone else, up to S + Q
 *
 *  - A load or store of the guest becomes b_transport inside that piece, with
 *    the time by which its cycle lies ahead as the annotated delay.  Accesses
 *    come in the order of their cycles.  What the target adds to the delay, or
 *    waits, the access takes, rounded up to a cycle.
 *  - What others do to the chip during S to S + Q acts at the beginning of the next
 *    piece: before anything else of the cycle at S + Q.  Smaller quanta make that
 *    more precise, and runs slower; with a quantum of one period an interrupt acts
 *    one period after it was raised at most.
 *  - Nothing else depends on the quantum, and equal quanta give equal runs.
 *  - A target that waits holds up the whole chip while SystemC goes on.  The chip
 *    then has ground to make up: until it has, its accesses carry no delay, and
 *    the time by which they come late counts as theirs.
 */
#ifndef TESSERA_SYSTEMC_TESSERA_CHIP_HPP
#define TESSERA_SYSTEMC_TESSERA_CHIP_HPP

#include <exception>
#include <functional>
#include <string>
#include <systemc>
#include <tlm>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>
#include <tlm_utils/tlm_quantumkeeper.h>
#include <vector>

#include "sim/systemc/libtessera.hpp"

struct tessera_chip_settings {
    sc_core::sc_time clock_period{1, sc_core::SC_NS};
    std::string bootargs;
    cycle_t max_cycles = 0; /* 0 = no limit */
    std::function<void(tile_id tile, const std::string &text)> console;
};

class tessera_chip : public sc_core::sc_module
{
  public:
    /* The external window (device.external_*); address 0 is its first byte. */
    tlm_utils::simple_initiator_socket<tessera_chip> window{"window"};
    /* Guest memory, by physical address.  Debug transport, too; no direct memory
     * interface.  A device may not use it inside a guest's access, only from a
     * process of its own: inside it gets TLM_GENERIC_ERROR_RESPONSE. */
    tlm_utils::simple_target_socket<tessera_chip> memory{"memory"};

    /* `image` must outlive the module.  What is wrong with them is an SC_ERROR. */
    tessera_chip(sc_core::sc_module_name name, const config &cfg, const elf_image &image,
                 const tessera_chip_settings &settings);
    ~tessera_chip() override;
    tessera_chip(const tessera_chip &) = delete;
    tessera_chip &operator=(const tessera_chip &) = delete;

    /* Changes an interrupt line of a tile; lines change in the order of the calls. */
    void set_interrupt(tile_id tile, chip_line line, bool level);

    /* CHIP_RUNNING, or how the run ended; and the event of its end. */
    chip_end end() const { return state; }
    const sc_core::sc_event &ended() const { return end_event; }

    /* For results, explanations and the exit status. */
    chip *handle() const { return machine; }

  private:
    using SC_CURRENT_USER_MODULE = tessera_chip; /* for SC_THREAD */

    struct line_change {
        tile_id tile;
        chip_line line;
        bool level;
    };

    const tessera_chip_settings settings;
    const cycle_t memory_cycles;
    chip *machine = nullptr;
    chip_end state = CHIP_RUNNING;
    bool inside = false; /* the chip is in the middle of a piece */
    std::vector<line_change> changes;
    std::exception_ptr raised; /* by a target, to be passed on */
    tlm_utils::tlm_quantumkeeper keeper;
    sc_core::sc_process_handle runner;
    sc_core::sc_event piece_event, end_event;

    void run();
    void run_piece();
    void change_lines();
    cycle_t end_of_piece() const;
    sc_core::sc_time time_of(cycle_t cycle) const;
    cycle_t cycles_of(const sc_core::sc_time &time) const;

    bool access(external_access &access);
    static bool access_callback(void *context, external_access *access);
    static void console_callback(void *context, tile_id tile, const char *text, size_t bytes);

    tlm::tlm_response_status fault_of(const tlm::tlm_generic_payload &payload) const;
    bool copy(const tlm::tlm_generic_payload &payload);
    void memory_transport(tlm::tlm_generic_payload &payload, sc_core::sc_time &delay);
    unsigned memory_debug(tlm::tlm_generic_payload &payload);
};

#endif
