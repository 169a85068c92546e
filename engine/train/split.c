/* split.c - see split.h. */
#include "engine/train/split.h"

#include <math.h>
#include <stdlib.h>

enum { MANY_ROWS = 50000 };

static const double TEST_SHARE = 0.2;
static const double TEST_SHARE_MANY = 0.1;  /* from MANY_ROWS rows */
static const double VALIDATION_SHARE = 0.2; /* of what is not sealed */

struct ticket {
    double class; /* 0 for a regression */
    uint64_t hash;
    uint32_t row;
    uint32_t part; /* 0 train, 1 validation, 2 test */
};

static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static int compare_hashes(const struct ticket *a, const struct ticket *b)
{
    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    return (a->row > b->row) - (a->row < b->row);
}

static int compare_in_class(const void *left, const void *right)
{
    const struct ticket *a = left;
    const struct ticket *b = right;

    if (a->class != b->class)
        return a->class < b->class ? -1 : 1;
    return compare_hashes(a, b);
}

/* In each part rows come as the hash has them, not by class. */
static int compare_in_part(const void *left, const void *right)
{
    const struct ticket *a = left;
    const struct ticket *b = right;

    if (a->part != b->part)
        return a->part < b->part ? -1 : 1;
    return compare_hashes(a, b);
}

/* Gives the rows of one class their parts. */
static void deal(struct ticket *tickets, size_t count, double test_share)
{
    size_t test = (size_t)((double)count * test_share + 0.5);
    size_t validation = (size_t)((double)(count - test) * VALIDATION_SHARE + 0.5);

    for (size_t i = 0; i < count; i++)
        tickets[i].part = i < test ? 2 : i < test + validation ? 1 : 0;
}

static void deal_all(struct ticket *tickets, size_t count)
{
    double share = count >= MANY_ROWS ? TEST_SHARE_MANY : TEST_SHARE;
    size_t end;

    qsort(tickets, count, sizeof *tickets, compare_in_class);
    for (size_t i = 0; i < count; i = end) {
        for (end = i; end < count && tickets[end].class == tickets[i].class;)
            end++;
        deal(tickets + i, end - i, share);
    }
    qsort(tickets, count, sizeof *tickets, compare_in_part);
}

bool split_make(struct split *split, const struct plan *plan, uint64_t seed, struct error *err)
{
    struct ticket *tickets = malloc(plan->known * sizeof *tickets);
    size_t count = 0;

    *split = (struct split){.rows = malloc(plan->known * sizeof *split->rows)};
    if (tickets == NULL || split->rows == NULL) {
        free(tickets);
        split_clear(split);
        return error_no_memory(err);
    }
    for (size_t i = 0; i < plan->table->rows; i++)
        if (!isnan(plan->truth[i]))
            tickets[count++] =
                (struct ticket){.class = plan->task == TASK_REGRESSION ? 0 : plan->truth[i],
                                .hash = mix(mix(seed) ^ i),
                                .row = (uint32_t)i};
    deal_all(tickets, count);
    for (size_t i = 0; i < count; i++) {
        split->rows[i] = tickets[i].row;
        split->train += tickets[i].part == 0;
        split->validation += tickets[i].part == 1;
        split->test += tickets[i].part == 2;
    }
    free(tickets);
    return true;
}

void split_clear(struct split *split)
{
    free(split->rows);
    *split = (struct split){0};
}
