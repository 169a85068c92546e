/* tables.c - see tables.h. */
#include "tests/unit/engine/tables.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUFFERS = 8, PATH_SIZE = 512 };

char *folder_new(void)
{
    char *folder = strdup("/tmp/trainyard-engine-XXXXXX");

    if (folder != NULL && mkdtemp(folder) == NULL) {
        free(folder);
        folder = NULL;
    }
    return folder;
}

void folder_free(char *folder)
{
    DIR *listing = folder == NULL ? NULL : opendir(folder);
    struct dirent *entry;

    while (listing != NULL && (entry = readdir(listing)) != NULL)
        if (entry->d_name[0] != '.')
            unlink(folder_path(folder, entry->d_name));
    if (listing != NULL)
        closedir(listing);
    if (folder != NULL)
        rmdir(folder);
    free(folder);
}

const char *folder_path(const char *folder, const char *name)
{
    static char paths[BUFFERS][PATH_SIZE];
    static int next;
    char *path = paths[next++ % BUFFERS];

    snprintf(path, PATH_SIZE, "%s/%s", folder, name);
    return path;
}

const char *folder_write(const char *folder, const char *name, const void *data, size_t size)
{
    const char *path = folder_path(folder, name);
    FILE *file = fopen(path, "wb");

    if (file == NULL || fwrite(data, 1, size, file) != size || fclose(file) != 0)
        abort();
    return path;
}

const char *data_path(const char *name)
{
    return folder_path(TRAINYARD_SOURCE_DIR "/tests/data", name);
}

const char *write_customers(const char *folder, const char *name, int rows)
{
    static const char *const PLANS[] = {"basic", "family", "gold"};
    const char *path = folder_path(folder, name);
    FILE *file = fopen(path, "wb");
    unsigned state = 12345;

    if (file == NULL)
        abort();
    fprintf(file, "customer_id,age,plan,monthly_cost,signup,churn\n");
    for (int i = 0; i < rows; i++) {
        unsigned age;
        unsigned plan;

        state = state * 1103515245u + 12345u;
        age = 18 + (state >> 16) % 60;
        plan = (state >> 24) % 3;
        fprintf(file, "c%05d,%u,%s,%u.%02u,2023-%02u-%02u,%s\n", i, age, PLANS[plan],
                10 + plan * 7 + age % 3, age, 1 + age % 12, 1 + (state >> 20) % 28,
                age < 30 || plan == 1 ? "yes" : "no");
    }
    if (fclose(file) != 0)
        abort();
    return path;
}
