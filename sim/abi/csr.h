/*
 * Tessera's own control and status registers.  The numbers lie in the ranges
 * that the privileged architecture (chapter 2) leaves for custom use, so an
 * ordinary assembler and disassembler read them.
 *
 * Message unit, user code.  A message is built by pushing words and launched
 * by naming an endpoint; nothing here needs a kernel entry.
 *   mu_push    w   append a 64-bit word to the message being built (1..8)
 *   mu_send    w   launch it through endpoint number `value`; the words are
 *                  kept when the launch is refused, dropped when it succeeds
 *                  value MU_DISCARD drops the words and launches nothing (MU_OK),
 *                  so that a sender that was refused may give up
 *              r   status of the last launch (enum mu_status)
 *   mu_queue   rw  select the receive queue that the registers below show
 *   mu_ack     w   drop the selected queue's head message and return its
 *                  credit to the sender
 *   mu_wait    w   sleep until one queue of the mask `value` holds a message
 *                  or an enabled interrupt is pending (as for wfi, an interrupt
 *                  that ends it finds the pc behind it)
 *   mu_ready   r   mask of the queues that hold a message
 *   mu_count   r   messages waiting in the selected queue
 *   mu_header  r   head message: source tile | words << 16 (0 when empty)
 *   mu_label   r   head message: the label that hardware wrote
 *   mu_pop     r   head message: next word (each read moves on by one)
 *
 * The message being built, the status of the last launch and the selected queue
 * exist twice, for user code and for S- and M-mode: a trap handler may send and
 * receive without disturbing what user code has begun.  Which word of a head
 * message comes next is the queue's, whoever reads it.
 *
 * Message unit, supervisor code (the CPU driver) configures it.
 *   smu_ep         rw  select the send endpoint that the registers below show
 *   smu_ep_dest    rw  destination tile | destination queue << 16; another one
 *                      than before starts afresh, with all credits and no
 *                      refusals, and what earlier messages bring back is ignored
 *   smu_ep_label   rw  64-bit label
 *   smu_ep_credits rw  w: messages that may be in flight or unread at once, at
 *                      most as many as a tile's queues hold in all
 *                      (message.slots); those that are already count
 *                      r: how many more may be launched now
 *   smu_ep_conf    rw  MU_EP_* bits; writing it makes the endpoint valid or not
 *   smu_ep_refused rw  messages of this endpoint that were refused and that no
 *                      launch has reported yet (at most 65535)
 *   smu_rq         rw  select the receive queue that the registers below show
 *   smu_rq_conf    rw  MU_RQ_* bits and the queue's depth in messages << 8
 *   smu_ie         rw  mask of the queues whose messages raise the interrupt
 *   smu_refused    r   messages of others refused at this tile's queues since reset
 *
 * Messages from one tile to another arrive in the order in which they were
 * launched, whatever endpoints, queues and lengths: when one can be seen (or is
 * refused), all earlier ones have been.  Messages of different senders, and a
 * message and the sender's accesses to memory, have no order between them.
 *
 * A user-level access to an endpoint or a queue without the user bit is
 * refused like one that does not exist.
 */
#ifndef TESSERA_ABI_CSR_H
#define TESSERA_ABI_CSR_H

#define CSR_MU_PUSH 0x800
#define CSR_MU_SEND 0x801
#define CSR_MU_QUEUE 0x802
#define CSR_MU_ACK 0x803
#define CSR_MU_WAIT 0x804
#define CSR_MU_READY 0xcc0
#define CSR_MU_COUNT 0xcc1
#define CSR_MU_HEADER 0xcc2
#define CSR_MU_LABEL 0xcc3
#define CSR_MU_POP 0xcc4

#define CSR_SMU_EP 0x5c0
#define CSR_SMU_EP_DEST 0x5c1
#define CSR_SMU_EP_LABEL 0x5c2
#define CSR_SMU_EP_CREDITS 0x5c3
#define CSR_SMU_EP_CONF 0x5c4
#define CSR_SMU_EP_REFUSED 0x5c5
#define CSR_SMU_RQ 0x5c8
#define CSR_SMU_RQ_CONF 0x5c9
#define CSR_SMU_IE 0x5ca
#define CSR_SMU_REFUSED 0xdc0

#define MU_EP_VALID 0x1
#define MU_EP_USER 0x2
#define MU_RQ_VALID 0x1
#define MU_RQ_USER 0x2
#define MU_RQ_DEPTH_SHIFT 8
#define MU_DEST_QUEUE_SHIFT 16
#define MU_HEADER_WORDS_SHIFT 16
#define MU_MESSAGE_WORDS 8
#define MU_DISCARD -1

/* enum mu_status */
#define MU_OK 0          /* on its way */
#define MU_NO_CREDITS 1  /* all of the endpoint's credits are out */
#define MU_BAD_ENDPOINT 2 /* no such endpoint, or not for this privilege */
#define MU_BAD_LENGTH 3  /* no words, or more than MU_MESSAGE_WORDS */
#define MU_REFUSED 4     /* an earlier message of this endpoint found its queue absent
                            or full; each is reported once, by a launch through the
                            endpoint, which launches nothing */

/* Message arrival is the local interrupt 16 (`mip` bits 16 and up are for
 * platform use), delegable to S through mideleg. */
#define IRQ_MESSAGE 16

#endif
