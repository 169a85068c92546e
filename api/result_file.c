/* result_file.c - see result_file.h. */
#include "api/result_file.h"

#include "api/services.h"
#include "infra/blob/blob.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct result_file {
    int file;
    bool array;
    bool begun;   /* of an array: its bracket is out */
    int64_t left; /* bytes of the file */
};

static void finish(void *context)
{
    struct result_file *result = context;

    close(result->file);
    free(result);
}

/* Ends of lines become commas; the last, the bracket. */
static void join_lines(struct result_file *result, char *bytes, size_t count)
{
    for (size_t at = 0; at < count; at++)
        if (bytes[at] == '\n')
            bytes[at] = result->left == 0 && at + 1 == count ? ']' : ',';
}

static ssize_t next(void *context, char *bytes, size_t most)
{
    struct result_file *result = context;
    size_t begun = 0;
    ssize_t got;

    if (result->array && !result->begun) {
        *bytes = '[';
        begun = 1;
        result->begun = true;
    } else if (result->left == 0) {
        return -1;
    }
    do
        got = read(result->file, bytes + begun, most - begun);
    while (got < 0 && errno == EINTR);
    if (got <= 0) /* shorter than it was, or unreadable: the connection breaks off */
        return -1;
    result->left -= got;
    if (result->array)
        join_lines(result, bytes + begun, (size_t)got);
    return (ssize_t)begun + got;
}

static bool reply(struct call *call, const char *digest, const char *content_type, bool array,
                  struct error *err)
{
    char path[BLOB_PATH_BYTES];
    struct result_file *result;
    struct stat stat;

    if (!blobs_path(call_services(call)->blobs, digest, path, err))
        return err->code == ERROR_NOT_FOUND
                   ? error_set(err, ERROR_NOT_FOUND, "the result is gone: it is kept for 7 days")
                   : false;
    result = calloc(1, sizeof *result);
    if (result == NULL)
        return error_no_memory(err);
    result->array = array;
    result->file = open(path, O_RDONLY | O_CLOEXEC);
    if (result->file < 0 || fstat(result->file, &stat) != 0) {
        blob_failure(err, "read", path);
        if (result->file >= 0)
            close(result->file);
        free(result);
        return false;
    }
    result->left = stat.st_size;
    if (!call_reply_stream(call, content_type, next, finish, result, err))
        return false;
    call_reply_length(call, (uint64_t)stat.st_size + array);
    return true;
}

bool result_file_reply(struct call *call, const char *digest, const char *content_type,
                       struct error *err)
{
    return reply(call, digest, content_type, false, err);
}

bool result_file_reply_array(struct call *call, const char *digest, struct error *err)
{
    return reply(call, digest, "application/json", true, err);
}
