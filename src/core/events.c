/* events.c: the ring of events. */
#include "core/events.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

#include "core/crew.h"
#include "core/worker.h"

static const struct {
    const char *name;
    unsigned limit;
} types[EVENT_TYPE_COUNT] = {
#define X(name, text, limit) [EVENT_##name] = {text, limit},
    EVENT_TYPES(X)
#undef X
};

_Static_assert(EVENT_TYPE_COUNT < 32, "types are bits of 32");

/* How many of a type were posted in this second. */
struct quota {
    time_t second;
    unsigned count;
    uint64_t suppressed;
};

/* There is one daemon in a process. All under LOCK. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    uint64_t first, next; /* ids: of this run's first event, and of the next one; 0: unused */
    uint64_t revision;
    struct quota quotas[EVENT_TYPE_COUNT];
    void (*arrived)(void);
    bool mail_is_posted;
    struct message mail;
    struct event_record records[EVENTS_KEPT];
} ring;

/*
 * Ids of the next run must be above those of this one, also where nothing is kept between the
 * two: milliseconds pass faster than events.
 */
static void
begin(void)
{
    struct timespec now;

    if (ring.first != 0)
        return;
    clock_gettime(CLOCK_REALTIME, &now);
    ring.first = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    ring.next = ring.first;
}

static uint64_t
oldest(void)
{
    return ring.next - ring.first > EVENTS_KEPT ? ring.next - EVENTS_KEPT : ring.first;
}

/* Where TEXT, of which LENGTH bytes are taken, is to be cut: not within a character. */
static size_t
cut(const char *text, size_t length)
{
    size_t at = length;

    if (text[length] == '\0')
        return length;
    while (at > 0 && length - at < 4 && ((unsigned char)text[at] & 0xc0) == 0x80)
        at--;
    return length - at < 4 ? at : length;
}

/* Copies TEXT to R; returns where it is there. USED bytes of it are taken. */
static const char *
put_text(struct event_record *r, size_t *used, const char *text)
{
    size_t room = sizeof r->text - *used - 1;
    size_t length = strnlen(text, room < EVENT_TEXT_LENGTH ? room : EVENT_TEXT_LENGTH);
    char *place = r->text + *used;

    length = cut(text, length);
    memcpy(place, text, length);
    place[length] = '\0';
    *used += length + (*used + length + 1 < sizeof r->text);
    return place;
}

static void
fill(struct event_record *r, const struct event_member *m)
{
    size_t used = 0;

    r->member_count = 0;
    for (; m->key != NULL && r->member_count < EVENT_MEMBERS_MAX; m++) {
        if (m->kind == EVENT_KIND_TEXT && m->text == NULL)
            continue;
        r->members[r->member_count] = *m;
        if (m->kind == EVENT_KIND_TEXT)
            r->members[r->member_count].text = put_text(r, &used, m->text);
        r->member_count++;
    }
}

static bool
is_within_limit(enum event_type type, time_t second)
{
    struct quota *q = &ring.quotas[type];

    if (q->second != second) {
        q->second = second;
        q->count = 0;
    }
    if (types[type].limit == 0 || q->count < types[type].limit) {
        q->count++;
        return true;
    }
    q->suppressed++;
    return false;
}

static void
run_arrived(struct message *m, struct worker *w)
{
    void (*arrived)(void);

    (void)m, (void)w;
    pthread_mutex_lock(&lock);
    ring.mail_is_posted = false;
    arrived = ring.arrived;
    pthread_mutex_unlock(&lock);
    if (arrived != NULL)
        arrived();
}

/* Whether the mail to main is to be posted. */
static bool
takes_mail(void)
{
    if (ring.arrived == NULL || ring.mail_is_posted)
        return false;
    ring.mail.run = run_arrived;
    return ring.mail_is_posted = true;
}

void
event_post_at(struct timespec now, enum event_type type, const struct event_member *members)
{
    bool must_post = false;
    struct event_record *r;

    assert(type < EVENT_TYPE_COUNT);
    pthread_mutex_lock(&lock);
    begin();
    if (is_within_limit(type, now.tv_sec)) {
        r = &ring.records[ring.next % EVENTS_KEPT];
        r->id = ring.next++;
        r->time = now;
        r->type = type;
        r->revision = ring.revision;
        r->suppressed = ring.quotas[type].suppressed;
        ring.quotas[type].suppressed = 0;
        fill(r, members);
        must_post = takes_mail();
    }
    /* Under the lock: who has called events_watch(NULL) gets no more mail. */
    if (must_post)
        worker_post(crew_main(), &ring.mail);
    pthread_mutex_unlock(&lock);
}

void
event_post_members(enum event_type type, const struct event_member *members)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    event_post_at(now, type, members);
}

void
events_set_revision(uint64_t revision)
{
    pthread_mutex_lock(&lock);
    ring.revision = revision;
    pthread_mutex_unlock(&lock);
}

uint64_t
events_last(void)
{
    uint64_t last;

    pthread_mutex_lock(&lock);
    begin();
    last = ring.next - 1;
    pthread_mutex_unlock(&lock);
    return last;
}

uint64_t
events_resume(int64_t after, uint64_t *next)
{
    uint64_t seen, lost = 0;

    pthread_mutex_lock(&lock);
    begin();
    seen = after <= 0 ? ring.first - 1 : (uint64_t)after;
    if (after < 0) {
        *next = ring.next;
    } else if (seen + 1 < ring.first || seen >= ring.next) {
        *next = oldest();
        lost = *next - ring.first + 1;
    } else {
        *next = seen + 1 > oldest() ? seen + 1 : oldest();
        lost = *next - (seen + 1);
    }
    pthread_mutex_unlock(&lock);
    return lost;
}

bool
event_read(uint64_t id, struct event_record *ret)
{
    const struct event_record *r = &ring.records[id % EVENTS_KEPT];
    bool is_there;

    pthread_mutex_lock(&lock);
    is_there = ring.first != 0 && id >= oldest() && id < ring.next;
    if (is_there) {
        *ret = *r;
        for (unsigned i = 0; i < ret->member_count; i++)
            if (ret->members[i].kind == EVENT_KIND_TEXT)
                ret->members[i].text = ret->text + (r->members[i].text - r->text);
    }
    pthread_mutex_unlock(&lock);
    return is_there;
}

const char *
event_type_name(enum event_type type)
{
    return types[type].name;
}

uint32_t
event_types_matching(const char *pattern)
{
    size_t length = strlen(pattern);
    bool is_prefix = length > 0 && pattern[length - 1] == '*';
    uint32_t found = 0;

    for (unsigned i = 0; i < EVENT_TYPE_COUNT; i++)
        if (is_prefix ? strncmp(types[i].name, pattern, length - 1) == 0
                      : strcmp(types[i].name, pattern) == 0)
            found |= UINT32_C(1) << i;
    return found;
}

void
events_watch(void (*arrived)(void))
{
    pthread_mutex_lock(&lock);
    ring.arrived = arrived;
    pthread_mutex_unlock(&lock);
}
