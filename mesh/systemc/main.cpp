/*
 * mesh-compare FIRST_SEED COUNT [FAULT]
 *
 * Runs the experiments of COUNT seeds, prints those that differ, and how many.
 * FAULT is the number of a fault to plant in the reference (shape.hpp).
 */
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>

#include "mesh/systemc/compare.hpp"

namespace
{

enum { STATUS_DIFFERENT = 1, STATUS_USAGE = 64 };

bool read_number(const char *text, uint64_t below, uint64_t &number)
{
    char *end;
    number = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0' && number < below;
}

} // namespace

int main(int argc, char **argv)
{
    uint64_t first = 0, count = 0, planted = 0;
    bool usable = (argc == 3 || argc == 4) && read_number(argv[1], UINT64_MAX / 2, first) &&
                  read_number(argv[2], UINT64_MAX / 2, count) &&
                  (argc == 3 || read_number(argv[3], uint64_t(reference::fault::count), planted));
    if (!usable) {
        fprintf(stderr, "usage: mesh-compare FIRST_SEED COUNT [FAULT]\n");
        return STATUS_USAGE;
    }
    uint64_t different = 0, keeping = 0, kept = 0;
    for (uint64_t seed = first; seed < first + count; seed++) {
        reference::verdict v = reference::compare(seed, static_cast<reference::fault>(planted));
        different += !v.equal;
        keeping += v.kept > 0;
        kept += v.kept;
        if (!v.equal)
            fputs(v.text.c_str(), stdout);
        if (isatty(STDERR_FILENO))
            fprintf(stderr, "\r%" PRIu64 " of %" PRIu64, seed - first + 1, count);
    }
    if (isatty(STDERR_FILENO))
        fputc('\n', stderr);
    printf("%" PRIu64 " experiments from seed %" PRIu64 " on, %" PRIu64 " different; in %" PRIu64
           " of them %" PRIu64 " VCs were kept for multicasts\n",
           count, first, different, keeping, kept);
    return different ? STATUS_DIFFERENT : 0;
}
