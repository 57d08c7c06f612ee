/*
 * libtessera's interface (sim/chip/chip.h) for C++, where a function that has the
 * name of a struct hides its constructor.
 */
#ifndef TESSERA_SYSTEMC_LIBTESSERA_HPP
#define TESSERA_SYSTEMC_LIBTESSERA_HPP

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
extern "C" {
#include "sim/chip/chip.h"
}
#pragma GCC diagnostic pop

#endif
