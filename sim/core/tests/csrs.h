/*
 * Control and status registers by name, read and written without an instruction.
 */
#ifndef TESSERA_TESTS_CSRS_H
#define TESSERA_TESTS_CSRS_H

#include "sim/base/rng.h"
#include "sim/core/tests/flat.h"

static struct flat *flat;
static struct hart *h;

static inline void create(void)
{
    flat = flat_create(FLAT_FAST);
    h = &flat->hart;
}

static inline void destroy(void)
{
    flat_destroy(flat);
}

enum {
    SSTATUS = 0x100,
    SIE = 0x104,
    STVEC = 0x105,
    SCOUNTEREN = 0x106,
    SSCRATCH = 0x140,
    SEPC = 0x141,
    SCAUSE = 0x142,
    STVAL = 0x143,
    SIP = 0x144,
    STIMECMP = 0x14d,
    SATP = 0x180,
    MSTATUS = 0x300,
    MISA = 0x301,
    MEDELEG = 0x302,
    MIDELEG = 0x303,
    MIE = 0x304,
    MTVEC = 0x305,
    MENVCFG = 0x30a,
    SENVCFG = 0x10a,
    MCOUNTEREN = 0x306,
    MCOUNTINHIBIT = 0x320,
    MSCRATCH = 0x340,
    MEPC = 0x341,
    MCAUSE = 0x342,
    MTVAL = 0x343,
    MIP = 0x344,
    MCYCLE = 0xb00,
    MINSTRET = 0xb02,
    CYCLE = 0xc00,
    TIME = 0xc01,
    INSTRET = 0xc02,
    MHARTID = 0xf14
};

static inline uint64_t bit(unsigned n)
{
    return UINT64_C(1) << n;
}

static inline enum csr_result read_as(enum privilege priv, unsigned number, uint64_t *value)
{
    h->priv = (uint8_t)priv;
    return hart_csr(h, number, CSR_SET, true, false, 0, value);
}

static inline enum csr_result write_as(enum privilege priv, unsigned number, uint64_t value)
{
    uint64_t old;
    h->priv = (uint8_t)priv;
    return hart_csr(h, number, CSR_WRITE, true, true, value, &old);
}

static inline uint64_t get(unsigned number)
{
    uint64_t value = 0;
    cr_assert_neq(read_as(PRIV_M, number, &value), CSR_ILLEGAL, "CSR %#x", number);
    return value;
}

static inline void set(unsigned number, uint64_t value)
{
    cr_assert_neq(write_as(PRIV_M, number, value), CSR_ILLEGAL, "CSR %#x", number);
}

#endif
