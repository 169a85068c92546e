/* test_upload_sign.c - signed URLs, and the names of files. */
#include "api/multipart_upload.h"
#include "api/upload_sign.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char KEY[] = "0123456789abcdef";

struct parts {
    char url[UPLOAD_URL_BYTES];
    char *path;
    char *expires;
    char *signature;
};

static void sign(struct parts *parts, const char *id, size_t index, int64_t expires_s)
{
    upload_sign_url(KEY, "http://host:1", id, index, expires_s, parts->url);
    parts->path = strchr(parts->url + strlen("http://"), '/');
    parts->expires = strstr(parts->url, "?expires=");
    *parts->expires = '\0';
    parts->expires += strlen("?expires=");
    parts->signature = strstr(parts->expires, "&signature=");
    *parts->signature = '\0';
    parts->signature += strlen("&signature=");
}

static void a_url_is_good_until_it_expires(void **state)
{
    struct id id = id_new("upload");
    struct parts p;
    struct error err = {0};
    char found[ID_BYTES];
    size_t index = 0;

    (void)state;
    sign(&p, id.text, 7, 1000);
    assert_true(upload_sign_check(KEY, p.path, p.expires, p.signature, 1000, &err));
    assert_true(upload_sign_parse(p.path, found, &index));
    assert_string_equal(found, id.text);
    assert_int_equal(index, 7);
    assert_false(upload_sign_check(KEY, p.path, p.expires, p.signature, 1001, &err));
    assert_int_equal(err.code, ERROR_FORBIDDEN);
}

static void nothing_of_a_url_can_be_changed(void **state)
{
    struct id id = id_new("upload");
    struct id other = id_new("upload");
    struct parts p;
    struct parts q;

    (void)state;
    sign(&p, id.text, 0, 1000);
    sign(&q, other.text, 0, 1000);
    const struct {
        const char *key, *path, *expires, *signature;
    } WRONG[] = {
        {"another key", p.path, p.expires, p.signature},
        {KEY, q.path, p.expires, p.signature},
        {KEY, p.path, "2000", p.signature},
        {KEY, p.path, p.expires, q.signature},
        {KEY, p.path, p.expires, ""},
        {KEY, p.path, NULL, p.signature},
        {KEY, p.path, p.expires, NULL},
        {KEY, p.path, "1000x", p.signature},
        {KEY, p.path, "99999999999999999999", p.signature},
    };

    for (size_t at = 0; at < sizeof WRONG / sizeof *WRONG; at++) {
        struct error err = {0};

        assert_false(upload_sign_check(WRONG[at].key, WRONG[at].path, WRONG[at].expires,
                                       WRONG[at].signature, 500, &err));
        assert_int_equal(err.code, ERROR_FORBIDDEN);
    }
}

static void other_paths_are_none_of_an_upload(void **state)
{
    static const char *const PATHS[] = {
        "",
        "/",
        "/upload/",
        "/upload/x/",
        "/upload/x/0",
        "/upload/upload_0123456789abcdefghjk/",
        "/upload/upload_0123456789abcdefghjk/-1",
        "/upload/upload_0123456789abcdefghjk/0/..",
        "/upload/../../0",
        "/upload/upload_0123456789abcdefghjk0123456789abcdefghjk0123456789abcdefghjk/0",
    };
    char id[ID_BYTES];
    size_t index;

    (void)state;
    for (size_t at = 0; at < sizeof PATHS / sizeof *PATHS; at++)
        assert_false(upload_sign_parse(PATHS[at], id, &index));
}

static void names_of_files_are_made_harmless(void **state)
{
    static const struct {
        const char *given, *clean; /* NULL: refused */
    } NAMES[] = {
        {"data.csv", "data.csv"},
        {"../../etc/passwd", "passwd"},
        {"C:\\data\\my table.csv", "my table.csv"},
        {"a\r\nb.csv", "ab.csv"},
        {"d\xc3\xa9j\xc3\xa0.csv", "d\xc3\xa9j\xc3\xa0.csv"},
        {"", NULL},
        {"/", NULL},
        {"..", NULL},
        {".", NULL},
        {"\xff.csv", NULL},
    };
    char clean[UPLOAD_NAME_BYTES];
    char longest[300];

    (void)state;
    for (size_t at = 0; at < sizeof NAMES / sizeof *NAMES; at++) {
        assert_int_equal(upload_name_clean(NAMES[at].given, clean), NAMES[at].clean != NULL);
        if (NAMES[at].clean != NULL)
            assert_string_equal(clean, NAMES[at].clean);
    }
    memset(longest, 'x', sizeof longest);
    longest[UPLOAD_NAME_BYTES] = '\0';
    assert_false(upload_name_clean(longest, clean));
    longest[UPLOAD_NAME_BYTES - 1] = '\0';
    assert_true(upload_name_clean(longest, clean));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_url_is_good_until_it_expires),
        cmocka_unit_test(nothing_of_a_url_can_be_changed),
        cmocka_unit_test(other_paths_are_none_of_an_upload),
        cmocka_unit_test(names_of_files_are_made_harmless),
    };

    return cmocka_run_group_tests_name("upload_sign", tests, NULL, NULL);
}
