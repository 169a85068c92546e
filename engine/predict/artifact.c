/* artifact.c - see artifact.h. */
#include "engine/predict/artifact.h"

#include <stdlib.h>
#include <string.h>

static const size_t RECORD_SIZES[SECTIONS] = {
    [SECTION_MODEL] = sizeof(struct model_record),
    [SECTION_STRINGS] = 1,
    [SECTION_FIELDS] = sizeof(struct field_record),
    [SECTION_NAMES] = sizeof(uint32_t),
    [SECTION_FEATURES] = sizeof(struct feature_record),
    [SECTION_CATEGORIES] = sizeof(struct category_record),
    [SECTION_CLASSES] = sizeof(struct text_ref),
    [SECTION_ANSWERS] = sizeof(struct answer_record),
    [SECTION_TREES] = sizeof(struct tree_record),
    [SECTION_NODES] = sizeof(struct node),
    [SECTION_BITSETS] = sizeof(uint32_t),
    [SECTION_REPORT] = 1,
};

uint64_t artifact_checksum(const void *data, size_t size)
{
    const unsigned char *bytes = data;
    uint64_t hash = 0x9e3779b97f4a7c15u ^ size;

    for (size_t at = 0; at < size; at += 8) {
        uint64_t word = 0;

        if (at != offsetof(struct artifact_header, checksum))
            memcpy(&word, bytes + at, size - at < 8 ? size - at : 8);
        hash = (hash ^ word) * 0x9fb21c651e98df25u;
        hash ^= hash >> 32;
    }
    return hash;
}

static bool damaged(struct error *err, const char *what)
{
    error_set(err, ERROR_INTERNAL, "the model's artifact is damaged");
    return error_detail(err, "artifact: %s", what);
}

static bool check_header(const struct artifact_header *header, size_t size, struct error *err)
{
    if (size < sizeof *header || memcmp(header->magic, ARTIFACT_MAGIC, sizeof header->magic) != 0)
        return damaged(err, "not an artifact");
    if (header->version != ARTIFACT_VERSION || header->sections != SECTIONS) {
        error_set(err, ERROR_INTERNAL, "the model's artifact is of another engine version");
        return error_detail(err, "artifact: version %u, this engine reads %d",
                            (unsigned)header->version, ARTIFACT_VERSION);
    }
    if (header->size != size)
        return damaged(err, "its size is not the recorded one");
    if (header->checksum != artifact_checksum(header, size))
        return damaged(err, "checksum");
    for (int i = 0; i < SECTIONS; i++) {
        const struct section_record *section = &header->section[i];

        if (section->offset % SECTION_ALIGN != 0 || section->offset > size ||
            section->size > size - section->offset || section->size % RECORD_SIZES[i] != 0)
            return damaged(err, "a section is out of bounds");
    }
    return true;
}

static const void *section(const struct artifact_header *header, enum section which, size_t *count)
{
    *count = header->section[which].size / RECORD_SIZES[which];
    return (const char *)header + header->section[which].offset;
}

static void find_sections(const struct artifact_header *header, struct artifact *a)
{
    size_t ignored;

    a->model = section(header, SECTION_MODEL, &ignored);
    a->strings = section(header, SECTION_STRINGS, &a->strings_size);
    a->names = section(header, SECTION_NAMES, &a->names_slots);
    a->classes = section(header, SECTION_CLASSES, &a->classes_count);
    a->answers = section(header, SECTION_ANSWERS, &a->answers_count);
    a->report = section(header, SECTION_REPORT, &ignored);
    a->encoder.fields = section(header, SECTION_FIELDS, &a->encoder.fields_count);
    a->encoder.features = section(header, SECTION_FEATURES, &a->encoder.features_count);
    a->encoder.categories = section(header, SECTION_CATEGORIES, &a->categories_count);
    a->encoder.strings = a->strings;
    a->forest.trees = section(header, SECTION_TREES, &a->forest.trees_count);
    a->forest.nodes = section(header, SECTION_NODES, &a->nodes_count);
    a->forest.bitsets = section(header, SECTION_BITSETS, &a->bitsets_count);
}

static bool text_is_sound(const struct artifact *a, struct text_ref ref)
{
    return ref.offset < a->strings_size && ref.length < a->strings_size - ref.offset &&
           a->strings[ref.offset + ref.length] == '\0' &&
           memchr(a->strings + ref.offset, '\0', ref.length) == NULL;
}

static bool check_model(const struct artifact_header *header, struct artifact *a, struct error *err)
{
    const struct model_record *model = a->model;
    size_t report_size = (size_t)header->section[SECTION_REPORT].size;
    size_t classes;

    if (header->section[SECTION_MODEL].size != sizeof *model || model->task > TASK_REGRESSION ||
        model->target_type > FIELD_DATE || !text_is_sound(a, model->target))
        return damaged(err, "its description");
    if (report_size == 0 || memchr(a->report, '\0', report_size) != a->report + report_size - 1)
        return damaged(err, "its report");
    classes = model->task == TASK_BINARY ? 2 : model->task == TASK_REGRESSION ? 0 : model->scores;
    if (model->scores == 0 || model->scores > OUTPUTS_MAX || a->classes_count != classes ||
        (model->task != TASK_MULTICLASS && model->scores != 1) ||
        (classes == 0 ? model->positive_class != 0 : model->positive_class >= classes))
        return damaged(err, "its classes");
    for (size_t i = 0; i < a->classes_count; i++)
        if (!text_is_sound(a, a->classes[i]))
            return damaged(err, "the name of a class");
    for (size_t i = 0; i < a->answers_count; i++) {
        const struct answer_record *answer = &a->answers[i];

        if (!text_is_sound(a, answer->name) || answer->kind > ANSWER_PROBABILITY ||
            answer->type > FIELD_DATE ||
            (answer->kind == ANSWER_PROBABILITY && answer->class_index >= classes) ||
            (answer->kind == ANSWER_NUMBER) != (classes == 0))
            return damaged(err, "an answer");
    }
    a->forest.scores = model->scores;
    return true;
}

static bool check_fields(const struct artifact *a, struct error *err)
{
    for (size_t i = 0; i < a->encoder.fields_count; i++)
        if (!text_is_sound(a, a->encoder.fields[i].name) || a->encoder.fields[i].type > FIELD_DATE)
            return damaged(err, "a field");
    if (a->names_slots == 0 || (a->names_slots & (a->names_slots - 1)) != 0)
        return damaged(err, "the table of names");
    for (size_t i = 0; i < a->names_slots; i++)
        if (a->names[i] > a->encoder.fields_count)
            return damaged(err, "an entry of the table of names");
    return true;
}

static bool check_features(const struct artifact *a, struct error *err)
{
    if (a->encoder.features_count > FEATURES_MAX)
        return damaged(err, "too many features");
    for (size_t i = 0; i < a->encoder.features_count; i++) {
        const struct feature_record *feature = &a->encoder.features[i];
        bool category = feature->kind == FEATURE_CATEGORY || feature->kind == FEATURE_FREQUENCY;

        if (feature->kind >= FEATURE_KINDS || feature->field >= a->encoder.fields_count ||
            category != (feature->slots != 0) || (feature->slots & (feature->slots - 1)) != 0 ||
            (category && (feature->first > a->categories_count ||
                          feature->slots > a->categories_count - feature->first)))
            return damaged(err, "a feature");
    }
    for (size_t i = 0; i < a->categories_count; i++)
        if (a->encoder.categories[i].count != 0 && /* else an empty slot */
            !text_is_sound(a, a->encoder.categories[i].text))
            return damaged(err, "a category");
    return true;
}

/* depths has room for one tree's nodes. Children come after parents, so one pass is enough. */
static bool check_tree(const struct artifact *a, const struct tree_record *tree, uint32_t *depths)
{
    const struct node *nodes = a->forest.nodes + tree->first;
    uint32_t deepest = 0;
    bool slow = false;

    memset(depths, 0, tree->count * sizeof *depths);
    for (uint32_t i = 0; i < tree->count; i++) {
        const struct node *node = &nodes[i];

        deepest = depths[i] > deepest ? depths[i] : deepest;
        if (node->bits > NODE_BITS ||
            node->feature >= (a->encoder.features_count == 0 ? 1 : a->encoder.features_count))
            return false;
        if (!(node->bits & NODE_INNER)) {
            if (node->left != i || node->bits != 0)
                return false;
            continue;
        }
        if (a->encoder.features_count == 0 || node->left <= i || node->left >= tree->count - 1)
            return false;
        depths[node->left] = depths[node->left + 1] = depths[i] + 1;
        slow |= (node->bits & (NODE_ZERO | NODE_WIDE)) != 0;
        if ((node->bits & NODE_WIDE) &&
            ((uint32_t)node->u.mask > a->bitsets_count ||
             node->u.mask >> 32 > a->bitsets_count - (uint32_t)node->u.mask))
            return false;
    }
    return deepest == tree->depth && slow == (tree->kind == TREE_SLOW);
}

static bool check_trees(const struct artifact *a, struct error *err)
{
    const struct tree_record *trees = a->forest.trees;
    uint32_t *depths;
    bool ok = true;

    if (a->forest.trees_count % a->model->scores != 0)
        return damaged(err, "the number of trees");
    depths = malloc((a->nodes_count + 1) * sizeof *depths);
    if (depths == NULL)
        return error_no_memory(err);
    for (size_t i = 0; ok && i < a->forest.trees_count; i++)
        ok = trees[i].count > 0 && trees[i].first <= a->nodes_count &&
             trees[i].count <= a->nodes_count - trees[i].first && trees[i].kind <= TREE_SLOW &&
             check_tree(a, &trees[i], depths);
    free(depths);
    return ok || damaged(err, "a tree");
}

bool artifact_check(const void *data, size_t size, struct artifact *artifact, struct error *err)
{
    const struct artifact_header *header = data;

    *artifact = (struct artifact){0};
    if (!check_header(header, size, err))
        return false;
    find_sections(header, artifact);
    return check_model(header, artifact, err) && check_fields(artifact, err) &&
           check_features(artifact, err) && check_trees(artifact, err);
}

const char *artifact_text(const struct artifact *artifact, struct text_ref ref)
{
    return artifact->strings + ref.offset;
}
