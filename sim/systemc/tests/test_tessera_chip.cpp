/*
 * The chip as a SystemC module: what the guest finds outside, how its time and
 * SystemC's meet, what others may do to the chip.
 */
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "sim/systemc/board.hpp"

using sc_core::SC_NS;
using sc_core::sc_time;

/* The library asks for it; here designs are built and run without it. */
int sc_main(int, char **)
{
    return 0;
}

/* ---- a guest, and what became of it --------------------------------------------- */

static config cfg;
static elf_image image;
static std::string console;

static void load()
{
    error e;
    const char *build = getenv("B");
    std::string path = std::string(build ? build : "build") + "/guest/systemc/copier.elf";
    config_defaults(&cfg);
    cfg.mesh_width = cfg.mesh_height = 1;
    cfg.device_external_mib = 1;
    cr_assert(elf_load(&image, path.c_str(), &e), "%s", e.text);
    sc_core::sc_report_handler::set_actions(sc_core::SC_INFO, sc_core::SC_DO_NOTHING);
}

static void unload()
{
    elf_free(&image);
}

TestSuite(tessera_chip, .init = load, .fini = unload);

static tessera_chip_settings settings_for(const char *bootargs, double quantum_ns)
{
    tessera_chip_settings settings;
    tlm::tlm_global_quantum::instance().set(sc_time(quantum_ns, SC_NS));
    settings.bootargs = bootargs;
    settings.max_cycles = 1000000;
    settings.console = [](tile_id, const std::string &text) { console += text; };
    console.clear();
    return settings;
}

struct result {
    chip_end end;
    cycle_t cycles;
    uint64_t state_hash;
    char console[400];
};

static result result_of(const tessera_chip &chip)
{
    result r = {};
    struct chip_results results;
    chip_results(chip.handle(), &results);
    r.end = chip.end();
    r.cycles = results.cycles;
    r.state_hash = results.state_hash;
    snprintf(r.console, sizeof r.console, "%s", console.c_str());
    stats_free(&results.stats);
    return r;
}

/* The guest on the example's board, in a process of its own: a process has one
 * SystemC kernel. */
static result run_on_board(const char *bootargs, double quantum_ns)
{
    void *shared =
        mmap(nullptr, sizeof(result), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    cr_assert(shared != MAP_FAILED);
    pid_t child = fork();
    if (child == 0) {
        board top("board", cfg, image, settings_for(bootargs, quantum_ns));
        sc_core::sc_start();
        *static_cast<result *>(shared) = result_of(top.chip);
        _exit(0);
    }
    int status = 0;
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0);
    result r = *static_cast<result *>(shared);
    munmap(shared, sizeof r);
    return r;
}

/* ---- the example's board ------------------------------------------------------------- */

static const double quanta[] = {0, 1, 7, 64, 1000, 50000};

Test(tessera_chip, the_guest_finds_the_device_behind_its_window)
{
    for (double quantum : quanta) {
        result r = run_on_board("", quantum);
        cr_expect_eq(r.end, CHIP_EXIT);
        if (quantum < 50000) /* then the interrupt comes that much later */
            cr_expect_str_eq(r.console, "a load takes 27 cycles\ntime passes\n"
                                        "queued: 3 values\nin order: 123\n"
                                        "nothing left: trap 5\nno such register: trap 5\n"
                                        "copied: 512 words\nin good time\n");
        else
            cr_expect_neq(strstr(r.console, "copied: 512 words\ntoo soon or too late\n"), nullptr);
    }
}

Test(tessera_chip, equal_quanta_give_equal_runs)
{
    for (double quantum : quanta)
        cr_expect_eq(run_on_board("", quantum).state_hash, run_on_board("", quantum).state_hash);
}

Test(tessera_chip, accesses_do_not_depend_on_the_quantum)
{
    result first = run_on_board("queue", quanta[0]);
    cr_assert_eq(first.end, CHIP_EXIT);
    for (double quantum : quanta)
        cr_expect_eq(run_on_board("queue", quantum).state_hash, first.state_hash, "%g", quantum);
}

Test(tessera_chip, when_nobody_will_do_anything_it_is_a_deadlock)
{
    result r = run_on_board("wait", 1000);
    cr_expect_eq(r.end, CHIP_DEADLOCK);
    cr_expect_leq(r.cycles, 2000);
}

/* ---- other devices --------------------------------------------------------------------- */

/* A device that does what a test wants of it. */
struct scripted : public sc_core::sc_module {
    using SC_CURRENT_USER_MODULE = scripted;
    using action = std::function<void(scripted &, tlm::tlm_generic_payload &, sc_time &)>;

    tlm_utils::simple_target_socket<scripted> registers{"registers"};
    tlm_utils::simple_initiator_socket<scripted> memory{"memory"};
    tessera_chip chip;
    action when_accessed;
    std::function<void(scripted &)> process;

    scripted(sc_core::sc_module_name name, const tessera_chip_settings &settings, action what,
             std::function<void(scripted &)> does)
        : sc_core::sc_module(name), chip("chip", cfg, image, settings), when_accessed(what),
          process(does)
    {
        registers.register_b_transport(this, &scripted::transport);
        chip.window.bind(registers);
        memory.bind(chip.memory);
        SC_THREAD(run);
    }

    void transport(tlm::tlm_generic_payload &payload, sc_time &delay)
    {
        memset(payload.get_data_ptr(), 0, payload.get_data_length());
        payload.set_response_status(tlm::TLM_OK_RESPONSE);
        when_accessed(*this, payload, delay);
    }

    void run()
    {
        if (process)
            process(*this);
    }

    /* Reads or writes a word of guest memory. */
    tlm::tlm_response_status use_memory(tlm::tlm_command command, uint64_t address, uint64_t &word)
    {
        tlm::tlm_generic_payload payload;
        sc_time delay = sc_core::SC_ZERO_TIME;
        payload.set_command(command);
        payload.set_address(address);
        payload.set_data_ptr(reinterpret_cast<unsigned char *>(&word));
        payload.set_data_length(sizeof word);
        payload.set_streaming_width(sizeof word);
        memory->b_transport(payload, delay);
        return payload.get_response_status();
    }
};

static void do_nothing(scripted &, tlm::tlm_generic_payload &, sc_time &) {}

static cycle_t cycles_with(const scripted::action &what)
{
    scripted top("top", settings_for("load", 1000), what, nullptr);
    sc_core::sc_start();
    cr_assert_eq(top.chip.end(), CHIP_EXIT);
    return result_of(top.chip).cycles;
}

/* With a device that answers at once; measured here, asserted on below. */
static cycle_t cycles_of_quick_device()
{
    int ends[2];
    cycle_t cycles = 0;
    cr_assert_eq(pipe(ends), 0);
    if (fork() == 0) {
        cycles = cycles_with(do_nothing);
        _exit(write(ends[1], &cycles, sizeof cycles) != sizeof cycles);
    }
    cr_assert_eq(read(ends[0], &cycles, sizeof cycles), static_cast<ssize_t>(sizeof cycles));
    wait(nullptr);
    return cycles;
}

Test(tessera_chip, what_a_target_adds_to_the_delay_is_the_accesss)
{
    cycle_t quick = cycles_of_quick_device();
    cycle_t slow = cycles_with([](scripted &, tlm::tlm_generic_payload &, sc_time &delay) {
        delay += sc_time(700.25, SC_NS);
    });
    cr_assert_eq(slow, quick + 701);
}

Test(tessera_chip, what_a_target_waits_is_the_accesss)
{
    cycle_t quick = cycles_of_quick_device();
    cycle_t slow = cycles_with([](scripted &, tlm::tlm_generic_payload &, sc_time &delay) {
        sc_core::wait(delay + sc_time(3000, SC_NS)); /* several quanta */
        delay = sc_core::SC_ZERO_TIME;
    });
    cr_assert_eq(slow, quick + 3000);
}

Test(tessera_chip, inside_an_access_memory_is_refused)
{
    tlm::tlm_response_status status = tlm::TLM_OK_RESPONSE;
    unsigned debugged = 1;
    cycles_with([&](scripted &device, tlm::tlm_generic_payload &, sc_time &) {
        uint64_t word = 0;
        tlm::tlm_generic_payload debug;
        status = device.use_memory(tlm::TLM_READ_COMMAND, MAP_DRAM_BASE, word);
        debug.set_read();
        debug.set_address(MAP_DRAM_BASE);
        debug.set_data_ptr(reinterpret_cast<unsigned char *>(&word));
        debug.set_data_length(sizeof word);
        debug.set_streaming_width(sizeof word);
        debugged = device.memory->transport_dbg(debug);
    });
    cr_assert_eq(status, tlm::TLM_GENERIC_ERROR_RESPONSE);
    cr_assert_eq(debugged, 0);
}

Test(tessera_chip, an_error_of_a_target_ends_the_simulation)
{
    bool caught = false;
    scripted top(
        "top", settings_for("load", 1000),
        [](scripted &, tlm::tlm_generic_payload &, sc_time &) { SC_REPORT_ERROR("test", "no"); },
        nullptr);
    try {
        sc_core::sc_start();
    } catch (const sc_core::sc_report &) {
        caught = true;
    }
    cr_assert(caught);
}

/* ---- from outside ------------------------------------------------------------------------ */

/* The cycle of the end of a guest that waits for an interrupt raised at 5,350 ns. */
static void end_after_interrupt(double quantum_ns, cycle_t *cycles)
{
    scripted top("top", settings_for("wait", quantum_ns), do_nothing, [](scripted &device) {
        sc_core::wait(sc_time(5350, SC_NS));
        device.chip.set_interrupt(0, CHIP_LINE_MACHINE, true);
    });
    sc_core::sc_start();
    cr_assert_eq(top.chip.end(), CHIP_EXIT);
    *cycles = result_of(top.chip).cycles;
}

static cycle_t cycles_after_interrupt(double quantum_ns)
{
    void *shared =
        mmap(nullptr, sizeof(cycle_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    cr_assert(shared != MAP_FAILED);
    if (fork() == 0) {
        end_after_interrupt(quantum_ns, static_cast<cycle_t *>(shared));
        _exit(0);
    }
    wait(nullptr);
    return *static_cast<cycle_t *>(shared);
}

Test(tessera_chip, an_interrupt_acts_at_the_next_piece)
{
    cycle_t prompt = cycles_after_interrupt(100);
    cr_assert_geq(prompt, 5400);
    cr_assert_leq(prompt, 5700);
    cr_assert_eq(cycles_after_interrupt(1000), prompt + 600);
    cr_assert_eq(cycles_after_interrupt(4000), prompt + 2600);
    cr_assert_leq(cycles_after_interrupt(1), prompt - 49);
}

Test(tessera_chip, memory_can_be_read_and_written_and_nothing_else)
{
    bool done = false;
    scripted top("top", settings_for("wait", 1000), do_nothing, [&](scripted &device) {
        uint64_t there = MAP_DRAM_BASE + (UINT64_C(1) << 20), word = 77, read = 0;
        uint64_t beyond = MAP_DRAM_BASE + (static_cast<uint64_t>(cfg.memory_dram_mib) << 20);
        sc_core::wait(sc_time(2500, SC_NS));
        cr_expect_eq(device.use_memory(tlm::TLM_WRITE_COMMAND, there, word), tlm::TLM_OK_RESPONSE);
        cr_expect_eq(device.use_memory(tlm::TLM_READ_COMMAND, there, read), tlm::TLM_OK_RESPONSE);
        cr_expect_eq(read, 77);
        cr_expect_eq(device.use_memory(tlm::TLM_READ_COMMAND, beyond - 4, read),
                     tlm::TLM_ADDRESS_ERROR_RESPONSE);
        cr_expect_eq(device.use_memory(tlm::TLM_IGNORE_COMMAND, there, read),
                     tlm::TLM_COMMAND_ERROR_RESPONSE);
        done = true;
    });
    sc_core::sc_start();
    cr_assert(done);
}

Test(tessera_chip, a_machine_that_cannot_be_is_an_error)
{
    bool caught = false;
    cfg.device_external_tile = 5;
    try {
        tessera_chip chip("chip", cfg, image, settings_for("", 1000));
    } catch (const sc_core::sc_report &report) {
        caught = strstr(report.get_msg(), "device.external_tile") != nullptr;
    }
    cr_assert(caught);
}
