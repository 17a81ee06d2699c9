/* credentials.c: users and secrets. */
#include "catalog/credentials.h"

#include <stdlib.h>
#include <string.h>

/* Secrets do not stay in memory that others get. */
static void
free_text(char *text)
{
    if (text != NULL)
        explicit_bzero(text, strlen(text));
    free(text);
}

struct chap_credentials *
chap_credentials_new(const char *user, const char *secret, const char *mutual_user,
                     const char *mutual_secret, uint8_t algorithms)
{
    struct chap_credentials *c = calloc(1, sizeof *c);

    if (c == NULL)
        return NULL;
    atomic_init(&c->refs, 1);
    c->algorithms = algorithms;
    c->user = strdup(user);
    c->secret = strdup(secret);
    if (mutual_user != NULL && mutual_secret != NULL) {
        c->mutual_user = strdup(mutual_user);
        c->mutual_secret = strdup(mutual_secret);
    }
    if (c->user != NULL && c->secret != NULL &&
        (mutual_user == NULL || mutual_secret == NULL ||
         (c->mutual_user != NULL && c->mutual_secret != NULL)))
        return c;
    chap_credentials_unref(c);
    return NULL;
}

struct chap_credentials *
chap_credentials_ref(struct chap_credentials *credentials)
{
    atomic_fetch_add_explicit(&credentials->refs, 1, memory_order_relaxed);
    return credentials;
}

void
chap_credentials_unref(struct chap_credentials *credentials)
{
    if (credentials == NULL ||
        atomic_fetch_sub_explicit(&credentials->refs, 1, memory_order_acq_rel) != 1)
        return;
    free_text(credentials->user);
    free_text(credentials->secret);
    free_text(credentials->mutual_user);
    free_text(credentials->mutual_secret);
    free(credentials);
}

static bool
same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool
chap_credentials_equal(const struct chap_credentials *a, const struct chap_credentials *b)
{
    if (a == b || a == NULL || b == NULL)
        return a == b;
    return a->algorithms == b->algorithms && same_text(a->user, b->user) &&
           same_text(a->secret, b->secret) && same_text(a->mutual_user, b->mutual_user) &&
           same_text(a->mutual_secret, b->mutual_secret);
}
