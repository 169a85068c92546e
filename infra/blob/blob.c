/* blob.c - see blob.h. */
#include "infra/blob/blob.h"

#include "infra/base/ids.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { STORE_ID_BYTES = 33, LEFT_OVER_S = 24 * 3600, NAME_MOST = 100 };

struct blobs {
    char dir[BLOB_PATH_BYTES - NAME_MOST];
    char id[STORE_ID_BYTES];
};

bool blob_failure(struct error *err, const char *what, const char *path)
{
    int cause = errno;

    if (cause == ENOSPC || cause == EDQUOT)
        error_set(err, ERROR_UNAVAILABLE, "the blob store is full; free some space and try again");
    else
        error_set(err, ERROR_UNAVAILABLE, "the blob store could not be used; try again later");
    return error_detail(err, "%s %s: %s", what, path, strerror(cause));
}

static void path_in(const struct blobs *blobs, const char *name, char path[static BLOB_PATH_BYTES])
{
    snprintf(path, BLOB_PATH_BYTES, "%s/%.*s", blobs->dir, NAME_MOST - 2, name);
}

static void folder_of(const struct blobs *blobs, const char *digest,
                      char path[static BLOB_PATH_BYTES])
{
    snprintf(path, BLOB_PATH_BYTES, "%s/%.2s", blobs->dir, digest);
}

static void path_of(const struct blobs *blobs, const char *digest,
                    char path[static BLOB_PATH_BYTES])
{
    snprintf(path, BLOB_PATH_BYTES, "%s/%.2s/%.*s", blobs->dir, digest, DIGEST_BYTES - 1, digest);
}

/* Makes sure that what was written to a file, or renamed in a folder, survives a power cut. */
static bool sync_path(const char *path, int flags, struct error *err)
{
    int file = open(path, flags | O_CLOEXEC);
    bool ok = file >= 0 && fsync(file) == 0;

    if (!ok)
        blob_failure(err, "fsync", path);
    if (file >= 0)
        close(file);
    return ok;
}

static bool make_folder(const char *path, struct error *err)
{
    return mkdir(path, 0750) == 0 || errno == EEXIST || blob_failure(err, "mkdir", path);
}

static bool make_folders(const struct blobs *blobs, struct error *err)
{
    char path[BLOB_PATH_BYTES];

    snprintf(path, sizeof path, "%s", blobs->dir);
    for (char *at = strchr(path + 1, '/'); at != NULL; at = strchr(at + 1, '/')) {
        *at = '\0';
        if (!make_folder(path, err))
            return false;
        *at = '/';
    }
    if (!make_folder(path, err))
        return false;
    path_in(blobs, "tmp", path);
    return make_folder(path, err);
}

static bool write_id(const char *temp, struct error *err)
{
    char id[STORE_ID_BYTES];
    FILE *file = fopen(temp, "we");
    bool ok;

    if (file == NULL)
        return blob_failure(err, "open", temp);
    random_text(id, sizeof id - 1);
    ok = fprintf(file, "%s\n", id) > 0 && fflush(file) == 0 && fsync(fileno(file)) == 0;
    if (!ok)
        blob_failure(err, "write", temp);
    if (fclose(file) != 0 && ok)
        ok = blob_failure(err, "close", temp);
    return ok;
}

/* Gives the store its id unless it has one: of several programs that try, one wins. */
static bool make_id(struct blobs *blobs, const char *path, struct error *err)
{
    char temp[BLOB_PATH_BYTES];
    bool ok;

    if (!blobs_temp(blobs, temp, err))
        return false;
    ok = write_id(temp, err) &&
         (link(temp, path) == 0 || errno == EEXIST || blob_failure(err, "link", path)) &&
         sync_path(blobs->dir, O_RDONLY | O_DIRECTORY, err);
    unlink(temp);
    return ok;
}

static bool read_id(struct blobs *blobs, struct error *err)
{
    char path[BLOB_PATH_BYTES];
    FILE *file;
    bool ok;

    path_in(blobs, "store-id", path);
    if (access(path, F_OK) != 0 && !make_id(blobs, path, err))
        return false;
    file = fopen(path, "re");
    if (file == NULL)
        return blob_failure(err, "open", path);
    ok = fgets(blobs->id, sizeof blobs->id, file) != NULL &&
         strlen(blobs->id) == sizeof blobs->id - 1;
    fclose(file);
    if (!ok) {
        error_set(err, ERROR_UNAVAILABLE, "the blob store's id cannot be read: see %.150s", path);
        return error_detail(err, "%s does not hold %zu characters", path, sizeof blobs->id - 1);
    }
    return true;
}

/* Removes what programs that were killed left behind. */
static void sweep(const struct blobs *blobs)
{
    char path[BLOB_PATH_BYTES];
    struct dirent *entry;
    struct stat facts;
    DIR *folder;

    path_in(blobs, "tmp", path);
    folder = opendir(path);
    if (folder == NULL)
        return;
    while ((entry = readdir(folder)) != NULL)
        if (fstatat(dirfd(folder), entry->d_name, &facts, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(facts.st_mode) && time(NULL) - facts.st_mtime > LEFT_OVER_S)
            unlinkat(dirfd(folder), entry->d_name, 0);
    closedir(folder);
}

struct blobs *blobs_open(const char *dir, struct error *err)
{
    struct blobs *blobs = calloc(1, sizeof *blobs);
    size_t length = strlen(dir);

    if (blobs == NULL) {
        error_no_memory(err);
        return NULL;
    }
    while (length > 1 && dir[length - 1] == '/')
        length--;
    if (length == 0 || length >= sizeof blobs->dir) {
        error_set(err, ERROR_UNAVAILABLE, "the blob store's folder has no name, or one too long");
        free(blobs);
        return NULL;
    }
    memcpy(blobs->dir, dir, length);
    if (!make_folders(blobs, err) || !read_id(blobs, err)) {
        free(blobs);
        return NULL;
    }
    sweep(blobs);
    return blobs;
}

void blobs_close(struct blobs *blobs)
{
    free(blobs);
}

const char *blobs_id(const struct blobs *blobs)
{
    return blobs->id;
}

bool blobs_temp(struct blobs *blobs, char path[static BLOB_PATH_BYTES], struct error *err)
{
    int file;

    path_in(blobs, "tmp/XXXXXX", path);
    file = mkostemp(path, O_CLOEXEC);
    if (file < 0)
        return blob_failure(err, "create", path);
    close(file);
    return true;
}

/* The temporary file is renamed also where the blob exists: that makes the blob young again, so
 * that nobody who clears out old ones takes it away before a row names it. */
static bool place(struct blobs *blobs, const char *temp_path, const char *digest, struct error *err)
{
    char folder[BLOB_PATH_BYTES];
    char path[BLOB_PATH_BYTES];

    folder_of(blobs, digest, folder);
    path_of(blobs, digest, path);
    if (!sync_path(temp_path, O_RDONLY, err))
        return false;
    if (mkdir(folder, 0750) == 0) {
        if (!sync_path(blobs->dir, O_RDONLY | O_DIRECTORY, err))
            return false;
    } else if (errno != EEXIST) {
        return blob_failure(err, "mkdir", folder);
    }
    if (rename(temp_path, path) != 0)
        return blob_failure(err, "rename to", path);
    return sync_path(folder, O_RDONLY | O_DIRECTORY, err);
}

bool blobs_adopt_known(struct blobs *blobs, const char *temp_path, const char *digest,
                       struct error *err)
{
    bool ok = digest_is(digest) ? place(blobs, temp_path, digest, err)
                                : error_set(err, ERROR_INTERNAL, "not a digest: %.100s", digest);

    if (!ok)
        unlink(temp_path);
    return ok;
}

bool blobs_adopt(struct blobs *blobs, const char *temp_path, char digest[static DIGEST_BYTES],
                 size_t *size_bytes, struct error *err)
{
    if (!digest_file(temp_path, digest, size_bytes, err)) {
        unlink(temp_path);
        return false;
    }
    return blobs_adopt_known(blobs, temp_path, digest, err);
}

bool blobs_path(struct blobs *blobs, const char *digest, char path[static BLOB_PATH_BYTES],
                struct error *err)
{
    if (!digest_is(digest))
        return error_set(err, ERROR_NOT_FOUND, "not the name of a blob: %.100s", digest);
    path_of(blobs, digest, path);
    if (access(path, F_OK) == 0)
        return true;
    if (errno != ENOENT)
        return blob_failure(err, "access", path);
    return error_set(err, ERROR_NOT_FOUND, "the blob store has no %s", digest);
}

bool blob_is_archive(const char *path)
{
    char magic[4] = "";
    int file = open(path, O_RDONLY | O_CLOEXEC);
    bool is = file >= 0 && read(file, magic, sizeof magic) == sizeof magic &&
              (memcmp(magic, "PK\3\4", 4) == 0 || memcmp(magic, "PK\5\6", 4) == 0);

    if (file >= 0)
        close(file);
    return is;
}
