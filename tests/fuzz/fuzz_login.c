/*
 * fuzz_login.c: any sequence of requests into a login, then a text negotiation and SendTargets.
 *
 * A request is a byte for the flags and stages, one for what to spoil in the header, two for
 * the length, and the text.
 */
#include <stdlib.h>
#include <string.h>

#include "iscsi/discovery.h"
#include "iscsi/login.h"
#include "tests/unit/iscsi/small_catalog.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

struct input {
    const uint8_t *bytes;
    size_t n;
};

static void
check(bool fact)
{
    if (!fact)
        abort();
}

static bool
session_exists(const struct login *l, uint16_t tsih)
{
    check(l->initiator[0] != '\0');
    return tsih & 1;
}

/* The next request: its header, and its text in memory of just its size. NULL: no more. */
static char *
next_request(struct input *in, uint8_t *header, size_t *length)
{
    struct pdu_login_request p = {.immediate = true, .isid = 0x00023d000001, .task_tag = 1};
    uint8_t spoil;
    char *text;

    if (in->n < 4)
        return NULL;
    spoil = in->bytes[1];
    *length = get_be16(in->bytes + 2) % (LOGIN_DATA_MAX + 1);
    if (*length > in->n - 4)
        *length = in->n - 4;
    pdu_login_request_put(header, &p);
    header[1] = in->bytes[0];
    if (spoil >= 128)
        header[spoil % PDU_HEADER_SIZE] ^= in->bytes[2];
    text = malloc(*length + (*length == 0));
    if (text != NULL)
        memcpy(text, in->bytes + 4, *length);
    in->bytes += 4 + *length;
    in->n -= 4 + *length;
    return text;
}

/* After the login: the rest of the input as a list of keys. */
static void
full_feature(struct login *l, char *text, size_t n)
{
    struct discovery d = {.catalog = small_catalog(),
                          .initiator = l->initiator,
                          .local = "[2001:db8::7]:3260",
                          .own_target = l->is_discovery ? NULL : "iqn.2026-01.example:open"};
    struct text_list list;
    struct text_output out;
    const char *value;

    if (text_parse(text, n, &list) != NULL)
        return;
    text_output_init(&out, DISCOVERY_ANSWER_MAX);
    negotiation_restart(&l->negotiation);
    negotiation_answer(&l->negotiation, PHASE_FULL_FEATURE, &list, &out);
    value = text_value(&list, "SendTargets");
    if (value != NULL)
        discovery_send_targets(&d, value, &out);
    check(out.error == 0);
    text_output_done(&out);
}

/* What holds whenever a login has succeeded. */
static void
check_params(const struct params *p)
{
    check(p->max_burst_length >= 512 && p->max_burst_length <= 1048576);
    check(p->first_burst_length >= 512 && p->first_burst_length <= p->max_burst_length);
    check(p->max_send_data_segment_length >= 512);
    check(p->max_send_data_segment_length <= PDU_DATA_MAX);
    check(p->max_outstanding_r2t >= 1 && p->max_outstanding_r2t <= 8);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct input in = {bytes, n};
    struct login l;
    struct login_response response;
    enum login_verdict verdict = LOGIN_CONTINUE;
    uint8_t header[PDU_HEADER_SIZE];
    size_t length;
    char *text;

    login_init(&l, 1, session_exists);
    while (verdict == LOGIN_CONTINUE && (text = next_request(&in, header, &length)) != NULL) {
        verdict = login_request(&l, small_catalog(), header, text, length, &response);
        check(verdict == LOGIN_READY || pdu_opcode(response.header) == PDU_LOGIN_RESPONSE);
        check(verdict == LOGIN_READY || response.length <= LOGIN_DATA_MAX);
        free(text);
    }
    if (verdict == LOGIN_READY) {
        check(l.initiator[0] != '\0' && l.is_discovery == (l.target == NULL));
        check_params(&l.negotiation.params);
        login_accept(&l, 1, 32, &response);
        text = next_request(&in, header, &length);
        if (text != NULL)
            full_feature(&l, text, length);
        free(text);
    }
    login_done(&l);
    return 0;
}
