/*
 * A lone tile's message unit through its registers.
 */
#ifndef TESSERA_TESTS_MESSAGE_REGISTERS_H
#define TESSERA_TESTS_MESSAGE_REGISTERS_H

#include "sim/tile/tests/lone_tile.h"

static inline enum csr_result write_reg(unsigned number, uint64_t value)
{
    return port_message_write(&lone.hart, number, value);
}

static inline uint64_t read_reg(unsigned number)
{
    uint64_t value = 0;
    cr_assert_eq(port_message_read(&lone.hart, number, &value), CSR_DONE);
    return value;
}

static inline void configure_endpoint(unsigned number, tile_id to, unsigned queue, uint64_t label,
                                      unsigned credits, unsigned conf)
{
    write_reg(CSR_SMU_EP, number);
    write_reg(CSR_SMU_EP_DEST, to | (uint64_t)queue << MU_DEST_QUEUE_SHIFT);
    write_reg(CSR_SMU_EP_LABEL, label);
    write_reg(CSR_SMU_EP_CREDITS, credits);
    write_reg(CSR_SMU_EP_CONF, conf);
}

static inline void configure_queue(unsigned number, unsigned depth, unsigned conf)
{
    write_reg(CSR_SMU_RQ, number);
    write_reg(CSR_SMU_RQ_CONF, conf | (uint64_t)depth << MU_RQ_DEPTH_SHIFT);
}

static inline uint64_t launch(unsigned endpoint)
{
    write_reg(CSR_MU_SEND, endpoint);
    return read_reg(CSR_MU_SEND);
}

static inline uint64_t send_words(unsigned endpoint, unsigned words)
{
    for (unsigned i = 0; i < words; i++)
        write_reg(CSR_MU_PUSH, 100 + i);
    return launch(endpoint);
}

/* What the receiver of this endpoint's latest message answers with. */
static inline struct message answer_to(unsigned endpoint)
{
    static struct message answer;
    for (unsigned i = 0; i < POSTED_MAX; i++)
        if (lone.posted[i].packet.kind == PACKET_MESSAGE &&
            lone.posted[i].packet.message.endpoint == endpoint)
            answer = lone.posted[i].packet.message;
    return answer;
}

static inline void credit(unsigned endpoint)
{
    struct message message = answer_to(endpoint);
    msgunit_credit(lone.tile.mu, &message);
}

static inline void refuse(unsigned endpoint)
{
    struct message message = answer_to(endpoint);
    msgunit_refused(lone.tile.mu, &message);
}

static inline bool deliver(unsigned queue, tile_id from, uint64_t word)
{
    struct message message = {
        .label = 0x1abe1, .word = {word}, .endpoint = 7, .queue = (uint8_t)queue, .words = 1};
    return msgunit_deliver(&lone.tile, from, &message, 1000);
}

static inline const struct packet *only_packet(void)
{
    cr_assert_eq(lone.posted_count, 1);
    return &lone.posted[0].packet;
}

#endif
