/*
 * task_mgmt.c: task management requests. RFC 7143 sections 4.2.3, 11.5 and 11.6; SAM-5
 * section 7.
 *
 * What aborts the session's own tasks is a sweep on its worker. What reaches other sessions
 * (resets) is a broadcast with a sweep on each worker; the last one to end answers.
 */
#include "iscsi/task_mgmt.h"

#include <stdlib.h>
#include <strings.h>

#include "catalog/catalog.h"
#include "core/crew.h"
#include "iscsi/full_feature.h"
#include "iscsi/pdu.h"
#include "iscsi/session_private.h"
#include "iscsi/task.h"
#include "scsi/lun.h"

/* That many may be in progress in one session. */
#define MANAGEMENT_MAX 16

/* A request in progress. */
struct management {
    struct session *session; /* pinned */
    struct session_lun *lun; /* counted; NULL: the function has none */
    uint32_t tag;
    uint8_t function;
    struct sweep sweep; /* the session's own tasks */
};

/* A reset in progress, on all workers. */
struct reset {
    struct sweep_all sweep; /* first */
    struct management *of;
    struct broadcast closing; /* cold reset, at last: connections end */
};

struct function {
    const char *name; /* for the log */
    bool needs_lun;
    void (*start)(struct management *m, const struct pdu_task_management *p);
};

static void
respond(struct session *s, uint32_t tag, enum task_management_answer response)
{
    const struct pdu_task_management_response p = {.response = (uint8_t)response,
                                                   .task_tag = tag};
    uint8_t header[PDU_HEADER_SIZE];

    pdu_task_management_response_put(header, &p);
    session_answer(s, header, NULL, 0);
}

/* Answers, and frees M. */
static void
finish(struct management *m, enum task_management_answer response)
{
    struct session *s = m->session;

    if (s->end == SESSION_OPEN)
        respond(s, m->tag, response);
    session_lun_unref(m->lun);
    s->management_count--;
    free(m);
    session_unpin(s);
}

static void
swept(struct sweep *sweep)
{
    finish((struct management *)((char *)sweep - offsetof(struct management, sweep)),
           TMF_COMPLETE);
}

/* Aborts tasks of the session: of its LUN, or only TASK. */
static void
sweep_session(struct management *m, const struct task *task)
{
    m->sweep = (struct sweep){.session = m->session,
                              .by = m->session,
                              .lun = task == NULL ? m->lun->nexus->lun : NULL,
                              .task = task,
                              .done = swept};
    if (sweep_start(&m->sweep))
        swept(&m->sweep);
}

/* Section 11.6.1: a command that has not come although its turn is before ours counts as
 * received, and will be ignored when it does come. */
static bool
take_back(struct session *s, const struct pdu_task_management *p)
{
    uint32_t cmd_sn = p->referenced_cmdsn;

    if (held_forget_task(&s->held, p->referenced_task_tag))
        return true;
    if (window_judge(&s->window, cmd_sn) == WINDOW_OUTSIDE || !serial_less(cmd_sn, p->cmdsn))
        return false;
    /* Another command has that number; or memory is short, and then we do not claim anything.
     */
    return !held_has(&s->held, cmd_sn) && held_add(&s->held, cmd_sn, NULL) == 0;
}

static void
abort_task(struct management *m, const struct pdu_task_management *p)
{
    struct session *s = m->session;
    struct task *t = task_find(s, p->referenced_task_tag);

    if (t != NULL && t->wire_lun == p->lun)
        sweep_session(m, t);
    else if (t == NULL && take_back(s, p))
        finish(m, TMF_COMPLETE);
    else
        finish(m, TMF_NO_TASK);
}

static bool
is_reached(const uint8_t *header, const void *arg)
{
    const struct management *m = arg;
    struct pdu_scsi_command c;

    pdu_scsi_command_get(header, &c);
    return m->lun == NULL || session_luns_find(m->session, c.lun) == m->lun;
}

/* Section 11.5.1: the request is for all commands before its CmdSN, also those that still wait
 * for their turn. Where it is not immediate there are none. */
static void
forget_held(const struct management *m, const struct pdu_task_management *p)
{
    held_forget_before(&m->session->held, p->cmdsn, is_reached, m);
}

/* Also CLEAR TASK SET: each nexus has a task set of its own. */
static void
abort_task_set(struct management *m, const struct pdu_task_management *p)
{
    forget_held(m, p);
    sweep_session(m, NULL);
}

/* Whether S is an open session of the target that is reset, and not still at its login, where
 * it has no name of a target yet. On the worker of S. */
static bool
reset_reaches(const struct reset *r, const struct session *s)
{
    return s->end == SESSION_OPEN && s->target != NULL &&
           strcasecmp(s->target_name, r->of->session->target_name) == 0;
}

/* TARGET RESET: every nexus of the target hears, as with LOGICAL UNIT RESET (SAM-5
 * section 6.3.3). On each worker. */
static void
raise_bus_reset(struct sweep_all *all)
{
    const struct reset *r = (const struct reset *)all;
    struct session *s;

    LIST_FOREACH (s, &session_worker_here()->sessions, link) {
        if (!reset_reaches(r, s))
            continue;
        for (size_t i = 0; i < s->luns.count; i++)
            lun_bus_reset(s->luns.nexuses[i]);
    }
}

static void
close_sessions(struct broadcast_part *part, struct worker *w)
{
    const struct reset *r =
        (const struct reset *)((char *)part->of - offsetof(struct reset, closing));
    struct session *s, *next;

    (void)w;
    for (s = LIST_FIRST(&session_worker_here()->sessions); s != NULL; s = next) {
        next = LIST_NEXT(s, link);
        if (reset_reaches(r, s))
            session_close(s, SESSION_CLOSE_AFTER_OUTPUT, "target cold reset");
    }
    broadcast_answer(part);
}

static void
sessions_closed(struct broadcast *b)
{
    struct reset *r = (struct reset *)((char *)b - offsetof(struct reset, closing));
    struct management *m = r->of;

    free(r);
    finish(m, TMF_COMPLETE); /* its session is closing, and was answered */
}

/* Back on the worker that asked: no task is left anywhere. */
static void
reset_done(struct sweep_all *all)
{
    struct reset *r = (struct reset *)all;
    struct management *m = r->of;

    if (m->function == TMF_TARGET_COLD_RESET) {
        if (m->session->end == SESSION_OPEN)
            respond(m->session, m->tag, TMF_COMPLETE);
        r->closing.work = close_sessions;
        r->closing.done = sessions_closed;
        broadcast_start(&r->closing);
        return;
    }
    if (m->lun != NULL)
        lun_reset(m->lun->nexus->lun);
    free(r);
    finish(m, TMF_COMPLETE);
}

static void
reset_start(struct management *m, const struct pdu_task_management *p)
{
    struct reset *r = calloc(1, sizeof *r);

    if (r == NULL) {
        finish(m, TMF_REJECTED);
        return;
    }
    forget_held(m, p);
    r->of = m;
    r->sweep.scope.by = m->session;
    r->sweep.scope.is_reset = true;
    if (m->lun != NULL) {
        r->sweep.scope.lun = m->lun->nexus->lun;
    } else {
        r->sweep.scope.target = m->session->target_name;
        r->sweep.also = raise_bus_reset;
    }
    r->sweep.done = reset_done;
    sweep_all_start(&r->sweep);
}

static void
not_supported(struct management *m, const struct pdu_task_management *p)
{
    (void)p;
    finish(m, TMF_NOT_SUPPORTED);
}

/* clang-format off */
static const struct function functions[] = { /* section 11.5.1 */
    [TMF_ABORT_TASK]        = {"ABORT TASK", false, abort_task},
    [TMF_ABORT_TASK_SET]    = {"ABORT TASK SET", true, abort_task_set},
    [TMF_CLEAR_ACA]         = {"CLEAR ACA", false, not_supported},
    [TMF_CLEAR_TASK_SET]    = {"CLEAR TASK SET", true, abort_task_set},
    [TMF_LUN_RESET]         = {"LOGICAL UNIT RESET", true, reset_start},
    [TMF_TARGET_WARM_RESET] = {"TARGET WARM RESET", false, reset_start},
    [TMF_TARGET_COLD_RESET] = {"TARGET COLD RESET", false, reset_start},
    [TMF_TASK_REASSIGN]     = {"TASK REASSIGN", false, not_supported},
};
/* clang-format on */

/* What can be said without starting anything; TMF_COMPLETE: go ahead. */
static enum task_management_answer
refusal(const struct session *s, const struct pdu_task_management *p,
        const struct session_lun *lun)
{
    if (p->function >= sizeof functions / sizeof *functions ||
        functions[p->function].start == NULL)
        return TMF_NOT_SUPPORTED;
    if (functions[p->function].needs_lun && lun == NULL)
        return TMF_NO_LUN;
    return s->management_count >= MANAGEMENT_MAX ? TMF_REJECTED : TMF_COMPLETE;
}

void
task_management(struct session *s, const uint8_t *header, bool data_is_good)
{
    struct pdu_task_management p;
    enum task_management_answer answer;
    struct session_lun *lun;
    struct management *m;

    (void)data_is_good; /* it has none */
    pdu_task_management_get(header, &p);
    lun = session_luns_find(s, p.lun);
    answer = refusal(s, &p, lun);
    m = answer == TMF_COMPLETE ? calloc(1, sizeof *m) : NULL;
    if (m == NULL) {
        respond(s, p.task_tag, answer == TMF_COMPLETE ? TMF_REJECTED : answer);
        return;
    }
    session_log(s, "task management", functions[p.function].name);
    m->session = s;
    m->tag = p.task_tag;
    m->function = p.function;
    if (functions[p.function].needs_lun)
        m->lun = session_lun_ref(lun);
    s->management_count++;
    session_pin(s);
    functions[p.function].start(m, &p);
}
