/*
 * The example's device, outside the chip: a clock, a queue, and an engine that
 * copies guest memory and raises an interrupt when it is done.  Every register
 * is 8 bytes and takes REGISTER_TIME.
 *
 *   0x00 TIME    r  SystemC time of the access, ns
 *   0x08 QUEUE   rw a store appends a value, a load takes the oldest (access fault: none)
 *   0x10 COUNT   r  values in the queue
 *   0x18 SOURCE  w  physical address to copy from
 *   0x20 TARGET  w  physical address to copy to
 *   0x28 BYTES   w  how much; starts the copy, which goes 64 bytes at a time
 *   0x30 STATUS  r  1 while it copies, 2 when it is done;  w: lowers the interrupt
 */
#ifndef TESSERA_SYSTEMC_COPIER_HPP
#define TESSERA_SYSTEMC_COPIER_HPP

#include <deque>
#include <systemc>
#include <tlm>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

class copier : public sc_core::sc_module
{
  public:
    tlm_utils::simple_target_socket<copier> registers{"registers"};
    tlm_utils::simple_initiator_socket<copier> memory{"memory"};
    sc_core::sc_out<bool> interrupt{"interrupt"};

    explicit copier(sc_core::sc_module_name name);

    /* How long a register takes, and a block on top of what the memory takes. */
    const sc_core::sc_time register_time{10, sc_core::SC_NS};
    const sc_core::sc_time block_time{4, sc_core::SC_NS};

  private:
    using SC_CURRENT_USER_MODULE = copier; /* for SC_THREAD */
    enum : uint64_t { TIME, QUEUE, COUNT, SOURCE, TARGET, BYTES, STATUS, REGISTERS };
    enum : uint64_t { IDLE, BUSY, DONE };

    std::deque<uint64_t> queue;
    uint64_t source = 0, target = 0, bytes = 0, status = IDLE;
    sc_core::sc_event start, acknowledge;

    void transport(tlm::tlm_generic_payload &payload, sc_core::sc_time &delay);
    bool read(uint64_t index, const sc_core::sc_time &at, uint64_t &value);
    bool write(uint64_t index, const sc_core::sc_time &delay, uint64_t value);
    void copy_when_told();
    void move_block(uint64_t offset, unsigned length);
};

#endif
