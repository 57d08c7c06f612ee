/*
 * RISC-V privileged architecture: the few numbers and instructions that the
 * guest uses.  Registers of the standard are written by name, Tessera's own by
 * the numbers of sim/abi/csr.h; both go through the same macros.
 */
#ifndef GUEST_RISCV_H
#define GUEST_RISCV_H

#include "sim/abi/csr.h"

/* Local interrupts: the number in xcause, the bit in xip and xie. */
#define IRQ_S_SOFTWARE 1
#define IRQ_M_SOFTWARE 3
#define IRQ_S_TIMER    5
#define IRQ_M_TIMER    7
#define IRQ_S_EXTERNAL 9

#define CAUSE_ECALL_U 8
#define CAUSE_ECALL_S 9

#define SSTATUS_SPIE  0x20
#define SSTATUS_SPP   0x100
#define MSTATUS_MPP   0x1800
#define MSTATUS_MPP_S 0x800

/* The machine-mode call of the CPU driver: a0 = deadline in mtime ticks. */
#define MACHINE_SET_TIMER 0

#ifndef __ASSEMBLER__
#include <stdint.h>

#define CSR_NAME(csr) #csr
#define csr_read(csr)                                                                              \
    ({                                                                                             \
        uint64_t csr_value;                                                                        \
        __asm__ volatile("csrr %0, " CSR_NAME(csr) : "=r"(csr_value) : : "memory");                \
        csr_value;                                                                                 \
    })
#define csr_write(csr, value)                                                                      \
    __asm__ volatile("csrw " CSR_NAME(csr) ", %0" : : "rK"((uint64_t)(value)) : "memory")
#define csr_set(csr, bits)                                                                         \
    __asm__ volatile("csrs " CSR_NAME(csr) ", %0" : : "rK"((uint64_t)(bits)) : "memory")
#define csr_clear(csr, bits)                                                                       \
    __asm__ volatile("csrc " CSR_NAME(csr) ", %0" : : "rK"((uint64_t)(bits)) : "memory")

/* fence(w, w): earlier stores before later stores, and so on. */
#define fence(before, after) __asm__ volatile("fence " #before ", " #after : : : "memory")

static inline void wait_for_interrupt(void)
{
    __asm__ volatile("wfi" : : : "memory");
}

static inline uint64_t cycle_now(void)
{
    return csr_read(cycle);
}

static inline uint64_t time_now(void)
{
    return csr_read(time);
}
#endif

#endif
