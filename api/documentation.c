/* documentation.c - see documentation.h. */
#include "api/documentation.h"

#include "api/pages.h"
#include "api/services.h"
#include "infra/base/buffer.h"
#include "infra/base/config.h"

#include <string.h>

static const char URL_IN_OPENAPI[] = "http://127.0.0.1:8080";

static const struct {
    const char *name, *content_type, *text;
    const size_t *length;
} FILES[] = {
    {"docs.css", "text/css; charset=utf-8", page_css, &page_css_length},
    {"docs.js", "text/javascript; charset=utf-8", page_js, &page_js_length},
};

enum { FILES_COUNT = sizeof FILES / sizeof *FILES };

static bool reply(struct call *call, const char *content_type, const char *text, size_t length,
                  struct error *err)
{
    call_reply_header(call, "Cache-Control", "no-cache");
    call_reply_header(call, "X-Content-Type-Options", "nosniff");
    return call_reply_text(call, 200, content_type, text, length, err);
}

bool api_documentation_openapi(struct call *call, struct error *err)
{
    const char *url = call_services(call)->config->public_url;
    const char *at = page_openapi;
    struct buffer text = {0};
    bool ok;

    for (const char *next; (next = strstr(at, URL_IN_OPENAPI)) != NULL;
         at = next + sizeof URL_IN_OPENAPI - 1) {
        buffer_add(&text, at, (size_t)(next - at));
        buffer_add_text(&text, url);
    }
    buffer_add_text(&text, at);
    ok = text.failed ? error_no_memory(err)
                     : reply(call, "application/json", text.data, text.length, err);
    buffer_clear(&text);
    return ok;
}

bool api_documentation_page(struct call *call, struct error *err)
{
    call_reply_header(call, "Content-Security-Policy",
                      "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; "
                      "connect-src 'self'; base-uri 'none'; form-action 'none'; "
                      "frame-ancestors 'none'");
    return reply(call, "text/html; charset=utf-8", page_html, page_html_length, err);
}

bool api_documentation_file(struct call *call, struct error *err)
{
    const char *name = call_path(call, "file");

    for (size_t at = 0; at < FILES_COUNT; at++)
        if (strcmp(FILES[at].name, name) == 0)
            return reply(call, FILES[at].content_type, FILES[at].text, *FILES[at].length, err);
    return error_set(err, ERROR_NOT_FOUND, "/docs has no file of that name");
}
