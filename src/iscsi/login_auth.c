/* login_auth.c: who is it? AuthMethod and CHAP, step by step. */
#include "iscsi/login_auth.h"

#include <stddef.h>
#include <stdint.h>

#include "catalog/credentials.h"
#include "iscsi/login.h"
#include "iscsi/text.h"

/* Each key has its one step; anywhere else it is a protocol error. */
static const struct auth_key {
    const char *name;
    enum auth_step step;
    bool must_come;
} auth_keys[] = {
    {"AuthMethod", AUTH_METHOD, false}, {"CHAP_A", AUTH_ALGORITHM, true},
    {"CHAP_N", AUTH_RESPONSE, true},    {"CHAP_R", AUTH_RESPONSE, true},
    {"CHAP_I", AUTH_RESPONSE, false},   {"CHAP_C", AUTH_RESPONSE, false},
};

void
login_auth_done(struct login_auth *auth)
{
    chap_credentials_unref(auth->credentials);
    auth->credentials = NULL;
}

static enum login_status
fail(struct login *l, enum login_status status, const char *problem)
{
    l->problem = problem;
    return status;
}

static enum login_status
check_turn(struct login *l, const struct text_list *list)
{
    for (size_t i = 0; i < sizeof auth_keys / sizeof auth_keys[0]; i++) {
        const struct auth_key *key = &auth_keys[i];
        bool is_there = text_value(list, key->name) != NULL;
        if (is_there && key->step != l->auth.step)
            return fail(l, LOGIN_INITIATOR_ERROR, "a key of authentication out of its turn");
        if (!is_there && key->must_come && key->step == l->auth.step)
            return fail(l, LOGIN_INITIATOR_ERROR, "a key of CHAP is missing");
    }
    return LOGIN_SUCCESS;
}

/* The initiator proposes methods; the target's configuration decides which one it must be. */
static enum login_status
choose_method(struct login *l, struct chap_credentials *wanted, const struct text_list *list)
{
    const char *methods = text_value(list, "AuthMethod");
    const char *method = wanted != NULL ? "CHAP" : "None";

    if (methods == NULL && wanted != NULL && l->request.transit)
        return fail(l, LOGIN_AUTHENTICATION_FAILED, "CHAP is demanded, and nothing offered");
    if (methods == NULL)
        return LOGIN_SUCCESS;
    if (!text_list_has(methods, method))
        return fail(l, LOGIN_AUTHENTICATION_FAILED,
                    wanted != NULL ? "CHAP is demanded, and not offered"
                                   : "no method that this target supports");
    l->auth.step = wanted != NULL ? AUTH_ALGORITHM : AUTH_DONE;
    l->auth.credentials = wanted != NULL ? chap_credentials_ref(wanted) : NULL;
    text_put(&l->output, "AuthMethod", method);
    return LOGIN_SUCCESS;
}

static enum login_status
choose_algorithm(struct login *l, struct chap_credentials *wanted, const struct text_list *list)
{
    struct chap_challenge *c = &l->auth.challenge;
    uint8_t algorithm =
        chap_choose(text_value(list, "CHAP_A"), l->auth.credentials->algorithms);

    (void)wanted;
    if (algorithm == 0)
        return fail(l, LOGIN_AUTHENTICATION_FAILED, "no CHAP algorithm that is allowed");
    if (chap_challenge_make(algorithm, c) < 0)
        return fail(l, LOGIN_TARGET_ERROR, "no random numbers for a challenge");
    l->auth.step = AUTH_RESPONSE;
    text_put_number(&l->output, "CHAP_A", algorithm);
    text_put_number(&l->output, "CHAP_I", c->identifier);
    text_put_binary(&l->output, "CHAP_C", c->bytes, c->length);
    return LOGIN_SUCCESS;
}

static bool
read_challenge(const char *identifier, const char *bytes, struct chap_challenge *ret)
{
    uint64_t number;
    size_t length;

    if (text_number(identifier, &number) < 0 || number > UINT8_MAX ||
        text_binary(bytes, ret->bytes, sizeof ret->bytes, &length) < 0)
        return false;
    ret->identifier = (uint8_t)number;
    ret->length = (uint16_t)length;
    return true;
}

/* The initiator wants to know who we are. Somebody who sends our own challenge back would have
 * us compute the answer for him. */
static enum login_status
answer_challenge(struct login *l, const struct text_list *list)
{
    const char *identifier = text_value(list, "CHAP_I"), *bytes = text_value(list, "CHAP_C");
    const struct chap_credentials *ours = l->auth.credentials;
    struct chap_challenge theirs = {.algorithm = l->auth.challenge.algorithm};
    struct chap_response response;

    if (identifier == NULL && bytes == NULL)
        return LOGIN_SUCCESS;
    if (identifier == NULL || bytes == NULL || !read_challenge(identifier, bytes, &theirs))
        return fail(l, LOGIN_INITIATOR_ERROR, "not a challenge");
    if (ours->mutual_user == NULL)
        return fail(l, LOGIN_AUTHENTICATION_FAILED, "mutual CHAP is not configured");
    if (chap_challenge_equal(&l->auth.challenge, &theirs))
        return fail(l, LOGIN_AUTHENTICATION_FAILED, "our challenge came back");
    if (chap_respond(&theirs, ours->mutual_secret, &response) < 0)
        return fail(l, LOGIN_TARGET_ERROR, "no digest for a response");
    text_put(&l->output, "CHAP_N", ours->mutual_user);
    text_put_binary(&l->output, "CHAP_R", response.bytes, response.length);
    l->auth.is_mutual = true;
    return LOGIN_SUCCESS;
}

static enum login_status
check_response(struct login *l, struct chap_credentials *wanted, const struct text_list *list)
{
    uint8_t response[CHAP_CHALLENGE_MAX];
    enum login_status status;
    size_t n;

    (void)wanted;
    if (text_binary(text_value(list, "CHAP_R"), response, sizeof response, &n) < 0)
        return fail(l, LOGIN_INITIATOR_ERROR, "not a response");
    if (!chap_verify(&l->auth.challenge, l->auth.credentials, text_value(list, "CHAP_N"),
                     response, n))
        return fail(l, LOGIN_AUTHENTICATION_FAILED, "wrong user or secret");
    status = answer_challenge(l, list);
    if (status == LOGIN_SUCCESS)
        l->auth.step = AUTH_DONE;
    return status;
}

unsigned
login_auth_answer(struct login *l, struct chap_credentials *wanted,
                  const struct text_list *list)
{
    static enum login_status (*const steps[AUTH_STEPS])(
        struct login *, struct chap_credentials *, const struct text_list *) = {
        [AUTH_METHOD] = choose_method,
        [AUTH_ALGORITHM] = choose_algorithm,
        [AUTH_RESPONSE] = check_response,
    };
    enum login_status status;

    if (l->auth.step != AUTH_METHOD && wanted != NULL &&
        !chap_credentials_equal(l->auth.credentials, wanted))
        return fail(l, LOGIN_AUTHENTICATION_FAILED, "what is to be proved has changed");
    if (l->stage != STAGE_SECURITY) {
        if (login_auth_suffices(&l->auth, wanted))
            return LOGIN_SUCCESS;
        return fail(l, LOGIN_AUTHENTICATION_FAILED, "CHAP is demanded, and was passed over");
    }
    status = check_turn(l, list);
    if (status != LOGIN_SUCCESS || steps[l->auth.step] == NULL)
        return status;
    return steps[l->auth.step](l, wanted, list);
}

bool
login_auth_is_settled(const struct login_auth *auth)
{
    return auth->step == AUTH_METHOD || auth->step == AUTH_DONE;
}

bool
login_auth_suffices(const struct login_auth *auth, const struct chap_credentials *wanted)
{
    return wanted == NULL ||
           (auth->step == AUTH_DONE && chap_credentials_equal(auth->credentials, wanted));
}

const char *
login_auth_name(const struct login_auth *auth)
{
    if (auth->step != AUTH_DONE || auth->credentials == NULL)
        return "none";
    return auth->is_mutual ? "mutual_chap" : "chap";
}
