/* log_text.c - see log_text.h. */
#include "api/log_text.h"

#include <stdlib.h>
#include <string.h>

static void add(struct buffer *buffer, const char *name, const char *text)
{
    buffer_add_text(buffer, name);
    buffer_add_json(buffer, text, strlen(text));
}

void log_text_add(struct buffer *buffer, const struct log_line *line)
{
    add(buffer, "{\"job_id\":", line->job_id);
    if (line->model[0] != '\0')
        add(buffer, ",\"model_name\":", line->model);
    else
        buffer_add_text(buffer, ",\"model_name\":null");
    add(buffer, ",\"timestamp\":", line->at);
    add(buffer, ",\"level\":", line->level);
    add(buffer, ",\"message\":", line->message);
    buffer_printf(buffer, ",\"run\":%d,\"seq\":%d", line->run, line->seq);
    if (line->progress >= 0)
        buffer_printf(buffer, ",\"progress\":%d", line->progress);
    else
        buffer_add_text(buffer, ",\"progress\":null");
    if (line->stage != NULL)
        add(buffer, ",\"stage\":", line->stage);
    else
        buffer_add_text(buffer, ",\"stage\":null");
    buffer_add_char(buffer, '}');
}

void log_text_add_event(struct buffer *buffer, const struct log_line *line)
{
    buffer_printf(buffer, "id: %d.%d\nevent: log\ndata: ", line->run, line->seq);
    log_text_add(buffer, line);
    buffer_add_text(buffer, "\n\n");
}

static bool read_number(const char **text, int *number)
{
    size_t digits = strspn(*text, "0123456789");

    if (digits == 0 || digits > 9)
        return false;
    *number = (int)strtol(*text, NULL, 10);
    *text += digits;
    return true;
}

bool log_text_read_id(const char *text, int *run, int *seq)
{
    return read_number(&text, run) && *text++ == '.' && read_number(&text, seq) && *text == '\0';
}

int log_text_rank(const char *level)
{
    static const char *const LEVELS[] = {"INFO", "WARNING", "ERROR"};

    for (int rank = 0; rank < (int)(sizeof LEVELS / sizeof *LEVELS); rank++)
        if (strcmp(LEVELS[rank], level) == 0)
            return rank;
    return -1;
}
