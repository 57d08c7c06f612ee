/*
 * The least that a C program needs on a bare tile: a stack, a trap that ends
 * the run, and an exit.  Hart 0 runs main() in M-mode; the others sleep.  The
 * program ends by storing (code << 1 | 1) to `tohost`.
 */
    .section .text.boot, "ax"
    .globl _start
_start:
    bnez a0, sleep
    .option push
    .option norelax
    la gp, __global_pointer$
    .option pop
    la t0, trapped
    csrw mtvec, t0
    la sp, stack_end
    call main
exit:
    slli a0, a0, 1
    ori a0, a0, 1
    la t0, tohost
    sd a0, 0(t0)
sleep:
    csrw mie, zero
1:  wfi
    j 1b

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
