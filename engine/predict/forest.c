/* forest.c - see forest.h. */
#include "engine/predict/forest.h"

#include <math.h>

enum { LANES = 4 };

static const double ZERO_MOST = 1e-35f; /* LightGBM's kZeroThreshold, a float */

/* The codes of categorical features; what is no small code shares the one that is in no set. */
static void encode_codes(const double *x, size_t count, uint8_t *codes)
{
    for (size_t i = 0; i < count; i++)
        codes[i] = x[i] > -1.0 && x[i] < CATEGORY_NONE ? (uint8_t)x[i] : CATEGORY_NONE;
}

/*
 * One level down; a leaf stays where it is. Both answers are computed and one is chosen: a
 * mispredicted branch costs more than the whole step.
 */
static inline uint32_t step(const struct node *nodes, uint32_t at, const double *x,
                            const uint8_t *codes)
{
    const struct node *node = &nodes[at];
    double value = x[node->feature];
    unsigned bits = node->bits;
    unsigned category = bits >> 1 & 1;
    unsigned by_number =
        (unsigned)(value <= node->u.number) | ((unsigned)(value != value) & bits >> 2);
    unsigned by_category = (unsigned)(node->u.mask >> codes[node->feature]);
    unsigned goes_left = (by_category & category) | (by_number & (category ^ 1));

    return node->left + ((goes_left ^ 1) & bits & NODE_INNER);
}

static bool slow_left(const struct forest *forest, const struct node *node, double value)
{
    if (node->bits & NODE_WIDE) {
        const uint32_t *set = forest->bitsets + (uint32_t)node->u.mask;
        uint32_t words = (uint32_t)(node->u.mask >> 32);
        uint32_t code;

        if (!(value > -1.0 && value < 2147483648.0))
            return false;
        code = (uint32_t)value;
        return code / 32 < words && (set[code / 32] >> (code % 32) & 1);
    }
    if (node->bits & NODE_CATEGORY)
        return value > -1.0 && value < CATEGORY_NONE && (node->u.mask >> (unsigned)value & 1);
    if (isnan(value) || ((node->bits & NODE_ZERO) && value >= -ZERO_MOST && value <= ZERO_MOST))
        return (node->bits & NODE_DEFAULT_LEFT) != 0;
    return value <= node->u.number;
}

static double walk_slow(const struct forest *forest, const struct tree_record *tree,
                        const double *x)
{
    const struct node *nodes = forest->nodes + tree->first;
    uint32_t at = 0;

    while (nodes[at].bits & NODE_INNER)
        at = nodes[at].left + (slow_left(forest, &nodes[at], x[nodes[at].feature]) ? 0 : 1);
    return nodes[at].u.number;
}

static double walk_one(const struct forest *forest, const struct tree_record *tree, const double *x,
                       const uint8_t *codes)
{
    const struct node *nodes = forest->nodes + tree->first;
    uint32_t at = 0;

    if (tree->kind == TREE_SLOW)
        return walk_slow(forest, tree, x);
    for (uint32_t depth = tree->depth; depth > 0; depth--)
        at = step(nodes, at, x, codes);
    return nodes[at].u.number;
}

static void walk_four(const struct forest *forest, const struct tree_record *tree, const double *x,
                      const uint8_t *codes, double *leaves)
{
    const struct node *nodes[LANES];
    uint32_t at[LANES] = {0};
    uint32_t depth = 0;

    for (int lane = 0; lane < LANES; lane++) {
        nodes[lane] = forest->nodes + tree[lane].first;
        depth = tree[lane].depth > depth ? tree[lane].depth : depth;
    }
    for (; depth > 0; depth--) {
        at[0] = step(nodes[0], at[0], x, codes);
        at[1] = step(nodes[1], at[1], x, codes);
        at[2] = step(nodes[2], at[2], x, codes);
        at[3] = step(nodes[3], at[3], x, codes);
    }
    for (int lane = 0; lane < LANES; lane++)
        leaves[lane] = nodes[lane][at[lane]].u.number;
}

static bool all_fast(const struct tree_record *tree)
{
    for (int lane = 0; lane < LANES; lane++)
        if (tree[lane].kind != TREE_FAST)
            return false;
    return true;
}

void forest_run(const struct forest *forest, const double *x, size_t count, double *out)
{
    uint8_t codes[FEATURES_MAX];
    double leaves[LANES];
    size_t score = 0;

    encode_codes(x, count, codes);
    for (size_t i = 0; i < forest->scores; i++)
        out[i] = 0.0;
    for (size_t i = 0; i < forest->trees_count;) {
        size_t lanes = 1;

        if (i + LANES <= forest->trees_count && all_fast(&forest->trees[i])) {
            lanes = LANES;
            walk_four(forest, &forest->trees[i], x, codes, leaves);
        } else {
            leaves[0] = walk_one(forest, &forest->trees[i], x, codes);
        }
        for (size_t lane = 0; lane < lanes; lane++) {
            out[score] += leaves[lane];
            score = score + 1 == forest->scores ? 0 : score + 1;
        }
        i += lanes;
    }
}

static void softmax(size_t scores, double *out)
{
    double most = out[0];
    double sum = 0.0;

    for (size_t i = 1; i < scores; i++)
        most = out[i] > most ? out[i] : most;
    for (size_t i = 0; i < scores; i++)
        sum += out[i] = exp(out[i] - most);
    for (size_t i = 0; i < scores; i++)
        out[i] /= sum;
}

void forest_link(enum task task, size_t scores, double *out)
{
    if (task == TASK_BINARY) {
        out[1] = 1.0 / (1.0 + exp(-out[0]));
        out[0] = 1.0 - out[1];
    } else if (task == TASK_MULTICLASS) {
        softmax(scores, out);
    }
}
