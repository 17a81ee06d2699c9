/* test_chap.c: challenges and responses; the digests were computed by `openssl dgst`. */
#include "iscsi/chap.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/credentials.h"
#include "iscsi/text.h"
#include "suites.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define ALL          (CHAP_ALLOW_MD5 | CHAP_ALLOW_SHA1 | CHAP_ALLOW_SHA256 | CHAP_ALLOW_SHA3_256)

/* Identifier 0x2a, "a secret for one side", bytes 0 to 15; then identifier 0xff, 255 times 'x',
 * 1024 bytes i * 7. */
static const struct {
    uint8_t algorithm;
    const char *digest, *longest;
} vectors[] = {
    {5, "0x79c1252f2c6facaae4747826905b08ff", "0x1d7f18c505452690893fbfb7429f34cf"},
    {6, "0x0c30cbf8be65c6d04b59a4fac5bb13b656b9d1cf",
     "0xccab035c706b097bb259a6fbf353619172cc6013"},
    {7, "0x1a21d3ddb5bb869b6035aa4d0b850f648d9c2d9c61867e0eac5d2c1211d2074a",
     "0xe4fd48f3f7a5c1ba69593f7f1fd2829878060b9297bcf92dc012bfdc27effdd9"},
    {8, "0x407adfe2a56fc1e8d2ef9cd48154666b330a57605c7331df50f1ac56a113ce53",
     "0x95782a2ff8fa848402fca6cc04abdfd41bc9619630d588cfe0c53268ececd655"},
};

static void
assert_response(const struct chap_challenge *challenge, const char *secret, const char *digest)
{
    struct chap_response response;
    uint8_t expected[64];
    size_t length;

    ck_assert_int_eq(text_binary(digest, expected, sizeof expected, &length), 0);
    ck_assert_int_eq(chap_respond(challenge, secret, &response), 0);
    ck_assert_uint_eq(response.length, length);
    ck_assert_mem_eq(response.bytes, expected, length);
}

START_TEST(each_algorithm_gives_the_known_response)
{
    struct chap_challenge c = {
        .algorithm = vectors[_i].algorithm, .identifier = 0x2a, .length = 16};
    char secret[256];

    for (size_t i = 0; i < 16; i++)
        c.bytes[i] = (uint8_t)i;
    assert_response(&c, "a secret for one side", vectors[_i].digest);
    c.identifier = 0xff;
    c.length = CHAP_CHALLENGE_MAX;
    for (size_t i = 0; i < CHAP_CHALLENGE_MAX; i++)
        c.bytes[i] = (uint8_t)(i * 7);
    memset(secret, 'x', 255);
    secret[255] = '\0';
    assert_response(&c, secret, vectors[_i].longest);
}
END_TEST

static const struct {
    const char *list;
    uint8_t allowed, chosen;
} choices[] = {
    {"5", ALL, 5},
    {"7,5", ALL, 7},
    {"5,7", ALL, 5}, /* the initiator's order */
    {"8,7,6,5", ALL, 8},
    {"0x7", ALL, 7},
    {"5,7", CHAP_ALLOW_SHA256, 7},
    {"5,6,7,8", CHAP_ALLOW_SHA3_256, 8},
    {"6", ALL, 6},
    {"9,128,5", ALL, 5},
    {",,7", ALL, 7},
    {"x,-1,99999999999999999999999999999999,7", ALL, 7},
    {"5", CHAP_ALLOW_SHA256, 0},
    {"5", 0, 0},
    {"", ALL, 0},
    {",", ALL, 0},
    {"4", ALL, 0},
    {"9", ALL, 0},
    {"0", ALL, 0},
    {"261", ALL, 0}, /* 5 in its last byte */
    {"5 ", ALL, 0},
    {"MD5", ALL, 0},
    {"7;5", ALL, 0},
};

START_TEST(of_the_offered_algorithms_the_first_allowed_one_is_taken)
{
    ck_assert_uint_eq(chap_choose(choices[_i].list, choices[_i].allowed), choices[_i].chosen);
}
END_TEST

START_TEST(an_algorithm_that_libcrypto_lacks_is_not_taken)
{
    struct chap_challenge c = {.algorithm = 5, .length = 16};
    struct chap_response response;

    /* No provider that is loaded has this property, as with FIPS none has it for MD5. */
    ck_assert_int_eq(EVP_set_default_properties(NULL, "blockgate=missing"), 1);
    ck_assert_uint_eq(chap_choose("5,6,7,8", ALL), 0);
    ck_assert_int_eq(chap_respond(&c, "twelve bytes", &response), -1);
    ck_assert_int_eq(EVP_set_default_properties(NULL, ""), 1);
    ck_assert_uint_eq(chap_choose("5,6,7,8", ALL), 5);
}
END_TEST

START_TEST(no_two_challenges_are_alike)
{
    struct chap_challenge a, b;
    unsigned same_identifiers = 0;

    for (int i = 0; i < 64; i++) {
        ck_assert_int_eq(chap_challenge_make(7, &a), 0);
        ck_assert_int_eq(chap_challenge_make(7, &b), 0);
        ck_assert_uint_eq(a.length, 32);
        ck_assert(!chap_challenge_equal(&a, &b));
        ck_assert(chap_challenge_equal(&a, &a));
        same_identifiers += a.identifier == b.identifier;
    }
    ck_assert_uint_lt(same_identifiers, 16);
    ck_assert_int_eq(chap_challenge_make(5, &b), 0);
    ck_assert_uint_eq(b.length, 16);
    memcpy(a.bytes, b.bytes, 16);
    ck_assert(!chap_challenge_equal(&a, &b)); /* one is the beginning of the other */
}
END_TEST

/* 255 characters, and one more. */
static char longest[CHAP_USER_MAX + 1], longer[CHAP_USER_MAX + 2];

static const struct {
    const char *configured, *given;
    bool right;
} users[] = {
    {"user", "user", true},   {"user", "User", false},  {"user", "use", false},
    {"user", "users", false}, {"user", "", false},      {"user", " user", false},
    {longest, longest, true}, {longest, longer, false}, {"user", longer, false},
};

START_TEST(user_and_response_must_both_be_right)
{
    struct chap_credentials *credentials;
    struct chap_challenge c;
    struct chap_response right;
    const char *user = users[_i].given;

    memset(longest, 'u', CHAP_USER_MAX);
    memset(longer, 'u', CHAP_USER_MAX + 1);
    credentials = chap_credentials_new(users[_i].configured, "twelve bytes", NULL, NULL, ALL);
    ck_assert_int_eq(chap_challenge_make(7, &c), 0);
    ck_assert_int_eq(chap_respond(&c, "twelve bytes", &right), 0);
    ck_assert(chap_verify(&c, credentials, user, right.bytes, right.length) == users[_i].right);
    for (size_t i = 0; i < right.length; i++) {
        ck_assert(!chap_verify(&c, credentials, user, right.bytes, i)); /* cut */
        right.bytes[i] ^= 1;
        ck_assert(!chap_verify(&c, credentials, user, right.bytes, right.length));
        right.bytes[i] ^= 1;
    }
    chap_credentials_unref(credentials);
}
END_TEST

START_TEST(a_response_to_another_challenge_is_wrong)
{
    struct chap_credentials *credentials =
        chap_credentials_new("user", "twelve bytes", NULL, NULL, ALL);
    struct chap_challenge c, other;
    struct chap_response right;

    ck_assert_int_eq(chap_challenge_make(7, &c), 0);
    ck_assert_int_eq(chap_respond(&c, "twelve bytes", &right), 0);
    other = c;
    other.identifier++;
    ck_assert(!chap_verify(&other, credentials, "user", right.bytes, right.length));
    other = c;
    other.bytes[31] ^= 0x80;
    ck_assert(!chap_verify(&other, credentials, "user", right.bytes, right.length));
    other = c;
    other.algorithm = 8;
    ck_assert(!chap_verify(&other, credentials, "user", right.bytes, right.length));
    chap_credentials_unref(credentials);
}
END_TEST

START_TEST(credentials_are_compared_in_all_they_say)
{
    struct chap_credentials *a = chap_credentials_new("u", "s", "m", "n", ALL), *b;
    const char *const other[][4] = {{"v", "s", "m", "n"},
                                    {"u", "t", "m", "n"},
                                    {"u", "s", "x", "n"},
                                    {"u", "s", "m", "x"},
                                    {"u", "s", NULL, NULL}};

    b = chap_credentials_new("u", "s", "m", "n", ALL);
    ck_assert(chap_credentials_equal(a, b));
    chap_credentials_unref(b);
    ck_assert(chap_credentials_equal(NULL, NULL));
    ck_assert(!chap_credentials_equal(a, NULL));
    ck_assert(!chap_credentials_equal(NULL, a));
    for (int i = 0; i < COUNT(other); i++) {
        b = chap_credentials_new(other[i][0], other[i][1], other[i][2], other[i][3], ALL);
        ck_assert(!chap_credentials_equal(a, b));
        chap_credentials_unref(b);
    }
    b = chap_credentials_new("u", "s", "m", "n", CHAP_ALLOW_MD5);
    ck_assert(!chap_credentials_equal(a, b));
    chap_credentials_unref(b);
    chap_credentials_unref(a);
}
END_TEST

TCase *
chap_cases(void)
{
    TCase *c = tcase_create("chap");

    tcase_add_loop_test(c, each_algorithm_gives_the_known_response, 0, COUNT(vectors));
    tcase_add_loop_test(c, of_the_offered_algorithms_the_first_allowed_one_is_taken, 0,
                        COUNT(choices));
    tcase_add_test(c, an_algorithm_that_libcrypto_lacks_is_not_taken);
    tcase_add_test(c, no_two_challenges_are_alike);
    tcase_add_loop_test(c, user_and_response_must_both_be_right, 0, COUNT(users));
    tcase_add_test(c, a_response_to_another_challenge_is_wrong);
    tcase_add_test(c, credentials_are_compared_in_all_they_say);
    return c;
}
