/*
 * Reset, and all there is of machine mode.
 *
 * Every hart comes here at reset with its number in a0.  Hart 0 plans the
 * memory; the others park until somebody writes their msip.  Each then enters
 * the CPU driver in S-mode on its own stack, and comes back to M-mode for three
 * things only: the timer and the software interrupt, which it passes on to S,
 * and the driver's request for a timer deadline.
 */
#include "guest-os/boot/layout.h"
#include "guest-os/cpu/core.h"
#include "guest-os/lib/riscv.h"
#include "sim/abi/memmap.h"

#define BIT(n) (1 << (n))

/* Everything but the driver's own calls goes to S. */
#define DELEGATED_TRAPS 0xb1ff
#define DELEGATED_INTERRUPTS                                                                       \
    (BIT(IRQ_S_SOFTWARE) | BIT(IRQ_S_TIMER) | BIT(IRQ_S_EXTERNAL) | BIT(IRQ_MESSAGE))

    .section .text.boot, "ax"
    .globl _start
_start:
    csrw mie, zero
    .option push
    .option norelax
    la gp, __global_pointer$
    .option pop

    /* Where there is memory protection, S and U may use all memory; where there
     * is none, the two writes trap to the label below. */
    la t0, 1f
    csrw mtvec, t0
    li t0, -1
    csrw pmpaddr0, t0
    li t0, 0x1f
    csrw pmpcfg0, t0
    .balign 4
1:
    la t0, machine_trap
    csrw mtvec, t0
    li t0, DELEGATED_TRAPS
    csrw medeleg, t0
    li t0, DELEGATED_INTERRUPTS
    csrw mideleg, t0
    li t0, 7                    /* S and U read cycle, time and instret */
    csrw mcounteren, t0
    csrw scounteren, t0

    mv s0, a0
    bnez s0, park
    la sp, image_end            /* core 0's block, before anyone else uses it */
    li t0, CORE_BLOCK_BYTES_MIN
    add sp, sp, t0
    call layout_plan
    j enter

park:
    li t0, BIT(IRQ_M_SOFTWARE)
    csrw mie, t0
1:  wfi
    csrr t1, mip
    and t1, t1, t0
    beqz t1, 1b
    li t1, MAP_WIDE_MSIP_BASE
    slli t2, s0, 2
    add t1, t1, t2
    sw zero, 0(t1)
    fence iorw, iorw            /* what the waker wrote before, it may be read now */

enter:
    la t0, layout
    ld tp, LAYOUT_CORES(t0)
    ld t1, LAYOUT_STRIDE(t0)
    mul t1, t1, s0
    add tp, tp, t1
    ld t1, LAYOUT_KERNEL_STACK(t0)
    add sp, tp, t1
    csrw mscratch, tp
    csrwi mie, BIT(IRQ_M_SOFTWARE)
    li t0, MSTATUS_MPP
    csrc mstatus, t0
    li t0, MSTATUS_MPP_S
    csrs mstatus, t0
    la t0, cpu_start
    csrw mepc, t0
    mv a0, tp
    mv a1, s0
    mret

/* tp is the core's block while we are here; mscratch keeps the interrupted tp. */
    .balign 4
machine_trap:
    csrrw tp, mscratch, tp
    sd t0, CORE_MACHINE_SAVE+0(tp)
    sd t1, CORE_MACHINE_SAVE+8(tp)
    sd t2, CORE_MACHINE_SAVE+16(tp)
    csrr t0, mcause
    slli t1, t0, 1
    bltz t0, machine_interrupt
    li t2, CAUSE_ECALL_S
    bne t0, t2, machine_fatal
    li t2, MACHINE_SET_TIMER
    bne a7, t2, machine_fatal

    csrr t0, mhartid
    slli t0, t0, 3
    li t1, MAP_WIDE_MTIMECMP_BASE
    add t0, t0, t1
    sd a0, 0(t0)
    li t0, BIT(IRQ_S_TIMER)
    csrc mip, t0
    li t0, BIT(IRQ_M_TIMER)
    csrs mie, t0
    csrr t0, mepc
    addi t0, t0, 4
    csrw mepc, t0
    j machine_return

machine_interrupt:              /* t1 = number * 2: the sign is shifted out */
    li t2, IRQ_M_TIMER * 2
    bne t1, t2, 1f
    li t0, BIT(IRQ_M_TIMER)     /* silent until S sets the next deadline */
    csrc mie, t0
    li t0, BIT(IRQ_S_TIMER)
    csrs mip, t0
    j machine_return
1:  csrr t0, mhartid
    slli t0, t0, 2
    li t1, MAP_WIDE_MSIP_BASE
    add t0, t0, t1
    sw zero, 0(t0)
    csrsi mip, BIT(IRQ_S_SOFTWARE)

machine_return:
    ld t0, CORE_MACHINE_SAVE+0(tp)
    ld t1, CORE_MACHINE_SAVE+8(tp)
    ld t2, CORE_MACHINE_SAVE+16(tp)
    csrrw tp, mscratch, tp
    mret

/* A trap that nobody expects: report it on the kernel stack and end the run. */
machine_fatal:
    csrr a0, mcause
    csrr a1, mepc
    csrr a2, mtval
    csrr a3, mhartid
    la t0, layout
    ld t0, LAYOUT_KERNEL_STACK(t0)
    add sp, tp, t0
    j report_machine_trap
