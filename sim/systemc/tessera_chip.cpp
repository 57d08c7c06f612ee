#include "sim/systemc/tessera_chip.hpp"

#include <algorithm>
#include <cstring>

using sc_core::sc_time;

tessera_chip::tessera_chip(sc_core::sc_module_name module_name, const config &cfg,
                           const elf_image &image, const tessera_chip_settings &how)
    : sc_core::sc_module(module_name), settings(how), memory_cycles(cfg.memory_latency_cycles)
{
    chip_options options = {};
    options.bootargs = settings.bootargs.c_str();
    options.max_cycles = settings.max_cycles;
    options.console = settings.console ? console_callback : nullptr;
    options.console_context = this;
    options.external = {access_callback, this};
    error e = {};
    if (!config_check(&cfg, name(), &e))
        SC_REPORT_ERROR("tessera_chip", e.text);
    machine = chip_create(&cfg, &options, &e);
    if (!machine || !chip_load(machine, &image, &e))
        SC_REPORT_ERROR("tessera_chip", e.text);
    memory.register_b_transport(this, &tessera_chip::memory_transport);
    memory.register_transport_dbg(this, &tessera_chip::memory_debug);
    SC_THREAD(run);
}

tessera_chip::~tessera_chip()
{
    chip_destroy(machine);
}

/* ---- time ------------------------------------------------------------------ */

sc_time tessera_chip::time_of(cycle_t cycle) const
{
    return sc_time::from_value(cycle * settings.clock_period.value());
}

/* Rounded up. */
cycle_t tessera_chip::cycles_of(const sc_time &time) const
{
    sc_dt::uint64 period = settings.clock_period.value();
    return (time.value() + period - 1) / period;
}

/* The last cycle not behind the quantum's end, and one cycle at least. */
cycle_t tessera_chip::end_of_piece() const
{
    sc_time quantum_end =
        sc_core::sc_time_stamp() + tlm::tlm_global_quantum::instance().compute_local_quantum();
    cycle_t cycle = quantum_end.value() / settings.clock_period.value();
    return std::max<cycle_t>(cycle, chip_cycle(machine) + 1);
}

void tessera_chip::run()
{
    runner = sc_core::sc_get_current_process_handle();
    keeper.reset();
    while (state == CHIP_RUNNING) {
        change_lines();
        run_piece();
        sc_time reached = time_of(chip_cycle(machine));
        keeper.set(std::max(reached, sc_core::sc_time_stamp()) - sc_core::sc_time_stamp());
        keeper.sync();
    }
    end_event.notify(sc_core::SC_ZERO_TIME);
}

/* Up to the quantum's end; or nothing, when nobody will ever do anything. */
void tessera_chip::run_piece()
{
    if (chip_is_still(machine) && !sc_core::sc_pending_activity()) {
        state = chip_give_up(machine);
    } else {
        inside = true;
        state = chip_run_until(machine, end_of_piece());
        inside = false;
    }
    if (raised)
        std::rethrow_exception(raised);
    piece_event.notify();
}

/* ---- interrupts ---------------------------------------------------------------- */

void tessera_chip::set_interrupt(tile_id tile, chip_line line, bool level)
{
    changes.push_back({tile, line, level});
}

void tessera_chip::change_lines()
{
    for (const line_change &change : changes)
        chip_raise(machine, change.tile, change.line, change.level);
    changes.clear();
}

/* ---- the guest's accesses --------------------------------------------------------- */

bool tessera_chip::access(external_access &guest)
{
    tlm::tlm_generic_payload payload;
    unsigned char data[sizeof guest.value];
    memcpy(data, &guest.value, sizeof data);
    payload.set_command(guest.is_store ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
    payload.set_address(guest.offset);
    payload.set_data_ptr(data);
    payload.set_data_length(guest.bytes);
    payload.set_streaming_width(guest.bytes);
    payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);

    sc_time begin = time_of(guest.cycle), now = sc_core::sc_time_stamp();
    sc_time delay = std::max(begin, now) - now;
    window->b_transport(payload, delay);
    sc_time end = sc_core::sc_time_stamp() + delay;
    guest.delay = end > begin ? std::min<cycle_t>(cycles_of(end - begin), EXTERNAL_DELAY_MAX) : 0;
    guest.value = 0;
    memcpy(&guest.value, data, guest.bytes);
    return payload.is_response_ok();
}

/* An error that a target reports is thrown, and C cannot pass it on. */
bool tessera_chip::access_callback(void *context, external_access *access)
{
    auto *self = static_cast<tessera_chip *>(context);
    try {
        return self->access(*access);
    } catch (...) {
        self->raised = std::current_exception();
        return false;
    }
}

void tessera_chip::console_callback(void *context, tile_id tile, const char *text, size_t bytes)
{
    static_cast<tessera_chip *>(context)->settings.console(tile, std::string(text, bytes));
}

/* ---- guest memory for others --------------------------------------------------------- */

tlm::tlm_response_status tessera_chip::fault_of(const tlm::tlm_generic_payload &payload) const
{
    if (payload.is_read() == payload.is_write())
        return tlm::TLM_COMMAND_ERROR_RESPONSE;
    if (payload.get_byte_enable_ptr())
        return tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE;
    if (payload.get_streaming_width() < payload.get_data_length())
        return tlm::TLM_BURST_ERROR_RESPONSE;
    if (!chip_has_memory(machine, payload.get_address(), payload.get_data_length()))
        return tlm::TLM_ADDRESS_ERROR_RESPONSE;
    return tlm::TLM_OK_RESPONSE;
}

/* False: a line is on its way between caches. */
bool tessera_chip::copy(const tlm::tlm_generic_payload &payload)
{
    unsigned char *data = payload.get_data_ptr();
    unsigned bytes = payload.get_data_length();
    return payload.is_read() ? chip_read_memory(machine, payload.get_address(), data, bytes)
                             : chip_write_memory(machine, payload.get_address(), data, bytes);
}

/* Performed where the chip stands: at the end of its piece. */
void tessera_chip::memory_transport(tlm::tlm_generic_payload &payload, sc_time &delay)
{
    tlm::tlm_response_status status = fault_of(payload);
    if (inside && sc_core::sc_get_current_process_handle() == runner)
        status = tlm::TLM_GENERIC_ERROR_RESPONSE;
    while (status == tlm::TLM_OK_RESPONSE && (inside || !copy(payload))) {
        if (state == CHIP_RUNNING)
            wait(piece_event);
        else
            status = tlm::TLM_GENERIC_ERROR_RESPONSE;
    }
    delay += time_of(memory_cycles);
    payload.set_response_status(status);
}

unsigned tessera_chip::memory_debug(tlm::tlm_generic_payload &payload)
{
    bool done = !inside && fault_of(payload) == tlm::TLM_OK_RESPONSE && copy(payload);
    return done ? payload.get_data_length() : 0;
}
