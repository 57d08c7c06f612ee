/*
 * The message unit's receiving side: queues and their depth, what user code may see of
 * them, who waits and who wakes.
 */
#include "sim/base/rng.h"
#include "sim/tile/tests/message_registers.h"

TestSuite(msgqueues, .init = lone_create, .fini = lone_destroy);

/* ---- receiving ---------------------------------------------------------------------------- */

Test(msgqueues, a_message_is_read_as_it_was_sent)
{
    struct message message = {
        .label = 77, .word = {1, 2, 3, 4, 5, 6, 7, 8}, .endpoint = 5, .queue = 3, .words = 8};
    configure_queue(3, 4, MU_RQ_VALID);
    cr_assert(msgunit_deliver(&lone.tile, 1, &message, 10));
    write_reg(CSR_MU_QUEUE, 3);
    cr_assert_eq(read_reg(CSR_MU_QUEUE), 3);
    cr_assert_eq(read_reg(CSR_MU_READY), 1u << 3);
    cr_assert_eq(read_reg(CSR_MU_COUNT), 1);
    cr_assert_eq(read_reg(CSR_MU_HEADER), 1 | 8 << MU_HEADER_WORDS_SHIFT);
    cr_assert_eq(read_reg(CSR_MU_LABEL), 77);
    for (unsigned i = 1; i <= 8; i++)
        cr_assert_eq(read_reg(CSR_MU_POP), i);
    cr_assert_eq(read_reg(CSR_MU_POP), 0, "behind the last word");
}

Test(msgqueues, an_acknowledgement_drops_the_head_and_sends_its_credit_home)
{
    lone.hart.cycle = 30;
    configure_queue(0, 4, MU_RQ_VALID);
    deliver(0, 1, 10);
    deliver(0, 3, 20);
    read_reg(CSR_MU_POP);
    write_reg(CSR_MU_ACK, 0);
    const struct packet *p = only_packet();
    cr_assert_eq(p->kind, PACKET_CREDIT);
    cr_assert_eq(p->to, 1);
    cr_assert_eq(p->message.endpoint, 7, "to the endpoint that it was sent through");
    cr_assert_eq(p->flits, 1);
    cr_assert_eq(lone.posted[0].at, 30 + lone.cfg.message_send_cycles);
    cr_assert_eq(read_reg(CSR_MU_COUNT), 1);
    cr_assert_eq(read_reg(CSR_MU_POP), 20, "the next message from its first word");
    write_reg(CSR_MU_ACK, 0);
    cr_assert_eq(lone.posted[1].packet.to, 3);
    cr_assert_eq(read_reg(CSR_MU_READY), 0);
}

Test(msgqueues, an_empty_queue_reads_as_zero_and_acknowledges_nothing)
{
    configure_queue(0, 4, MU_RQ_VALID);
    static const unsigned registers[] = {CSR_MU_READY, CSR_MU_COUNT, CSR_MU_HEADER, CSR_MU_LABEL,
                                         CSR_MU_POP};
    for (unsigned i = 0; i < 5; i++)
        cr_assert_eq(read_reg(registers[i]), 0);
    write_reg(CSR_MU_ACK, 0);
    cr_assert_eq(lone.posted_count, 0);
    write_reg(CSR_MU_QUEUE, lone.cfg.message_queues); /* no such queue */
    cr_assert_eq(read_reg(CSR_MU_COUNT), 0);
    write_reg(CSR_MU_ACK, 0);
    cr_assert_eq(lone.posted_count, 0);
}

Test(msgqueues, messages_of_a_queue_stay_in_order_and_queues_do_not_mix)
{
    struct rng rng = rng_stream(9, 0);
    uint64_t sent[3] = {0}, read[3] = {0};
    for (unsigned q = 0; q < 3; q++)
        configure_queue(q, 5 + q, MU_RQ_VALID);
    for (unsigned n = 0; n < 5000; n++) {
        unsigned q = rng_below(&rng, 3);
        write_reg(CSR_MU_QUEUE, q);
        cr_assert_eq(read_reg(CSR_MU_COUNT), sent[q] - read[q]);
        if (rng_below(&rng, 2)) {
            bool room = sent[q] - read[q] < 5 + q;
            cr_assert_eq(deliver(q, 0, q * 1000000 + sent[q]), room);
            sent[q] += room;
        } else if (sent[q] > read[q]) {
            cr_assert_eq(read_reg(CSR_MU_POP), q * 1000000 + read[q]);
            write_reg(CSR_MU_ACK, 0);
            read[q]++;
            lone.posted_count = 0;
        }
    }
    cr_assert_gt(read[0] + read[1] + read[2], 1500);
    cr_assert_eq(msgunit_counters(lone.tile.mu).received, sent[0] + sent[1] + sent[2]);
}

Test(msgqueues, a_queue_takes_its_depth_and_refuses_what_comes_then)
{
    configure_queue(2, 3, MU_RQ_VALID);
    for (unsigned i = 0; i < 3; i++)
        cr_assert(deliver(2, 0, i));
    cr_assert_not(deliver(2, 0, 3));
    cr_assert_eq(read_reg(CSR_SMU_REFUSED), 1);
    write_reg(CSR_MU_QUEUE, 2);
    write_reg(CSR_MU_ACK, 0);
    cr_assert(deliver(2, 0, 4));
}

Test(msgqueues, a_queue_that_is_absent_or_not_valid_refuses)
{
    cr_assert_not(deliver(0, 0, 1));
    cr_assert_not(deliver(lone.cfg.message_queues, 0, 1));
    configure_queue(0, 4, MU_RQ_USER);
    cr_assert_not(deliver(0, 0, 1));
    cr_assert_eq(read_reg(CSR_SMU_REFUSED), 3);
}

/* ---- depth -------------------------------------------------------------------------------- */

Test(msgqueues, depths_are_reserved_from_the_tiles_slots)
{
    lone.cfg.message_slots = 10;
    lone_build();
    configure_queue(0, 6, MU_RQ_VALID);
    configure_queue(1, 5, MU_RQ_VALID);
    cr_assert_eq(read_reg(CSR_SMU_RQ_CONF), 0, "more than is left: invalid");
    configure_queue(1, 4, MU_RQ_VALID | MU_RQ_USER);
    cr_assert_eq(read_reg(CSR_SMU_RQ_CONF), (MU_RQ_VALID | MU_RQ_USER) | 4 << MU_RQ_DEPTH_SHIFT);
    configure_queue(0, 2, MU_RQ_VALID); /* gives four back */
    configure_queue(2, 4, MU_RQ_VALID);
    cr_assert_eq(read_reg(CSR_SMU_RQ_CONF), MU_RQ_VALID | 4 << MU_RQ_DEPTH_SHIFT);
    for (unsigned n = 0; n < 10; n++)
        cr_assert(deliver(n < 2 ? 0 : n < 6 ? 1 : 2, 0, n), "every reserved slot can be filled");
    for (unsigned q = 0; q < 3; q++)
        cr_assert_not(deliver(q, 0, 0));
}

Test(msgqueues, a_depth_beyond_any_number_of_slots_is_refused)
{
    write_reg(CSR_SMU_RQ_CONF, ~UINT64_C(0));
    cr_assert_eq(read_reg(CSR_SMU_RQ_CONF), 0);
    configure_queue(1, lone.cfg.message_slots, MU_RQ_VALID);
    cr_assert_neq(read_reg(CSR_SMU_RQ_CONF), 0, "and has reserved nothing");
}

Test(msgqueues, a_queue_with_messages_keeps_its_depth)
{
    configure_queue(0, 2, MU_RQ_VALID);
    deliver(0, 0, 1);
    configure_queue(0, 400, MU_RQ_VALID | MU_RQ_USER);
    cr_assert_eq(read_reg(CSR_SMU_RQ_CONF), (MU_RQ_VALID | MU_RQ_USER) | 2 << MU_RQ_DEPTH_SHIFT);
}

/* ---- user code ------------------------------------------------------------------------------ */

Test(msgqueues, user_code_sees_only_queues_with_the_user_bit)
{
    configure_queue(0, 2, MU_RQ_VALID);
    configure_queue(1, 2, MU_RQ_VALID | MU_RQ_USER);
    deliver(0, 1, 11);
    deliver(1, 1, 22);
    lone.hart.priv = PRIV_U;
    cr_assert_eq(read_reg(CSR_MU_READY), 2);
    write_reg(CSR_MU_QUEUE, 0);
    cr_assert_eq(read_reg(CSR_MU_COUNT), 0);
    cr_assert_eq(read_reg(CSR_MU_POP), 0);
    write_reg(CSR_MU_ACK, 0);
    cr_assert_eq(lone.posted_count, 0, "nor may it drop a message");
    write_reg(CSR_MU_QUEUE, 1);
    cr_assert_eq(read_reg(CSR_MU_POP), 22);
    lone.hart.priv = PRIV_S;
    cr_assert_eq(read_reg(CSR_MU_READY), 3);
}

/* ---- waiting and interrupts ---------------------------------------------------------------- */

Test(msgqueues, a_wait_sleeps_until_a_queue_of_its_set_has_a_message)
{
    for (unsigned q = 0; q < 4; q++)
        configure_queue(q, 2, MU_RQ_VALID);
    lone.hart.cycle = 100;
    cr_assert_eq(write_reg(CSR_MU_WAIT, 0x6), CSR_WAIT);
    cr_assert_eq(lone.hart.wait, WAIT_MESSAGE);
    deliver(0, 0, 1);
    deliver(3, 0, 1);
    cr_assert_eq(lone.hart.wait, WAIT_MESSAGE, "other queues do not wake");
    cr_assert_eq(lone.woken, 0);
    deliver(2, 0, 1);
    cr_assert_eq(lone.hart.wait, WAIT_NONE);
    cr_assert_eq(lone.woken, 1);
    cr_assert_eq(lone.hart.stall[STALL_message], 900, "from 100 to the delivery at 1000");
    cr_assert_eq(write_reg(CSR_MU_WAIT, 0x6), CSR_EXIT, "and now there is nothing to wait for");
}

Test(msgqueues, user_code_does_not_wait_for_queues_that_it_cannot_see)
{
    configure_queue(0, 2, MU_RQ_VALID);
    lone.hart.priv = PRIV_U;
    cr_assert_eq(write_reg(CSR_MU_WAIT, 1), CSR_WAIT);
    deliver(0, 0, 1);
    cr_assert_eq(lone.hart.wait, WAIT_MESSAGE);
}

Test(msgqueues, an_enabled_interrupt_ends_a_wait)
{
    lone.hart.mie = lone.hart.mip = UINT64_C(1) << IRQ_MSIP;
    cr_assert_eq(write_reg(CSR_MU_WAIT, 1), CSR_EXIT);
    lone.hart.mip = 0;
    cr_assert_eq(write_reg(CSR_MU_WAIT, 1), CSR_WAIT);
    tile_raise(&lone.tile, UINT64_C(1) << IRQ_SSIP, 10);
    cr_assert_eq(lone.hart.wait, WAIT_MESSAGE, "one that is not enabled does not");
    tile_raise(&lone.tile, UINT64_C(1) << IRQ_MSIP, 10);
    cr_assert_eq(lone.hart.wait, WAIT_NONE);
}

Test(msgqueues, the_interrupt_line_follows_the_queues_that_are_enabled_for_it)
{
    const uint64_t line = UINT64_C(1) << IRQ_MESSAGE;
    configure_queue(0, 2, MU_RQ_VALID);
    configure_queue(1, 2, MU_RQ_VALID);
    write_reg(CSR_SMU_IE, 2);
    deliver(0, 0, 1);
    cr_assert_eq(lone.hart.mip & line, 0);
    deliver(1, 0, 1);
    cr_assert_eq(lone.hart.mip & line, line);
    write_reg(CSR_MU_QUEUE, 1);
    write_reg(CSR_MU_ACK, 0);
    cr_assert_eq(lone.hart.mip & line, 0, "drained");
    write_reg(CSR_SMU_IE, 1);
    cr_assert_eq(lone.hart.mip & line, line, "queue 0 still has its message");
    write_reg(CSR_SMU_IE, 0);
    cr_assert_eq(lone.hart.mip & line, 0);
}
