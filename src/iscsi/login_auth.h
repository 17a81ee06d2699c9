/*
 * login_auth.h: the security negotiation of a login (RFC 7143 section 12.1): AuthMethod, then
 * the steps of CHAP in their order.
 *
 *     AuthMethod=CHAP,None             →
 *                                      ← AuthMethod=CHAP
 *     CHAP_A=7,5                       →
 *                                      ← CHAP_A=7 CHAP_I=… CHAP_C=…
 *     CHAP_N=… CHAP_R=…                →
 *       for mutual: CHAP_I=… CHAP_C=…  ←   for mutual: CHAP_N=… CHAP_R=…
 */
#ifndef ISCSI_LOGIN_AUTH_H
#define ISCSI_LOGIN_AUTH_H

#include <stdbool.h>

#include "iscsi/chap.h"

struct chap_credentials;
struct login;
struct text_list;

/* What is waited for. */
enum auth_step { AUTH_METHOD, AUTH_ALGORITHM, AUTH_RESPONSE, AUTH_DONE, AUTH_STEPS };

struct login_auth {
    enum auth_step step;
    struct chap_credentials *credentials; /* counted; what is to be proved, or at AUTH_DONE is
                                             proved; NULL: nothing */
    bool is_mutual;                       /* we have proved ourselves, too */
    struct chap_challenge challenge;      /* ours */
};

void login_auth_done(struct login_auth *auth);

/*
 * The keys of LIST that belong to authentication, into l->output. WANTED is what the initiator
 * must prove by the configuration of this moment; NULL: nothing. Returns an enum login_status,
 * with l->problem set where it is not LOGIN_SUCCESS.
 */
unsigned login_auth_answer(struct login *l, struct chap_credentials *wanted,
                           const struct text_list *list);

/* Whether the security stage may be left: nothing has been begun that has not ended. */
bool login_auth_is_settled(const struct login_auth *auth);

/* Whether what was proved is what is WANTED. */
bool login_auth_suffices(const struct login_auth *auth, const struct chap_credentials *wanted);

/* "none", "chap" or "mutual_chap"; static. */
const char *login_auth_name(const struct login_auth *auth);

#endif
