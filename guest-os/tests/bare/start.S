/*
 * Under a bare test there is no kernel: every hart comes here at reset, takes a
 * stack of its own and calls bare_main(hart) in M-mode.  What that returns on hart 0
 * is the exit code; the others sleep.  A trap other than a software interrupt ends
 * the run with 128 + cause; a software interrupt calls bare_interrupt().
 */
    .section .text.boot, "ax"
    .globl _start
_start:
    .option push
    .option norelax
    la gp, __global_pointer$
    .option pop
    la t0, trap
    csrw mtvec, t0
    li t0, -1
    csrw pmpaddr0, t0
    li t0, 0x1f
    csrw pmpcfg0, t0
    la sp, stack_end
    slli t0, a0, 12
    sub sp, sp, t0
    mv s0, a0
    call bare_main
    bnez s0, sleep
exit:
    slli a0, a0, 1
    ori a0, a0, 1
    la t0, tohost
    sd a0, 0(t0)
sleep:
    wfi
    j sleep

    .balign 4
trap:
    csrw mscratch, t0
    csrr t0, mcause
    bltz t0, interrupt
    addi a0, t0, 128
    j exit
interrupt:                      /* on the interrupted stack */
    csrr t0, mscratch
    addi sp, sp, -256
    .irp n, 1,5,6,7,10,11,12,13,14,15,16,17,28,29,30,31
    sd x\n, 8*\n(sp)
    .endr
    call bare_interrupt
    .irp n, 1,5,6,7,10,11,12,13,14,15,16,17,28,29,30,31
    ld x\n, 8*\n(sp)
    .endr
    addi sp, sp, 256
    mret

    .section .tohost, "aw"
    .globl tohost
    .globl fromhost
    .balign 64
tohost:
    .dword 0
    .balign 64
fromhost:
    .dword 0
    .balign 64
