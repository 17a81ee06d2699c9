/* test_network.c: addresses and networks from text; who is in which. */
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/network.h"
#include "suites.h"

#define COUNT(a) ((int)(sizeof(a) / sizeof(a)[0]))

static const struct {
    const char *network, *peer;
    bool is_in;
} members[] = {
    {"192.0.2.0/24", "192.0.2.0:1", true},
    {"192.0.2.0/24", "192.0.2.255:1", true},
    {"192.0.2.0/24", "192.0.3.0:1", false},
    {"192.0.2.0/24", "192.0.1.255:1", false},
    {"192.0.2.128/25", "192.0.2.128:1", true},
    {"192.0.2.128/25", "192.0.2.127:1", false},
    {"128.0.0.0/1", "255.255.255.255:1", true},
    {"128.0.0.0/1", "127.255.255.255:1", false},
    {"0.0.0.0/0", "203.0.113.9:1", true},
    {"192.0.2.6/31", "192.0.2.7:1", true},
    {"192.0.2.6/31", "192.0.2.8:1", false},
    {"2001:db8::/32", "[2001:db8:ffff::1]:1", true},
    {"2001:db8::/32", "[2001:db9::1]:1", false},
    {"2001:db8::/29", "[2001:dbf::1]:1", true},
    {"2001:db8::/29", "[2001:dc0::1]:1", false},
    {"::/0", "[fe80::1]:1", true},
    {"fe80::/10", "[fe80::1%eth0]:1", true},
    /* An IPv4 peer is one, however the socket writes it, and no IPv6 network has it. */
    {"192.0.2.0/24", "[::ffff:192.0.2.7]:1", true},
    {"192.0.2.7/32", "[::ffff:c000:207]:1", true},
    {"192.0.2.0/24", "[::ffff:192.0.3.7]:1", false},
    {"0.0.0.0/0", "[::ffff:203.0.113.9]:1", true},
    {"::/0", "192.0.2.7:1", false},
    {"::/0", "[::ffff:192.0.2.7]:1", false},
    {"0.0.0.0/0", "[2001:db8::1]:1", false},
    {"0.0.0.0/0", "[::192.0.2.7]:1", false}, /* "compatible", not mapped: IPv6 */
    /* What is no address is nowhere. */
    {"0.0.0.0/0", "", false},
    {"0.0.0.0/0", "192.0.2.7", false},
    {"0.0.0.0/0", "host:1", false},
    {"::/0", "[2001:db8::1", false},
    {"::/0", "2001:db8::1:1", false},
    {"::/0", "[]:1", false},
};

static void
check_member(const char *network, const char *peer, bool is_in)
{
    struct network n;
    struct ip_address a;
    struct error err = {0};

    ck_assert_msg(network_parse(network, &n, &err) == 0, "%s", err.message);
    ip_address_of_socket(peer, &a);
    ck_assert_msg(network_has(&n, &a) == is_in, "%s, %s", network, peer);
}

START_TEST(an_address_is_in_the_networks_whose_prefix_it_has)
{
    check_member(members[_i].network, members[_i].peer, members[_i].is_in);
}
END_TEST

/* tgt took a prefix of the whole address for none: such networks matched nobody. */
START_TEST(a_network_of_32_or_128_bits_is_one_address)
{
    check_member("192.0.2.7/32", "192.0.2.7:3260", true);
    check_member("192.0.2.7/32", "192.0.2.6:3260", false);
    check_member("192.0.2.7/32", "192.0.2.8:3260", false);
    check_member("255.255.255.255/32", "255.255.255.255:1", true);
    check_member("0.0.0.0/32", "128.0.0.0:1", false);
    check_member("2001:db8::7/128", "[2001:db8::7]:3260", true);
    check_member("2001:db8::7/128", "[2001:db8::6]:3260", false);
    check_member("::1/128", "[::1]:1", true);
    check_member("::/128", "[8000::]:1", false);
}
END_TEST

/* Every prefix against the address, and against it with one bit changed. */
START_TEST(each_bit_of_a_prefix_counts_and_none_beyond_it)
{
    struct ip_address a = {.length = _i == 0 ? 4 : 16};
    unsigned bits = a.length * 8u;

    for (unsigned prefix = 0; prefix <= bits; prefix++) {
        const struct network n = {{.length = a.length}, (uint8_t)prefix};

        memset(a.bytes, 0, sizeof a.bytes);
        ck_assert(network_has(&n, &a));
        for (unsigned bit = 0; bit < bits; bit++) {
            a.bytes[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
            ck_assert_msg(network_has(&n, &a) == (bit >= prefix), "/%u, bit %u", prefix, bit);
            a.bytes[bit / 8] = 0;
        }
    }
}
END_TEST

static const struct {
    const char *a, *b;
    bool are_equal;
} sockets[] = {
    {"192.0.2.7:3260", "192.0.2.7:3260", true},
    {"192.0.2.7:3260", "192.0.2.7:3261", false},
    {"192.0.2.7:3260", "192.0.2.7:326", false},
    {"192.0.2.7:3260", "192.0.2.8:3260", false},
    {"[2001:db8::7]:3260", "[2001:DB8:0::7]:3260", true},
    {"[2001:db8::7]:3260", "[2001:db8::8]:3260", false},
    {"[::ffff:192.0.2.7]:3260", "192.0.2.7:3260", true},
    {"[fe80::1%eth0]:3260", "[fe80::1]:3260", true},
    {"[::]:3260", "0.0.0.0:3260", false},
    {"host:3260", "host:3260", false}, /* no addresses, which are never equal */
    {"", "", false},
    {"192.0.2.7", "192.0.2.7", false},
};

START_TEST(an_end_of_a_connection_is_the_same_by_address_and_port)
{
    ck_assert(ip_sockets_equal(sockets[_i].a, sockets[_i].b) == sockets[_i].are_equal);
    ck_assert(ip_sockets_equal(sockets[_i].b, sockets[_i].a) == sockets[_i].are_equal);
}
END_TEST

static const struct {
    const char *text, *problem;
} wrong[] = {
    {"192.0.2.7/24", "\"192.0.2.7/24\" has bits set beyond its prefix: write 192.0.2.0/24 for "
                     "the network, or 192.0.2.7/32 for this address alone"},
    {"192.0.2.1/0", "\"192.0.2.1/0\" has bits set beyond its prefix: write 0.0.0.0/0 for the "
                    "network, or 192.0.2.1/32 for this address alone"},
    {"2001:DB8:0::1/32",
     "\"2001:DB8:0::1/32\" has bits set beyond its prefix: write 2001:db8::/32 for the "
     "network, or 2001:db8::1/128 for this address alone"},
    {"192.0.2.7", "\"192.0.2.7\" has no prefix length: for this address alone write "
                  "192.0.2.7/32"},
    {"::1", "\"::1\" has no prefix length: for this address alone write ::1/128"},
    {"192.0.2.0/33", "\"192.0.2.0/33\" has a prefix length that is not a number from 0 to 32"},
    {"192.0.2.0/", "\"192.0.2.0/\" has a prefix length that is not a number from 0 to 32"},
    {"192.0.2.0/024", "\"192.0.2.0/024\" has a prefix length that is not a number from 0 to "
                      "32"},
    {"192.0.2.0/0x18", NULL},
    {"192.0.2.0/-1", NULL},
    {"192.0.2.0/+8", NULL},
    {"192.0.2.0/24/", NULL},
    {"192.0.2.0/24 ", NULL},
    {"192.0.2.0/255.255.255.0", NULL},
    {"192.0.2.0/4294967320", NULL}, /* 24 in 32 bits */
    {"::/129", "\"::/129\" has a prefix length that is not a number from 0 to 128"},
    {"::ffff:192.0.2.0/120",
     "\"::ffff:192.0.2.0/120\" is made of IPv4 addresses: write 192.0.2.0/24"},
    {"::ffff:0:0/96", "\"::ffff:0:0/96\" is made of IPv4 addresses: write 0.0.0.0/0"},
    {"192.0.2/24", "\"192.0.2/24\" is not a network, such as 192.0.2.0/24 or 2001:db8::/32"},
    {"192.0.02.0/24", NULL},
    {"192.0.2.256/24", NULL},
    {" 192.0.2.0/24", NULL},
    {"[2001:db8::]/32", NULL},
    {"fe80::%eth0/10", NULL},
    {"host/24", NULL},
    {"/24", NULL},
    {"/", NULL},
    {"", NULL},
    {"1111:2222:3333:4444:5555:6666:123.123.123.123.123.123/128", NULL},
};

START_TEST(a_network_that_is_wrong_is_refused_with_what_to_write)
{
    struct network n = {.prefix = 77};
    struct error err = {0};

    ck_assert_int_eq(network_parse(wrong[_i].text, &n, &err), -1);
    ck_assert_uint_eq(n.prefix, 77);
    ck_assert_int_eq(err.code, ERROR_INVALID_CONFIG);
    if (wrong[_i].problem != NULL)
        ck_assert_str_eq(err.message, wrong[_i].problem);
}
END_TEST

static const char *const whole[] = {"192.0.2.128/25", "1111:2222:3333:4444:5555:6666::/100",
                                    "[2001:db8:1111:2222:3333:4444:5555:6666%eth0]:48812"};

/* In memory of just its size, so that a look beyond is seen. */
START_TEST(a_text_that_is_cut_anywhere_is_read_to_its_end_only)
{
    for (size_t n = 0; n <= strlen(whole[_i]); n++) {
        char *cut = strndup(whole[_i], n);
        struct network network = {.prefix = 77};
        struct ip_address a;
        int result = network_parse(cut, &network, NULL);

        ck_assert(result == 0 || network.prefix == 77);
        ck_assert(n < strlen(whole[_i]) || (result == 0) == (whole[_i][0] != '['));
        ip_address_of_socket(cut, &a);
        ck_assert(a.length == 0 || strchr(cut, ':') != NULL);
        free(cut);
    }
}
END_TEST

TCase *
network_cases(void)
{
    TCase *t = tcase_create("network");

    tcase_add_loop_test(t, an_address_is_in_the_networks_whose_prefix_it_has, 0,
                        COUNT(members));
    tcase_add_test(t, a_network_of_32_or_128_bits_is_one_address);
    tcase_add_loop_test(t, each_bit_of_a_prefix_counts_and_none_beyond_it, 0, 2);
    tcase_add_loop_test(t, an_end_of_a_connection_is_the_same_by_address_and_port, 0,
                        COUNT(sockets));
    tcase_add_loop_test(t, a_network_that_is_wrong_is_refused_with_what_to_write, 0,
                        COUNT(wrong));
    tcase_add_loop_test(t, a_text_that_is_cut_anywhere_is_read_to_its_end_only, 0,
                        COUNT(whole));
    return t;
}
