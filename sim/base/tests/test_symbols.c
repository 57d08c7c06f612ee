/* Names of addresses: what covers what. */
#include "sim/base/symbols.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct symbols symbols;

static void add(enum symbol_kind kind, const char *name, uint64_t address, uint64_t bytes)
{
    symbols_add(&symbols, kind, name, address, bytes);
}

static void release(void)
{
    symbols_free(&symbols);
}

static void expect_name(uint64_t address, const char *expected)
{
    char text[SYMBOL_TEXT_MAX];
    symbols_format(&symbols, address, text, sizeof text);
    cr_assert_str_eq(text, expected, "at 0x%lx: \"%s\", not \"%s\"", address, text, expected);
}

TestSuite(symbols, .fini = release);

Test(symbols, names_first_byte_offset_and_end)
{
    add(SYMBOL_FUNCTION, "second", 0x80000100, 0x20);
    add(SYMBOL_FUNCTION, "first", 0x80000000, 0x10);
    symbols_sort(&symbols);
    expect_name(0x80000000, "<first>");
    expect_name(0x8000000f, "<first+0xf>");
    expect_name(0x80000010, "");
    expect_name(0x800000ff, "");
    expect_name(0x8000011c, "<second+0x1c>");
    expect_name(0x80000120, "");
    expect_name(0x7fffffff, "");
}

Test(symbols, label_extends_to_the_next_symbol_and_not_past_its_limit)
{
    add(SYMBOL_LABEL, "start", 0x1000, 0x100);
    add(SYMBOL_LABEL, "loop", 0x1010, 0xf0);
    symbols_sort(&symbols);
    expect_name(0x100c, "<start+0xc>");
    expect_name(0x1010, "<loop>");
    expect_name(0x10ff, "<loop+0xef>");
    expect_name(0x1100, "");
}

Test(symbols, labels_at_one_address_extend_alike)
{
    add(SYMBOL_LABEL, "also_start", 0x1000, 0x100);
    add(SYMBOL_LABEL, "start", 0x1000, 0x100);
    add(SYMBOL_LABEL, "next", 0x1020, 0x10);
    symbols_sort(&symbols);
    expect_name(0x101f, "<also_start+0x1f>");
    expect_name(0x1020, "<next>");
}

Test(symbols, outer_symbol_covers_what_the_inner_one_does_not)
{
    add(SYMBOL_FUNCTION, "outer", 0x1000, 0x100);
    add(SYMBOL_OBJECT, "inner", 0x1010, 0x8);
    symbols_sort(&symbols);
    expect_name(0x1014, "<inner+0x4>");
    expect_name(0x1018, "<outer+0x18>");
}

Test(symbols, function_wins_over_label_at_one_address)
{
    add(SYMBOL_FUNCTION, "main", 0x1000, 0x40);
    add(SYMBOL_LABEL, "_text_begin", 0x1000, 0x1000);
    symbols_sort(&symbols);
    expect_name(0x1000, "<main>");
    expect_name(0x1020, "<main+0x20>");
}

Test(symbols, empty_symbol_names_its_own_address_only)
{
    add(SYMBOL_LABEL, "_end", 0x2000, 0);
    symbols_sort(&symbols);
    expect_name(0x2000, "<_end>");
    expect_name(0x2001, "");
}

Test(symbols, symbol_at_the_top_of_the_address_space_does_not_wrap)
{
    add(SYMBOL_OBJECT, "top", UINT64_MAX - 7, 0x100);
    symbols_sort(&symbols);
    expect_name(UINT64_MAX, "<top+0x7>");
    expect_name(0, "");
}

Test(symbols, finds_by_name)
{
    uint64_t address = 0;
    add(SYMBOL_OBJECT, "tohost", 0x80001000, 8);
    symbols_sort(&symbols);
    cr_assert(symbols_find(&symbols, "tohost", &address));
    cr_assert_eq(address, 0x80001000);
    cr_assert_not(symbols_find(&symbols, "fromhost", &address));
}

Test(symbols, every_address_agrees_with_a_plain_search)
{
    for (unsigned i = 0; i < 300; i++) {
        char name[16];
        snprintf(name, sizeof name, "s%03u", i);
        add(SYMBOL_FUNCTION, name, (i * 7919u) % 4096, (i * 104729u) % 97 + 1);
    }
    symbols_sort(&symbols);
    for (uint64_t address = 0; address < 4300; address++) {
        const struct symbol *found = symbols_at(&symbols, address), *expected = NULL;
        for (unsigned i = 0; i < symbols.count; i++) {
            const struct symbol *s = &symbols.item[i];
            if (s->address <= address && address < s->address + s->bytes)
                expected = s;
        }
        cr_assert_eq(found, expected, "at %lu", address);
    }
}
