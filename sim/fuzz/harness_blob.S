/* The assembled guest/harness.S, as it lies in memory from FZ_BASE on. */
    .section .rodata
    .globl fuzz_harness
    .globl fuzz_harness_end
    .balign 8
fuzz_harness:
    .incbin "fuzz_harness.bin"
fuzz_harness_end:
    .section .note.GNU-stack, "", %progbits
