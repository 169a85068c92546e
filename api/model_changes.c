/* model_changes.c - see model_changes.h. */
#include "api/model_changes.h"

#include "infra/store/served.h"

#include <stdio.h>
#include <stdlib.h>

enum { VERSION_ID, REVISION, ACCOUNT, MODEL, SINCE };

static int compare(const void *a, const void *b)
{
    const uint64_t *x = a;
    const uint64_t *y = b;

    return *x < *y ? -1 : *x > *y;
}

/* A number for version and revision; never 0. */
static uint64_t change_of(const struct pg_rows *rows, size_t row)
{
    uint64_t hash = (uint64_t)pg_int(rows, row, REVISION) * 0x9e3779b97f4a7c15u;

    for (const char *at = pg_text_or_empty(rows, row, VERSION_ID); *at != '\0'; at++)
        hash = (hash ^ (unsigned char)*at) * 1099511628211u;
    return hash | 1;
}

static bool is_new(const struct model_changes *changes, uint64_t change)
{
    return changes->seen_count == 0 ||
           bsearch(&change, changes->seen, changes->seen_count, sizeof change, compare) == NULL;
}

bool model_changes_poll(struct model_changes *changes, struct pg *db,
                        void (*changed)(void *context, const char *account, const char *model),
                        void *context, struct error *err)
{
    struct pg_rows *rows = served_changes(db, changes->since, err);
    size_t count = rows == NULL ? 0 : pg_rows_count(rows);
    uint64_t *seen = rows == NULL ? NULL : calloc(count, sizeof *seen);

    if (seen == NULL) {
        if (rows != NULL)
            error_no_memory(err);
        pg_rows_free(rows);
        return false;
    }
    for (size_t row = 0; row < count; row++) {
        if (pg_text(rows, row, VERSION_ID) == NULL)
            continue;
        seen[row] = change_of(rows, row);
        if (is_new(changes, seen[row]))
            changed(context, pg_text_or_empty(rows, row, ACCOUNT),
                    pg_text_or_empty(rows, row, MODEL));
    }
    qsort(seen, count, sizeof *seen, compare);
    free(changes->seen);
    changes->seen = seen;
    changes->seen_count = count;
    snprintf(changes->since, sizeof changes->since, "%s", pg_text_or_empty(rows, 0, SINCE));
    pg_rows_free(rows);
    return true;
}

void model_changes_clear(struct model_changes *changes)
{
    free(changes->seen);
    *changes = (struct model_changes){0};
}
