/*
 * The program around the programs.  For each one of the batch it sets every
 * register and every byte that the program can see to what its blob says,
 * enters it through mret, logs and survives its traps, and writes what has
 * become of it to its result.  The same image runs on Tessera and on QEMU; only
 * the way to end the whole run differs.
 *
 * Register t6 holds the frame's address throughout; programs read it but never
 * write it.  M-mode runs untranslated, and its handler touches nothing that a locked
 * PMP entry may cover, so it cannot trap.  The S-mode handler can, where sret is not
 * allowed; it then falls through to M mode, which finds where to go on in FRAME_S_EPC.
 *
 *   exception           skip the instruction and go on
 *   failed fetch        go on in M mode at the same offset of the code, because
 *                       there is no instruction to skip
 *   interrupt           disable it and go on
 *   at the final
 *   instruction         write the result
 */
#include "sim/fuzz/layout.h"

#define CODE_MASK (FZ_CODE_BYTES - 1)
#define MSTATUS_MPP 0x1800
#define MSTATUS_MPRV 0x20000
#define PMP_LOCKS 0x8080808080808080
#define MSIP 0x02000000
#define MTIMECMP 0x02004000
#define TEST_DEVICE 0x100000
#define TEST_PASS 0x5555

    .option norelax
    .option norvc
    .text
    .globl _start
_start:
next_program:
    csrw mie, zero
    li t6, FZ_FRAME
    li t0, FZ_M_VECTOR
    csrw mtvec, t0
    li s0, FZ_HEADER
    ld t0, HEADER_LEFT(s0)
    beqz t0, end_run
    addi t0, t0, -1
    sd t0, HEADER_LEFT(s0)
    ld s1, HEADER_BLOB(s0)
    ld s4, HEADER_USES(s0)

clear_frame:
    mv a0, t6
    li a1, FRAME_BYTES
    call clear
    ld t0, BLOB_END(s1)
    sd t0, FRAME_END(t6)

fill_scratch:                   /* a pattern without repetition */
    li t0, FZ_SCRATCH
    li t1, FZ_SCRATCH_BYTES
    add t1, t0, t1
    li t2, 0x9e3779b97f4a7c15
    mv t3, zero
1:  add t3, t3, t2
    xor t4, t3, t0
    sd t4, 0(t0)
    addi t0, t0, 8
    bltu t0, t1, 1b

copy_code:
    li a0, FZ_CODE
    li a1, FZ_CODE_BYTES
    call clear
    li a0, FZ_COPY
    li a1, FZ_CODE_BYTES
    call clear
    addi t0, s1, BLOB_POKE
    ld t1, BLOB_POKES(s1)
    slli t1, t1, 4
    add t0, t0, t1
    ld t1, BLOB_PATCHES(s1)
    slli t1, t1, 3
    add t0, t0, t1
    ld t1, BLOB_CODE_AT(s1)
    ld t2, BLOB_CODE_BYTES(s1)
    add t2, t1, t2
    li t4, FZ_COPY - FZ_CODE
1:  ld t3, 0(t0)
    sd t3, 0(t1)
    add t5, t1, t4
    sd t3, 0(t5)
    addi t0, t0, 8
    addi t1, t1, 8
    bltu t1, t2, 1b

build_page_tables:
    csrw satp, zero
    andi t0, s4, USES_PAGING
    beqz t0, poke
    li a0, FZ_ROOT48
    li a1, 5 * 4096             /* FZ_OTHER39 is the last */
    call clear
    li a0, FZ_L1_SLOTS
    li a1, 2 * 4096
    call clear
    .macro entry table, index, value
    li t0, \table + 8 * (\index)
    li t1, \value
    sd t1, 0(t0)
    .endm
    .macro pointer table, index, to
    entry \table, \index, ((\to) >> 12 << 10) + 1
    .endm
    .macro leaf address, flags  /* identity */
    entry FZ_L0_FIXED, ((\address) >> 12) & 511, ((\address) >> 12 << 10) + (\flags)
    .endm
    pointer FZ_ROOT48, 0, FZ_ROOT39
    pointer FZ_ROOT39, 2, FZ_L1_FIXED
    pointer FZ_ROOT39, 3, FZ_L1_SLOTS
    pointer FZ_L1_FIXED, 0, FZ_L0_FIXED
    pointer FZ_L1_SLOTS, 1, FZ_L0_SLOTS
    leaf FZ_BASE, 0xcb                  /* V R X A D */
    leaf FZ_BASE + 0x1000, 0xcb
    leaf FZ_FRAME, 0xc7                 /* V R W A D */
    leaf FZ_L1_SLOTS, 0xc7
    leaf FZ_L0_SLOTS, 0xc7
    leaf FZ_COPY, 0xc3                  /* V R A D */
    leaf FZ_COPY + 0x1000, 0xc3
    leaf FZ_ROOT39, 0xc7

poke:
    ld t0, BLOB_POKES(s1)
    addi t1, s1, BLOB_POKE
    slli t0, t0, 4
    add t0, t1, t0
1:  bgeu t1, t0, 2f
    ld t2, 0(t1)
    ld t3, 8(t1)
    sd t3, 0(t2)
    addi t1, t1, 16
    j 1b
2:

quiet_interrupts:
    li t0, MSIP
    sw zero, 0(t0)
    li t0, MTIMECMP
    li t1, -1
    sd t1, 0(t0)

quiet_counters:                 /* events first: they would go on counting */
    .set number, 3
    .rept 29
    csrw 0x320 + number, zero   /* mhpmevent */
    csrw 0xb00 + number, zero   /* mhpmcounter */
    .set number, number + 1
    .endr

set_state:
    andi t0, s4, USES_PMP
    beqz t0, 1f
    .set offset, BLOB_STATE + 8 * STATE_COUNT
#define STATE(number, name)
#define STATE_PMP(number, name) ld t0, offset(s1); csrw number, t0; .set offset, offset + 8;
#include "sim/fuzz/state.def"
#undef STATE
#undef STATE_PMP
1:
    .set offset, BLOB_STATE
#define STATE(number, name) ld t0, offset(s1); csrw number, t0; .set offset, offset + 8;
#define STATE_PMP(number, name)
#include "sim/fuzz/state.def"
#undef STATE
#undef STATE_PMP
    sc.d zero, zero, (t6)       /* no reservation; fails, or writes a free word */
    fence.i
    sfence.vma

enter:
    mv t6, s1
    .irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
    ld x\n, BLOB_X + 8 * \n(t6)
    .endr
    ld t6, BLOB_X + 8 * 31(t6)  /* FZ_FRAME */
    mret

end_run:
    ld t0, HEADER_ON_QEMU(s0)
    bnez t0, 1f
    li t0, 2000                 /* what is on its way to memory arrives */
2:  addi t0, t0, -1
    bnez t0, 2b
    li t1, FZ_TOHOST
    li t0, 1
    sd t0, 0(t1)
1:  li t1, TEST_DEVICE
    li t0, TEST_PASS
2:  sw t0, 0(t1)
    j 2b

clear:                          /* a1 bytes at a0 */
    add a1, a0, a1
1:  sd zero, 0(a0)
    addi a0, a0, 8
    bltu a0, a1, 1b
    ret

/* ---- the end of a program ---------------------------------------------------- */

    .macro hash address, bytes, result
    li a0, \address
    li a1, \bytes
    call hash_memory
    sd a2, RESULT_HASH + 8 * (\result)(s2)
    .endm

hash_memory:                    /* a2 = hash of a1 bytes at a0 */
    add a1, a0, a1
    mv a2, zero
1:  ld a3, 0(a0)
    slli a4, a2, 7
    srli a5, a2, 57
    or a2, a4, a5
    add a2, a2, a3
    addi a0, a0, 8
    bltu a0, a1, 1b
    ret

    .balign 4
unreadable:                     /* a load of hash_memory has trapped */
    csrr a5, mepc
    addi a5, a5, 4
    csrw mepc, a5
    li a5, MSTATUS_MPP
    csrs mstatus, a5
    li a3, RESULT_UNREADABLE
    mret

/* t0 = status; t1..t4 are free, the program's t0..t5 are in the frame. */
finish:
    li t1, FZ_HEADER
    ld t2, HEADER_RESULT(t1)
    .irp n, 1,2,3,4,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27
    sd x\n, RESULT_X + 8 * \n(t2)
    .endr
    sd t6, RESULT_X + 8 * 31(t2)
    mv s2, t2
    mv s3, t0
    .set offset, 0
    .irp n, 5,6,7,28,29,30
    ld t1, FRAME_M_SAVED + offset(t6)
    sd t1, RESULT_X + 8 * \n(s2)
    .set offset, offset + 8
    .endr
    .set offset, RESULT_STATE
#define STATE(number, name) csrr t0, number; sd t0, offset(s2); .set offset, offset + 8;
#define STATE_PMP(number, name)
#include "sim/fuzz/state.def"
#undef STATE
#undef STATE_PMP
    csrw mie, zero
    li t0, MSTATUS_MPRV
    csrc mstatus, t0
    csrw satp, zero
    sfence.vma
    li s0, FZ_HEADER
    ld s1, HEADER_BLOB(s0)
    ld s4, HEADER_USES(s0)
    andi t0, s4, USES_PMP
    beqz t0, 1f
#define STATE(number, name)
#define STATE_PMP(number, name) csrr t0, number; sd t0, offset(s2); .set offset, offset + 8;
#include "sim/fuzz/state.def"
#undef STATE
#undef STATE_PMP
    csrw pmpcfg0, zero          /* an access that an entry covers in part fails in M mode too */
    csrw pmpcfg2, zero
    lla t0, unreadable          /* what is locked stays */
    csrw mtvec, t0
1:  addi t0, s1, BLOB_POKE      /* what QEMU had otherwise counts as nothing */
    ld t1, BLOB_POKES(s1)
    slli t1, t1, 4
    add t0, t0, t1
    ld t1, BLOB_PATCHES(s1)
    slli t1, t1, 3
    add t1, t0, t1
2:  bgeu t0, t1, 3f
    ld t2, 0(t0)
    sh zero, 0(t2)
    sh zero, 2(t2)
    addi t0, t0, 8
    j 2b
3:  hash FZ_SCRATCH, FZ_SCRATCH_BYTES, 0
    li t0, RESULT_TRAPS         /* between two stand-ins, maybe: "cache_block" */
    bne s3, t0, 4f
    ld t0, BLOB_PATCHES(s1)
    beqz t0, 4f
    sd zero, RESULT_HASH(s2)
4:
    hash FZ_CODE, FZ_CODE_BYTES, 1
    andi t0, s4, USES_PAGING
    beqz t0, 2f
    hash FZ_ROOT48, 4 * 4096, 2
    mv s5, a2
    hash FZ_OTHER39, 4096, 2
    add s5, s5, a2
    hash FZ_L1_SLOTS, 2 * 4096, 2
    add a2, a2, s5
    sd a2, RESULT_HASH + 16(s2)
2:
    ld t0, FRAME_TRAPS(t6)
    sd t0, RESULT_TRAP_COUNT(s2)
    addi t1, t6, FRAME_LOG
    addi t2, t6, FRAME_LOG
    li t3, TRAPS_MAX * LOG_BYTES
    add t2, t2, t3
    addi t3, s2, RESULT_LOG
1:  ld t4, 0(t1)
    sd t4, 0(t3)
    addi t1, t1, 8
    addi t3, t3, 8
    bltu t1, t2, 1b
    sd s3, RESULT_STATUS(s2)
    ld t0, BLOB_BYTES(s1)
    add s1, s1, t0
    sd s1, HEADER_BLOB(s0)
    li t0, FZ_RESULT_BYTES
    add s2, s2, t0
    sd s2, HEADER_RESULT(s0)
    andi t0, s4, USES_LOCKS
    beqz t0, next_program
    csrr t0, pmpcfg0
    csrr t1, pmpcfg2
    or t0, t0, t1
    li t1, PMP_LOCKS
    and t0, t0, t1
    bnez t0, end_run            /* "locked_pmp" */
    j next_program

/* ---- what both trap handlers do ----------------------------------------------------- */

    .macro save area
    sd t0, \area + 0(t6)
    sd t1, \area + 8(t6)
    sd t2, \area + 16(t6)
    sd t3, \area + 24(t6)
    sd t4, \area + 32(t6)
    .endm
    .macro restore area
    ld t0, \area + 0(t6)
    ld t1, \area + 8(t6)
    ld t2, \area + 16(t6)
    ld t3, \area + 24(t6)
    ld t4, \area + 32(t6)
    ld t5, \area + 40(t6)
    .endm

    /* A new entry: t1 = its address, t2 = cause, t3 = pc of the trap.  t5 is the
     * vector's number.  To `full` when there is no room. */
    .macro new_entry full, mode, cause, epc, status
    ld t0, FRAME_TRAPS(t6)
    li t1, TRAPS_MAX
    bgeu t0, t1, \full
    addi t2, t0, 1
    sd t2, FRAME_TRAPS(t6)
    slli t1, t0, 5              /* LOG_BYTES = 40 = 32 + 8 */
    slli t2, t0, 3
    add t1, t1, t2
    add t1, t1, t6
    addi t1, t1, FRAME_LOG
    ori t5, t5, \mode
    sd t5, LOG_WHERE(t1)
    csrr t2, \cause
    csrr t3, \epc
    sd t3, LOG_EPC(t1)
    csrr t4, \status
    sd t4, LOG_STATUS(t1)
    .endm

    /* The rest of the entry, once the cause is known for good.  Names in quotes
     * are rows of differences.def.  Changes t4. */
    .macro finish_entry tval
    sd t2, LOG_CAUSE(t1)
    addi t4, t2, -3             /* "breakpoint" */
    bnez t4, 2f
    csrw \tval, zero
2:  andi t4, t2, ~2             /* 5, 7: "misaligned_fault" */
    addi t4, t4, -5
    bnez t4, 3f
    csrci \tval, 7
3:  csrr t4, \tval
    sd t4, LOG_TVAL(t1)
    .endm

    /* t5, t4 = upper and lower half of the instruction at offset t5 */
    .macro read_instruction from
    li t4, \from
    add t4, t4, t5
    lhu t5, 2(t4)
    lhu t4, 0(t4)
    .endm

    /* What QEMU says otherwise of some instructions.  Changes t0. */
    .macro correct cause, tval
    slli t0, t4, 49             /* lb to x0 may stand for another: "cache_block" */
    srli t0, t0, 49
    addi t0, t0, -3
    beqz t0, 4f
    andi t0, t4, 0x7f
    addi t0, t0, -0x2f
    bnez t0, 2f
    srli t0, t5, 11             /* an AMO that is not lr: "amo_fault" */
    addi t0, t0, -2
    beqz t0, 3f
4:  li t0, 4
    beq t2, t0, 1f
    li t0, 5
    beq t2, t0, 1f
    li t0, 13
    bne t2, t0, 3f
1:  addi t2, t2, 2
    csrw \cause, t2
    j 3f
2:  addi t0, t0, 0x2f - 0x73
    bnez t0, 3f
    srli t0, t5, 9              /* Svinval: "svinval_bits" */
    addi t0, t0, -0x0b
    sltiu t0, t0, 2
    beqz t0, 3f
    addi t0, t2, -2
    bnez t0, 3f
    csrw \tval, zero
3:
    .endm

    /* t3 = behind the instruction whose lower half is t4 */
    .macro skip_instruction
    andi t4, t4, 3
    addi t3, t3, 2
    li t5, 3
    bne t4, t5, 1f
    addi t3, t3, 2
1:
    .endm

/* ---- traps to M mode ------------------------------------------------------------ */

m_common:                       /* t5 = number of the vector */
    save FRAME_M_SAVED
    new_entry m_no_room, WHERE_M, mcause, mepc, mstatus
    bltz t2, m_interrupt
    li t4, FZ_BASE
    sub t4, t3, t4
    li t5, FZ_HARNESS_BYTES
    bltu t4, t5, m_from_s_handler
    li t5, CODE_MASK
    and t5, t3, t5
    ld t4, FRAME_END(t6)
    beq t5, t4, m_end
    addi t4, t2, -1             /* instruction access fault, page fault */
    beqz t4, m_no_fetch
    addi t4, t2, -12
    beqz t4, m_no_fetch
    read_instruction FZ_COPY
    correct mcause, mtval
    skip_instruction
    csrw mepc, t3
    finish_entry mtval
    j m_action

m_from_s_handler:               /* S mode could not go on by itself */
    .irp n, 0,8,16,24,32,40     /* the program's registers */
    ld t4, FRAME_S_SAVED + \n(t6)
    sd t4, FRAME_M_SAVED + \n(t6)
    .endr
    ld t5, FRAME_S_EPC(t6)
    li t4, CODE_MASK
    and t5, t5, t4
    ld t4, FRAME_END(t6)
    beq t5, t4, m_end
m_no_fetch:
    li t4, FZ_CODE
    add t5, t5, t4
    csrw mepc, t5
    li t4, MSTATUS_MPP
    csrs mstatus, t4
    finish_entry mtval
    j m_action

m_interrupt:
    finish_entry mtval
    li t3, 1
    sll t3, t3, t2
    csrc mie, t3

m_action:
    ld t0, FRAME_TRAPS(t6)
    addi t0, t0, -1
    andi t0, t0, ACTIONS - 1
    slli t0, t0, 3
    li t1, FZ_HEADER
    ld t1, HEADER_BLOB(t1)
    add t1, t1, t0
    ld t1, BLOB_ACTION(t1)
    srli t2, t1, 3
    andi t2, t2, 1
    li t3, MSIP
    sw t2, 0(t3)
    andi t2, t1, ACTION_TIMER
    addi t2, t2, -1             /* -1: never, 15: long ago */
    li t3, MTIMECMP
    sd t2, 0(t3)
    csrr t2, mstatus
    li t3, MSTATUS_MPRV
    and t2, t2, t3
    beqz t2, 1f
    sfence.vma                  /* "mprv_stale" */
1:  andi t2, t1, ACTION_SET_MODE
    beqz t2, 1f
    li t2, MSTATUS_MPP
    csrc mstatus, t2
    andi t1, t1, ACTION_MODE
    slli t1, t1, 11
    csrs mstatus, t1
    beq t1, t2, 1f
    li t2, MSTATUS_MPRV         /* "mprv"; and the loads below are the harness's */
    csrc mstatus, t2
1:  addi t0, t6, FRAME_RESERVE
    sc.d zero, zero, (t0)       /* "reservation" */
    restore FRAME_M_SAVED
    mret

m_end:
    finish_entry mtval
    li t0, RESULT_ENDED
    j finish
m_no_room:                      /* what would be corrected elsewhere is cleared */
    csrw mcause, zero
    csrw mtval, zero
    li t0, RESULT_TRAPS
    j finish

/* ---- traps delegated to S mode ----------------------------------------------------- */

s_common:                       /* t5 = number of the vector */
    sd t4, FRAME_S_EARLY + 8(t6)
    sd t3, FRAME_S_EARLY + 16(t6)
    csrr t3, sepc
    li t4, FZ_BASE
    xor t4, t3, t4
    srli t4, t4, 13             /* log2 FZ_HARNESS_BYTES */
    beqz t4, s_trapped_itself
    ld t3, FRAME_S_EARLY + 16(t6)
    ld t4, FRAME_S_EARLY + 8(t6)
    save FRAME_S_SAVED
    ld t4, FRAME_S_EARLY(t6)
    sd t4, FRAME_S_SAVED + 40(t6)
    new_entry s_no_room, WHERE_S, scause, sepc, sstatus
    sd t3, FRAME_S_EPC(t6)
    bltz t2, s_interrupt
    li t5, CODE_MASK
    and t5, t3, t5
    ld t4, FRAME_END(t6)
    beq t5, t4, s_leave
    addi t4, t2, -1
    beqz t4, s_leave
    addi t4, t2, -12
    beqz t4, s_leave
    read_instruction FZ_COPY    /* a program that changes itself keeps the lengths */
    correct scause, stval
    skip_instruction
    sd t3, FRAME_S_EPC(t6)
    csrw sepc, t3
    finish_entry stval
s_return:
    addi t0, t6, FRAME_RESERVE
    sc.d zero, zero, (t0)
    restore FRAME_S_SAVED
    sret

s_interrupt:
    finish_entry stval
    li t3, 1
    sll t3, t3, t2
    csrc sie, t3
    j s_return

s_no_room:
    csrw scause, zero
    csrw stval, zero
    j s_escape

/* To M mode.  Programs delegate at most one of the two exceptions below. */
s_leave:
    finish_entry stval
s_escape:
    restore FRAME_S_SAVED
s_escape_call:
    ecall
s_trapped_itself:
    lla t4, s_escape_call
    bne t3, t4, s_escape
    restore FRAME_S_SAVED
    .word 0

/* ---- the vector tables ---------------------------------------------------------------- */

    .macro stub mode, area, number
\mode\()_stub_\number:
    sd t5, \area + 40(t6)
    li t5, \number
    j \mode\()_common
    .endm
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    stub m, FRAME_M_SAVED, \n
    stub s, FRAME_S_EARLY - 40, \n
    .endr

    .macro jump mode, number
    j \mode\()_stub_\number
    .endm
    .org FZ_M_VECTOR - FZ_BASE
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    jump m, \n
    .endr
    .org FZ_S_VECTOR - FZ_BASE
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
    jump s, \n
    .endr
    .org FZ_HARNESS_BYTES
