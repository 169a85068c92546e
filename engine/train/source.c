/* source.c - see source.h. */
#include "engine/train/source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/train/csv.h"

enum { PEEK_BYTES = 1 << 20 };

static const struct {
    const char *ending;
    enum source_format format;
} ENDINGS[] = {
    {".csv", SOURCE_CSV},         {".tsv", SOURCE_TSV},       {".tab", SOURCE_TSV},
    {".json", SOURCE_JSON},       {".ndjson", SOURCE_NDJSON}, {".jsonl", SOURCE_NDJSON},
    {".parquet", SOURCE_PARQUET}, {".pq", SOURCE_PARQUET},    {".txt", SOURCE_CSV},
};

/* Files that are sent in good faith and are no tables, by how they begin. */
static const struct {
    const char *magic;
    size_t length;
    const char *what;
} OTHERS[] = {
    {"PK\3\4", 4, "a ZIP archive within another, or an Excel workbook"},
    {"%PDF", 4, "a PDF"},
    {"\x89PNG", 4, "a picture"},
    {"\xff\xd8\xff", 3, "a picture"},
    {"\x7f"
     "ELF",
     4, "a program"},
    {"BZh", 3, "a bzip2 archive"},
    {"\xfd"
     "7zXZ",
     5, "an xz archive"},
    {"\xd0\xcf\x11\xe0", 4, "an old Excel workbook"},
    {"\xff\xfe", 2, "UTF-16 text"},
    {"\xfe\xff", 2, "UTF-16 text"},
};

const char *source_format_name(enum source_format format)
{
    static const char *const NAMES[] = {"csv", "tsv", "json", "ndjson", "parquet"};

    return NAMES[format];
}

void source_clear(struct source *source)
{
    dictionary_clear(&source->names);
}

static bool ends_with(const char *text, size_t length, const char *ending)
{
    size_t size = strlen(ending);

    return length >= size && strncasecmp(text + length - size, ending, size) == 0;
}

/* The format that the name tells; CSV when it tells none. */
static enum source_format format_by_name(const char *name)
{
    size_t length = strlen(name);

    if (ends_with(name, length, ".gz"))
        length -= 3;
    for (size_t i = 0; i < sizeof ENDINGS / sizeof *ENDINGS; i++)
        if (ends_with(name, length, ENDINGS[i].ending))
            return ENDINGS[i].format;
    return SOURCE_CSV;
}

static bool begins(const char *data, size_t size, const char *magic, size_t length)
{
    return size >= length && memcmp(data, magic, length) == 0;
}

/* What the bytes tell goes before what the name says. */
static bool find_format(struct source *source, const char *data, size_t size, struct error *err)
{
    size_t at = 0;

    source->format = format_by_name(source->name);
    for (size_t i = 0; i < sizeof OTHERS / sizeof *OTHERS; i++)
        if (begins(data, size, OTHERS[i].magic, OTHERS[i].length))
            return error_set(err, ERROR_VALIDATION,
                             "%.80s is %s, not a table: send CSV (UTF-8), TSV, JSON, NDJSON or "
                             "Parquet",
                             source->name, OTHERS[i].what);
    if (begins(data, size, "PAR1", 4)) {
        source->format = SOURCE_PARQUET;
        return true;
    }
    if (source->format == SOURCE_PARQUET)
        return error_set(err, ERROR_VALIDATION, "%.80s is not a Parquet file", source->name);
    source->gzip = begins(data, size, "\x1f\x8b", 2);
    if (source->gzip || source->format == SOURCE_JSON || source->format == SOURCE_NDJSON)
        return true;
    if (begins(data, size, "\xef\xbb\xbf", 3))
        at = 3;
    while (at < size && memchr(" \t\r\n", data[at], 4) != NULL)
        at++;
    if (at == size)
        return error_set(err, ERROR_VALIDATION,
                         "%.80s is empty: send a table with a header line and rows", source->name);
    if (begins(data + at, size - at, "{\"", 2) || begins(data + at, size - at, "[{", 2))
        source->format = data[at] == '[' ? SOURCE_JSON : SOURCE_NDJSON;
    return true;
}

/* How many of size bytes make up whole lines. */
static size_t whole_lines(const char *data, size_t size)
{
    const char *end = memrchr(data, '\n', size);

    return end == NULL ? size : (size_t)(end - data) + 1;
}

static bool look(struct source *source, const char *data, size_t most_bytes, struct error *err)
{
    size_t size = source->size_bytes;

    if (!find_format(source, data, size, err))
        return false;
    if (source->gzip || source->format > SOURCE_TSV)
        return true;
    return csv_scan(source, data, size > most_bytes ? whole_lines(data, most_bytes) : size, err);
}

static bool open_file(const struct build_file *file, size_t most_bytes, struct source *source,
                      struct error *err)
{
    struct stat stat = {0};
    const char *slash = strrchr(file->path, '/');
    void *map = MAP_FAILED;
    bool ok = false;
    int fd;

    *source = (struct source){.path = file->path};
    source->name = file->name != NULL ? file->name : slash != NULL ? slash + 1 : file->path;
    fd = open(file->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &stat) != 0 || !S_ISREG(stat.st_mode)) {
        error_set(err, ERROR_NOT_FOUND, "the file %.80s cannot be opened", source->name);
        error_detail(err, "%s: %s", file->path, strerror(errno));
        goto cleanup;
    }
    source->size_bytes = (size_t)stat.st_size;
    if (source->size_bytes == 0) {
        error_set(err, ERROR_VALIDATION, "%.80s is empty: send a table with a header line and rows",
                  source->name);
        goto cleanup;
    }
    map = mmap(NULL, source->size_bytes, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED) {
        error_no_memory(err);
        goto cleanup;
    }
    ok = look(source, map, most_bytes, err);

cleanup:
    if (map != MAP_FAILED)
        munmap(map, source->size_bytes);
    if (fd >= 0)
        close(fd);
    if (!ok)
        source_clear(source);
    return ok;
}

bool source_open(const struct build_file *file, struct source *source, struct error *err)
{
    return open_file(file, SIZE_MAX, source, err);
}

bool source_peek(const struct build_file *file, struct source *source, struct error *err)
{
    return open_file(file, PEEK_BYTES, source, err);
}
