/*
 * The message unit's sending side: what a launch sends or why it is refused, credits, and
 * the answers that come back.
 */
#include "sim/base/rng.h"
#include "sim/tile/tests/message_registers.h"

TestSuite(msgunit, .init = lone_create, .fini = lone_destroy);

/* ---- sending ----------------------------------------------------------------------- */

Test(msgunit, a_launch_sends_words_label_and_place_to_the_endpoints_destination)
{
    lone.hart.cycle = 50;
    configure_endpoint(3, 1, 4, 0xfeedfacecafebeef, 2, MU_EP_VALID);
    cr_assert_eq(send_words(3, 5), MU_OK);
    const struct packet *p = only_packet();
    cr_assert_eq(p->kind, PACKET_MESSAGE);
    cr_assert_eq(p->from, LONE_TILE);
    cr_assert_eq(p->to, 1);
    cr_assert_eq(p->message.queue, 4);
    cr_assert_eq(p->message.label, 0xfeedfacecafebeef);
    cr_assert_eq(p->message.endpoint, 3);
    cr_assert_eq(p->message.words, 5);
    for (unsigned i = 0; i < 5; i++)
        cr_assert_eq(p->message.word[i], 100 + i);
    cr_assert_eq(lone.posted[0].at, 50 + lone.cfg.message_send_cycles);
    cr_assert_eq(lone.posted[0].from, HALF_HART);
}

Test(msgunit, a_messages_flits_are_a_header_and_what_label_and_words_fill)
{
    static const uint32_t widths[] = {32, 64, 128, 192, 256, 1024};
    for (unsigned w = 0; w < 6; w++)
        for (unsigned words = 1; words <= MU_MESSAGE_WORDS; words++) {
            lone.cfg.mesh_flit_bits = widths[w];
            lone_build();
            configure_endpoint(0, 1, 0, 0, 1, MU_EP_VALID);
            send_words(0, words);
            unsigned bits = 64 * (words + 1), flits = 1;
            for (unsigned sent = 0; sent < bits; sent += widths[w])
                flits++;
            cr_assert_eq(only_packet()->flits, flits, "%u words of %u bits", words, widths[w]);
        }
}

Test(msgunit, a_launch_without_credits_is_refused_and_keeps_the_words)
{
    configure_endpoint(0, 1, 0, 0, 2, MU_EP_VALID);
    cr_assert_eq(send_words(0, 1), MU_OK);
    cr_assert_eq(send_words(0, 1), MU_OK);
    cr_assert_eq(send_words(0, 3), MU_NO_CREDITS);
    cr_assert_eq(lone.posted_count, 2);
    cr_assert_eq(msgunit_counters(lone.tile.mu).no_credits, 1);
    credit(0);
    cr_assert_eq(launch(0), MU_OK, "the words are still there");
    cr_assert_eq(lone.posted[2].packet.message.words, 3);
    cr_assert_eq(launch(0), MU_BAD_LENGTH, "and now they are gone");
}

Test(msgunit, credits_are_spent_and_returned_one_a_message)
{
    struct rng rng = rng_stream(8, 0);
    unsigned credits = 5;
    configure_endpoint(9, 1, 0, 0, credits, MU_EP_VALID);
    for (unsigned n = 0; n < 2000; n++) {
        if (rng_below(&rng, 2)) {
            uint64_t status = send_words(9, 1);
            cr_assert_eq(status, credits ? MU_OK : MU_NO_CREDITS);
            credits -= status == MU_OK;
            write_reg(CSR_MU_SEND, (uint64_t)MU_DISCARD);
            lone.posted_count = 0;
        } else if (credits < 5) {
            credit(9);
            credits++;
        }
        write_reg(CSR_SMU_EP, 9);
        cr_assert_eq(read_reg(CSR_SMU_EP_CREDITS), credits);
    }
}

Test(msgunit, an_endpoint_has_no_more_credits_than_a_tile_has_slots)
{
    static const uint64_t asked[] = {UINT64_C(1) << 32, 1000000, 513, 512, 511};
    for (unsigned i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        write_reg(CSR_SMU_EP_CREDITS, asked[i]);
        cr_assert_eq(read_reg(CSR_SMU_EP_CREDITS), asked[i] < 512 ? asked[i] : 512);
    }
}

Test(msgunit, a_message_has_one_to_eight_words)
{
    configure_endpoint(0, 1, 0, 0, 10, MU_EP_VALID);
    cr_assert_eq(send_words(0, 0), MU_BAD_LENGTH);
    cr_assert_eq(send_words(0, 8), MU_OK);
    cr_assert_eq(send_words(0, 9), MU_BAD_LENGTH);
    cr_assert_eq(launch(0), MU_BAD_LENGTH, "the words are kept");
    write_reg(CSR_MU_SEND, (uint64_t)MU_DISCARD);
    cr_assert_eq(read_reg(CSR_MU_SEND), MU_OK);
    cr_assert_eq(send_words(0, 100), MU_BAD_LENGTH);
    write_reg(CSR_MU_SEND, (uint64_t)MU_DISCARD);
    cr_assert_eq(send_words(0, 1), MU_OK);
    cr_assert_eq(lone.posted_count, 2);
}

Test(msgunit, discarding_drops_the_words_and_sends_nothing)
{
    configure_endpoint(0, 1, 0, 0, 10, MU_EP_VALID);
    write_reg(CSR_MU_PUSH, 1);
    write_reg(CSR_MU_SEND, (uint64_t)MU_DISCARD);
    cr_assert_eq(read_reg(CSR_MU_SEND), MU_OK);
    cr_assert_eq(lone.posted_count, 0);
    write_reg(CSR_SMU_EP, 0);
    cr_assert_eq(read_reg(CSR_SMU_EP_CREDITS), 10);
    cr_assert_eq(send_words(0, 2), MU_OK);
    cr_assert_eq(only_packet()->message.words, 2);
}

Test(msgunit, a_handler_sends_and_reads_without_disturbing_user_code)
{
    configure_endpoint(0, 1, 0, 0, 9, MU_EP_VALID | MU_EP_USER);
    configure_queue(0, 2, MU_RQ_VALID | MU_RQ_USER);
    configure_queue(1, 2, MU_RQ_VALID);
    cr_assert(deliver(0, 1, 70));
    cr_assert(deliver(1, 1, 71));
    lone.hart.priv = PRIV_U;
    write_reg(CSR_MU_QUEUE, 0);
    cr_assert_eq(launch(99), MU_BAD_ENDPOINT);
    write_reg(CSR_MU_PUSH, 1);
    write_reg(CSR_MU_PUSH, 2);
    static const uint8_t handlers[] = {PRIV_S, PRIV_M};
    for (unsigned i = 0; i < 2; i++) {
        lone.hart.priv = handlers[i];
        write_reg(CSR_MU_QUEUE, 1);
        cr_assert_eq(read_reg(CSR_MU_COUNT), 1);
        write_reg(CSR_MU_PUSH, 10);
        cr_assert_eq(launch(0), MU_OK);
        cr_assert_eq(lone.posted[i].packet.message.words, 1);
        cr_assert_eq(lone.posted[i].packet.message.word[0], 10);
        lone.hart.priv = PRIV_U;
        cr_assert_eq(read_reg(CSR_MU_QUEUE), 0);
        cr_assert_eq(read_reg(CSR_MU_SEND), MU_BAD_ENDPOINT, "the status of its own launch");
    }
    cr_assert_eq(read_reg(CSR_MU_POP), 70);
    write_reg(CSR_MU_PUSH, 3);
    cr_assert_eq(launch(0), MU_OK);
    cr_assert_eq(lone.posted[2].packet.message.words, 3);
    for (unsigned i = 0; i < 3; i++)
        cr_assert_eq(lone.posted[2].packet.message.word[i], i + 1);
    lone.hart.priv = PRIV_S;
    cr_assert_eq(read_reg(CSR_MU_QUEUE), 1, "S and M share theirs");
}

Test(msgunit, an_endpoint_that_is_absent_or_not_valid_is_a_bad_one)
{
    cr_assert_eq(send_words(0, 1), MU_BAD_ENDPOINT);
    cr_assert_eq(send_words(lone.cfg.message_endpoints, 1), MU_BAD_ENDPOINT);
    configure_endpoint(0, 1, 0, 0, 1, MU_EP_VALID);
    write_reg(CSR_SMU_EP_CONF, 0);
    cr_assert_eq(launch(0), MU_BAD_ENDPOINT);
    configure_endpoint(0, 4, 0, 0, 1, MU_EP_VALID); /* the chip has four tiles */
    cr_assert_eq(launch(0), MU_BAD_ENDPOINT);
    configure_endpoint(0, 1, lone.cfg.message_queues, 0, 1, MU_EP_VALID);
    cr_assert_eq(launch(0), MU_BAD_ENDPOINT);
    cr_assert_eq(read_reg(CSR_SMU_EP_CONF), 0, "such a destination makes it invalid");
    cr_assert_eq(lone.posted_count, 0);
}

Test(msgunit, a_destination_cannot_be_moved_off_the_chip_under_a_valid_endpoint)
{
    configure_endpoint(0, 1, 0, 0, 1, MU_EP_VALID);
    write_reg(CSR_SMU_EP_DEST, 99);
    cr_assert_eq(send_words(0, 1), MU_BAD_ENDPOINT);
}

Test(msgunit, no_bit_of_a_destination_is_forgotten)
{
    static const uint64_t bad[] = {UINT64_C(1) << 32 | 1, UINT64_C(1) << 63 | 1, 1 << 24 | 1};
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        configure_endpoint(0, 1, 0, 0, 1, MU_EP_VALID);
        write_reg(CSR_SMU_EP_DEST, bad[i]);
        cr_assert_eq(read_reg(CSR_SMU_EP_DEST), bad[i]);
        write_reg(CSR_SMU_EP_CONF, MU_EP_VALID);
        cr_assert_eq(read_reg(CSR_SMU_EP_CONF), 0);
        cr_assert_eq(send_words(0, 1), MU_BAD_ENDPOINT);
    }
}

Test(msgunit, giving_credits_anew_does_not_call_messages_back)
{
    configure_endpoint(0, 1, 0, 0, 2, MU_EP_VALID);
    cr_assert_eq(send_words(0, 1), MU_OK);
    cr_assert_eq(send_words(0, 1), MU_OK);
    write_reg(CSR_SMU_EP_CREDITS, 2);
    cr_assert_eq(read_reg(CSR_SMU_EP_CREDITS), 0, "both are still out");
    cr_assert_eq(send_words(0, 1), MU_NO_CREDITS);
    write_reg(CSR_SMU_EP_CREDITS, 3);
    cr_assert_eq(launch(0), MU_OK);
    write_reg(CSR_SMU_EP_CREDITS, 1);
    for (unsigned n = 0; n < 2; n++) {
        credit(0);
        cr_assert_eq(read_reg(CSR_SMU_EP_CREDITS), 0, "more are out than may be");
    }
    credit(0);
    cr_assert_eq(read_reg(CSR_SMU_EP_CREDITS), 1);
}

Test(msgunit, a_new_destination_starts_afresh_and_old_credits_come_back_to_nobody)
{
    configure_endpoint(0, 1, 0, 0, 2, MU_EP_VALID);
    cr_assert_eq(send_words(0, 1), MU_OK);
    cr_assert_eq(send_words(0, 1), MU_OK);
    struct message old = answer_to(0);
    write_reg(CSR_SMU_EP_DEST, 1);
    cr_assert_eq(read_reg(CSR_SMU_EP_CREDITS), 0, "the same destination is no other");
    write_reg(CSR_SMU_EP_DEST, 1 | 1 << MU_DEST_QUEUE_SHIFT);
    cr_assert_eq(read_reg(CSR_SMU_EP_CREDITS), 2);
    cr_assert_eq(send_words(0, 1), MU_OK);
    msgunit_credit(lone.tile.mu, &old);
    msgunit_refused(lone.tile.mu, &old);
    cr_assert_eq(read_reg(CSR_SMU_EP_CREDITS), 1);
    cr_assert_eq(read_reg(CSR_SMU_EP_REFUSED), 0);
    cr_assert_eq(msgunit_counters(lone.tile.mu).refused, 1, "it was refused all the same");
    credit(0);
    cr_assert_eq(read_reg(CSR_SMU_EP_CREDITS), 2);
}

Test(msgunit, user_code_sends_only_through_endpoints_with_the_user_bit)
{
    configure_endpoint(0, 1, 0, 0, 2, MU_EP_VALID);
    configure_endpoint(1, 1, 0, 0, 2, MU_EP_VALID | MU_EP_USER);
    lone.hart.priv = PRIV_U;
    cr_assert_eq(send_words(0, 1), MU_BAD_ENDPOINT);
    cr_assert_eq(launch(1), MU_OK);
    lone.hart.priv = PRIV_S;
    cr_assert_eq(send_words(0, 1), MU_OK);
}

/* The label stands in a supervisor register, and nothing that user code can
 * write gets into a message but its words. */
Test(msgunit, a_label_cannot_be_forged_by_user_code)
{
    uint64_t ignored;
    configure_endpoint(1, 1, 3, 0x5ec2e7, 50, MU_EP_VALID | MU_EP_USER);
    lone.hart.priv = PRIV_U;
    for (unsigned number = CSR_SMU_EP; number <= CSR_SMU_IE; number++)
        cr_assert_eq(hart_csr(&lone.hart, number, CSR_WRITE, false, true, 0xbad, &ignored),
                     CSR_ILLEGAL);
    for (unsigned number = CSR_MU_PUSH; number < CSR_MU_WAIT; number++) {
        if (number != CSR_MU_SEND)
            hart_csr(&lone.hart, number, CSR_WRITE, false, true, 0xbad, &ignored);
        write_reg(CSR_MU_PUSH, 0xbad);
        cr_assert_eq(launch(1), MU_OK);
        const struct packet *p = &lone.posted[lone.posted_count - 1].packet;
        cr_assert_eq(p->message.label, 0x5ec2e7);
        cr_assert_eq(p->from, LONE_TILE);
        cr_assert_eq(p->to, 1);
        cr_assert_eq(p->message.queue, 3);
    }
}

Test(msgunit, a_refusal_returns_the_credit_and_is_reported_by_the_endpoints_next_launch)
{
    configure_endpoint(0, 1, 0, 0, 1, MU_EP_VALID);
    cr_assert_eq(send_words(0, 1), MU_OK);
    refuse(0);
    cr_assert_eq(send_words(0, 2), MU_REFUSED);
    cr_assert_eq(lone.posted_count, 1);
    cr_assert_eq(launch(0), MU_OK, "with the words of the launch that reported");
    cr_assert_eq(lone.posted[1].packet.message.words, 2);
    cr_assert_eq(msgunit_counters(lone.tile.mu).refused, 1);
}

Test(msgunit, each_refusal_is_reported_once_and_by_its_own_endpoint_only)
{
    configure_endpoint(0, 1, 0, 0, 4, MU_EP_VALID);
    configure_endpoint(1, 1, 9, 0, 4, MU_EP_VALID);
    for (unsigned n = 0; n < 3; n++) {
        cr_assert_eq(send_words(1, 1), MU_OK);
        refuse(1);
        write_reg(CSR_SMU_EP, 1);
        cr_assert_eq(read_reg(CSR_SMU_EP_REFUSED), 1);
        cr_assert_eq(send_words(0, 1), MU_OK, "it is not this endpoint's");
        cr_assert_eq(launch(7), MU_BAD_ENDPOINT);
        cr_assert_eq(send_words(1, 1), MU_REFUSED);
        write_reg(CSR_MU_SEND, (uint64_t)MU_DISCARD);
    }
    for (unsigned n = 0; n < 3; n++) {
        cr_assert_eq(send_words(1, 1), MU_OK);
    }
    for (unsigned n = 0; n < 3; n++)
        refuse(1);
    cr_assert_eq(read_reg(CSR_SMU_EP_REFUSED), 3);
    for (unsigned n = 0; n < 3; n++)
        cr_assert_eq(launch(1), MU_REFUSED);
    cr_assert_eq(send_words(1, 1), MU_OK);
    cr_assert_eq(read_reg(CSR_SMU_EP_REFUSED), 0);
}

Test(msgunit, the_driver_can_read_and_forget_refusals)
{
    configure_endpoint(2, 1, 0, 0, 4, MU_EP_VALID);
    cr_assert_eq(send_words(2, 1), MU_OK);
    write_reg(CSR_SMU_EP_REFUSED, 1 << 20);
    cr_assert_eq(read_reg(CSR_SMU_EP_REFUSED), 65535);
    refuse(2);
    cr_assert_eq(read_reg(CSR_SMU_EP_REFUSED), 65535, "it stays at its most");
    write_reg(CSR_SMU_EP_REFUSED, 0);
    cr_assert_eq(send_words(2, 1), MU_OK);
}

/* ---- packets -------------------------------------------------------------------------------- */

Test(msgunit, a_message_that_is_refused_is_answered_to_its_sender)
{
    struct packet p = {.kind = PACKET_MESSAGE, .from = 3, .to = LONE_TILE, .to_half = HALF_HART};
    p.message = (struct message){.endpoint = 6, .queue = 9, .words = 1};
    tile_receive(&lone.tile, &p, 40);
    const struct packet *answer = only_packet();
    cr_assert_eq(answer->kind, PACKET_REFUSED);
    cr_assert_eq(answer->to, 3);
    cr_assert_eq(answer->from, LONE_TILE);
    cr_assert_eq(answer->message.endpoint, 6);
    cr_assert_gt(lone.posted[0].at, 40);
}

Test(msgunit, credits_and_refusals_that_arrive_reach_their_endpoint)
{
    struct packet p = {.from = 1, .to = LONE_TILE, .to_half = HALF_HART};
    configure_endpoint(4, 1, 0, 0, 1, MU_EP_VALID);
    cr_assert_eq(send_words(4, 1), MU_OK);
    p.message = answer_to(4);
    p.kind = PACKET_CREDIT;
    tile_receive(&lone.tile, &p, 40);
    cr_assert_eq(send_words(4, 1), MU_OK);
    p.kind = PACKET_REFUSED;
    tile_receive(&lone.tile, &p, 50);
    cr_assert_eq(send_words(4, 1), MU_REFUSED);
    cr_assert_eq(launch(4), MU_OK);
}
