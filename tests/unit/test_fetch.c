/* test_fetch.c - which URLs and addresses a worker fetches from. */
#include "infra/base/web_url.h"
#include "workers/fetch/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/un.h>

#include <cmocka.h>

static const struct {
    const char *text;
    bool is_public;
} ADDRESSES[] = {
    {"0.0.0.0", false},
    {"0.1.2.3", false},
    {"1.0.0.0", true},
    {"8.8.8.8", true},
    {"9.255.255.255", true},
    {"10.0.0.0", false},
    {"10.255.255.255", false},
    {"11.0.0.0", true},
    {"100.63.255.255", true},
    {"100.64.0.0", false},
    {"100.127.255.255", false},
    {"100.128.0.0", true},
    {"126.255.255.255", true},
    {"127.0.0.1", false},
    {"127.255.255.254", false},
    {"128.0.0.0", true},
    {"169.253.255.255", true},
    {"169.254.169.254", false},
    {"169.255.0.0", true},
    {"172.15.255.255", true},
    {"172.16.0.0", false},
    {"172.31.255.255", false},
    {"172.32.0.0", true},
    {"192.0.0.8", false},
    {"192.0.1.0", true},
    {"192.0.2.1", false},
    {"192.88.99.1", false},
    {"192.167.255.255", true},
    {"192.168.0.0", false},
    {"192.168.255.255", false},
    {"192.169.0.0", true},
    {"198.17.255.255", true},
    {"198.18.0.0", false},
    {"198.19.255.255", false},
    {"198.20.0.0", true},
    {"198.51.100.7", false},
    {"203.0.113.7", false},
    {"223.255.255.255", true},
    {"224.0.0.1", false},
    {"239.255.255.255", false},
    {"240.0.0.1", false},
    {"255.255.255.255", false},
    {"::", false},
    {"::1", false},
    {"::127.0.0.1", false},
    {"::8.8.8.8", false},
    {"::ffff:8.8.8.8", true},
    {"::ffff:127.0.0.1", false},
    {"::ffff:169.254.169.254", false},
    {"64:ff9b::8.8.8.8", true},
    {"64:ff9b::10.0.0.1", false},
    {"64:ff9b:1::8.8.8.8", false},
    {"100::1", false},
    {"2001:4860:4860::8888", true},
    {"2606:4700::1111", true},
    {"2001::1", false},
    {"2001:db8::1", false},
    {"2001:db9::1", true},
    {"2002:7f00:1::1", false},
    {"3fff::1", false},
    {"3fff:1000::1", true},
    {"4000::1", false},
    {"fc00::1", false},
    {"fd12:3456::1", false},
    {"fe80::1", false},
    {"fec0::1", false},
    {"ff02::1", false},
};

static void only_public_addresses_are_connected_to(void **state)
{
    (void)state;
    for (size_t at = 0; at < sizeof ADDRESSES / sizeof *ADDRESSES; at++) {
        const char *text = ADDRESSES[at].text;
        struct sockaddr_in v4 = {.sin_family = AF_INET};
        struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
        bool is_public;

        if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
            is_public = address_is_public((struct sockaddr *)&v4, sizeof v4);
        } else {
            assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
            is_public = address_is_public((struct sockaddr *)&v6, sizeof v6);
        }
        if (is_public != ADDRESSES[at].is_public)
            fail_msg("%s is taken for %spublic", text, is_public ? "" : "not ");
    }
}

static void other_families_are_not_public(void **state)
{
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    struct sockaddr_in cut = {.sin_family = AF_INET};
    char text[ADDRESS_TEXT_BYTES];

    (void)state;
    inet_pton(AF_INET, "8.8.8.8", &cut.sin_addr);
    assert_false(address_is_public((struct sockaddr *)&local, sizeof local));
    assert_false(address_is_public((struct sockaddr *)&cut, sizeof cut - 1));
    address_text((struct sockaddr *)&cut, sizeof cut, text);
    assert_string_equal(text, "8.8.8.8");
    address_text((struct sockaddr *)&local, sizeof local, text);
    assert_string_equal(text, "unknown");
}

static void urls_are_http_and_carry_no_secrets(void **state)
{
    static const struct {
        const char *url;
        bool good;
    } URLS[] = {
        {"http://example.com/a.csv", true},
        {"HTTPS://example.com/a.csv?x=1#y", true},
        {"http://example.com", true},
        {"http://[2001:db8::1]:80/a.csv", true},
        {"http://example.com/@a.csv", true},
        {"ftp://example.com/a.csv", false},
        {"file:///etc/passwd", false},
        {"gopher://example.com/", false},
        {"http://user:word@example.com/a.csv", false},
        {"http://user@example.com/a.csv", false},
        {"http://example.com#@evil.com/", true},
        {"http://", false},
        {"http:///a.csv", false},
        {"http://:80/a.csv", false},
        {"http://example.com/a b.csv", false},
        {"http://example.com\\@10.0.0.1/", false},
        {"http://example.com/\r\nHost: x", false},
        {"http://ex\xc3\xa4mple.com/", false},
    };
    char longest[WEB_URL_BYTES + 1];

    (void)state;
    for (size_t at = 0; at < sizeof URLS / sizeof *URLS; at++)
        if ((web_url_problem(URLS[at].url) == NULL) != URLS[at].good)
            fail_msg("%s is taken for %s", URLS[at].url, URLS[at].good ? "bad" : "good");
    memset(longest, 'a', sizeof longest);
    memcpy(longest, "http://", 7);
    longest[WEB_URL_BYTES] = '\0';
    assert_non_null(web_url_problem(longest));
    longest[WEB_URL_BYTES - 1] = '\0';
    assert_null(web_url_problem(longest));
}

static void a_url_tells_a_file_name(void **state)
{
    static const struct {
        const char *url;
        const char *name;
    } NAMES[] = {
        {"http://example.com/a/b.csv?c=d/e.json#f", "b.csv"},
        {"http://example.com/a.csv", "a.csv"},
        {"http://example.com", "data"},
        {"http://example.com/", "data"},
        {"http://example.com/a/", "data"},
        {"http://example.com?x=/a.csv", "data"},
    };
    char name[WEB_URL_NAME_BYTES];
    char url[600] = "http://example.com/";

    (void)state;
    for (size_t at = 0; at < sizeof NAMES / sizeof *NAMES; at++) {
        web_url_filename(NAMES[at].url, name);
        assert_string_equal(name, NAMES[at].name);
    }
    memset(url + strlen(url), 'x', 500);
    strcat(url, ".parquet");
    web_url_filename(url, name);
    assert_int_equal(strlen(name), WEB_URL_NAME_BYTES - 1);
    assert_string_equal(name + strlen(name) - 8, ".parquet");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_public_addresses_are_connected_to),
        cmocka_unit_test(other_families_are_not_public),
        cmocka_unit_test(urls_are_http_and_carry_no_secrets),
        cmocka_unit_test(a_url_tells_a_file_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
