/* dialogue.h: a login in tests, request by request. */
#ifndef TESTS_UNIT_ISCSI_DIALOGUE_H
#define TESTS_UNIT_ISCSI_DIALOGUE_H

#include "iscsi/login.h"

struct catalog;

#define NAME "iqn.2026-01.example:"
#define I_AM "InitiatorName=" NAME "one;"

enum { T = 0x80, C = 0x40 };
#define STAGES(current, next) ((current) << 2 | (next))

/* A login on portal group 1 and the request that comes next; tests change its fields. */
struct dialogue {
    struct login login;
    struct pdu_login_request request;
    struct login_response response;
    struct pdu_login_response answer;
    enum login_verdict verdict;
};

/* NAME "one" has session 7. */
struct dialogue *dialogue_new(void);
void dialogue_free(struct dialogue *d);

/* Sends TEXT, as list_bytes() takes it, with the bits and stages of byte 1. */
enum login_verdict say(struct dialogue *d, const struct catalog *catalog, int byte1,
                       const char *text);

/* Reads the header of the response; say() has done so. */
void take_answer(struct dialogue *d);

/* The text of the last response, as list_text() gives it. */
const char *answered(const struct dialogue *d);

#endif
