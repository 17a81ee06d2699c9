/* dialogue.c: says one request after another. */
#include "dialogue.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lists.h"

/* Session 7 has connection 5. */
static bool
find_session(const struct login *l, uint16_t tsih, struct login_session *ret)
{
    ck_assert_str_eq(l->initiator, NAME "one");
    if (tsih != 7)
        return false;
    *ret = (struct login_session){.cid = 5,
                                  .params = {.max_burst_length = 4096,
                                             .first_burst_length = 2048,
                                             .max_outstanding_r2t = 3,
                                             .header_digest = true,
                                             .max_send_data_segment_length = 1024,
                                             .default_time2wait = 9}};
    return true;
}

struct dialogue *
dialogue_new(void)
{
    struct dialogue *d = calloc(1, sizeof *d);
    struct ip_address from;

    ip_address_of_socket("192.0.2.7:48812", &from);
    login_init(&d->login, 1, &from, "198.51.100.1:3260", find_session);
    d->request = (struct pdu_login_request){
        .immediate = true,
        .isid = 0x00023d000001,
        .task_tag = 0x12345678,
        .cid = 9,
        .cmdsn = 100,
        .exp_statsn = 500,
    };
    return d;
}

void
dialogue_free(struct dialogue *d)
{
    login_done(&d->login);
    free(d);
}

void
take_answer(struct dialogue *d)
{
    ck_assert_uint_eq(pdu_opcode(d->response.header), PDU_LOGIN_RESPONSE);
    pdu_login_response_get(d->response.header, &d->answer);
}

enum login_verdict
say(struct dialogue *d, const struct catalog *catalog, int byte1, const char *text)
{
    uint8_t header[PDU_HEADER_SIZE];
    char bytes[4096];
    size_t n = list_bytes(text, bytes);
    char *exact = malloc(n + (n == 0)); /* so that an overrun is seen */

    memcpy(exact, bytes, n);
    pdu_login_request_put(header, &d->request);
    header[1] = (uint8_t)byte1;
    d->verdict = login_request(&d->login, catalog, header, exact, n, &d->response);
    free(exact);
    if (d->verdict != LOGIN_READY)
        take_answer(d);
    return d->verdict;
}

const char *
answered(const struct dialogue *d)
{
    return list_text(d->response.data, d->response.length);
}
