/* offsets.c - see offsets.h. Per partition a queue of what was read, in the order of the log. */
#include "infra/kafka/offsets.h"

#include <stdlib.h>

/* The log has holes (compaction, transaction markers), so each offset is kept. */
struct entry {
    int64_t offset;
    bool settled;
};

struct partition {
    int number;
    struct entry *entries; /* a ring */
    size_t capacity;
    size_t first;
    size_t count;
    struct partition *next;
};

struct offsets {
    struct partition *partitions;
};

struct offsets *offsets_new(struct error *err)
{
    struct offsets *offsets = calloc(1, sizeof *offsets);

    if (offsets == NULL)
        error_no_memory(err);
    return offsets;
}

static struct partition *find(struct offsets *offsets, int number)
{
    struct partition *partition = offsets->partitions;

    while (partition != NULL && partition->number != number)
        partition = partition->next;
    return partition;
}

static struct entry *entry_at(struct partition *partition, size_t at)
{
    return &partition->entries[(partition->first + at) % partition->capacity];
}

static bool grow(struct partition *partition)
{
    size_t capacity = partition->capacity == 0 ? 64 : 2 * partition->capacity;
    struct entry *entries = calloc(capacity, sizeof *entries);

    if (entries == NULL)
        return false;
    for (size_t at = 0; at < partition->count; at++)
        entries[at] = *entry_at(partition, at);
    free(partition->entries);
    partition->entries = entries;
    partition->capacity = capacity;
    partition->first = 0;
    return true;
}

/* Reading goes back when the log was cut or the group rewound: what comes again counts anew. */
static void drop_from(struct partition *partition, int64_t offset)
{
    while (partition->count > 0 && entry_at(partition, partition->count - 1)->offset >= offset)
        partition->count--;
}

bool offsets_read(struct offsets *offsets, int number, int64_t offset)
{
    struct partition *partition = find(offsets, number);

    if (partition == NULL) {
        partition = calloc(1, sizeof *partition);
        if (partition == NULL)
            return false;
        partition->number = number;
        partition->next = offsets->partitions;
        offsets->partitions = partition;
    }
    drop_from(partition, offset);
    if (partition->count == partition->capacity && !grow(partition))
        return false;
    *entry_at(partition, partition->count++) = (struct entry){.offset = offset};
    return true;
}

/* The entry of an offset, by halving: entries ascend. */
static struct entry *search(struct partition *partition, int64_t offset)
{
    size_t low = 0;
    size_t high = partition->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (entry_at(partition, middle)->offset < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low < partition->count && entry_at(partition, low)->offset == offset
               ? entry_at(partition, low)
               : NULL;
}

int64_t offsets_settle(struct offsets *offsets, int number, int64_t offset)
{
    struct partition *partition = find(offsets, number);
    struct entry *entry = partition == NULL ? NULL : search(partition, offset);
    int64_t store = -1;

    if (entry == NULL)
        return -1;
    entry->settled = true;
    while (partition->count > 0 && entry_at(partition, 0)->settled) {
        store = entry_at(partition, 0)->offset + 1;
        partition->first = (partition->first + 1) % partition->capacity;
        partition->count--;
    }
    return store;
}

void offsets_forget(struct offsets *offsets, int number)
{
    struct partition *partition;

    for (struct partition **link = &offsets->partitions; (partition = *link) != NULL;
         link = &partition->next)
        if (partition->number == number) {
            *link = partition->next;
            free(partition->entries);
            free(partition);
            return;
        }
}

void offsets_free(struct offsets *offsets)
{
    if (offsets == NULL)
        return;
    while (offsets->partitions != NULL)
        offsets_forget(offsets, offsets->partitions->number);
    free(offsets);
}
