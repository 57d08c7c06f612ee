/* Disassembly: Capstone's text, with our registers and absolute targets. */
#include <criterion/criterion.h>
#include <string.h>

#include "sim/abi/csr.h"
#include "traces/traces.h"

static void expect(uint64_t pc, uint32_t bits, const char *expected)
{
    char text[DISASM_TEXT_MAX];
    disasm_insn(pc, bits, text, sizeof text);
    cr_assert_str_eq(text, expected, "0x%08x: \"%s\", not \"%s\"", bits, text, expected);
}

Test(disasm, knows_the_base_and_its_extensions)
{
    expect(0, 0x00b50533, "add      a0, a0, a1");
    expect(0, 0x02b50533, "mul      a0, a0, a1");
    expect(0, 0x00b5302f, "amoadd.d zero, a1, (a0)");
    expect(0, 0x100525af, "lr.w     a1, (a0)");
    expect(0, 0x30200073, "mret");
    expect(0, 0xf1402573, "csrr     a0, mhartid");
    expect(0, 0x8082, "c.jr     ra");
}

Test(disasm, ignores_what_follows_a_compressed_instruction)
{
    expect(0, 0xffff4501, "c.li     a0, 0");
}

Test(disasm, shows_where_branches_lead)
{
    expect(0x80000010, 0xfe0796e3, "bnez     a5, 0x7ffffffc");
    expect(0x80000000, 0x06c0006f, "j        0x8000006c");
    expect(0x80000000, 0x00b50863, "beq      a0, a1, 0x80000010");
    expect(0x80000000, 0x010000ef, "jal      0x80000010");
    expect(0x80000010, 0xbfc5, "c.j      0x80000000");
    expect(0x80000010, 0xdd65, "c.beqz   a0, 0x80000008");
}

Test(disasm, leaves_other_operands_alone)
{
    expect(0x80000000, 0x00000297, "auipc    t0, 0");
    expect(0x80000000, 0x00c50067, "jalr     zero, a0, 0xc");
}

/* csrrw x0, number, a0 and csrrs a0, number, x0 */
static void expect_register(uint32_t number, const char *name)
{
    char text[64];
    snprintf(text, sizeof text, "csrw     %s, a0", name);
    expect(0, number << 20 | 0x00051073, text);
    snprintf(text, sizeof text, "csrr     a0, %s", name);
    expect(0, number << 20 | 0x00002573, text);
    snprintf(text, sizeof text, "csrwi    %s, 3", name);
    expect(0, number << 20 | 0x0001d073, text);
}

Test(disasm, names_the_registers_of_the_message_unit)
{
    expect_register(CSR_MU_PUSH, "mu_push");
    expect_register(CSR_MU_SEND, "mu_send");
    expect_register(CSR_MU_QUEUE, "mu_queue");
    expect_register(CSR_MU_ACK, "mu_ack");
    expect_register(CSR_MU_WAIT, "mu_wait");
    expect_register(CSR_MU_READY, "mu_ready");
    expect_register(CSR_MU_COUNT, "mu_count");
    expect_register(CSR_MU_HEADER, "mu_header");
    expect_register(CSR_MU_LABEL, "mu_label");
    expect_register(CSR_MU_POP, "mu_pop");
    expect_register(CSR_SMU_EP, "smu_ep");
    expect_register(CSR_SMU_EP_DEST, "smu_ep_dest");
    expect_register(CSR_SMU_EP_LABEL, "smu_ep_label");
    expect_register(CSR_SMU_EP_CREDITS, "smu_ep_credits");
    expect_register(CSR_SMU_EP_CONF, "smu_ep_conf");
    expect_register(CSR_SMU_EP_REFUSED, "smu_ep_refused");
    expect_register(CSR_SMU_RQ, "smu_rq");
    expect_register(CSR_SMU_RQ_CONF, "smu_rq_conf");
    expect_register(CSR_SMU_IE, "smu_ie");
    expect_register(CSR_SMU_REFUSED, "smu_refused");
}

Test(disasm, shows_what_is_no_instruction_as_data)
{
    expect(0, 0xffffffff, ".word    0xffffffff");
    expect(0, 0x9c7d, ".half    0x9c7d");
}

Test(disasm, never_writes_beyond_the_text)
{
    char text[8];
    memset(text, 'x', sizeof text);
    disasm_insn(0, 0x00b5302f, text, 6);
    cr_assert_str_eq(text, "amoad");
    cr_assert_eq(text[6], 'x');
}
