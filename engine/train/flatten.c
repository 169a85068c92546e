/* flatten.c - see flatten.h. */
#include "engine/train/flatten.h"

#include <stdlib.h>
#include <string.h>

/* A tree as the text has it: inner nodes by number; children below 0 are leaves, as ~number. */
struct source_tree {
    long leaves;
    long categories;
    double *feature;
    double *threshold;
    double *decision;
    double *left;
    double *right;
    double *value;
    double *boundary;
    double *set;
};

enum { DECISION_CATEGORY = 1, DECISION_DEFAULT_LEFT = 2, MISSING_ZERO = 1, MISSING_NAN = 2 };

void flat_clear(struct flat *flat)
{
    free(flat->trees);
    free(flat->nodes);
    free(flat->bitsets);
    *flat = (struct flat){0};
}

struct forest flat_forest(const struct flat *flat, size_t scores)
{
    return (struct forest){.trees = flat->trees,
                           .trees_count = flat->trees_count,
                           .nodes = flat->nodes,
                           .bitsets = flat->bitsets,
                           .scores = scores};
}

static bool odd(struct error *err, const char *what)
{
    error_set(err, ERROR_INTERNAL, "the trained trees cannot be read");
    return error_detail(err, "model text: %s", what);
}

/* The value of "key=" in the lines from text to end; NULL when there is none. */
static const char *find_line(const char *text, const char *end, const char *key)
{
    size_t length = strlen(key);

    while (text != NULL && text < end) {
        if (strncmp(text, key, length) == 0 && text[length] == '=')
            return text + length + 1;
        text = strchr(text, '\n');
        text = text == NULL ? NULL : text + 1;
    }
    return NULL;
}

static bool read_count(const char *text, const char *end, const char *key, long *count)
{
    const char *line = find_line(text, end, key);

    if (line == NULL)
        return false;
    *count = strtol(line, NULL, 10);
    return *count >= 0 && *count < 1 << 24;
}

/* The numbers of a line; NULL when there are not exactly count, or no memory. */
static double *read_numbers(const char *text, const char *end, const char *key, size_t count)
{
    const char *line = find_line(text, end, key);
    double *numbers = line == NULL ? NULL : malloc((count + 1) * sizeof *numbers);

    for (size_t i = 0; numbers != NULL && i < count; i++) {
        char *next;

        numbers[i] = strtod(line, &next);
        if (next == line) {
            free(numbers);
            return NULL;
        }
        line = next;
    }
    return numbers;
}

static void source_clear(struct source_tree *tree)
{
    free(tree->feature);
    free(tree->threshold);
    free(tree->decision);
    free(tree->left);
    free(tree->right);
    free(tree->value);
    free(tree->boundary);
    free(tree->set);
}

static bool read_sets(const char *text, const char *end, struct source_tree *tree)
{
    tree->boundary = read_numbers(text, end, "cat_boundaries", (size_t)tree->categories + 1);
    if (tree->boundary == NULL)
        return false;
    tree->set = read_numbers(text, end, "cat_threshold", (size_t)tree->boundary[tree->categories]);
    return tree->set != NULL;
}

static bool read_tree(const char *text, const char *end, struct source_tree *tree,
                      struct error *err)
{
    long linear = 0;
    size_t inner;

    if (!read_count(text, end, "num_leaves", &tree->leaves) || tree->leaves < 1 ||
        !read_count(text, end, "num_cat", &tree->categories))
        return odd(err, "a tree without its sizes");
    if (read_count(text, end, "is_linear", &linear) && linear != 0)
        return odd(err, "a linear tree");
    tree->value = read_numbers(text, end, "leaf_value", (size_t)tree->leaves);
    if (tree->value == NULL)
        return odd(err, "a tree without leaves");
    inner = (size_t)tree->leaves - 1;
    if (inner == 0)
        return true;
    tree->feature = read_numbers(text, end, "split_feature", inner);
    tree->threshold = read_numbers(text, end, "threshold", inner);
    tree->decision = read_numbers(text, end, "decision_type", inner);
    tree->left = read_numbers(text, end, "left_child", inner);
    tree->right = read_numbers(text, end, "right_child", inner);
    if (tree->feature == NULL || tree->threshold == NULL || tree->decision == NULL ||
        tree->left == NULL || tree->right == NULL ||
        (tree->categories > 0 && !read_sets(text, end, tree)))
        return odd(err, "a tree without its splits");
    return true;
}

/* A set of categories: in the node itself when all of it are small codes, else in the bitsets. */
static bool flatten_set(const struct source_tree *tree, size_t index, struct flat *flat,
                        struct node *node, struct error *err)
{
    size_t which = (size_t)tree->threshold[index];
    size_t first;
    size_t words;
    uint32_t *grown;

    if (which >= (size_t)tree->categories)
        return odd(err, "a set that is not there");
    first = (size_t)tree->boundary[which];
    words = (size_t)tree->boundary[which + 1] - first;
    node->bits |= NODE_CATEGORY;
    if (words <= 2) {
        node->u.mask = words > 0 ? (uint32_t)tree->set[first] : 0;
        if (words == 2)
            node->u.mask |= (uint64_t)(uint32_t)tree->set[first + 1] << 32;
        if (node->u.mask >> CATEGORY_NONE == 0)
            return true;
    }
    grown = realloc(flat->bitsets, (flat->bitsets_count + words) * sizeof *grown);
    if (grown == NULL)
        return error_no_memory(err);
    flat->bitsets = grown;
    node->bits |= NODE_WIDE;
    node->u.mask = (uint64_t)words << 32 | (uint32_t)flat->bitsets_count;
    for (size_t i = 0; i < words; i++)
        grown[flat->bitsets_count++] = (uint32_t)tree->set[first + i];
    return true;
}

/*
 * Where a missing number goes. Nodes that never saw one take it for zero (LightGBM's missing type
 * "none"), which is the same as going where zero goes.
 */
static unsigned missing_bits(unsigned decision, double threshold)
{
    unsigned missing = decision >> 2 & 3;
    bool default_left = decision & DECISION_DEFAULT_LEFT;

    if (missing == MISSING_NAN)
        return default_left ? NODE_DEFAULT_LEFT : 0;
    if (missing == MISSING_ZERO)
        return NODE_ZERO | (default_left ? NODE_DEFAULT_LEFT : 0);
    return 0.0 <= threshold ? NODE_DEFAULT_LEFT : 0;
}

static bool flatten_inner(const struct source_tree *tree, size_t index, struct flat *flat,
                          struct node *node, struct error *err)
{
    unsigned decision = (unsigned)tree->decision[index];

    if (tree->feature[index] < 0 || tree->feature[index] >= FEATURES_MAX)
        return odd(err, "a feature out of range");
    node->feature = (uint16_t)tree->feature[index];
    node->bits = NODE_INNER;
    if (decision & DECISION_CATEGORY)
        return flatten_set(tree, index, flat, node, err);
    node->bits |= (uint8_t)missing_bits(decision, tree->threshold[index]);
    node->u.number = tree->threshold[index];
    return true;
}

static bool child_is_sound(const struct source_tree *tree, double child)
{
    return child >= (double)-tree->leaves && child < (double)(tree->leaves - 1);
}

/* Numbers nodes level by level, children side by side; todo[i] is what becomes node i. */
static bool place_nodes(const struct source_tree *tree, struct flat *flat, struct node *nodes,
                        double *todo, uint32_t *depths, struct tree_record *record,
                        struct error *err)
{
    uint32_t placed = 1;

    todo[0] = tree->leaves == 1 ? -1 : 0;
    depths[0] = 0;
    for (uint32_t i = 0; i < placed; i++) {
        struct node *node = &nodes[i];
        size_t index;

        *node = (struct node){.left = i};
        record->depth = depths[i] > record->depth ? depths[i] : record->depth;
        if (todo[i] < 0) {
            node->u.number = tree->value[(size_t)(-todo[i] - 1)];
            continue;
        }
        index = (size_t)todo[i];
        if (placed + 2 > record->count || !child_is_sound(tree, tree->left[index]) ||
            !child_is_sound(tree, tree->right[index]))
            return odd(err, "children out of range");
        if (!flatten_inner(tree, index, flat, node, err))
            return false;
        if (node->bits & (NODE_ZERO | NODE_WIDE))
            record->kind = TREE_SLOW;
        node->left = placed;
        todo[placed] = tree->left[index];
        todo[placed + 1] = tree->right[index];
        depths[placed] = depths[placed + 1] = depths[i] + 1;
        placed += 2;
    }
    return placed == record->count || odd(err, "nodes that nothing leads to");
}

static bool add_tree(const struct source_tree *tree, struct flat *flat, struct error *err)
{
    size_t count = (size_t)tree->leaves * 2 - 1;
    struct node *nodes = realloc(flat->nodes, (flat->nodes_count + count) * sizeof *nodes);
    struct tree_record *trees;
    double *todo = NULL;
    uint32_t *depths = NULL;
    bool ok = false;

    if (nodes == NULL)
        return error_no_memory(err);
    flat->nodes = nodes;
    trees = realloc(flat->trees, (flat->trees_count + 1) * sizeof *trees);
    if (trees == NULL)
        return error_no_memory(err);
    flat->trees = trees;
    todo = malloc(count * sizeof *todo);
    depths = malloc(count * sizeof *depths);
    if (todo == NULL || depths == NULL) {
        error_no_memory(err);
        goto cleanup;
    }
    trees[flat->trees_count] = (struct tree_record){
        .first = (uint32_t)flat->nodes_count, .count = (uint32_t)count, .kind = TREE_FAST};
    ok = place_nodes(tree, flat, nodes + flat->nodes_count, todo, depths, &trees[flat->trees_count],
                     err);
    flat->nodes_count += count;
    flat->trees_count++;

cleanup:
    free(todo);
    free(depths);
    return ok;
}

bool flatten_model(const char *text, struct flat *flat, struct error *err)
{
    const char *at = strstr(text, "\nTree=");
    bool ok = true;

    *flat = (struct flat){0};
    if (at == NULL || find_line(text, at, "version") == NULL ||
        strncmp(find_line(text, at, "version"), "v4", 2) != 0)
        return odd(err, "not of version 4");
    while (ok && at != NULL) {
        const char *next = strstr(at + 1, "\nTree=");
        const char *end = next != NULL ? next : strstr(at, "\nend of trees");
        struct source_tree tree = {0};

        if (end == NULL) {
            ok = odd(err, "it has no end");
            break;
        }
        ok = read_tree(at + 1, end, &tree, err) && add_tree(&tree, flat, err);
        source_clear(&tree);
        at = next;
    }
    if (!ok)
        flat_clear(flat);
    return ok;
}
