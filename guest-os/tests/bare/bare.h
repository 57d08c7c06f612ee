/* What a bare test has: start.S below it, and these few functions. */
#ifndef GUEST_BARE_H
#define GUEST_BARE_H

#include "guest-os/lib/riscv.h"
#include "guest-os/lib/simctl.h"
#include "sim/abi/bootinfo.h"
#include "sim/abi/memmap.h"

/* The test's own: M-mode, once a hart; hart 0's result is the exit code. */
int bare_main(uint64_t hart);
/* A software interrupt has come (M-mode). */
void bare_interrupt(void);

static inline uint64_t bare_tiles(void)
{
    return ((const struct bootinfo *)(uintptr_t)MAP_BOOTINFO_BASE)->tiles;
}

static inline void bare_print(const char *text)
{
    while (*text)
        *(volatile uint8_t *)(uintptr_t)(MAP_SIMCTL_BASE + SIMCTL_CONSOLE) = (uint8_t)*text++;
}

static inline void bare_interrupt_send(uint64_t hart)
{
    *(volatile uint32_t *)(uintptr_t)(MAP_WIDE_MSIP_BASE + 4 * hart) = 1;
}

static inline void bare_interrupt_clear(uint64_t hart)
{
    *(volatile uint32_t *)(uintptr_t)(MAP_WIDE_MSIP_BASE + 4 * hart) = 0;
}

/* Goes on in S-mode under this address space, which maps the code where it is;
 * software interrupts still come to M-mode. */
static inline void bare_enter_supervisor(uint64_t satp)
{
    csr_set(mie, 1 << IRQ_M_SOFTWARE);
    csr_clear(mstatus, MSTATUS_MPP);
    csr_set(mstatus, MSTATUS_MPP_S);
    csr_write(satp, satp);
    __asm__ volatile("sfence.vma\n"
                     "la t0, 1f\n"
                     "csrw mepc, t0\n"
                     "mret\n"
                     "1:"
                     :
                     :
                     : "t0", "memory");
}

static inline void bare_fence_translations(void)
{
    __asm__ volatile("sfence.vma" : : : "memory");
}

#endif
