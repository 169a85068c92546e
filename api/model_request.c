/* model_request.c - see model_request.h. */
#include "api/model_request.h"

#include "infra/base/web_url.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

enum { NAME_MOST = MODEL_NAME_BYTES - 1, COLUMN_MOST = 255, METRIC_MOST = 64, DATASET_MOST = 1024 };

static bool is_given(const struct fields *fields, const char *name)
{
    const json_t *value = json_object_get(fields->object, name);

    return value != NULL && !json_is_null(value);
}

static bool is_blank(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '\0';
}

/* Of two texts that stand for one thing; a problem if they differ. */
static const char *agree(struct fields *fields, const char *first, const char *value,
                         const char *second, const char *other)
{
    if (value != NULL && other != NULL && strcmp(value, other) != 0)
        fields_problem(fields, second, "differs from %s: give one of them", first);
    return value != NULL ? value : other;
}

/* A text with two names. */
static const char *either_text(struct fields *fields, const char *first, const char *second,
                               enum presence presence, size_t most_bytes)
{
    bool has_first = is_given(fields, first);
    bool has_second = is_given(fields, second);
    const char *value = fields_text(fields, first, has_second ? OPTIONAL : presence, most_bytes);
    const char *other =
        fields_text(fields, second, has_second && !has_first ? presence : OPTIONAL, most_bytes);

    return agree(fields, first, value, second, other);
}

/* data_reference: an id, or a list of one. */
static const char *read_reference(struct fields *fields)
{
    static const char NAME[] = "data_reference";
    const json_t *value = fields_any(fields, NAME);

    if (!is_given(fields, NAME))
        return NULL;
    if (json_is_array(value) && json_array_size(value) == 1)
        value = json_array_get(value, 0);
    if (json_is_array(value) && json_array_size(value) > 1)
        fields_problem(fields, NAME, "names %zu datasets: upload their files as one, and name that",
                       json_array_size(value));
    else if (!json_is_string(value) || json_string_length(value) == 0)
        fields_problem(fields, NAME, "wrong type: give the id of an upload, or a URL");
    else if (json_string_length(value) > DATASET_MOST ||
             strlen(json_string_value(value)) != json_string_length(value))
        fields_problem(fields, NAME, "no id of an upload");
    else
        return json_string_value(value);
    return NULL;
}

static void read_dataset(struct fields *fields, enum presence presence,
                         struct model_request *request)
{
    const char *dataset = fields_text(fields, "dataset_id", OPTIONAL, DATASET_MOST);
    const char *upload = fields_text(fields, "upload_id", OPTIONAL, DATASET_MOST);
    const char *reference = read_reference(fields);

    request->dataset_field = dataset != NULL  ? "dataset_id"
                             : upload != NULL ? "upload_id"
                                              : "data_reference";
    request->dataset_id = agree(fields, request->dataset_field,
                                agree(fields, "dataset_id", dataset, "upload_id", upload),
                                "data_reference", reference);
    if (presence == REQUIRED && json_is_object(fields->object) && !is_given(fields, "dataset_id") &&
        !is_given(fields, "upload_id") && !is_given(fields, "data_reference"))
        fields_problem(fields, "dataset_id", "missing: give the id of an upload, or a URL");
    else if (request->dataset_id != NULL && *request->dataset_id == '\0')
        fields_problem(fields, request->dataset_field, "empty: give the id of an upload, or a URL");
    else if (request->dataset_id != NULL && web_url_is(request->dataset_id) &&
             web_url_problem(request->dataset_id) != NULL)
        fields_problem(fields, request->dataset_field, "%s", web_url_problem(request->dataset_id));
}

static bool is_type(const char *word)
{
    static const char *const TYPES[] = {"float", "int",     "integer", "str", "string",
                                        "bool",  "boolean", "number",  "date"};

    for (size_t at = 0; at < sizeof TYPES / sizeof *TYPES; at++)
        if (strcmp(TYPES[at], word) == 0)
            return true;
    return false;
}

/* {column or field: type word}; NULL when there is none, or it is empty. */
static const json_t *read_schema(struct fields *fields, const char *name)
{
    const json_t *schema = fields_object(fields, name, OPTIONAL);
    const char *field;
    json_t *type;

    if (json_object_size(schema) > MODEL_FIELDS_MOST)
        fields_problem(fields, name, "more than %d fields", MODEL_FIELDS_MOST);
    json_object_foreach((json_t *)schema, field, type)
    {
        if (*field == '\0' || strlen(field) > MODEL_FIELD_BYTES)
            fields_problem(fields, name, "a name must have 1 to %d bytes", MODEL_FIELD_BYTES);
        else if (!json_is_string(type) || !is_type(json_string_value(type)))
            fields_problem(fields, name,
                           "%.80s has no known type: give float, integer, string, boolean or date",
                           field);
    }
    return json_object_size(schema) == 0 ? NULL : schema;
}

static const json_t *read_tags(struct fields *fields)
{
    const json_t *tags = fields_array(fields, "tags", OPTIONAL, MODEL_TAGS_MOST);
    size_t index;
    json_t *tag;

    json_array_foreach((json_t *)tags, index, tag)
    {
        if (!json_is_string(tag) || json_string_length(tag) == 0 ||
            json_string_length(tag) > MODEL_TAG_BYTES ||
            strlen(json_string_value(tag)) != json_string_length(tag))
            fields_problem(fields, "tags", "item %zu: give a string of 1 to %d bytes", index,
                           MODEL_TAG_BYTES);
    }
    return tags;
}

/* What every build may be told. */
static void read_wish(struct fields *fields, struct model_request *request)
{
    request->metric = either_text(fields, "metric", "eval", OPTIONAL, METRIC_MOST);
    request->max_iterations =
        (int)fields_int(fields, "max_iterations", OPTIONAL, 1, MODEL_ITERATIONS_MOST, 0);
    request->timeout_s = (int)fields_int(fields, "timeout", OPTIONAL, 1, MODEL_TIMEOUT_MOST_S, 0);
    request->has_seed = is_given(fields, "seed");
    request->seed = fields_int(fields, "seed", OPTIONAL, 0, INT64_MAX, MODEL_SEED);
    fields_any(fields, "provider"); /* chose a language model where there was one */
}

/* What a build from new columns may be told. */
static void read_schemas(struct fields *fields, struct model_request *request)
{
    request->input_schema = read_schema(fields, "input_schema");
    request->output_schema = read_schema(fields, "output_schema");
    request->target = fields_text(fields, "target", OPTIONAL, COLUMN_MOST);
}

static void read_intent(struct fields *fields, enum presence presence,
                        struct model_request *request)
{
    request->intent = either_text(fields, "intent", "goal", presence, MODEL_INTENT_BYTES);
    if (presence == OPTIONAL && request->intent != NULL && is_blank(request->intent))
        fields_problem(fields, is_given(fields, "intent") ? "intent" : "goal",
                       "empty: say what is to be predicted, or leave it out");
}

void model_request_read(struct fields *fields, struct model_request *request)
{
    *request = (struct model_request){0};
    read_intent(fields, REQUIRED, request);
    request->title = fields_text(fields, "name", OPTIONAL, MODEL_TITLE_BYTES - 1);
    request->description = fields_text(fields, "description", OPTIONAL, MODEL_DESCRIPTION_BYTES);
    read_dataset(fields, REQUIRED, request);
    read_schemas(fields, request);
    request->tags = read_tags(fields);
    read_wish(fields, request);
}

void model_request_read_version(struct fields *fields, struct model_request *request)
{
    *request = (struct model_request){0};
    read_dataset(fields, REQUIRED, request);
    read_intent(fields, OPTIONAL, request);
    read_schemas(fields, request);
    read_wish(fields, request);
}

void model_request_read_retrain(struct fields *fields, struct model_request *request)
{
    *request = (struct model_request){0};
    read_dataset(fields, OPTIONAL, request);
    read_intent(fields, OPTIONAL, request);
    read_wish(fields, request);
}

void model_request_read_patch(struct fields *fields, struct model_request *request, bool *clear)
{
    const json_t *title = json_object_get(fields->object, "name");

    *request = (struct model_request){0};
    request->title = fields_text(fields, "name", OPTIONAL, MODEL_TITLE_BYTES - 1);
    if (json_is_null(title) || (request->title != NULL && is_blank(request->title)))
        fields_problem(fields, "name",
                       "empty: give a name, or leave it out to keep the one it has");
    request->description = fields_text(fields, "description", OPTIONAL, MODEL_DESCRIPTION_BYTES);
    *clear = json_is_null(json_object_get(fields->object, "description"));
    request->tags = read_tags(fields);
}

void model_name_check(struct fields *fields, const char *name)
{
    static const char LETTERS[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    static const char *const RESERVED[] = {"list", "build", "build-logs", "predict"};
    size_t length = strlen(name);

    for (size_t at = 0; at < sizeof RESERVED / sizeof *RESERVED; at++)
        if (strcmp(RESERVED[at], name) == 0)
            fields_problem(fields, "model_name", "%s is reserved: choose another name", name);
    if (length == 0 || length > NAME_MOST || strchr(LETTERS, *name) == NULL ||
        strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") != length)
        fields_problem(fields, "model_name",
                       "must have 1 to %d lower case letters, digits, dots, dashes and "
                       "underscores, the first a letter or digit",
                       NAME_MOST);
}

/* Letters and digits in lower case, a dash for whatever is between them. */
static void name_of_title(const char *title, char name[static MODEL_NAME_BYTES])
{
    size_t length = 0;

    for (; *title != '\0' && length < NAME_MOST; title++) {
        unsigned char letter = (unsigned char)*title;

        if (letter < 0x80 && isalnum(letter))
            name[length++] = (char)tolower(letter);
        else if (length > 0 && name[length - 1] != '-')
            name[length++] = '-';
    }
    while (length > 0 && name[length - 1] == '-')
        length--;
    name[length] = '\0';
}

const char *model_name_read(struct fields *fields, const struct model_request *request,
                            char made[static MODEL_NAME_BYTES])
{
    const char *name = fields_text(fields, "model_name", OPTIONAL, NAME_MOST);

    if (name != NULL || is_given(fields, "model_name"))
        return name;
    name_of_title(request->title == NULL ? "" : request->title, made);
    if (*made != '\0')
        return made;
    if (!is_given(fields, "name") || request->title != NULL)
        fields_problem(fields, "model_name",
                       "missing: give the model's name, or send the request "
                       "to /models/NAME");
    return NULL;
}

void model_title(const char *name, char title[static MODEL_TITLE_BYTES])
{
    size_t length = 0;
    bool begins = true;

    for (; *name != '\0' && length < MODEL_TITLE_BYTES - 1; name++) {
        bool gap = *name == '-' || *name == '_';

        title[length++] = (char)(gap ? ' ' : begins ? toupper((unsigned char)*name) : *name);
        begins = gap;
    }
    title[length] = '\0';
}
