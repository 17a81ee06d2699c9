/* reservations.c: reservations of a logical unit at work (SPC-4 section 5.13; RESERVE and
 * RELEASE: SPC-2 section 5.5). */
#include "scsi/reservations.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "core/events.h"
#include "scsi/cmd.h"
#include "scsi/lun.h"

static const struct {
    enum pr_effect effect;
    enum unit_attention attention;
} attentions[] = {
    {PR_TELL_RESERVATIONS_RELEASED, ATTENTION_RESERVATIONS_RELEASED},
    {PR_TELL_RESERVATIONS_PREEMPTED, ATTENTION_RESERVATIONS_PREEMPTED},
    {PR_TELL_REGISTRATIONS_PREEMPTED, ATTENTION_REGISTRATIONS_PREEMPTED},
};

void
reservations_name(const struct it_nexus *it, struct pr_nexus *ret)
{
    snprintf(ret->initiator_port, sizeof ret->initiator_port, "%s", it->initiator_port);
    snprintf(ret->target_port, sizeof ret->target_port, "%s", it->target_port);
    ret->target_port_id = it->target_port_group;
}

struct reservations *
reservations_new(void)
{
    struct reservations *r = calloc(1, sizeof *r);

    if (r == NULL)
        return NULL;
    atomic_init(&r->refs, 1);
    pthread_mutex_init(&r->lock, NULL);
    pr_state_init(&r->pr);
    STAILQ_INIT(&r->changes);
    LIST_INIT(&r->luns);
    return r;
}

struct reservations *
reservations_ref(struct reservations *r)
{
    atomic_fetch_add_explicit(&r->refs, 1, memory_order_relaxed);
    return r;
}

void
reservations_unref(struct reservations *r)
{
    if (r == NULL || atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) > 1)
        return;
    assert(STAILQ_EMPTY(&r->changes) && LIST_EMPTY(&r->luns));
    pr_state_done(&r->pr);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

void
reservations_detach(struct lun *lun)
{
    struct reservations *r = lun->reservations;

    if (r == NULL)
        return;
    pthread_mutex_lock(&r->lock);
    LIST_REMOVE(lun, reservations_link);
    pthread_mutex_unlock(&r->lock);
    lun->reservations = NULL;
    reservations_unref(r);
}

void
reservations_attach(struct lun *lun, struct reservations *r)
{
    assert(LIST_EMPTY(&lun->nexuses));
    reservations_detach(lun);
    lun->reservations = reservations_ref(r);
    pthread_mutex_lock(&r->lock);
    LIST_INSERT_HEAD(&r->luns, lun, reservations_link);
    pthread_mutex_unlock(&r->lock);
}

void
reservations_judge(struct nexus *nexus)
{
    const struct reservations *r = nexus->lun->reservations;
    unsigned bits = 0, denials;
    struct pr_nexus name;

    if (r->reserved_for != NULL && r->reserved_for != nexus)
        bits |= VERDICT_RESERVED;
    if (r->pr.type != PR_NONE) {
        reservations_name(nexus->it, &name);
        denials = pr_denials(&r->pr, &name);
        if (denials & PR_NO_READ)
            bits |= VERDICT_NO_READ;
        if (denials & PR_NO_WRITE)
            bits |= VERDICT_NO_WRITE;
    }
    nexus_set_access(nexus, VERDICT_OF_RESERVATIONS, bits);
}

/* Under R's lock. */
static void
judge_all(struct reservations *r)
{
    struct nexus *nexus;
    struct lun *lun;

    LIST_FOREACH (lun, &r->luns, reservations_link) {
        pthread_mutex_lock(&lun->lock);
        LIST_FOREACH (nexus, &lun->nexuses, link)
            reservations_judge(nexus);
        pthread_mutex_unlock(&lun->lock);
    }
}

void
reservations_leave(struct nexus *nexus)
{
    struct reservations *r = nexus->lun->reservations;

    if (r->reserved_for != nexus)
        return;
    r->reserved_for = NULL;
    judge_all(r);
}

/* NEXUS, or an operator (NULL), has changed who may do what. */
static void
tell_of(const struct lun *lun, const struct nexus *nexus, size_t registrations)
{
    event_post(EVENT_RESERVATION_CHANGED, EVENT_TEXT("backstore", lun->store->name),
               EVENT_TEXT("initiator", nexus != NULL ? nexus->it->initiator_name : NULL),
               EVENT_INTEGER("registrations", (int64_t)registrations));
}

enum scsi_status
reservations_reserve(struct nexus *nexus)
{
    struct reservations *r = nexus->lun->reservations;
    enum scsi_status status = SCSI_GOOD;
    bool is_new = false;

    pthread_mutex_lock(&r->lock);
    if (!STAILQ_EMPTY(&r->changes)) {
        status = SCSI_BUSY; /* it may turn out either way */
    } else if (r->pr.count > 0 || (r->reserved_for != NULL && r->reserved_for != nexus)) {
        status = SCSI_RESERVATION_CONFLICT;
    } else {
        is_new = r->reserved_for == NULL;
        r->reserved_for = nexus;
        judge_all(r);
    }
    pthread_mutex_unlock(&r->lock);
    if (is_new)
        tell_of(nexus->lun, nexus, 0);
    return status;
}

/* Of another's reservation it is GOOD, and releases nothing. */
enum scsi_status
reservations_release(struct nexus *nexus)
{
    struct reservations *r = nexus->lun->reservations;
    enum scsi_status status = SCSI_GOOD;
    bool was_reserved = false;

    pthread_mutex_lock(&r->lock);
    if (r->pr.count > 0) {
        status = SCSI_RESERVATION_CONFLICT;
    } else {
        was_reserved = r->reserved_for == nexus;
        reservations_leave(nexus);
    }
    pthread_mutex_unlock(&r->lock);
    if (was_reserved)
        tell_of(nexus->lun, nexus, 0);
    return status;
}

void
reservations_reset(struct lun *lun)
{
    struct reservations *r = lun->reservations;

    pthread_mutex_lock(&r->lock);
    if (r->reserved_for != NULL) {
        r->reserved_for = NULL;
        judge_all(r);
    }
    pthread_mutex_unlock(&r->lock);
}

void
reservations_restore(struct reservations *r, struct pr_state *state)
{
    pthread_mutex_lock(&r->lock);
    pr_state_move(&r->pr, state);
    judge_all(r);
    pthread_mutex_unlock(&r->lock);
}

void
reservations_visit(struct reservations *r,
                   void (*visit)(const struct pr_state *pr, const struct it_nexus *reserved_for,
                                 void *arg),
                   void *arg)
{
    pthread_mutex_lock(&r->lock);
    visit(&r->pr, r->reserved_for != NULL ? r->reserved_for->it : NULL, arg);
    pthread_mutex_unlock(&r->lock);
}

void
reservations_visit_node(struct lun *lun, const char *node,
                        void (*visit)(const struct it_nexus *it, void *arg), void *arg)
{
    const struct nexus *nexus;

    pthread_mutex_lock(&lun->lock);
    LIST_FOREACH (nexus, &lun->nexuses, link)
        if (strcasecmp(nexus->it->initiator_name, node) == 0)
            visit(nexus->it, arg);
    pthread_mutex_unlock(&lun->lock);
}

/* A change, step by step. Each runs on its home, and while it is the first. */

static void judge_change(struct reservation_change *c);

static void
turn_has_come(struct message *m, struct worker *w)
{
    (void)w;
    judge_change(
        (struct reservation_change *)((char *)m - offsetof(struct reservation_change, turn)));
}

/* The next one is begun where it is at home; then C is the asker's again. */
static void
end_change(struct reservation_change *c, enum reservation_end end)
{
    struct reservations *r = c->lun->reservations;
    struct reservation_change *next;

    pthread_mutex_lock(&r->lock);
    STAILQ_REMOVE_HEAD(&r->changes, link);
    next = STAILQ_FIRST(&r->changes);
    pthread_mutex_unlock(&r->lock);
    if (next != NULL) {
        next->turn.run = turn_has_come;
        worker_post(next->home, &next->turn);
    }
    if (c->cmd != NULL)
        c->cmd->is_waiting_for_abort = false;
    pr_state_done(&c->change.next);
    c->end = end;
    c->done(c);
}

static void
has_aborted(struct scsi_abort *abort)
{
    end_change((struct reservation_change *)((char *)abort -
                                             offsetof(struct reservation_change, abort)),
               CHANGE_JUDGED);
}

/* What C does to those of NEXUS; change.next is by now what was before. */
static unsigned
effects_on(const struct reservation_change *c, const struct nexus *nexus)
{
    const struct pr_state *before = &c->change.next;
    struct pr_nexus name;
    size_t i;

    reservations_name(nexus->it, &name);
    i = pr_find(before, &name);
    return i < before->count ? c->change.effects[i] : 0;
}

static bool
is_to_be_aborted(const struct scsi_abort *abort, const struct nexus *nexus)
{
    const struct reservation_change *c =
        (const struct reservation_change *)(const void *)((const char *)abort -
                                                          offsetof(struct reservation_change,
                                                                   abort));

    return effects_on(c, nexus) & PR_ABORT_COMMANDS;
}

static bool
must_abort(const struct reservation_change *c)
{
    for (size_t i = 0; i < c->change.next.count; i++)
        if (c->change.effects[i] & PR_ABORT_COMMANDS)
            return true;
    return false;
}

/* Under R's lock. */
static void
tell_those_of(const struct reservation_change *c, struct lun *lun)
{
    struct nexus *nexus;

    pthread_mutex_lock(&lun->lock);
    LIST_FOREACH (nexus, &lun->nexuses, link) {
        unsigned effects = effects_on(c, nexus);

        for (size_t i = 0; i < sizeof attentions / sizeof attentions[0]; i++)
            if (effects & attentions[i].effect)
                nexus_raise_locked(nexus, attentions[i].attention);
        if (effects & PR_ABORT_COMMANDS) /* SPC-4 section 5.13.11.2.6, h) */
            nexus->prevents_removal = false;
    }
    pthread_mutex_unlock(&lun->lock);
}

/* The step in which nothing can fail: from now on it counts. Under R's lock. */
static void
let_it_count(struct reservations *r, struct reservation_change *c)
{
    struct pr_state before = r->pr;
    struct reservation_change *waiting;
    struct lun *lun;

    r->pr = c->change.next;
    c->change.next = before;
    if (c->nexus == NULL && r->reserved_for != NULL) { /* an operator clears all of it */
        nexus_raise(r->reserved_for, ATTENTION_RESERVATIONS_PREEMPTED);
        r->reserved_for = NULL;
    }
    LIST_FOREACH (lun, &r->luns, reservations_link)
        tell_those_of(c, lun);
    STAILQ_FOREACH (waiting, &r->changes, link)
        if (waiting->nexus != NULL && (effects_on(c, waiting->nexus) & PR_ABORT_COMMANDS))
            waiting->is_cancelled = true;
    judge_all(r);
}

static void
go_on(struct reservation_change *c)
{
    const struct scsi_transport *transport = c->nexus != NULL ? c->nexus->it->transport : NULL;
    struct reservations *r = c->lun->reservations;
    size_t registrations;

    pthread_mutex_lock(&r->lock);
    let_it_count(r, c);
    registrations = r->pr.count;
    pthread_mutex_unlock(&r->lock);
    tell_of(c->lun, c->nexus, registrations);
    if (transport == NULL || !must_abort(c)) {
        end_change(c, CHANGE_JUDGED);
        return;
    }
    c->abort = (struct scsi_abort){
        .lun = c->lun, .by = c->nexus->it, .covers = is_to_be_aborted, .done = has_aborted};
    if (transport->abort(&c->abort) < 0)
        end_change(c, CHANGE_NO_MEMORY);
}

static void
has_saved(struct lun_save *save)
{
    struct reservation_change *c =
        (struct reservation_change *)((char *)save - offsetof(struct reservation_change, save));

    c->error = save->error;
    if (save->error < 0)
        end_change(c, CHANGE_NOT_KEPT);
    else
        go_on(c);
}

static bool
must_be_kept(const struct reservation_change *c)
{
    return c->lun->save != NULL && (c->lun->reservations->pr.aptpl || c->change.next.aptpl);
}

static void
judge_change(struct reservation_change *c)
{
    struct reservations *r = c->lun->reservations;
    bool is_reserved, is_cancelled;

    pthread_mutex_lock(&r->lock);
    is_reserved = r->reserved_for != NULL;
    is_cancelled = c->is_cancelled;
    pthread_mutex_unlock(&r->lock);
    if (is_cancelled || (is_reserved && c->nexus != NULL)) {
        end_change(c, is_cancelled ? CHANGE_ABORTED : CHANGE_CONFLICT);
        return;
    }
    if (c->nexus != NULL)
        c->outcome = pr_apply(&r->pr, &c->request, &c->change);
    else
        c->outcome = pr_clear_all(&r->pr, &c->change) < 0 ? PR_NO_RESOURCES : PR_GOOD;
    c->invalid = c->change.invalid;
    if (c->outcome != PR_GOOD || !c->change.is_different) {
        end_change(c, CHANGE_JUDGED);
    } else if (must_be_kept(c)) {
        c->save = (struct lun_save){
            .lun = c->lun, .reservations = &c->change.next, .done = has_saved};
        c->lun->save(&c->save);
    } else {
        go_on(c);
    }
}

/*
 * Its command is passed over by aborts from the beginning: it touches no medium, and one that
 * waits here for a PREEMPT AND ABORT to end must not be waited for by that.
 */
void
reservations_change(struct reservation_change *c)
{
    struct reservations *r = c->lun->reservations;
    bool is_first;

    c->home = worker_current();
    c->is_cancelled = false;
    c->error = 0;
    pr_state_init(&c->change.next);
    if (c->nexus != NULL)
        reservations_name(c->nexus->it, &c->from);
    c->request.from = &c->from;
    if (c->cmd != NULL)
        c->cmd->is_waiting_for_abort = true;
    pthread_mutex_lock(&r->lock);
    is_first = STAILQ_EMPTY(&r->changes);
    STAILQ_INSERT_TAIL(&r->changes, c, link);
    pthread_mutex_unlock(&r->lock);
    if (is_first)
        judge_change(c);
}
