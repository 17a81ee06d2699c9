/*
 * fuzz_login.c: any sequence of requests into a login, then a text negotiation and SendTargets.
 *
 * A request is a byte for the flags and stages, one for what to spoil in the header, two for
 * the length, and the text. Where the second byte is below 128 nothing is spoiled, but 64 says
 * that CHAP is demanded from now on, and 32 puts the right response to the last challenge
 * before the text. Nobody gets around CHAP without that.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "iscsi/chap.h"
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
find_session(const struct login *l, uint16_t tsih, struct login_session *ret)
{
    check(l->initiator[0] != '\0');
    *ret = (struct login_session){.cid = tsih & 2,
                                  .params = {.max_recv_data_segment_length = 512,
                                             .max_send_data_segment_length = 512,
                                             .max_burst_length = 512,
                                             .first_burst_length = 512,
                                             .max_outstanding_r2t = 1}};
    return tsih & 1;
}

/* The challenge in RESPONSE, if there is one. */
static bool
read_challenge(const struct login_response *response, struct chap_challenge *ret)
{
    struct text_list list;
    uint64_t algorithm, identifier;
    size_t length;
    char *copy;
    bool is_one = false;

    if (response->length == 0 || (copy = malloc(response->length)) == NULL)
        return false;
    memcpy(copy, response->data, response->length);
    check(text_parse(copy, response->length, &list) == NULL);
    if (text_value(&list, "CHAP_C") != NULL) {
        check(text_number(text_value(&list, "CHAP_A"), &algorithm) == 0);
        check(text_number(text_value(&list, "CHAP_I"), &identifier) == 0 && identifier < 256);
        check(text_binary(text_value(&list, "CHAP_C"), ret->bytes, sizeof ret->bytes,
                          &length) == 0);
        ret->algorithm = (uint8_t)algorithm;
        ret->identifier = (uint8_t)identifier;
        ret->length = (uint16_t)length;
        is_one = true;
    }
    free(copy);
    return is_one;
}

/* The right keys for the challenge in RESPONSE; none where there is no challenge. */
static size_t
put_proof(const struct login_response *response, char text[256])
{
    struct chap_challenge challenge;
    struct chap_response right;
    size_t n = 0;

    if (!read_challenge(response, &challenge))
        return 0;
    check(chap_respond(&challenge, SMALL_SECRET, &right) == 0);
    n = (size_t)sprintf(text, "CHAP_N=%s%cCHAP_R=0x", SMALL_USER, 0);
    for (size_t i = 0; i < right.length; i++)
        n += (size_t)sprintf(text + n, "%02x", right.bytes[i]);
    return n + 1;
}

struct request {
    uint8_t header[PDU_HEADER_SIZE];
    char *text; /* in memory of just its size */
    size_t length;
    bool locks, proves;
};

/* LAST is the response to the request before, all zero where there is none. False: no more. */
static bool
next_request(struct input *in, const struct login_response *last, struct request *r)
{
    struct pdu_login_request p = {.immediate = true, .isid = 0x00023d000001, .task_tag = 1};
    size_t proof_length = 0, length;
    char proof[256];
    uint8_t spoil;

    if (in->n < 4)
        return false;
    spoil = in->bytes[1];
    length = get_be16(in->bytes + 2) % (LOGIN_DATA_MAX + 1);
    if (length > in->n - 4)
        length = in->n - 4;
    pdu_login_request_put(r->header, &p);
    r->header[1] = in->bytes[0];
    if (spoil >= 128)
        r->header[spoil % PDU_HEADER_SIZE] ^= in->bytes[2];
    else if (spoil & 32)
        proof_length = put_proof(last, proof);
    r->locks = spoil < 128 && (spoil & 64) != 0;
    r->proves = proof_length > 0;
    r->length = proof_length + length;
    r->text = malloc(r->length + (r->length == 0));
    check(r->text != NULL);
    memcpy(r->text, proof, proof_length);
    memcpy(r->text + proof_length, in->bytes + 4, length);
    in->bytes += 4 + length;
    in->n -= 4 + length;
    return true;
}

/* After the login: the rest of the input as a list of keys. */
static void
full_feature(struct login *l, char *text, size_t n)
{
    struct discovery d = {.catalog = small_catalog(),
                          .initiator = l->initiator,
                          .from = l->from,
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
    struct ip_address from;
    struct login_response response = {.length = 0};
    enum login_verdict verdict = LOGIN_CONTINUE;
    bool is_locked = false, is_proved = false;
    struct request r;

    ip_address_of_socket("[2001:db8::9]:48812", &from);
    login_init(&l, 1, &from, "[2001:db8::1]:3260", find_session);
    while (verdict == LOGIN_CONTINUE && next_request(&in, &response, &r)) {
        is_locked |= r.locks;
        is_proved |= r.proves;
        verdict = login_request(&l, is_locked ? small_catalog_locked() : small_catalog(),
                                r.header, r.text, r.length, &response);
        check(verdict == LOGIN_READY || pdu_opcode(response.header) == PDU_LOGIN_RESPONSE);
        check(verdict == LOGIN_READY || response.length <= LOGIN_DATA_MAX);
        free(r.text);
    }
    if (verdict == LOGIN_READY) {
        check(l.initiator[0] != '\0' && l.is_discovery == (l.target == NULL));
        check(is_proved || !is_locked);
        check_params(&l.negotiation.params);
        login_accept(&l, 1, 32, &response);
        response.length = 0;
        if (next_request(&in, &response, &r)) {
            full_feature(&l, r.text, r.length);
            free(r.text);
        }
    }
    login_done(&l);
    return 0;
}
