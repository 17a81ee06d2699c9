/* test_transport_id.c: TransportIDs of iSCSI initiator ports and nodes. */
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "scsi/transport_id.h"
#include "suites.h"

/* A TransportID at BYTES, with room for nothing but it; its length. */
static size_t
put(uint8_t *bytes, uint8_t first, const char *name)
{
    size_t more = (strlen(name) + 4) / 4 * 4;

    if (more < 20)
        more = 20;
    memset(bytes, 0, 4 + more);
    bytes[0] = first;
    put_be16(bytes + 2, (uint16_t)more);
    memcpy(bytes + 4, name, strlen(name));
    return 4 + more;
}

#define TEN     "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

/* What comes, and the name it means; NULL: it is refused at byte 4. */
static const struct {
    uint8_t first;
    const char *text, *name;
} names[] = {
    {0x45, "iqn.n:a,i,0x00023d000001", "iqn.n:a,i,0x00023d000001"},
    {0x45, "iqn.n:a,i,0x23D000001", "iqn.n:a,i,0x00023d000001"},
    {0x45, "iqn.n:a,i,0x0", "iqn.n:a,i,0x000000000000"},
    {0x45, "iqn.n:a,i,0xffffffffffff", "iqn.n:a,i,0xffffffffffff"},
    {0x45, "iqn.n:a,i,0x1ffffffffffff", NULL}, /* 13 digits */
    {0x45, "iqn.n:a,i,0x", NULL},
    {0x45, "iqn.n:a,i,0x12g4", NULL},
    {0x45, "iqn.n:a,i,0x1 ", NULL},
    {0x45, "iqn.n:a,t,0x0001", NULL},
    {0x45, "iqn.n:a", NULL},
    {0x45, ",i,0x1", NULL},
    {0x45, "", NULL},
    {0x45, "iqn.n:a,b,i,0x1", NULL},
    {0x45, "iqn.n:a\n,i,0x1", NULL},
    {0x45, HUNDRED HUNDRED TEN TEN "012,i,0x1", HUNDRED HUNDRED TEN TEN "012,i,0x000000000001"},
    {0x45, HUNDRED HUNDRED TEN TEN "0123,i,0x1", NULL}, /* a name of 224 bytes */
    {0x05, "iqn.n:a", "iqn.n:a"},
    {0x05, "iqn.n:a,i,0x1", NULL},
    {0x05, HUNDRED HUNDRED TEN TEN "012", HUNDRED HUNDRED TEN TEN "012"},
    {0x05, HUNDRED HUNDRED TEN TEN "0123", NULL},
    {0x05, "", NULL},
};

START_TEST(a_name_is_read_or_refused)
{
    uint8_t bytes[512];
    size_t length = put(bytes, names[_i].first, names[_i].text);
    struct transport_id_fault fault = {0};
    struct transport_id id;

    if (names[_i].name == NULL) {
        ck_assert(!transport_id_get(bytes, length, &id, &fault));
        ck_assert_uint_eq(fault.byte, 4);
        ck_assert_int_eq(fault.bit, -1);
        return;
    }
    ck_assert(transport_id_get(bytes, length, &id, &fault));
    ck_assert_uint_eq(id.length, length);
    ck_assert_int_eq(id.is_port, names[_i].first == 0x45);
    ck_assert_str_eq(id.name, names[_i].name);
}
END_TEST

START_TEST(one_that_is_cut_is_refused_wherever_it_is_cut)
{
    uint8_t bytes[512];
    size_t length = put(bytes, 0x45, "iqn.2026-11.org.example:a,i,0x00023d000001");
    struct transport_id_fault fault;
    struct transport_id id;

    for (size_t cut = 0; cut < length; cut++) {
        uint8_t *exact = malloc(cut + 1); /* so that a read beyond its end is seen */

        memcpy(exact, bytes, cut);
        ck_assert(!transport_id_get(exact, cut, &id, &fault));
        ck_assert_uint_eq(fault.byte, cut < TRANSPORT_ID_MIN ? 0 : 2);
        free(exact);
    }
}
END_TEST

START_TEST(what_is_written_is_read_again)
{
    static const char *const ports[] = {
        "i,i,0x000000000000",
        "iqn.2026-11.org.example:a,i,0x00023d000001",
        HUNDRED HUNDRED TEN TEN "012,i,0xffffffffffff",
    };
    uint8_t bytes[TRANSPORT_ID_MAX];
    struct transport_id_fault fault;
    struct transport_id id;

    for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++) {
        size_t length = transport_id_put(bytes, ports[i]);

        ck_assert_uint_ge(length, TRANSPORT_ID_MIN);
        ck_assert_uint_eq(length % 4, 0);
        ck_assert(transport_id_get(bytes, length, &id, &fault));
        ck_assert(id.is_port);
        ck_assert_uint_eq(id.length, length);
        ck_assert_str_eq(id.name, ports[i]);
    }
}
END_TEST

TCase *
transport_id_cases(void)
{
    TCase *t = tcase_create("transport_id");

    tcase_add_loop_test(t, a_name_is_read_or_refused, 0, sizeof names / sizeof names[0]);
    tcase_add_test(t, one_that_is_cut_is_refused_wherever_it_is_cut);
    tcase_add_test(t, what_is_written_is_read_again);
    return t;
}
