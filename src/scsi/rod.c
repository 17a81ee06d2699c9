/* rod.c: the table of ROD tokens of a unit. */
#include "scsi/rod.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "core/clock.h"

struct rod_token {
    TAILQ_ENTRY(rod_token) link; /* the oldest first */
    struct rod rod;
    bool is_revoked;
    unsigned users; /* copies that run: it does not expire under their hands */
    uint64_t timeout_us, expires_us;
};

/* The following under the lock. */

static void
drop(struct lun *lun, struct rod_token *token)
{
    TAILQ_REMOVE(&lun->tokens, token, link);
    lun->token_count--;
    free(token);
}

static bool
is_expired(const struct rod_token *token)
{
    return token->users == 0 && clock_us() >= token->expires_us;
}

/* Whether a write has to look for tokens. One that has expired is told as long as there is room
 * for it. */
static void
update(struct lun *lun)
{
    struct rod_token *token;
    bool has = false;

    TAILQ_FOREACH (token, &lun->tokens, link)
        has |= !token->is_revoked && !is_expired(token);
    atomic_store_explicit(&lun->has_tokens, has, memory_order_relaxed);
}

/* Takes the same time whatever SECRET begins with. */
static bool
is_secret(const struct rod_token *token, const uint8_t secret[ROD_SECRET_BYTES])
{
    unsigned difference = 0;

    for (size_t i = 0; i < ROD_SECRET_BYTES; i++)
        difference |= (unsigned)(token->rod.secret[i] ^ secret[i]);
    return difference == 0;
}

static struct rod_token *
find(struct lun *lun, const uint8_t secret[ROD_SECRET_BYTES])
{
    struct rod_token *token, *found = NULL;

    TAILQ_FOREACH (token, &lun->tokens, link)
        if (is_secret(token, secret))
            found = token;
    return found;
}

static enum rod_state
state_of(const struct rod_token *token)
{
    return token == NULL       ? ROD_UNKNOWN
           : token->is_revoked ? ROD_REVOKED
           : is_expired(token) ? ROD_EXPIRED
                               : ROD_VALID;
}

static bool
meets(const struct rod *rod, uint64_t lba, uint64_t count)
{
    for (size_t i = 0; i < rod->range_count; i++) {
        const struct rod_range *r = &rod->ranges[i];

        if (r->lba < lba + count && lba < r->lba + r->count)
            return true;
    }
    return false;
}

int
rod_create(struct lun *lun, struct rod *rod, unsigned timeout_seconds)
{
    struct rod_token *token = calloc(1, sizeof *token);

    if (token == NULL)
        return -ENOMEM;
    if (getrandom(rod->secret, sizeof rod->secret, 0) != sizeof rod->secret) {
        free(token);
        return -EIO;
    }
    token->timeout_us = timeout_seconds * UINT64_C(1000000);
    token->expires_us = clock_us() + token->timeout_us;
    lun_lock(lun);
    if (lun->token_count == ROD_TOKENS_MAX)
        drop(lun, TAILQ_FIRST(&lun->tokens));
    rod->number = ++lun->token_number;
    token->rod = *rod;
    TAILQ_INSERT_TAIL(&lun->tokens, token, link);
    lun->token_count++;
    update(lun);
    lun_unlock(lun);
    return 0;
}

enum rod_state
rod_use(struct lun *lun, const uint8_t secret[ROD_SECRET_BYTES], struct rod *rod)
{
    struct rod_token *token;
    enum rod_state state;

    lun_lock(lun);
    token = find(lun, secret);
    state = state_of(token);
    if (state == ROD_VALID) {
        token->users++;
        *rod = token->rod;
    }
    lun_unlock(lun);
    return state;
}

void
rod_used(struct lun *lun, const uint8_t secret[ROD_SECRET_BYTES])
{
    struct rod_token *token;

    lun_lock(lun);
    token = find(lun, secret);
    if (token != NULL) {
        token->users--;
        token->expires_us = clock_us() + token->timeout_us;
    }
    lun_unlock(lun);
}

bool
rod_is_valid(struct lun *lun, const uint8_t secret[ROD_SECRET_BYTES])
{
    struct rod_token *token;
    bool is_valid;

    lun_lock(lun);
    token = find(lun, secret);
    is_valid = token != NULL && !token->is_revoked;
    lun_unlock(lun);
    return is_valid;
}

void
rod_delete(struct lun *lun, const uint8_t secret[ROD_SECRET_BYTES])
{
    struct rod_token *token;

    lun_lock(lun);
    token = find(lun, secret);
    if (token != NULL)
        drop(lun, token);
    update(lun);
    lun_unlock(lun);
}

void
rod_revoke(struct lun *lun, uint64_t lba, uint64_t count)
{
    struct rod_token *token;

    lun_lock(lun);
    TAILQ_FOREACH (token, &lun->tokens, link)
        token->is_revoked |= meets(&token->rod, lba, count);
    update(lun);
    lun_unlock(lun);
}

void
rods_free(struct lun *lun)
{
    while (!TAILQ_EMPTY(&lun->tokens))
        drop(lun, TAILQ_FIRST(&lun->tokens));
}
