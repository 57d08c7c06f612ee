/*
 * Dhrystone on one tile: R. Weicker's synthetic integer benchmark (CACM 27(10),
 * 1984; version 2.1, SIGPLAN Notices 23(8), 1988), written anew.  Of version 2.1 it
 * reproduces what each of its procedures does and in which order they are called,
 * so the mix of an iteration is the same: assignments between scalars, array
 * elements and members of records; two records, one copied to the other; procedures
 * of one to four parameters, with and without results; two string copies of 30
 * characters and a comparison that ends at the 20th; one division.  Procedures are
 * not inlined, as in separately compiled files.  Names, texts and the string
 * functions (a byte at a time) are our own, and nothing is printed: the exit code
 * is 0 when every variable ends with the value that the algorithm implies, else the
 * number of the first that does not.
 *
 * RUNS iterations are about 300 million instructions.
 */
#include <stddef.h>
#include <stdint.h>

#ifndef RUNS
#define RUNS 500000
#endif

#define SEPARATE __attribute__((noinline, noclone))

enum { TEXT_BYTES = 31, ROW = 50 };
enum kind { KIND_A, KIND_B, KIND_C, KIND_D, KIND_E };

struct record {
    struct record *next;
    enum kind variant;
    enum kind kind;
    int number;
    char text[TEXT_BYTES];
};

int main(void);
void *memcpy(void *to, const void *from, size_t bytes);

static struct record records[2];
static struct record *first, *second;
static int number_global, flag_global;
static char letter_one, letter_two;
static int row_global[ROW], table_global[ROW][ROW];

/* ---- strings ------------------------------------------------------------------- */

void *memcpy(void *to, const void *from, size_t bytes)
{
    uint64_t *t = to;
    const uint64_t *f = from;
    for (; bytes >= sizeof *t; bytes -= sizeof *t)
        *t++ = *f++;
    for (size_t i = 0; i < bytes; i++)
        ((char *)t)[i] = ((const char *)f)[i];
    return to;
}

SEPARATE static void text_copy(char *to, const char *from)
{
    while ((*to++ = *from++))
        ;
}

SEPARATE static int text_compare(const char *a, const char *b)
{
    for (; *a && *a == *b; b++)
        a++;
    return (unsigned char)*a - (unsigned char)*b;
}

/* ---- the procedures: their number in the published program stands behind each ----- */

/* Func_1: are two letters different?  KIND_A if so. */
SEPARATE static enum kind letters_differ(char a, char b)
{
    char copy = a;
    if (copy != b)
        return KIND_A;
    letter_one = copy;
    return KIND_B;
}

/* Func_2: is the first text the larger one, once two of their letters differ? */
SEPARATE static int text_is_larger(const char *a, const char *b)
{
    int at = 2;
    char letter = 'A';
    while (at <= 2)
        if (letters_differ(a[at], b[at + 1]) == KIND_A) {
            letter = 'A';
            at++;
        }
    if (letter >= 'W' && letter < 'Z')
        at = 7;
    if (letter == 'R')
        return 1;
    if (text_compare(a, b) <= 0)
        return 0;
    number_global = at + 7;
    return 1;
}

/* Func_3 */
SEPARATE static int is_third(enum kind kind)
{
    enum kind copy = kind;
    return copy == KIND_C;
}

/* Proc_7 */
SEPARATE static void add_two(int a, int b, int *sum)
{
    int local = a + 2;
    *sum = b + local;
}

/* Proc_6: one kind from another. */
SEPARATE static void next_kind(enum kind from, enum kind *to)
{
    *to = from;
    if (!is_third(from))
        *to = KIND_D;
    switch (from) {
    case KIND_A:
        *to = KIND_A;
        break;
    case KIND_B:
        *to = number_global > 100 ? KIND_A : KIND_D;
        break;
    case KIND_C:
        *to = KIND_B;
        break;
    case KIND_D:
        break;
    case KIND_E:
        *to = KIND_C;
        break;
    }
}

/* Proc_3: the record behind the first, through a pointer to a pointer. */
SEPARATE static void follow_first(struct record **to)
{
    if (first)
        *to = first->next;
    add_two(10, number_global, &first->number);
}

/* Proc_1: copies the first record over the one behind it. */
SEPARATE static void copy_record(struct record *from)
{
    struct record *to = from->next;
    *from->next = *first;
    from->number = 5;
    to->number = from->number;
    to->next = from->next;
    follow_first(&to->next);
    if (to->variant == KIND_A) {
        to->number = 6;
        next_kind(from->kind, &to->kind);
        to->next = first->next;
        add_two(to->number, 10, &to->number);
    } else {
        *from = *from->next;
    }
}

/* Proc_2: only once round its loop, which it cannot know. */
SEPARATE static void adjust(int *number)
{
    int local = *number + 10;
    enum kind kind = KIND_B;
    do {
        if (letter_one == 'A') {
            local--;
            *number = local - number_global;
            kind = KIND_A;
        }
    } while (kind != KIND_A);
}

/* Proc_4 */
SEPARATE static void set_letter_two(void)
{
    int is_a = letter_one == 'A';
    flag_global = is_a | flag_global;
    letter_two = 'B';
}

/* Proc_5 */
SEPARATE static void set_letter_one(void)
{
    letter_one = 'A';
    flag_global = 0;
}

/* Proc_8: elements of a row and of a table. */
SEPARATE static void fill_arrays(int row[ROW], int table[ROW][ROW], int at, int value)
{
    int place = at + 5;
    row[place] = value;
    row[place + 1] = row[place];
    row[place + 30] = place;
    for (int i = place; i <= place + 1; i++)
        table[place][i] = place;
    table[place][place - 1]++;
    table[place + 20][place] = row[place];
    number_global = 5;
}

/* ---- the loop ------------------------------------------------------------------------ */

struct locals {
    int one, two, three;
    enum kind kind;
    char text_one[TEXT_BYTES], text_two[TEXT_BYTES];
};

static void prepare(struct locals *l)
{
    second = &records[0];
    first = &records[1];
    first->next = second;
    first->variant = KIND_A;
    first->kind = KIND_C;
    first->number = 40;
    text_copy(first->text, "A TEXT FOR THE TWO RECORDS ...");
    text_copy(l->text_one, "TEXT OF THE LOOP, N1 OF A TRIO");
    table_global[8][7] = 10;
}

static void iterate(struct locals *l, int run)
{
    set_letter_one();
    set_letter_two();
    l->one = 2;
    l->two = 3;
    text_copy(l->text_two, "TEXT OF THE LOOP, N2 OF A TRIO");
    l->kind = KIND_B;
    flag_global = !text_is_larger(l->text_one, l->text_two);
    while (l->one < l->two) {
        l->three = 5 * l->one - l->two;
        add_two(l->one, l->two, &l->three);
        l->one++;
    }
    fill_arrays(row_global, table_global, l->one, l->three);
    copy_record(first);
    for (char letter = 'A'; letter <= letter_two; letter++)
        if (l->kind == letters_differ(letter, 'C')) {
            next_kind(KIND_A, &l->kind);
            text_copy(l->text_two, "TEXT OF THE LOOP, N3 OF A TRIO");
            l->two = run;
            number_global = run;
        }
    l->two *= l->one;
    l->one = l->two / l->three;
    l->two = 7 * (l->two - l->three) - l->one;
    adjust(&l->one);
}

/* 0, or the number of the first variable that does not have its final value. */
static int first_wrong(const struct locals *l)
{
    const int values[][2] = {
        {number_global, 5},
        {flag_global, 1},
        {letter_one, 'A'},
        {letter_two, 'B'},
        {row_global[8], 7},
        {table_global[8][7], RUNS + 10},
        {first->variant, KIND_A},
        {first->kind, KIND_C},
        {first->number, 17},
        {first->next->variant, KIND_A},
        {first->next->kind, KIND_B},
        {first->next->number, 18},
        {text_compare(first->next->text, first->text), 0},
        {l->one, 5},
        {l->two, 13},
        {l->three, 7},
        {l->kind, KIND_B},
        {text_compare(l->text_two, "TEXT OF THE LOOP, N2 OF A TRIO"), 0},
    };
    for (unsigned i = 0; i < sizeof values / sizeof values[0]; i++)
        if (values[i][0] != values[i][1])
            return (int)i + 1;
    return 0;
}

int main(void)
{
    struct locals l = {.one = 0};
    prepare(&l);
    for (int run = 1; run <= RUNS; run++)
        iterate(&l, run);
    return first_wrong(&l);
}
