/* registry.c: the list of all sessions, behind one mutex. */
#include "iscsi/registry.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/events.h"
#include "core/parse.h"
#include "iscsi/registry_private.h"

/* They have 16 bits, and 0 means "a new session" on the wire. */
#define TSIH_MAX 65535

/* There is one for all workers: a session must find its predecessor wherever that runs. Newest
 * first. */
static struct {
    pthread_mutex_t lock;
    LIST_HEAD(, registry_entry) entries;
    unsigned count;
    bool is_taken[TSIH_MAX + 1]; /* by TSIH */
    uint64_t last_session_id, last_connection_id;
    uint16_t last_tsih;
} registry = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void
lock(void)
{
    pthread_mutex_lock(&registry.lock);
}

static void
unlock(void)
{
    pthread_mutex_unlock(&registry.lock);
}

/* With the lock; frees it with the last reference. */
static void
unref(struct registry_entry *entry)
{
    assert(entry->refs > 0);
    if (--entry->refs == 0)
        free(entry);
}

static bool
same_key(const struct registry_key *a, const struct registry_key *b)
{
    /* Names are compared in their normal form, which is lower case; who sends capitals means
     * the same. */
    return a->isid == b->isid && a->portal_group == b->portal_group &&
           strcasecmp(a->initiator, b->initiator) == 0 && strcasecmp(a->target, b->target) == 0;
}

static void
close_arrived(struct message *m, struct worker *w)
{
    struct registry_entry *entry =
        (struct registry_entry *)((char *)m - offsetof(struct registry_entry, close_message));
    struct registry_close_how how;
    void *session;

    assert(worker_is_current(entry->owner));
    (void)w;
    lock();
    how = entry->how;
    session = entry->session;
    entry->close_posted = false;
    unlock();

    /* Only this worker sets `session` to NULL, so it is still there. */
    if (session != NULL)
        entry->ops->close(session, &how);

    lock();
    unref(entry);
    unlock();
}

static void
granted_arrived(struct message *m, struct worker *w)
{
    struct registry_entry *entry =
        (struct registry_entry *)((char *)m - offsetof(struct registry_entry, granted_message));

    assert(worker_is_current(entry->owner));
    (void)w;
    if (entry->session != NULL)
        entry->ops->granted(entry->session);

    lock();
    unref(entry);
    unlock();
}

/* With the lock. Asking twice is asking once, for the more urgent of the two. */
static void
post_close(struct registry_entry *entry, const struct registry_close_how *how)
{
    if (entry->close_posted) {
        entry->how.logout = entry->how.logout && how->logout;
        entry->how.replaced = entry->how.replaced || how->replaced;
        return;
    }
    entry->how = *how;
    entry->close_posted = true;
    entry->refs++;
    worker_post(entry->owner, &entry->close_message);
}

/* With the lock. */
static void
post_granted(struct registry_entry *entry)
{
    assert(!entry->granted_posted);
    entry->granted_posted = true;
    entry->refs++;
    worker_post(entry->owner, &entry->granted_message);
}

/* With the lock. */
static struct registry_entry *
find(const struct registry_key *key, uint16_t tsih)
{
    struct registry_entry *entry;

    LIST_FOREACH (entry, &registry.entries, link)
        if (entry->tsih == tsih && same_key(&entry->key, key))
            break;
    return entry;
}

/* With the lock. That of the session that goes on; 0 where it has gone. */
static uint16_t
inherit_tsih(const struct registry_key *key)
{
    struct registry_entry *old = find(key, key->tsih);

    if (old == NULL)
        return 0;
    old->passes_tsih_on = true;
    return old->tsih;
}

/* With the lock. 0 where all are taken. No loop over sessions: others wait for the lock. */
static uint16_t
take_tsih(void)
{
    if (registry.count == TSIH_MAX)
        return 0;
    do {
        if (++registry.last_tsih == 0)
            registry.last_tsih = 1;
    } while (registry.is_taken[registry.last_tsih]);
    registry.is_taken[registry.last_tsih] = true;
    registry.count++;
    return registry.last_tsih;
}

/* With the lock. */
static void
give_tsih(uint16_t tsih)
{
    registry.is_taken[tsih] = false;
    registry.count--;
}

/* With the lock. */
static void
close_predecessors(struct registry_entry *entry)
{
    static const struct registry_close_how how = {.replaced = true};
    struct registry_entry *other;

    if (entry->key.target[0] == '\0')
        return;
    LIST_FOREACH (other, &registry.entries, link) {
        if (!same_key(&other->key, &entry->key))
            continue;
        post_close(other, &how);
        entry->blockers++;
    }
}

/* Of its owner, on whose worker nobody else changes what this reads. */
static void
tell_of(enum event_type type, const struct registry_entry *entry)
{
    struct session_info info = {0};

    entry->ops->describe(entry->session, &info);
    snprintf(info.id, sizeof info.id, "s-%llu", (unsigned long long)entry->session_id);
    event_post(type, EVENT_TEXT("session", info.id), EVENT_TEXT("target", entry->key.target),
               EVENT_TEXT("initiator", entry->key.initiator),
               EVENT_TEXT("remote", info.remote));
}

struct registry_entry *
registry_enter(const struct registry_key *key, const struct registry_ops *ops, void *session,
               bool *waits)
{
    struct registry_entry *entry = calloc(1, sizeof *entry);

    if (entry == NULL)
        return NULL;
    entry->key = *key;
    entry->ops = ops;
    entry->owner = worker_current();
    entry->session = session;
    entry->refs = 1;
    entry->close_message.run = close_arrived;
    entry->granted_message.run = granted_arrived;

    lock();
    entry->tsih = key->tsih != 0 ? inherit_tsih(key) : take_tsih();
    if (entry->tsih == 0) {
        unlock();
        free(entry);
        return NULL;
    }
    entry->session_id = ++registry.last_session_id;
    entry->connection_id = ++registry.last_connection_id;
    close_predecessors(entry);
    LIST_INSERT_HEAD(&registry.entries, entry, link);
    *waits = entry->blockers > 0;
    unlock();
    if (key->target[0] != '\0')
        tell_of(EVENT_SESSION_OPENED, entry);
    return entry;
}

/* With the lock. Those that came later were waiting for ENTRY. */
static void
grant_successors(const struct registry_entry *entry)
{
    struct registry_entry *other;

    if (entry->key.target[0] == '\0')
        return;
    LIST_FOREACH (other, &registry.entries, link) {
        if (other->session_id > entry->session_id && same_key(&other->key, &entry->key) &&
            --other->blockers == 0)
            post_granted(other);
    }
}

void
registry_leave(struct registry_entry *entry)
{
    if (entry == NULL)
        return;
    assert(worker_is_current(entry->owner));
    if (entry->key.target[0] != '\0')
        tell_of(EVENT_SESSION_CLOSED, entry);
    lock();
    entry->session = NULL;
    LIST_REMOVE(entry, link);
    if (!entry->passes_tsih_on)
        give_tsih(entry->tsih);
    grant_successors(entry);
    unref(entry);
    unlock();
}

bool
registry_look(const struct registry_key *key, uint16_t tsih,
              void (*look)(const void *session, void *arg), void *arg)
{
    struct registry_entry *entry;

    lock();
    entry = find(key, tsih);
    if (entry != NULL && look != NULL)
        look(entry->session, arg);
    unlock();
    return entry != NULL;
}

void
registry_visit(void (*visit)(const struct session_info *info, void *arg), void *arg)
{
    struct registry_entry *entry;

    lock();
    LIST_FOREACH (entry, &registry.entries, link) {
        struct session_info info = {0};

        snprintf(info.id, sizeof info.id, "s-%llu", (unsigned long long)entry->session_id);
        snprintf(info.connection_id, sizeof info.connection_id, "c-%llu",
                 (unsigned long long)entry->connection_id);
        info.tsih = entry->tsih;
        entry->ops->describe(entry->session, &info);
        visit(&info, arg);
    }
    unlock();
}

unsigned
registry_count(const char *target)
{
    struct registry_entry *entry;
    unsigned n = 0;

    lock();
    LIST_FOREACH (entry, &registry.entries, link)
        if (target == NULL || strcasecmp(entry->key.target, target) == 0)
            n++;
    unlock();
    return n;
}

int
registry_close(const char *id, bool logout, uint32_t timeout_ms)
{
    const struct registry_close_how how = {.logout = logout, .timeout_ms = timeout_ms};
    struct registry_entry *entry = NULL;
    uint64_t number;

    if (strncmp(id, "s-", 2) != 0 || parse_u64(id + 2, 1, UINT64_MAX, &number) < 0)
        return -1;
    lock();
    LIST_FOREACH (entry, &registry.entries, link)
        if (entry->session_id == number)
            break;
    if (entry != NULL)
        post_close(entry, &how);
    unlock();
    return entry != NULL ? 0 : -1;
}
