/*
 * The least that a C program needs on a bare tile: a stack, a trap that ends
 * the run, and an exit.  Hart 0 runs main() in M-mode; the others sleep, or run
 * other_hart(hart) if the program has one, on a stack of 1 KiB each.  The program
 * ends by storing (code << 1 | 1) to `tohost`.
 */
    .section .text.boot, "ax"
    .globl _start
_start:
    .option push
    .option norelax
    la gp, __global_pointer$
    .option pop
    bnez a0, others
    la t0, trapped
    csrw mtvec, t0
    la sp, stack_end
    call main
exit:
    slli a0, a0, 1
    ori a0, a0, 1
    la t0, tohost
    sd a0, 0(t0)
    .weak other_hart
other_hart:
sleep:
    csrw mie, zero
1:  wfi
    j 1b

others:
    la sp, stack_end
    slli t0, a0, 10
    add sp, sp, t0
    call other_hart
    j sleep

    .balign 4
trapped:                        /* exit code: 128 + cause */
    csrr a0, mcause
    addi a0, a0, 128
    j exit

    .section .tohost, "aw"
    .globl tohost
    .globl fromhost
    .size tohost, 8             /* QEMU's machine `spike` asks for it */
    .size fromhost, 8
    .balign 64
tohost:
    .dword 0
    .balign 64
fromhost:
    .dword 0
    .balign 64
