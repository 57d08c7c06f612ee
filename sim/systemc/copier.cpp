#include "sim/systemc/copier.hpp"

#include <algorithm>
#include <cstring>

using sc_core::sc_time;

enum : uint64_t { BLOCK_BYTES = 64 };

copier::copier(sc_core::sc_module_name module_name) : sc_core::sc_module(module_name)
{
    registers.register_b_transport(this, &copier::transport);
    SC_THREAD(copy_when_told);
}

/* ---- registers -------------------------------------------------------------- */

void copier::transport(tlm::tlm_generic_payload &payload, sc_time &delay)
{
    uint64_t index = payload.get_address() / 8, value = 0;
    bool whole = payload.get_address() % 8 == 0 && payload.get_data_length() == 8;
    bool done = false;
    if (whole && payload.is_read()) {
        done = read(index, sc_core::sc_time_stamp() + delay, value);
        memcpy(payload.get_data_ptr(), &value, sizeof value);
    } else if (whole && payload.is_write()) {
        memcpy(&value, payload.get_data_ptr(), sizeof value);
        done = write(index, delay, value);
    }
    delay += register_time;
    payload.set_response_status(done ? tlm::TLM_OK_RESPONSE : tlm::TLM_ADDRESS_ERROR_RESPONSE);
}

bool copier::read(uint64_t index, const sc_time &at, uint64_t &value)
{
    switch (index) {
    case TIME:
        value = at.value() / sc_time(1, sc_core::SC_NS).value();
        return true;
    case QUEUE:
        if (queue.empty())
            return false;
        value = queue.front();
        queue.pop_front();
        return true;
    case COUNT:
        value = queue.size();
        return true;
    case STATUS:
        value = status;
        return true;
    default:
        return false;
    }
}

bool copier::write(uint64_t index, const sc_time &delay, uint64_t value)
{
    switch (index) {
    case QUEUE:
        queue.push_back(value);
        return true;
    case SOURCE:
        source = value;
        return true;
    case TARGET:
        target = value;
        return true;
    case BYTES:
        if (status == BUSY)
            return false;
        bytes = value;
        status = BUSY;
        start.notify(delay + register_time);
        return true;
    case STATUS:
        status = status == DONE ? IDLE : status;
        acknowledge.notify(delay + register_time);
        return true;
    default:
        return false;
    }
}

/* ---- copying ------------------------------------------------------------------- */

void copier::move_block(uint64_t offset, unsigned length)
{
    unsigned char block[BLOCK_BYTES];
    for (bool writes : {false, true}) {
        tlm::tlm_generic_payload payload;
        sc_time delay = sc_core::SC_ZERO_TIME;
        payload.set_command(writes ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
        payload.set_address((writes ? target : source) + offset);
        payload.set_data_ptr(block);
        payload.set_data_length(length);
        payload.set_streaming_width(length);
        memory->b_transport(payload, delay);
        if (payload.is_response_error())
            SC_REPORT_ERROR("copier", payload.get_response_string().c_str());
        wait(delay);
    }
}

void copier::copy_when_told()
{
    for (;;) {
        interrupt.write(false);
        wait(start);
        for (uint64_t offset = 0; offset < bytes; offset += BLOCK_BYTES) {
            move_block(offset, static_cast<unsigned>(std::min(bytes - offset, +BLOCK_BYTES)));
            wait(block_time);
        }
        status = DONE;
        interrupt.write(true);
        wait(acknowledge);
    }
}
