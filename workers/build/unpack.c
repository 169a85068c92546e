/* unpack.c - see unpack.h. */
#include "workers/build/unpack.h"

#include "workers/build/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum {
    MEMBERS_MOST = 10000,
    CHUNK_BYTES = 64 * 1024,
    RATIO_MOST = 200,            /* of a larger table; tables of text pack some 10 times */
    RATIO_FROM_BYTES = 64 << 20, /* below that any ratio will do */
    INPUT_MOST = 1 << 30         /* what zlib is given at once: it counts in 32 bits */
};

/* Endings of what may be a table; others are a README, a picture. */
static const char *const ENDINGS[] = {".csv",   ".tsv",     ".tab", ".json", ".ndjson",
                                      ".jsonl", ".parquet", ".pq",  ".gz"};

struct unpacking {
    const char *name; /* of the archive, for messages */
    int file;
    const char *into;
    int64_t most_bytes;
    int64_t ratio_bytes; /* what RATIO_MOST allows */
    int64_t written;
    uLong crc;
    unsigned char chunk[CHUNK_BYTES];
};

/* Choosing the member --------------------------------------------------------------------------*/

/* A member's name without its folders, as text; false when it is a folder or nothing to look at. */
static bool plain_name(const struct archive_member *member, char name[static UNPACK_NAME_BYTES])
{
    const char *end = member->name + member->name_length;
    const char *start = end;
    size_t used = 0;

    while (start > member->name && start[-1] != '/' && start[-1] != '\\')
        start--;
    if (memmem(member->name, member->name_length, "__MACOSX/", 9) != NULL)
        return false;
    for (; start < end && used < UNPACK_NAME_BYTES - 1; start++)
        name[used++] = (unsigned char)*start < ' ' || (unsigned char)*start >= 0x7f ? '_' : *start;
    name[used] = '\0';
    return used > 0 && *name != '.';
}

static bool is_table(const char *name)
{
    const char *dot = strrchr(name, '.');

    for (size_t at = 0; dot != NULL && at < sizeof ENDINGS / sizeof *ENDINGS; at++)
        if (strcasecmp(dot, ENDINGS[at]) == 0)
            return true;
    return false;
}

/* Finds the one table; where only one file is there at all, that is it. */
static bool choose(const struct unpacking *unpacking, const struct archive *archive,
                   struct archive_member *chosen, char member[static UNPACK_NAME_BYTES],
                   struct error *err)
{
    uint64_t at = archive->directory;
    struct archive_member each;
    char name[UNPACK_NAME_BYTES];
    size_t tables = 0;
    size_t files = 0;

    for (uint64_t count = 0; count < archive->entries; count++) {
        if (count == MEMBERS_MOST || !archive_next(archive, &at, &each))
            return error_set(err, ERROR_VALIDATION,
                             "%.80s is a broken ZIP archive, or one of more than %d files",
                             unpacking->name, MEMBERS_MOST);
        if (!plain_name(&each, name))
            continue;
        if (strcmp(name, "[Content_Types].xml") == 0)
            return error_set(err, ERROR_VALIDATION,
                             "%.80s is an Excel workbook, or another office document: save the "
                             "table as CSV and send that",
                             unpacking->name);
        files++;
        tables += is_table(name);
        if (tables > 1)
            return error_set(err, ERROR_VALIDATION,
                             "%.60s holds several tables (%.60s, %.60s): send an archive of one, "
                             "or the tables themselves",
                             unpacking->name, member, name);
        if (is_table(name) || (files == 1 && tables == 0)) {
            *chosen = each;
            strcpy(member, name);
        }
    }
    return tables == 1 || files == 1 ||
           error_set(err, ERROR_VALIDATION,
                     "%.80s holds no table: put one CSV, TSV, JSON, NDJSON or Parquet file into "
                     "the archive",
                     unpacking->name);
}

/* Writing it -----------------------------------------------------------------------------------*/

static bool broken(const struct unpacking *unpacking, struct error *err)
{
    return error_set(err, ERROR_VALIDATION,
                     "%.80s is a broken ZIP archive: make it anew, or send the table itself",
                     unpacking->name);
}

static bool write_bytes(struct unpacking *unpacking, const unsigned char *data, size_t size,
                        struct error *err)
{
    unpacking->written += (int64_t)size;
    unpacking->crc = crc32(unpacking->crc, data, (uInt)size);
    if (unpacking->written > unpacking->most_bytes)
        return error_set(err, ERROR_VALIDATION, "%.80s unpacks to more than %lld MiB, the limit",
                         unpacking->name, (long long)(unpacking->most_bytes >> 20));
    if (unpacking->written > RATIO_FROM_BYTES && unpacking->written > unpacking->ratio_bytes)
        return error_set(err, ERROR_VALIDATION,
                         "%.80s unpacks to more than %d times its size: send the table itself",
                         unpacking->name, RATIO_MOST);
    while (size > 0) {
        ssize_t written = write(unpacking->file, data, size);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0) {
            error_set(err, ERROR_UNAVAILABLE, "the archive could not be unpacked; try again later");
            return error_detail(err, "write %s: %s", unpacking->into, strerror(errno));
        }
        data += written;
        size -= (size_t)written;
    }
    return true;
}

static bool copy(struct unpacking *unpacking, const unsigned char *data, uint64_t size,
                 struct error *err)
{
    while (size > 0) {
        size_t piece = size < CHUNK_BYTES ? (size_t)size : CHUNK_BYTES;

        if (!write_bytes(unpacking, data, piece, err))
            return false;
        data += piece;
        size -= piece;
    }
    return true;
}

static bool inflate_all(struct unpacking *unpacking, const unsigned char *data, uint64_t size,
                        struct error *err)
{
    z_stream stream = {0};
    int state = Z_OK;
    bool ok = true;

    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
        return error_no_memory(err);
    while (ok && state == Z_OK) {
        if (stream.avail_in == 0) {
            stream.avail_in = (uInt)(size < INPUT_MOST ? size : INPUT_MOST);
            stream.next_in = (unsigned char *)(uintptr_t)data;
            data += stream.avail_in;
            size -= stream.avail_in;
        }
        stream.next_out = unpacking->chunk;
        stream.avail_out = CHUNK_BYTES;
        state = inflate(&stream, Z_NO_FLUSH);
        ok = state == Z_OK || state == Z_STREAM_END
                 ? write_bytes(unpacking, unpacking->chunk, CHUNK_BYTES - stream.avail_out, err)
                 : broken(unpacking, err);
    }
    inflateEnd(&stream);
    return ok;
}

static bool extract(struct unpacking *unpacking, const struct archive *archive,
                    const struct archive_member *member, struct error *err)
{
    const unsigned char *data = archive_data(archive, member);
    bool ok;

    if (member->encrypted)
        return error_set(err, ERROR_VALIDATION,
                         "%.80s is locked with a password: send it without one", unpacking->name);
    if (member->method != ARCHIVE_STORED && member->method != ARCHIVE_DEFLATED)
        return error_set(err, ERROR_VALIDATION,
                         "%.80s is packed in a way that is not known here: use plain ZIP (deflate)",
                         unpacking->name);
    if (data == NULL)
        return broken(unpacking, err);
    unpacking->ratio_bytes = (int64_t)member->packed_bytes * RATIO_MOST;
    ok = member->method == ARCHIVE_STORED ? copy(unpacking, data, member->packed_bytes, err)
                                          : inflate_all(unpacking, data, member->packed_bytes, err);
    return ok && (unpacking->crc == member->crc || broken(unpacking, err));
}

static bool unpack_mapped(struct unpacking *unpacking, const void *map, size_t size,
                          char member[static UNPACK_NAME_BYTES], struct error *err)
{
    struct archive archive;
    struct archive_member chosen = {0};

    *member = '\0';
    if (!archive_open(&archive, map, size))
        return broken(unpacking, err);
    if (!choose(unpacking, &archive, &chosen, member, err))
        return false;
    unpacking->crc = crc32(0, NULL, 0);
    unpacking->file = open(unpacking->into, O_WRONLY | O_TRUNC | O_CLOEXEC);
    if (unpacking->file < 0) {
        error_set(err, ERROR_UNAVAILABLE, "the archive could not be unpacked; try again later");
        return error_detail(err, "open %s: %s", unpacking->into, strerror(errno));
    }
    return extract(unpacking, &archive, &chosen, err);
}

bool unpack_table(const char *path, const char *name, const char *into, int64_t most_bytes,
                  char member[static UNPACK_NAME_BYTES], struct error *err)
{
    struct unpacking unpacking = {.name = name, .file = -1, .into = into, .most_bytes = most_bytes};
    struct stat facts = {0};
    void *map = MAP_FAILED;
    bool ok = false;
    int file = open(path, O_RDONLY | O_CLOEXEC);

    if (file < 0 || fstat(file, &facts) != 0 || facts.st_size == 0 ||
        (map = mmap(NULL, (size_t)facts.st_size, PROT_READ, MAP_PRIVATE, file, 0)) == MAP_FAILED) {
        error_set(err, ERROR_UNAVAILABLE, "the archive could not be read; try again later");
        error_detail(err, "%s: %s", path, strerror(errno));
    } else {
        ok = unpack_mapped(&unpacking, map, (size_t)facts.st_size, member, err);
    }
    if (map != MAP_FAILED)
        munmap(map, (size_t)facts.st_size);
    if (unpacking.file >= 0 && close(unpacking.file) != 0 && ok) {
        ok =
            error_set(err, ERROR_UNAVAILABLE, "the archive could not be unpacked; try again later");
        error_detail(err, "close %s: %s", into, strerror(errno));
    }
    if (file >= 0)
        close(file);
    return ok;
}
