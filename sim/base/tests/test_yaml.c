/* The YAML reader: the tree it builds, and the place of every mistake. */
#include "sim/base/yaml.h"

#include <criterion/criterion.h>
#include <string.h>

#include "sim/base/arena.h"

static struct tree *parse(const char *text, struct error *e)
{
    return tree_parse(text, strlen(text), "x.yaml", e);
}

static struct tree *parse_good(const char *text)
{
    struct error e = {0};
    struct tree *root = parse(text, &e);
    cr_assert_not_null(root, "%s", e.text);
    return root;
}

/* The text is refused with status 65 and exactly this message. */
static void expect_refused(const char *text, const char *message)
{
    struct error e = {0};
    cr_assert_null(parse(text, &e));
    cr_expect_eq(e.status, EXIT_STATUS_INPUT);
    cr_expect_str_eq(e.text, message);
}

Test(yaml, block_and_flow_give_the_same_tree)
{
    struct tree *block = parse_good("mesh:\n  width: 4\n  list:\n    - a\n    - b\n");
    struct tree *flow = parse_good("mesh: {width: 4, list: [a, b]}");
    for (unsigned i = 0; i < 2; i++) {
        const struct tree *mesh = tree_get(i ? flow : block, "mesh");
        cr_assert_not_null(mesh);
        cr_expect_eq(mesh->kind, TREE_MAP);
        cr_expect_eq(mesh->count, 2);
        cr_expect_str_eq(tree_get(mesh, "width")->text, "4");
        cr_expect_eq(tree_get(mesh, "list")->kind, TREE_SEQUENCE);
        cr_expect_eq(tree_get(mesh, "list")->count, 2);
        cr_expect_str_eq(tree_get(mesh, "list")->item[1].value->text, "b");
    }
    tree_free(block);
    tree_free(flow);
}

Test(yaml, every_item_knows_its_line)
{
    struct tree *root = parse_good("# head\na: 1\n\nb:\n  c: 2\nd: [x,\n  y]\n");
    cr_expect_eq(root->item[0].line, 2);
    cr_expect_eq(root->item[1].line, 4);
    cr_expect_eq(tree_get(root, "b")->item[0].line, 5);
    cr_expect_eq(tree_get(root, "d")->item[1].line, 7);
    tree_free(root);
}

Test(yaml, absent_value_and_empty_file_are_empty)
{
    struct tree *root = parse_good("mesh:\n");
    cr_expect(tree_is_empty(tree_get(root, "mesh")));
    cr_expect_not(tree_is_empty(root));
    tree_free(root);
    root = parse_good("# nothing\n");
    cr_expect_eq(root->kind, TREE_MAP);
    cr_expect(tree_is_empty(root));
    tree_free(root);
}

Test(yaml, joins_a_sequence_with_commas)
{
    struct tree *root = parse_good("a: [0, 3, 12]\nb: 7\nc: {d: 1}\ne: [[1]]\nf: []\n");
    static const char *const keys[] = {"a", "b", "f"}, *const texts[] = {"0,3,12", "7", ""};
    for (unsigned i = 0; i < 3; i++) {
        char *text = tree_join(tree_get(root, keys[i]));
        cr_expect_str_eq(text, texts[i]);
        mem_free(text);
    }
    cr_expect_null(tree_join(tree_get(root, "c")));
    cr_expect_null(tree_join(tree_get(root, "e")));
    tree_free(root);
}

Test(yaml, refuses_a_key_given_twice)
{
    expect_refused("a:\n  b: 1\n  b: 2\n", "x.yaml:3: b: appears twice");
}

Test(yaml, refuses_anchors_and_aliases)
{
    expect_refused("a: &x 1\n", "x.yaml:1: anchors and aliases are not used here");
    expect_refused("a: &x [1]\n", "x.yaml:1: anchors and aliases are not used here");
    expect_refused("a:\n  - *x\n", "x.yaml:2: anchors and aliases are not used here");
}

Test(yaml, refuses_a_second_document)
{
    expect_refused("a: 1\n---\nb: 2\n", "x.yaml:3: a second document in one file");
}

Test(yaml, refuses_a_key_that_is_no_word)
{
    expect_refused("a: 1\n? [b]\n: 2\n", "x.yaml:2: a key must be a plain word");
}

Test(yaml, refuses_what_nests_without_end)
{
    char text[80] = "a: ";
    memset(text + 3, '[', 40);
    expect_refused(text, "x.yaml:1: nested too deeply");
}

Test(yaml, names_the_line_of_broken_syntax)
{
    struct error e = {0};
    cr_assert_null(parse("a: 1\nb: {c: 2\nd: 3\n", &e));
    cr_expect_eq(e.status, EXIT_STATUS_INPUT);
    cr_expect_eq(strncmp(e.text, "x.yaml:3: ", 10), 0, "%s", e.text);
}

Test(yaml, refuses_bytes_that_are_no_text)
{
    struct error e = {0};
    cr_assert_null(tree_parse("a: \xff\xfe", 5, "x.yaml", &e));
    cr_expect_eq(e.status, EXIT_STATUS_INPUT);
    cr_expect_eq(strncmp(e.text, "x.yaml:1: ", 10), 0, "%s", e.text);
}

Test(yaml, a_tab_is_called_a_tab)
{
    expect_refused("mesh:\n\twidth: 4\n", "x.yaml:2: indented by a tab; YAML wants spaces");
    expect_refused("mesh:\n  height: 2\n  \twidth: 4\n",
                   "x.yaml:3: indented by a tab; YAML wants spaces");
}

Test(yaml, missing_file_is_named_with_the_hosts_reason)
{
    struct error e = {0};
    cr_assert_null(tree_load("no/such/file.yaml", &e));
    cr_expect_eq(e.status, EXIT_STATUS_INPUT);
    cr_expect_str_eq(e.text, "no/such/file.yaml: No such file or directory");
}

Test(yaml, a_folder_is_no_file)
{
    struct error e = {0};
    cr_assert_null(tree_load("/", &e));
    cr_expect_str_eq(e.text, "/: is a folder; an ordinary file is expected");
}
