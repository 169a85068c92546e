/* test_digest.c - HMAC-SHA-256 as RFC 4231 has it, digests in pieces, comparing secrets. */
#include "infra/base/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Text repeated so often; the RFC's fifth case is of a cut digest, which we have not. */
struct repeated {
    const char *text;
    int times;
};

static size_t repeat(const struct repeated *repeated, char *out)
{
    size_t length = strlen(repeated->text);

    for (int at = 0; at < repeated->times; at++)
        memcpy(out + (size_t)at * length, repeated->text, length);
    out[(size_t)repeated->times * length] = '\0';
    return (size_t)repeated->times * length;
}

static void hmacs_are_those_of_rfc_4231(void **state)
{
    static const struct {
        struct repeated key;
        struct repeated data;
        const char *hex;
    } ROWS[] = {
        {{"\x0b", 20},
         {"Hi There", 1},
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {{"Jefe", 1},
         {"what do ya want for nothing?", 1},
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {{"\xaa", 20},
         {"\xdd", 50},
         "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {{"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16"
          "\x17\x18\x19",
          1},
         {"\xcd", 50},
         "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
        {{"\xaa", 131},
         {"Test Using Larger Than Block-Size Key - Hash Key First", 1},
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {{"\xaa", 131},
         {"This is a test using a larger than block-size key and a larger than block-size data. "
          "The key needs to be hashed before being used by the HMAC algorithm.",
          1},
         "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
    };
    char key[256];
    char data[256];
    char hex[DIGEST_BYTES];

    (void)state;
    for (size_t at = 0; at < sizeof ROWS / sizeof *ROWS; at++) {
        repeat(&ROWS[at].key, key);
        digest_hmac(key, data, repeat(&ROWS[at].data, data), hex);
        assert_string_equal(hex, ROWS[at].hex);
    }
}

static void pieces_of_any_size_have_the_digest_of_the_whole(void **state)
{
    char data[300];
    char whole[DIGEST_BYTES];
    char hex[DIGEST_BYTES];
    struct digest digest;

    (void)state;
    for (size_t at = 0; at < sizeof data; at++)
        data[at] = (char)(at * 7);
    digest_of(data, sizeof data, whole);
    digest_init(&digest);
    for (size_t piece = 1; piece < 130; piece++) { /* used again and again: ending empties it */
        for (size_t at = 0; at < sizeof data; at += piece)
            digest_add(&digest, data + at, at + piece > sizeof data ? sizeof data - at : piece);
        digest_end(&digest, hex);
        assert_string_equal(hex, whole);
    }
}

static void secrets_are_equal_only_when_every_byte_is(void **state)
{
    char one[DIGEST_BYTES];
    char other[DIGEST_BYTES];

    (void)state;
    digest_of("a", 1, one);
    for (size_t at = 0; at < DIGEST_BYTES - 1; at++) {
        strcpy(other, one);
        assert_true(digest_equal(one, other));
        other[at] = (char)(other[at] ^ 1);
        assert_false(digest_equal(one, other));
        other[at] = '\0'; /* cut */
        assert_false(digest_equal(one, other));
        assert_false(digest_equal(other, one));
    }
    assert_true(digest_equal("", ""));
}

static void only_64_lower_case_hexadecimal_digits_are_a_digest(void **state)
{
    char text[DIGEST_BYTES + 1];

    (void)state;
    digest_of("", 0, text);
    for (size_t at = 0; at < DIGEST_BYTES - 1; at++) {
        static const char WRONG[] = {'g', 'A', 'F', ' ', '/', ':', '`', '.', '\0', '\xe4'};
        char right = text[at];

        for (size_t wrong = 0; wrong < sizeof WRONG; wrong++) {
            text[at] = WRONG[wrong];
            assert_false(digest_is(text));
        }
        text[at] = right;
        assert_true(digest_is(text));
    }
    strcat(text, "0");
    assert_false(digest_is(text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hmacs_are_those_of_rfc_4231),
        cmocka_unit_test(pieces_of_any_size_have_the_digest_of_the_whole),
        cmocka_unit_test(secrets_are_equal_only_when_every_byte_is),
        cmocka_unit_test(only_64_lower_case_hexadecimal_digits_are_a_digest),
    };

    return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
