/* archive.c - see archive.h. Numbers in an archive are little endian. */
#include "workers/build/archive.h"

#include <string.h>

enum {
    END_BYTES = 22, /* of the record at the end; a comment of up to 65535 bytes may follow */
    COMMENT_MOST = 65535,
    LOCATOR_BYTES = 20,
    END64_BYTES = 56,
    ENTRY_BYTES = 46,
    LOCAL_BYTES = 30,
    EXTRA64 = 1 /* the extra field with sizes of eight bytes */
};

static const uint32_t ALL_ONES = 0xffffffff;

static uint32_t number(const unsigned char *at, int bytes)
{
    uint32_t value = 0;

    while (bytes-- > 0)
        value = value << 8 | at[bytes];
    return value;
}

static uint64_t number64(const unsigned char *at)
{
    return (uint64_t)number(at + 4, 4) << 32 | number(at, 4);
}

/* The bytes at offset, if count of them are there; else NULL. */
static const unsigned char *bytes_at(const struct archive *archive, uint64_t offset, uint64_t count)
{
    return offset <= archive->size && count <= archive->size - offset ? archive->data + offset
                                                                      : NULL;
}

static bool is_record(const unsigned char *at, const char *kind)
{
    return at != NULL && at[0] == 'P' && at[1] == 'K' && memcmp(at + 2, kind, 2) == 0;
}

/* An archive of more than 4 GB or 65535 members has a second record with wider numbers. */
static bool open_wide(struct archive *archive, uint64_t end)
{
    const unsigned char *locator =
        end < LOCATOR_BYTES ? NULL : bytes_at(archive, end - LOCATOR_BYTES, LOCATOR_BYTES);
    const unsigned char *record;

    if (!is_record(locator, "\6\7"))
        return true;
    record = bytes_at(archive, number64(locator + 8), END64_BYTES);
    if (!is_record(record, "\6\6"))
        return false;
    archive->entries = number64(record + 32);
    archive->directory = number64(record + 48);
    return true;
}

bool archive_open(struct archive *archive, const void *data, size_t size)
{
    const unsigned char *record;
    uint64_t end;

    *archive = (struct archive){.data = data, .size = size};
    for (end = size - END_BYTES; size >= END_BYTES && size - end <= END_BYTES + COMMENT_MOST;
         end--) {
        record = archive->data + end;
        if (is_record(record, "\5\6") && number(record + 20, 2) <= size - end - END_BYTES) {
            archive->entries = number(record + 10, 2);
            archive->directory = number(record + 16, 4);
            return open_wide(archive, end);
        }
        if (end == 0)
            break;
    }
    return false;
}

/* Puts the wide numbers of the extra field where the entry says they are there. */
static bool read_extra(const unsigned char *entry, const unsigned char *extra, size_t length,
                       struct archive_member *member)
{
    bool wide_size = number(entry + 24, 4) == ALL_ONES;
    bool wide_packed = member->packed_bytes == ALL_ONES;
    bool wide_header = member->header == ALL_ONES;

    while (length >= 4) {
        size_t bytes = number(extra + 2, 2);
        size_t used = 4;

        if (bytes > length - 4)
            return false;
        if (number(extra, 2) == EXTRA64) {
            used += wide_size ? 8 : 0;
            if (wide_packed && used + 8 <= bytes + 4) {
                member->packed_bytes = number64(extra + used);
                used += 8;
            }
            if (wide_header && used + 8 <= bytes + 4)
                member->header = number64(extra + used);
        }
        extra += bytes + 4;
        length -= bytes + 4;
    }
    return true;
}

bool archive_next(const struct archive *archive, uint64_t *at, struct archive_member *member)
{
    const unsigned char *entry = bytes_at(archive, *at, ENTRY_BYTES);
    size_t name;
    size_t extra;
    size_t all;

    if (!is_record(entry, "\1\2"))
        return false;
    name = number(entry + 28, 2);
    extra = number(entry + 30, 2);
    all = ENTRY_BYTES + name + extra + number(entry + 32, 2);
    if (bytes_at(archive, *at, all) == NULL)
        return false;
    *member = (struct archive_member){.name = (const char *)entry + ENTRY_BYTES,
                                      .name_length = name,
                                      .encrypted = (entry[8] & 1) != 0,
                                      .method = (int)number(entry + 10, 2),
                                      .crc = number(entry + 16, 4),
                                      .packed_bytes = number(entry + 20, 4),
                                      .header = number(entry + 42, 4)};
    *at += all;
    return read_extra(entry, entry + ENTRY_BYTES + name, extra, member);
}

const unsigned char *archive_data(const struct archive *archive,
                                  const struct archive_member *member)
{
    const unsigned char *local = bytes_at(archive, member->header, LOCAL_BYTES);
    uint64_t start;

    if (!is_record(local, "\3\4"))
        return NULL;
    start = member->header + LOCAL_BYTES + number(local + 26, 2) + number(local + 28, 2);
    return bytes_at(archive, start, member->packed_bytes);
}
