/* range_guard.c: shared claims by worker, a queue of those that are alone or meet one. */
#include "scsi/range_guard.h"

#include <assert.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>

#include "core/crew.h"

/* What one worker must keep shared claims off. On that worker. */
struct held_range {
    LIST_ENTRY(held_range) link;
    struct range_claim *of;
    unsigned waiting;            /* for so many shared claims that were there before */
    struct broadcast_part *part; /* to be answered then; NULL where there is but one worker */
};

/* A claim that is alone, from when its turn has come until the last worker has let go. */
struct hold {
    struct range_claim *claim;
    struct broadcast broadcast;
    struct held_range ranges[]; /* by worker */
};

/* What a worker knows; nobody else looks at it. */
struct guard_part {
    LIST_HEAD(, range_claim) direct;
    LIST_HEAD(, held_range) held;
} __attribute__((aligned(64)));

struct range_guard {
    pthread_mutex_t lock;
    TAILQ_HEAD(, range_claim) queue; /* under lock, as are state and ahead of those in it */
    unsigned workers;
    struct guard_part parts[];
};

struct range_guard *
range_guard_new(void)
{
    unsigned workers = crew_size() > 0 ? crew_size() : 1;
    size_t size = sizeof(struct range_guard) + workers * sizeof(struct guard_part);
    struct range_guard *guard = aligned_alloc(_Alignof(struct range_guard), size);

    if (guard == NULL)
        return NULL;
    pthread_mutex_init(&guard->lock, NULL);
    TAILQ_INIT(&guard->queue);
    guard->workers = workers;
    for (unsigned i = 0; i < workers; i++) {
        LIST_INIT(&guard->parts[i].direct);
        LIST_INIT(&guard->parts[i].held);
    }
    return guard;
}

void
range_guard_free(struct range_guard *guard)
{
    if (guard == NULL)
        return;
    assert(TAILQ_EMPTY(&guard->queue));
    for (unsigned i = 0; i < guard->workers; i++)
        assert(LIST_EMPTY(&guard->parts[i].direct) && LIST_EMPTY(&guard->parts[i].held));
    pthread_mutex_destroy(&guard->lock);
    free(guard);
}

static struct guard_part *
part_of(struct range_guard *guard, const struct worker *w)
{
    assert(worker_id(w) < guard->workers);
    return &guard->parts[worker_id(w)];
}

static bool
overlap(const struct range_claim *a, const struct range_claim *b)
{
    return a->first < b->first + b->count && b->first < a->first + a->count;
}

static bool
conflict(const struct range_claim *a, const struct range_claim *b)
{
    return (a->alone || b->alone) && overlap(a, b);
}

/* The message of a claim runs on its worker: its turn has come, or all hold its blocks. */
static void
tell(struct range_claim *claim)
{
    worker_post(claim->worker, &claim->message);
}

/* The queue. */

static enum claim_state
enqueue(struct range_claim *claim)
{
    struct range_guard *guard = claim->guard;
    struct range_claim *other;
    enum claim_state state;

    claim->ahead = 0;
    pthread_mutex_lock(&guard->lock);
    TAILQ_FOREACH (other, &guard->queue, queue_link)
        claim->ahead += conflict(other, claim);
    state = claim->ahead > 0 ? CLAIM_WAITING : CLAIM_ALLOWED;
    claim->state = state;
    TAILQ_INSERT_TAIL(&guard->queue, claim, queue_link);
    pthread_mutex_unlock(&guard->lock);
    return state;
}

/* Under the lock. Whoever waited for CLAIM alone is told. */
static void
dequeue(struct range_claim *claim)
{
    struct range_claim *other = claim;

    while ((other = TAILQ_NEXT(other, queue_link)) != NULL) {
        if (conflict(other, claim) && --other->ahead == 0) {
            other->state = CLAIM_ALLOWED;
            tell(other);
        }
    }
    TAILQ_REMOVE(&claim->guard->queue, claim, queue_link);
    claim->state = CLAIM_NONE;
}

static void
leave_queue(struct range_claim *claim)
{
    struct range_guard *guard = claim->guard;

    pthread_mutex_lock(&guard->lock);
    dequeue(claim);
    pthread_mutex_unlock(&guard->lock);
}

/* What a worker holds. */

static void
hold_here(struct guard_part *part, struct held_range *range, struct range_claim *of)
{
    struct range_claim *claim;

    range->of = of;
    range->waiting = 0;
    LIST_FOREACH (claim, &part->direct, link)
        range->waiting += overlap(claim, of);
    LIST_INSERT_HEAD(&part->held, range, link);
}

/* Nobody on this worker has the blocks of RANGE any more. */
static void
let_go(struct held_range *range)
{
    if (range->part != NULL)
        broadcast_answer(range->part);
    else
        tell(range->of);
}

static void
leave_directly(struct range_claim *claim)
{
    struct guard_part *part = part_of(claim->guard, claim->worker);
    struct held_range *range;

    LIST_REMOVE(claim, link);
    claim->state = CLAIM_NONE;
    /* Those that were held before it came, it has not met. */
    LIST_FOREACH (range, &part->held, link) {
        if (overlap(claim, range->of) && --range->waiting == 0)
            let_go(range);
    }
}

static struct hold *
hold_of(struct broadcast *b)
{
    return (struct hold *)(void *)((char *)b - offsetof(struct hold, broadcast));
}

static void
hold_on_worker(struct broadcast_part *part, struct worker *w)
{
    struct hold *hold = hold_of(part->of);
    struct held_range *range = &hold->ranges[worker_id(w)];

    range->part = part;
    hold_here(part_of(hold->claim->guard, w), range, hold->claim);
    if (range->waiting == 0)
        broadcast_answer(part);
}

static void
release_on_worker(struct broadcast_part *part, struct worker *w)
{
    LIST_REMOVE(&hold_of(part->of)->ranges[worker_id(w)], link);
    broadcast_answer(part);
}

static void
grant(struct range_claim *claim)
{
    claim->state = claim->alone ? CLAIM_ALONE : CLAIM_QUEUED;
    claim->granted(claim);
}

static void
all_hold(struct broadcast *b)
{
    grant(hold_of(b)->claim);
}

static void
all_released(struct broadcast *b)
{
    struct hold *hold = hold_of(b);
    struct range_claim *claim = hold->claim;

    free(hold);
    claim->hold = NULL;
    claim->left(claim);
}

static void
everywhere(struct hold *hold, void (*work)(struct broadcast_part *part, struct worker *w),
           void (*done)(struct broadcast *b))
{
    hold->broadcast.work = work;
    hold->broadcast.done = done;
    broadcast_start(&hold->broadcast);
}

/* The turn of CLAIM, which is alone, has come. True: its blocks are free already. */
static bool
hold_start(struct range_claim *claim)
{
    struct hold *hold = claim->hold;

    if (claim->guard->workers > 1) {
        everywhere(hold, hold_on_worker, all_hold);
        return false;
    }
    hold_here(&claim->guard->parts[0], &hold->ranges[0], claim);
    return hold->ranges[0].waiting == 0;
}

static void
drained(struct message *m, struct worker *w)
{
    (void)w;
    grant((struct range_claim *)(void *)((char *)m - offsetof(struct range_claim, message)));
}

static void
turn_has_come(struct message *m, struct worker *w)
{
    struct range_claim *claim =
        (struct range_claim *)(void *)((char *)m - offsetof(struct range_claim, message));

    (void)w;
    claim->message.run = drained;
    if (!claim->alone || hold_start(claim))
        grant(claim);
}

static void
claim_init(struct range_claim *claim, struct range_guard *guard, uint64_t first, uint64_t count)
{
    claim->guard = guard;
    claim->worker = worker_current();
    claim->first = first;
    claim->count = count;
    claim->state = CLAIM_NONE;
    claim->hold = NULL;
    claim->message.run = turn_has_come;
}

static bool
is_held(const struct guard_part *part, const struct range_claim *claim)
{
    const struct held_range *range;

    LIST_FOREACH (range, &part->held, link)
        if (overlap(range->of, claim))
            return true;
    return false;
}

enum claim_answer
range_share(struct range_guard *guard, struct range_claim *claim, uint64_t first,
            uint64_t count, void (*granted)(struct range_claim *claim))
{
    struct guard_part *part;

    claim_init(claim, guard, first, count);
    claim->alone = false;
    claim->granted = granted;
    if (count == 0)
        return CLAIM_IS_GRANTED;
    part = part_of(guard, claim->worker);
    if (!is_held(part, claim)) {
        claim->state = CLAIM_DIRECT;
        LIST_INSERT_HEAD(&part->direct, claim, link);
        return CLAIM_IS_GRANTED;
    }
    if (enqueue(claim) == CLAIM_WAITING)
        return CLAIM_MUST_WAIT;
    claim->state = CLAIM_QUEUED; /* who held it has left; only we have not heard yet */
    return CLAIM_IS_GRANTED;
}

enum claim_answer
range_take(struct range_guard *guard, struct range_claim *claim, uint64_t first, uint64_t count,
           void (*granted)(struct range_claim *claim))
{
    claim_init(claim, guard, first, count);
    claim->alone = true;
    claim->granted = granted;
    if (count == 0)
        return CLAIM_IS_GRANTED;
    claim->hold =
        calloc(1, sizeof *claim->hold + guard->workers * sizeof claim->hold->ranges[0]);
    if (claim->hold == NULL)
        return CLAIM_NO_MEMORY;
    claim->hold->claim = claim;
    if (enqueue(claim) == CLAIM_WAITING)
        return CLAIM_MUST_WAIT;
    claim->message.run = drained;
    if (!hold_start(claim))
        return CLAIM_MUST_WAIT;
    claim->state = CLAIM_ALONE;
    return CLAIM_IS_GRANTED;
}

/* The others are let in before the workers have let go: what is held longer than needed only
 * sends shared claims to the queue, where they find nothing to wait for. */
static bool
leave_alone(struct range_claim *claim, void (*left)(struct range_claim *claim))
{
    bool is_gone = claim->guard->workers == 1;

    claim->left = left;
    if (is_gone)
        LIST_REMOVE(&claim->hold->ranges[0], link);
    else
        everywhere(claim->hold, release_on_worker, all_released);
    leave_queue(claim);
    if (is_gone) {
        free(claim->hold);
        claim->hold = NULL;
    }
    return is_gone;
}

bool
range_leave(struct range_claim *claim, void (*left)(struct range_claim *claim))
{
    switch (claim->state) {
    case CLAIM_NONE:
        return true;
    case CLAIM_DIRECT:
        leave_directly(claim);
        return true;
    case CLAIM_QUEUED:
        leave_queue(claim);
        return true;
    case CLAIM_ALONE:
        return leave_alone(claim, left);
    case CLAIM_WAITING:
    case CLAIM_ALLOWED:
        break;
    }
    assert(!"a claim that was not granted cannot leave");
    return true;
}

bool
range_withdraw(struct range_claim *claim)
{
    bool waits;

    if (claim->guard == NULL)
        return false;
    pthread_mutex_lock(&claim->guard->lock);
    waits = claim->state == CLAIM_WAITING;
    if (waits)
        dequeue(claim);
    pthread_mutex_unlock(&claim->guard->lock);
    if (waits) {
        free(claim->hold);
        claim->hold = NULL;
    }
    return waits;
}
