/*
 * The door between user code and the driver.
 *
 * In user mode sscratch holds the core's block; in the driver it is zero and tp
 * holds the block.  The driver runs with interrupts off, so a trap that finds
 * sscratch zero comes from the driver itself and is a bug: it is reported.
 */
#include "guest-os/cpu/core.h"

.macro each_register op            /* x1 to x31 but tp (x4), which the caller moves */
    \op x1, 8(tp)
    \op x2, 16(tp)
    \op x3, 24(tp)
    .irp n, 5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    \op x\n, 8*\n(tp)
    .endr
.endm

    .text
    .balign 4
    .globl cpu_trap
cpu_trap:
    csrrw tp, sscratch, tp
    beqz tp, from_driver
    each_register sd
    .option push
    .option norelax
    la gp, __global_pointer$
    .option pop
    csrrw t0, sscratch, zero
    sd t0, 8*4(tp)
    csrr t0, sepc
    sd t0, 0(tp)
    ld sp, CORE_KERNEL_STACK(tp)
    mv a0, tp
    j cpu_trap_from_user

    .globl cpu_return_to_user
cpu_return_to_user:
    mv tp, a0
    ld t0, 0(tp)
    csrw sepc, t0
    csrw sscratch, tp
    each_register ld
    ld tp, 8*4(tp)
    sret

from_driver:
    csrrw tp, sscratch, tp
    csrr a0, scause
    csrr a1, sepc
    csrr a2, stval
    mv a3, tp
    j cpu_trap_from_driver
