/*
 * Where things lie in a fuzzing image, for the harness (guest/harness.S) and
 * for the host alike: plain numbers only.
 *
 *   0x8000_0000  harness: text, then the two vector tables     S may read and execute
 *   0x8000_2000  frame: saved registers, trap log              S may read and write
 *   0x8000_4000  header: what to run; tohost                   M only
 *   0x8000_6000  copy of the code, for both handlers           S may read
 *   0x8000_8000  page tables that hold the harness itself, for three address spaces
 *   0x8001_0000  page tables that hold random entries
 *   0x8001_8000  code under test, 8 KiB, two pages
 *   0x8001_c000  scratch memory, 8 KiB, two pages
 *   0x8020_0000  programs, one behind the other
 *   0x8100_0000  results, one a page
 *
 * Everything that the harness needs while S or U mode runs lies in the first
 * 64 KiB, which one PMP entry and fixed page-table entries keep reachable.
 */
#ifndef TESSERA_FUZZ_LAYOUT_H
#define TESSERA_FUZZ_LAYOUT_H

#define FZ_BASE          0x80000000
#define FZ_M_VECTOR      0x80001800 /* within reach of addi from the frame */
#define FZ_S_VECTOR      0x80001c00
#define FZ_FRAME         0x80002000 /* register t6 holds this address throughout */
#define FZ_HEADER        0x80004000
#define FZ_TOHOST        0x80005000
#define FZ_COPY          0x80006000 /* of the code, for both handlers */
#define FZ_HARNESS_BYTES 0x2000
#define FZ_KEPT_BYTES    0x10000 /* the part that PMP entry 0 keeps open */

#define FZ_ROOT48   0x80008000
#define FZ_ROOT39   0x80009000 /* also the third level of the Sv48 tree */
#define FZ_L1_FIXED 0x8000a000
#define FZ_L0_FIXED 0x8000b000
#define FZ_OTHER39  0x8000c000 /* root of another Sv39 tree; empty until poked */
#define FZ_L1_SLOTS 0x80010000
#define FZ_L0_SLOTS 0x80011000

#define FZ_CODE          0x80018000
#define FZ_CODE_BYTES    0x2000
#define FZ_SCRATCH       0x8001c000
#define FZ_SCRATCH_BYTES 0x2000
#define FZ_BLOBS         0x80200000
#define FZ_RESULTS       0x81000000
#define FZ_RESULT_BYTES  0x1000
#define FZ_CASES_MAX     2048
#define FZ_MEMORY_MIB    64

/* The header, in bytes from FZ_HEADER. */
#define HEADER_ON_QEMU 0  /* 1: the run ends through QEMU's test device */
#define HEADER_LEFT    8  /* programs still to be run */
#define HEADER_BLOB    16 /* the next program */
#define HEADER_RESULT  24 /* where its result goes */
#define HEADER_USES    32 /* USES_* bits */
#define USES_PAGING    1
#define USES_PMP       2
#define USES_LOCKS     4 /* the run ends behind a program that has locked a PMP entry */

/* A program ("blob"): these words, 8 bytes each, then pokes, then
 * addresses of patches, then code. */
#define BLOB_BYTES      0   /* of the whole blob, a multiple of 8 */
#define BLOB_CODE_BYTES 8   /* a multiple of 8 */
#define BLOB_CODE_AT    16  /* address that the code is copied to, a multiple of 8 */
#define BLOB_END        24  /* offset of the final instruction from FZ_CODE */
#define BLOB_POKES      32  /* pairs of address and value, stored before the start */
#define BLOB_PATCHES    40  /* addresses behind the pokes: words cleared in the end */
#define BLOB_X          48  /* 32 registers */
#define BLOB_ACTION     304 /* ACTIONS words: what the n-th M trap does besides */
#define BLOB_STATE      432 /* the registers of state.def, then those for PMP */
#define STATE_COUNT     24
#define STATE_PMP_COUNT 18
#define BLOB_POKE       (BLOB_STATE + 8 * (STATE_COUNT + STATE_PMP_COUNT))

/* What the harness does at the end of its n-th trap, from action[n % ACTIONS]. */
#define ACTIONS         16
#define ACTION_MODE     3 /* bits 1..0: return to this mode, if ACTION_SET_MODE */
#define ACTION_SET_MODE 4
#define ACTION_MSIP     8  /* raise the software interrupt, else clear it */
#define ACTION_TIMER    16 /* raise the timer interrupt, else clear it */

/* A result, in bytes from the start of its page. */
#define RESULT_STATUS     0     /* RESULT_ENDED or RESULT_TRAPS; 0: never came to its end */
#define RESULT_ENDED      1     /* reached its final instruction */
#define RESULT_TRAPS      2     /* TRAPS_MAX traps */
#define RESULT_UNREADABLE 0x5a5 /* what is hashed where PMP lets not even M mode read */
#define RESULT_TRAP_COUNT 8
#define RESULT_HASH       16 /* scratch, code, page tables */
#define RESULT_X          40
#define RESULT_STATE      296
#define RESULT_LOG        (RESULT_STATE + 8 * (STATE_COUNT + STATE_PMP_COUNT))

/* One trap in the log; `where` is the vector's number, plus one of the bits. */
#define TRAPS_MAX  40
#define LOG_BYTES  40
#define LOG_CAUSE  0
#define LOG_EPC    8
#define LOG_TVAL   16
#define LOG_STATUS 24
#define LOG_WHERE  32
#define WHERE_M    0x100
#define WHERE_S    0x200

/* The frame, in bytes from FZ_FRAME. */
#define FRAME_M_SAVED 0 /* t0..t5 at the trap */
#define FRAME_S_SAVED 64
#define FRAME_TRAPS   128
#define FRAME_S_EPC   136 /* where the S handler wanted to go on */
#define FRAME_END     144 /* BLOB_END, for both handlers */
#define FRAME_S_EARLY 160 /* saved before it is known whose registers they are */
#define FRAME_RESERVE 192 /* a line of its own: the store that ends reservations */
#define FRAME_LOG     256
#define FRAME_BYTES   (FRAME_LOG + TRAPS_MAX * LOG_BYTES)

#endif
