/* web_url.c - see web_url.h. */
#include "infra/base/web_url.h"

#include <string.h>
#include <strings.h>

bool web_url_is(const char *text)
{
    return strstr(text, "://") != NULL;
}

/* Behind the scheme; NULL when it is another than http and https. */
static const char *behind_scheme(const char *url)
{
    if (strncasecmp(url, "http://", 7) == 0)
        return url + 7;
    return strncasecmp(url, "https://", 8) == 0 ? url + 8 : NULL;
}

static bool is_plain(const char *url)
{
    for (; *url != '\0'; url++)
        if ((unsigned char)*url <= ' ' || (unsigned char)*url >= 0x7f ||
            strchr("\"<>\\^`{|}", *url) != NULL)
            return false;
    return true;
}

const char *web_url_problem(const char *url)
{
    const char *host = behind_scheme(url);
    size_t length;

    if (host == NULL)
        return "only http and https are fetched";
    if (strlen(url) >= WEB_URL_BYTES)
        return "too long: a URL may have 1023 bytes";
    if (!is_plain(url))
        return "characters that a URL may not have: percent-encode them";
    length = strcspn(host, "/?#");
    if (memchr(host, '@', length) != NULL)
        return "user and password are not taken: give a URL that needs none";
    if (length == 0 || *host == ':')
        return "a URL without a host";
    return NULL;
}

void web_url_filename(const char *url, char name[static WEB_URL_NAME_BYTES])
{
    const char *host = behind_scheme(url);
    const char *start = host == NULL ? url : host + strcspn(host, "/?#");
    const char *end = start + strcspn(start, "?#");
    size_t used = 0;

    for (const char *at = start; at < end; at++)
        if (*at == '/')
            start = at + 1;
    if (end - start >= WEB_URL_NAME_BYTES) /* the ending counts */
        start = end - WEB_URL_NAME_BYTES + 1;
    while (start < end)
        name[used++] = *start++;
    name[used] = '\0';
    if (used == 0)
        strcpy(name, "data");
}
