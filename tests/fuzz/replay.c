/*
 * replay.c - gives a fuzz target the inputs it is called with, where it is not built for libFuzzer:
 * files, or folders of files. A target that fails ends the program behind the name of the input.
 */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

static void fail(const char *path)
{
    perror(path);
    exit(EXIT_FAILURE);
}

/* The content in memory of exactly its size, so that a sanitizer sees a byte too far. */
static void replay_file(const char *path, size_t size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(size + (size == 0));

    if (file == NULL || data == NULL || fread(data, 1, size, file) != size)
        fail(path);
    fclose(file);
    printf("# %s\n", path);
    fflush(stdout);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
}

static int is_input(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Returns how many inputs there were. */
static int replay(const char *path)
{
    struct stat status;
    struct dirent **names;
    char inner[4096];
    int count;

    if (stat(path, &status) != 0)
        fail(path);
    if (!S_ISDIR(status.st_mode)) {
        replay_file(path, (size_t)status.st_size);
        return 1;
    }
    count = scandir(path, &names, is_input, alphasort);
    if (count < 0)
        fail(path);
    for (int at = 0; at < count; at++) {
        snprintf(inner, sizeof inner, "%s/%s", path, names[at]->d_name);
        replay(inner);
        free(names[at]);
    }
    free(names);
    return count;
}

int main(int count, char **arguments)
{
    int inputs = 0;

    for (int at = 1; at < count; at++)
        inputs += replay(arguments[at]);
    if (inputs == 0) {
        fprintf(stderr, "no inputs were given\n");
        return EXIT_FAILURE;
    }
    printf("ok 1 - %d inputs\n", inputs);
    return EXIT_SUCCESS;
}
