/* write.c - see write.h. */
#include "engine/train/write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct part {
    const void *data;
    size_t size;
};

/* What is made only to be written. */
struct parts {
    struct model_record model;
    struct text_ref *classes;
    struct answer_record *answers;
    uint32_t *names;
    size_t names_slots;
};

static void parts_clear(struct parts *parts)
{
    free(parts->classes);
    free(parts->answers);
    free(parts->names);
}

static bool make_names(struct parts *parts, const struct features *features, struct error *err)
{
    for (parts->names_slots = 2; parts->names_slots < features->fields_count * 2;)
        parts->names_slots *= 2;
    parts->names = calloc(parts->names_slots, sizeof *parts->names);
    if (parts->names == NULL)
        return error_no_memory(err);
    for (size_t i = 0; i < features->fields_count; i++) {
        struct text_ref name = features->fields[i].name;
        size_t mask = parts->names_slots - 1;
        size_t at = (size_t)text_hash(features->strings.data + name.offset, name.length) & mask;

        while (parts->names[at] != 0)
            at = (at + 1) & mask;
        parts->names[at] = (uint32_t)i + 1;
    }
    return true;
}

static bool make_parts(struct parts *parts, const struct plan *plan, struct features *features,
                       struct error *err)
{
    const struct column *target = &plan->table->columns[plan->target];

    parts->model = (struct model_record){
        .task = plan->task,
        .scores = plan->task == TASK_MULTICLASS ? (uint32_t)plan->classes_count : 1,
        .target_type = target->type,
        .positive_class = (uint32_t)plan->positive};
    parts->classes = calloc(plan->classes_count + 1, sizeof *parts->classes);
    parts->answers = calloc(plan->answers_count + 1, sizeof *parts->answers);
    if (parts->classes == NULL || parts->answers == NULL)
        return error_no_memory(err);
    if (!features_text(features, target->name, &parts->model.target, err))
        return false;
    for (size_t i = 0; i < plan->classes_count; i++)
        if (!features_text(features, plan->classes[i], &parts->classes[i], err))
            return false;
    for (size_t i = 0; i < plan->answers_count; i++) {
        parts->answers[i].kind = plan->answers[i].kind;
        parts->answers[i].type = plan->answers[i].type;
        if (plan->answers[i].kind == ANSWER_PROBABILITY)
            parts->answers[i].class_index = (uint32_t)plan->positive;
        if (!features_text(features, plan->answers[i].name, &parts->answers[i].name, err))
            return false;
    }
    return make_names(parts, features, err);
}

/* The whole file as one block, which the caller frees. */
static char *assemble(const struct part *part, size_t *size, struct error *err)
{
    struct artifact_header header = {
        .magic = ARTIFACT_MAGIC, .version = ARTIFACT_VERSION, .sections = SECTIONS};
    char *file;

    *size = (sizeof header + SECTION_ALIGN - 1) / SECTION_ALIGN * SECTION_ALIGN;
    for (int i = 0; i < SECTIONS; i++) {
        header.section[i] = (struct section_record){.offset = *size, .size = part[i].size};
        *size += (part[i].size + SECTION_ALIGN - 1) / SECTION_ALIGN * SECTION_ALIGN;
    }
    header.size = *size;
    file = aligned_alloc(SECTION_ALIGN, *size);
    if (file == NULL) {
        error_no_memory(err);
        return NULL;
    }
    memset(file, 0, *size);
    memcpy(file, &header, sizeof header);
    for (int i = 0; i < SECTIONS; i++)
        if (part[i].size > 0)
            memcpy(file + header.section[i].offset, part[i].data, part[i].size);
    header.checksum = artifact_checksum(file, *size);
    memcpy(file, &header, sizeof header);
    return file;
}

static bool write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t done = write(fd, data, size);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        data += done;
        size -= (size_t)done;
    }
    return true;
}

static bool write_file(const char *path, const char *data, size_t size, struct error *err)
{
    struct text temporary = {0};
    bool ok = false;
    int fd = -1;

    text_printf(&temporary, "%s.part", path);
    if (temporary.failed) {
        error_no_memory(err);
        goto cleanup;
    }
    fd = open(temporary.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    ok = fd >= 0 && write_all(fd, data, size) && fsync(fd) == 0;
    if (fd >= 0 && close(fd) != 0)
        ok = false;
    ok = ok && rename(temporary.data, path) == 0;
    if (!ok) {
        error_set(err, ERROR_UNAVAILABLE, "the model could not be written");
        error_detail(err, "%s: %s", path, strerror(errno));
        if (fd >= 0)
            unlink(temporary.data);
    }

cleanup:
    text_clear(&temporary);
    return ok;
}

bool artifact_write(const struct plan *plan, struct features *features, const struct flat *flat,
                    const char *report, const char *path, struct error *err)
{
    struct parts parts = {0};
    char *file = NULL;
    size_t size = 0;
    bool ok = make_parts(&parts, plan, features, err);

    if (ok) {
        struct part part[SECTIONS] = {
            [SECTION_MODEL] = {&parts.model, sizeof parts.model},
            [SECTION_STRINGS] = {features->strings.data, features->strings.length},
            [SECTION_FIELDS] = {features->fields,
                                features->fields_count * sizeof *features->fields},
            [SECTION_NAMES] = {parts.names, parts.names_slots * sizeof *parts.names},
            [SECTION_FEATURES] = {features->features,
                                  features->features_count * sizeof *features->features},
            [SECTION_CATEGORIES] = {features->categories,
                                    features->categories_count * sizeof *features->categories},
            [SECTION_CLASSES] = {parts.classes, plan->classes_count * sizeof *parts.classes},
            [SECTION_ANSWERS] = {parts.answers, plan->answers_count * sizeof *parts.answers},
            [SECTION_TREES] = {flat->trees, flat->trees_count * sizeof *flat->trees},
            [SECTION_NODES] = {flat->nodes, flat->nodes_count * sizeof *flat->nodes},
            [SECTION_BITSETS] = {flat->bitsets, flat->bitsets_count * sizeof *flat->bitsets},
            [SECTION_REPORT] = {report, strlen(report) + 1},
        };

        file = assemble(part, &size, err);
        ok = file != NULL && write_file(path, file, size, err);
    }
    free(file);
    parts_clear(&parts);
    return ok;
}
