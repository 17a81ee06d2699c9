/* document_auth.c: the users and secrets in a document. */
#include <stdio.h>
#include <string.h>

#include "catalog/credentials.h"
#include "catalog/document.h"

/* Each secret with the name of whom it belongs to. */
static const struct pair {
    const char *user, *secret;
} pairs[] = {
    {"user", "secret"},
    {"mutual_user", "mutual_secret"},
};
#define PAIRS (sizeof pairs / sizeof pairs[0])

/* A secret is not read back, so whoever sends back what was read has none: it stays the one
 * that this user has. */
static int
keep_in(json_t *holder, const json_t *old_holder)
{
    json_t *auth = json_object_get(holder, "auth"), *kept;
    const json_t *old = json_object_get(old_holder, "auth");

    if (json_is_null(auth))
        return json_object_del(holder, "auth"); /* none is none, however it is said */
    for (size_t i = 0; json_is_object(auth) && i < PAIRS; i++) {
        const json_t *user = json_object_get(auth, pairs[i].user);
        kept = json_object_get(old, pairs[i].secret);
        if (kept != NULL && json_object_get(auth, pairs[i].secret) == NULL && user != NULL &&
            json_equal(user, json_object_get(old, pairs[i].user)) &&
            json_object_set(auth, pairs[i].secret, kept) < 0)
            return -1;
    }
    return 0;
}

int
document_keep_secrets(json_t *document, const json_t *old)
{
    json_t *discovery = json_object_get(document, "discovery"), *target, *entry;
    const json_t *old_targets = json_object_get(old, "targets");
    const char *name, *initiator;

    json_object_foreach (json_object_get(document, "targets"), name, target) {
        const json_t *old_target = json_object_get(old_targets, name);
        const json_t *old_acls = json_object_get(old_target, "acls");
        json_object_foreach (json_object_get(target, "acls"), initiator, entry)
            if (keep_in(entry, json_object_get(old_acls, initiator)) < 0)
                return -1;
    }
    if (keep_in(discovery, json_object_get(old, "discovery")) < 0)
        return -1;
    if (json_is_object(discovery) && json_object_size(discovery) == 0)
        return json_object_del(document, "discovery");
    return 0;
}

static bool
is_too_long(const char *text)
{
    return text != NULL && strlen(text) > CHAP_SECRET_MAX; /* and CHAP_USER_MAX */
}

const char *
document_auth_problem(const json_t *auth, const char **member)
{
    const char *secrets[PAIRS];

    for (size_t i = 0; i < PAIRS; i++) {
        const char *user = json_string_value(json_object_get(auth, pairs[i].user));
        secrets[i] = json_string_value(json_object_get(auth, pairs[i].secret));
        *member = pairs[i].secret;
        if (user != NULL && json_object_get(auth, pairs[i].secret) == NULL)
            return "is missing, and none is stored for this user";
        if (is_too_long(secrets[i]))
            return "has more than 255 bytes";
        *member = pairs[i].user;
        if (is_too_long(user))
            return "has more than 255 bytes";
        if (i > 0 && secrets[i] != NULL && json_object_get(auth, pairs[i].user) == NULL)
            return "is missing: a mutual_secret belongs to a mutual_user";
    }
    *member = "mutual_secret";
    if (secrets[0] != NULL && secrets[1] != NULL && strcmp(secrets[0], secrets[1]) == 0)
        return "is the same as secret: each side needs a secret of its own, or an answer of "
               "one "
               "would serve as the other's";
    return NULL;
}

static const struct {
    const char *name;
    uint8_t allow;
} chap_algorithms[] = {
    {"md5", CHAP_ALLOW_MD5},
    {"sha1", CHAP_ALLOW_SHA1},
    {"sha256", CHAP_ALLOW_SHA256},
    {"sha3-256", CHAP_ALLOW_SHA3_256},
};

static uint8_t
algorithms_of(const json_t *names)
{
    uint8_t bits = 0;
    size_t i;
    json_t *name;

    json_array_foreach (names, i, name)
        for (size_t j = 0; j < sizeof chap_algorithms / sizeof chap_algorithms[0]; j++)
            if (strcmp(json_string_value(name), chap_algorithms[j].name) == 0)
                bits |= chap_algorithms[j].allow;
    return bits;
}

int
document_credentials(const json_t *holder, struct chap_credentials **ret)
{
    const json_t *auth = json_object_get(holder, "auth");

    if (!json_is_object(auth))
        return 0;
    *ret = chap_credentials_new(json_string_value(json_object_get(auth, "user")),
                                json_string_value(json_object_get(auth, "secret")),
                                json_string_value(json_object_get(auth, "mutual_user")),
                                json_string_value(json_object_get(auth, "mutual_secret")),
                                algorithms_of(json_object_get(auth, "algorithms")));
    return *ret == NULL ? -1 : 0;
}
