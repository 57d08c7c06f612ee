/* Suggestions for misspelt names. */
#include "sim/base/error.h"

#include <criterion/criterion.h>

static const char *const names[] = {"run", "mesh", "sweep", "mesh.width", "mesh.height"};
enum { NAMES = sizeof names / sizeof names[0] };

Test(nearest_name, finds_one_mistake_of_each_kind)
{
    cr_expect_str_eq(nearest_name("swep", names, NAMES), "sweep");   /* left out */
    cr_expect_str_eq(nearest_name("sweeep", names, NAMES), "sweep"); /* too much */
    cr_expect_str_eq(nearest_name("swaep", names, NAMES), "sweep");  /* wrong */
    cr_expect_str_eq(nearest_name("rnu", names, NAMES), "run");      /* swapped */
    cr_expect_str_eq(nearest_name("mesh.widht", names, NAMES), "mesh.width");
}

Test(nearest_name, prefers_the_nearer)
{
    cr_expect_str_eq(nearest_name("mesh.heigth", names, NAMES), "mesh.height");
    cr_expect_str_eq(nearest_name("mesh", names, NAMES), "mesh");
}

Test(nearest_name, is_silent_when_nothing_is_near)
{
    cr_expect_null(nearest_name("quux", names, NAMES));
    cr_expect_null(nearest_name("", names, NAMES));
    cr_expect_null(nearest_name("run", names, 0));
}

Test(nearest_name, copes_with_words_of_any_length)
{
    char word[500] = {0};
    for (unsigned i = 0; i < sizeof word - 1; i++)
        word[i] = 'x';
    cr_expect_null(nearest_name(word, names, 0));
    nearest_name(word, names, NAMES);
}

Test(error, carries_status_and_text_and_is_false)
{
    struct error e;
    cr_expect_not(error_set(&e, EXIT_STATUS_IO, "%s:%d: %s", "f", 3, "bad"));
    cr_expect_eq(e.status, EXIT_STATUS_IO);
    cr_expect_str_eq(e.text, "f:3: bad");
}
