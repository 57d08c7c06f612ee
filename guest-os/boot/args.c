/*
 * The boot-argument parser.  The text is cut at spaces, each word at its `=`;
 * the key is looked up in the table and the row's reader judges the value.
 * Whoever owns a set of names (benches, transports, locks) looks a word up
 * later.  A key that is given twice is refused: one of the two would be ignored.
 */
#include "guest-os/boot/args.h"

#include "guest-os/cpu/report.h"
#include "guest-os/lib/names.h"
#include "guest-os/lib/string.h"
#include "sim/abi/memmap.h"

struct args args;

struct row {
    const char *name, *word; /* word: NULL for a number */
    void *field;
    uint64_t value, min, max;
};

static const struct row rows[] = {
#define WORD(name, value, meaning)             {#name, value, args.name, 0, 0, 0},
#define NUMBER(name, value, min, max, meaning) {#name, NULL, &args.name, value, min, max},
#include "guest-os/boot/args.def"
#undef WORD
#undef NUMBER
};

#define ROWS (sizeof rows / sizeof rows[0])

static char text[BOOTINFO_ARGS_BYTES];

static void set_defaults(void)
{
    for (unsigned i = 0; i < ROWS; i++)
        if (rows[i].word)
            memcpy(rows[i].field, rows[i].word, strlen(rows[i].word) + 1);
        else
            *(uint64_t *)rows[i].field = rows[i].value;
}

static const struct row *find_row(const char *key)
{
    for (unsigned i = 0; i < ROWS; i++)
        if (string_equal(rows[i].name, key))
            return &rows[i];
    return NULL;
}

/* Decimal digits only; false when there are none or others.  What is too large
 * for 64 bits is the largest number. */
static bool read_number(const char *digits, uint64_t *value)
{
    unsigned count = 0;
    *value = 0;
    for (; digits[count] >= '0' && digits[count] <= '9'; count++)
        if (__builtin_mul_overflow(*value, 10, value) ||
            __builtin_add_overflow(*value, (unsigned)(digits[count] - '0'), value))
            *value = UINT64_MAX / 10 + 1; /* overflows again */
    return count > 0 && digits[count] == 0;
}

static void read_word_row(const struct row *row, const char *value)
{
    size_t bytes = strlen(value) + 1;
    if (bytes == 1 || bytes > ARGS_WORD_BYTES)
        report_refusal("boot arguments: %s=%s: a word of 1 to %u letters is expected", row->name,
                       value, ARGS_WORD_BYTES - 1);
    memcpy(row->field, value, bytes);
}

static void read_number_row(const struct row *row, const char *value)
{
    uint64_t number;
    if (!read_number(value, &number))
        report_refusal("boot arguments: %s=%s: not a number; %lu to %lu is expected", row->name,
                       value, row->min, row->max);
    if (number < row->min || number > row->max)
        report_refusal("boot arguments: %s=%s: must be %lu to %lu", row->name, value, row->min,
                       row->max);
    *(uint64_t *)row->field = number;
}

static void refuse_key(const char *key)
{
    struct names keys = {.count = 0};
    char suggestion[NAMES_LINE_BYTES];
    for (unsigned i = 0; i < ROWS; i++)
        names_add(&keys, rows[i].name);
    names_suggest(&keys, key, suggestion);
    report_refusal("boot arguments: '%s': no such key%s", key, suggestion);
}

/* `given`: a bit for each row that has had its value. */
static void read_pair(char *word, uint64_t *given)
{
    char *equals = word;
    while (*equals && *equals != '=')
        equals++;
    if (!*equals)
        report_refusal("boot arguments: '%s': expected key=value", word);
    *equals = 0;
    const struct row *row = find_row(word);
    if (!row)
        refuse_key(word);
    if (*given >> (row - rows) & 1)
        report_refusal("boot arguments: %s: given twice", row->name);
    *given |= UINT64_C(1) << (row - rows);
    if (row->word)
        read_word_row(row, equals + 1);
    else
        read_number_row(row, equals + 1);
}

static void read_text(char *at)
{
    uint64_t given = 0;
    for (;;) {
        while (*at == ' ')
            at++;
        if (!*at)
            return;
        char *word = at;
        while (*at && *at != ' ')
            at++;
        bool last = !*at;
        *at = 0;
        read_pair(word, &given);
        if (last)
            return;
        at++;
    }
}

void args_read(const struct bootinfo *machine)
{
    set_defaults();
    args.cores = machine->tiles;
    for (unsigned i = 0; i < sizeof text - 1; i++)
        text[i] = machine->args[i];
    read_text(text);
    if (args.cores > machine->tiles)
        report_refusal("boot arguments: cores=%lu: must be 1 to %lu, the machine's tiles",
                       args.cores, machine->tiles);
}
