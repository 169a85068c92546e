/* progress.c - see progress.h. */
#include "api/cli/progress.h"

#include "infra/base/clock.h"

#include <string.h>

enum { BAR_WIDTH = 30, REDRAW_MS = 80, TELL_EACH = 10 };

void progress_add_bar(struct buffer *text, int percent, const char *after)
{
    int full;

    percent = percent < 0 ? 0 : percent > 100 ? 100 : percent;
    full = percent * BAR_WIDTH / 100;
    buffer_add_char(text, '[');
    for (int at = 0; at < BAR_WIDTH; at++)
        buffer_add_char(text, at < full ? '#' : '.');
    buffer_printf(text, "] %3d %%", percent);
    if (after != NULL && *after != '\0')
        buffer_printf(text, " %s", after);
}

void progress_add_bytes(struct buffer *text, int64_t done, int64_t total, int64_t took_ms)
{
    int64_t most = total > done ? total : done;
    double unit = most >= 1000000000 ? 1e9 : most >= 1000000 ? 1e6 : 1e3;
    const char *name = most >= 1000000000 ? "GB" : most >= 1000000 ? "MB" : "kB";

    buffer_printf(text, "%.1f", (double)done / unit);
    if (total > 0)
        buffer_printf(text, " of %.1f", (double)total / unit);
    buffer_printf(text, " %s", name);
    if (took_ms > 0)
        buffer_printf(text, ", %.1f MB/s", (double)done / 1000 / (double)took_ms);
}

void progress_init(struct progress *progress, FILE *out, bool terminal, const char *label)
{
    *progress = (struct progress){.out = out,
                                  .terminal = terminal,
                                  .told = -1,
                                  .began_ms = clock_monotonic_ms(),
                                  .drawn_ms = -REDRAW_MS};
    snprintf(progress->label, sizeof progress->label, "%s%s", label, *label == '\0' ? "" : " ");
}

static void draw(struct progress *progress, int percent, const char *after)
{
    buffer_reset(&progress->bar);
    buffer_add_text(&progress->bar, progress->label);
    progress_add_bar(&progress->bar, percent, after);
    if (progress->bar.failed)
        return;
    fprintf(progress->out, "\r\033[K%s", progress->bar.data);
    fflush(progress->out);
    progress->drawn = true;
    progress->drawn_ms = clock_monotonic_ms();
    progress->told = percent;
}

void progress_show(struct progress *progress, int percent, const char *stage)
{
    if (stage == NULL)
        stage = "";
    if (progress->told == percent && strcmp(stage, progress->stage) == 0)
        return;
    snprintf(progress->stage, sizeof progress->stage, "%.60s", stage);
    if (progress->terminal) {
        draw(progress, percent, progress->stage);
    } else if (progress->told < 0 || percent >= progress->told + TELL_EACH) {
        fprintf(progress->out, "%s%3d %% %s\n", progress->label, percent, progress->stage);
        fflush(progress->out);
        progress->told = percent;
    }
}

void progress_show_bytes(struct progress *progress, int64_t done, int64_t total)
{
    int64_t now = clock_monotonic_ms();
    int percent = total > 0 ? (int)(100 * done / total) : 0;
    struct buffer text = {0};

    if (progress->terminal ? now < progress->drawn_ms + REDRAW_MS && percent < 100
                           : percent < 100 || progress->told == 100)
        return;
    progress_add_bytes(&text, done, total, now - progress->began_ms);
    if (!text.failed && progress->terminal)
        draw(progress, percent, text.data);
    else if (!text.failed)
        fprintf(progress->out, "%s%s\n", progress->label, text.data);
    progress->told = percent;
    buffer_clear(&text);
}

void progress_say(struct progress *progress, FILE *file, const char *line)
{
    bool drawn = progress->drawn;

    if (drawn) {
        fputs("\r\033[K", progress->out);
        fflush(progress->out);
    }
    fprintf(file, "%s\n", line);
    fflush(file);
    if (drawn && progress->bar.data != NULL) {
        fputs(progress->bar.data, progress->out);
        fflush(progress->out);
    }
}

void progress_clear(struct progress *progress)
{
    if (progress->drawn) {
        fputs("\r\033[K", progress->out);
        fflush(progress->out);
    }
    progress->drawn = false;
    buffer_clear(&progress->bar);
}
