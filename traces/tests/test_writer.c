/* The file that a writer leaves depends on the events alone. */
#include <errno.h>

#include "sim/base/hash.h"
#include "sim/base/rng.h"
#include "traces/tests/trace_file.h"

enum { WINDOWS = 40, WINDOW_CYCLES = 100, EVENTS_A_WINDOW = 300 };

TestSuite(writer, .init = make_file, .fini = remove_file);

/* What happens on a tile in a window: a pure function of both. */
static void run_tile(struct trace *t, tile_id tile, unsigned window)
{
    struct rng rng = rng_stream(window, tile);
    cycle_t cycle = (cycle_t)window * WINDOW_CYCLES;
    for (unsigned i = 0; i < EVENTS_A_WINDOW; i++) {
        cycle += rng_below(&rng, 3) == 0 && cycle + 1 < (window + 1) * WINDOW_CYCLES;
        trace_emit(t, tile, cycle, rng_below(&rng, TRACE_KINDS), rng_next(&rng), rng_next(&rng),
                   rng_next(&rng));
    }
}

/* Runs all windows, `ahead` windows at a time, tiles in an order that `stride`
 * (odd) chooses, telling the writer of every window or only now and then. */
static uint64_t hash_of_run(unsigned stride, unsigned ahead, unsigned flush_every)
{
    struct trace *t = create_trace();
    for (unsigned window = 0; window < WINDOWS; window += ahead) {
        for (unsigned i = 0; i < TEST_TILES; i++) {
            for (unsigned w = window; w < window + ahead; w++)
                run_tile(t, (tile_id)(i * stride % TEST_TILES), w);
        }
        if (window / ahead % flush_every == 0)
            cr_assert(trace_write_until(t, (window + ahead) * WINDOW_CYCLES));
    }
    cr_assert(trace_close(t, &error), "%s", error.text);
    size_t bytes;
    uint8_t *data = read_bytes(&bytes);
    uint64_t hash = hash_bytes(HASH_SEED, data, bytes);
    mem_free(data);
    return hash;
}

Test(writer, order_of_tiles_does_not_show)
{
    uint64_t forward = hash_of_run(1, 1, 1);
    cr_assert_eq(hash_of_run(TEST_TILES - 1, 1, 1), forward);
    cr_assert_eq(hash_of_run(3, 1, 1), forward);
}

Test(writer, windows_and_flushes_do_not_show)
{
    uint64_t plain = hash_of_run(1, 1, 1);
    cr_assert_eq(hash_of_run(1, 4, 1), plain);
    cr_assert_eq(hash_of_run(1, 1, 7), plain);
    cr_assert_eq(hash_of_run(5, 8, 100), plain);
}

Test(writer, halves_of_a_tile_may_write_in_any_order)
{
    uint64_t hash[2];
    for (unsigned i = 0; i < 2; i++) {
        struct trace *t = create_trace();
        for (unsigned half = 0; half < 2; half++) {
            if (half == i)
                trace_packet(t, 1, 50, TRACE_SENT, 0, 2, 1, 0x80000040);
            else
                trace_packet(t, 1, 50, TRACE_SENT, 1, 3, 5, 0x80000080);
        }
        cr_assert(trace_close(t, &error));
        size_t bytes;
        uint8_t *data = read_bytes(&bytes);
        hash[i] = hash_bytes(HASH_SEED, data, bytes);
        mem_free(data);
    }
    cr_assert_eq(hash[0], hash[1]);
}

Test(writer, events_beyond_the_window_wait_for_theirs)
{
    struct trace *t = create_trace();
    struct trace_event event;
    cycle_t last = 0;
    unsigned count = 0;
    trace_mark(t, 0, 500, 1); /* tile 0 has run ahead */
    trace_mark(t, 0, 10, 2);
    cr_assert(trace_write_until(t, 100));
    trace_mark(t, 1, 200, 3);
    cr_assert(trace_close(t, &error));
    struct trace_reader *r = trace_open(trace_path, &error);
    while (trace_next(r, &event, &error) == TRACE_READ_EVENT) {
        cr_assert_geq(event.cycle, last);
        last = event.cycle;
        count++;
    }
    cr_assert_eq(count, 3);
    cr_assert_eq(last, 500);
    trace_reader_close(r);
}

Test(writer, full_buffer_makes_writing_due_once)
{
    struct trace *t = create_trace();
    unsigned writes = 0;
    const unsigned total = 1000000;
    for (cycle_t cycle = 0; cycle < total; cycle++) {
        trace_mark(t, 0, cycle, cycle);
        writes += t->due;
        cr_assert(trace_flush_until(t, cycle + 1));
    }
    cr_assert_gt(writes, 0);
    cr_assert_lt(writes, total / 1000);
    cr_assert_leq(t->tile[0].room, 1u << 17, "the buffer has grown to %u", t->tile[0].room);
    cr_assert(trace_close(t, &error));
}

Test(writer, nothing_is_written_without_a_trace)
{
    trace_mark(NULL, 0, 0, 1);
    trace_console(NULL, 0, 0, "text", 4);
    cr_assert(trace_flush_until(NULL, 10));
    cr_assert(trace_close(NULL, &error));
}

Test(writer, says_where_it_cannot_create)
{
    struct trace_header header = {.tiles = 1};
    cr_assert_null(trace_create("no-such-directory/trace", &header, &error));
    cr_assert_eq(error.status, EXIT_STATUS_IO);
    cr_assert(strstr(error.text, "no-such-directory/trace"));
}

Test(writer, says_that_the_disk_is_full)
{
    struct trace_header header = {.tiles = 1};
    struct trace *t = trace_create("/dev/full", &header, &error);
    if (!t)
        cr_skip("this host has no /dev/full");
    trace_mark(t, 0, 0, 1);
    cr_assert_not(trace_close(t, &error));
    cr_assert_eq(error.status, EXIT_STATUS_IO);
    cr_assert(strstr(error.text, strerror(ENOSPC)));
}
