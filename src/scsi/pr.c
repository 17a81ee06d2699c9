/* pr.c: what each service action of PERSISTENT RESERVE OUT does (SPC-4 section 5.13). */
#include "scsi/pr.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Who is kept from what (SPC-4 table 65, SBC-3 table 13): from writing whoever neither holds
 * the reservation nor is registered, where REGISTRANTS_ONLY; where IS_EXCLUSIVE from reading,
 * too. */
static const struct type {
    const char *name; /* NULL: there is no such type */
    bool is_exclusive, registrants_only, all_registrants;
} types[16] = {
    [PR_NONE] = {"none", false, false, false},
    [PR_WRITE_EXCLUSIVE] = {"write_exclusive", false, false, false},
    [PR_EXCLUSIVE_ACCESS] = {"exclusive_access", true, false, false},
    [PR_WRITE_EXCLUSIVE_REGISTRANTS_ONLY] = {"write_exclusive_registrants_only", false, true,
                                             false},
    [PR_EXCLUSIVE_ACCESS_REGISTRANTS_ONLY] = {"exclusive_access_registrants_only", true, true,
                                              false},
    [PR_WRITE_EXCLUSIVE_ALL_REGISTRANTS] = {"write_exclusive_all_registrants", false, false,
                                            true},
    [PR_EXCLUSIVE_ACCESS_ALL_REGISTRANTS] = {"exclusive_access_all_registrants", true, false,
                                             true},
};

/* An action at work. Registrations keep their places until the end, where those that are
 * removed go; new ones are behind the old ones. */
struct work {
    const struct pr_state *old;
    const struct pr_request *request;
    struct pr_change *change;
    struct pr_state *next; /* of CHANGE */
    size_t self;           /* where the one who asks is; old->count: not registered */
    bool removed[PR_REGISTRATIONS_MAX];
};

bool
pr_type_is_valid(unsigned type)
{
    return type != PR_NONE && type < sizeof types / sizeof types[0] && types[type].name != NULL;
}

const char *
pr_type_name(enum pr_type type)
{
    return types[type].name;
}

int
pr_type_by_name(const char *name, enum pr_type *ret)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (types[i].name != NULL && strcmp(types[i].name, name) == 0) {
            *ret = (enum pr_type)i;
            return 0;
        }
    }
    return -1;
}

bool
pr_type_is_all_registrants(enum pr_type type)
{
    return types[type].all_registrants;
}

bool
pr_type_is_registrants_only(enum pr_type type)
{
    return types[type].registrants_only;
}

bool
pr_nexus_equal(const struct pr_nexus *a, const struct pr_nexus *b)
{
    return strcasecmp(a->initiator_port, b->initiator_port) == 0 &&
           strcasecmp(a->target_port, b->target_port) == 0;
}

size_t
pr_find(const struct pr_state *state, const struct pr_nexus *nexus)
{
    size_t i = 0;

    while (i < state->count && !pr_nexus_equal(&state->registrations[i].nexus, nexus))
        i++;
    return i;
}

bool
pr_is_holder(const struct pr_state *state, size_t i)
{
    return i < state->count &&
           (pr_type_is_all_registrants(state->type) || state->registrations[i].has_taken);
}

unsigned
pr_denials(const struct pr_state *state, const struct pr_nexus *nexus)
{
    const struct type *type = &types[state->type];
    size_t i;

    if (state->type == PR_NONE)
        return 0;
    i = pr_find(state, nexus);
    if (pr_is_holder(state, i) || (type->registrants_only && i < state->count))
        return 0;
    return type->is_exclusive ? PR_NO_READ | PR_NO_WRITE : PR_NO_WRITE;
}

void
pr_state_init(struct pr_state *state)
{
    *state = (struct pr_state){.type = PR_NONE};
}

void
pr_state_done(struct pr_state *state)
{
    free(state->registrations);
    pr_state_init(state);
}

void
pr_state_move(struct pr_state *state, struct pr_state *next)
{
    free(state->registrations);
    *state = *next;
    pr_state_init(next);
}

int
pr_state_add(struct pr_state *state, const struct pr_registration *registration)
{
    struct pr_registration *longer;

    if (state->count == PR_REGISTRATIONS_MAX ||
        pr_find(state, &registration->nexus) < state->count)
        return -1;
    longer = realloc(state->registrations, (state->count + 1) * sizeof *longer);
    if (longer == NULL)
        return -1;
    longer[state->count++] = *registration;
    state->registrations = longer;
    return 0;
}

/* NEXT as OLD is, with room for ROOM more registrations. */
static int
copy_state(const struct pr_state *old, size_t room, struct pr_state *next)
{
    *next = *old;
    next->registrations = calloc(old->count + room + 1, sizeof *next->registrations);
    if (next->registrations == NULL) {
        pr_state_init(next);
        return -1;
    }
    if (old->count > 0)
        memcpy(next->registrations, old->registrations,
               old->count * sizeof *old->registrations);
    return 0;
}

static void
tell(struct work *w, size_t i, enum pr_effect effect)
{
    if (i != w->self)
        w->change->effects[i] |= (uint8_t)effect;
}

/* Everybody who was registered before and still is. */
static void
tell_the_others(struct work *w, enum pr_effect effect)
{
    for (size_t i = 0; i < w->old->count; i++)
        if (!w->removed[i])
            tell(w, i, effect);
}

static void
release(struct work *w)
{
    w->next->type = PR_NONE;
    for (size_t i = 0; i < w->next->count; i++)
        w->next->registrations[i].has_taken = false;
}

static void
reserve_for(struct work *w, size_t i, enum pr_type type)
{
    release(w);
    w->next->type = type;
    w->next->registrations[i].has_taken = !pr_type_is_all_registrants(type);
}

static bool
is_last_one(const struct work *w, size_t i)
{
    for (size_t other = 0; other < w->next->count; other++)
        if (other != i && !w->removed[other])
            return false;
    return true;
}

/* Section 5.13.11.2.3 */
static void
unregister(struct work *w, size_t i)
{
    bool was_holder = w->next->registrations[i].has_taken;

    w->removed[i] = true;
    if (pr_type_is_all_registrants(w->next->type)) {
        if (is_last_one(w, i))
            release(w);
    } else if (was_holder) {
        if (pr_type_is_registrants_only(w->next->type))
            tell_the_others(w, PR_TELL_RESERVATIONS_RELEASED);
        release(w);
    }
}

static enum pr_outcome
register_new(struct work *w, const struct pr_nexus *nexus)
{
    struct pr_state *next = w->next;

    if (next->count == PR_REGISTRATIONS_MAX)
        return PR_NO_RESOURCES;
    next->registrations[next->count++] =
        (struct pr_registration){.nexus = *nexus, .key = w->request->service_action_key};
    return PR_GOOD;
}

/* One I_T nexus, by tables 67 and 68. */
static enum pr_outcome
register_one(struct work *w, const struct pr_nexus *nexus)
{
    const struct pr_request *r = w->request;
    size_t i = pr_find(w->next, nexus);

    if (i == w->next->count)
        return r->service_action_key == 0 ? PR_GOOD : register_new(w, nexus);
    if (r->action == PR_REGISTER && r->reservation_key != w->next->registrations[i].key &&
        i < w->old->count)
        return PR_CONFLICT;
    if (r->service_action_key == 0)
        unregister(w, i);
    else
        w->next->registrations[i].key = r->service_action_key;
    return PR_GOOD;
}

/* Footnote b of table 67: none of them may be registered yet. */
static enum pr_outcome
register_specified(struct work *w)
{
    const struct pr_request *r = w->request;
    enum pr_outcome outcome = PR_GOOD;

    for (size_t i = 0; i < r->specified_count && outcome == PR_GOOD; i++) {
        size_t at = pr_find(w->next, &r->specified[i]);

        if (at < w->old->count) {
            w->change->invalid = i;
            outcome = PR_INVALID_NEXUS;
        } else if (at == w->next->count) { /* else: the list has it twice */
            outcome = register_new(w, &r->specified[i]);
        }
    }
    return outcome;
}

/* Section 5.13.7. With ALL_TG_PT as if it had come through each target port. */
static enum pr_outcome
do_register(struct work *w)
{
    const struct pr_request *r = w->request;
    bool is_registered = w->self < w->old->count;
    enum pr_outcome outcome;

    if (r->action == PR_REGISTER && !is_registered && r->reservation_key != 0)
        return PR_CONFLICT;
    if (r->spec_i_pt && r->action != PR_REGISTER)
        return PR_INVALID_SPEC;
    outcome = register_one(w, r->from);
    if (outcome == PR_GOOD && r->spec_i_pt && is_registered)
        return PR_INVALID_SPEC;
    for (size_t i = 0; i < r->own_count && outcome == PR_GOOD; i++)
        outcome = register_one(w, &r->own[i]);
    if (outcome == PR_GOOD && r->service_action_key != 0)
        outcome = register_specified(w);
    if (outcome != PR_GOOD)
        return outcome;
    if (!is_registered && r->service_action_key == 0 && r->own_count == 0) {
        w->change->is_different = false; /* "do nothing" */
        return PR_GOOD;
    }
    w->next->aptpl = r->aptpl;
    w->next->generation++;
    return PR_GOOD;
}

/* Section 5.13.9 */
static enum pr_outcome
do_reserve(struct work *w)
{
    const struct pr_request *r = w->request;

    if (r->scope != 0)
        return PR_INVALID_SCOPE;
    if (!pr_type_is_valid(r->type))
        return PR_INVALID_TYPE;
    if (w->old->type == PR_NONE) {
        reserve_for(w, w->self, (enum pr_type)r->type);
        return PR_GOOD;
    }
    if (!pr_is_holder(w->old, w->self) || w->old->type != r->type)
        return PR_CONFLICT;
    w->change->is_different = false;
    return PR_GOOD;
}

/* Section 5.13.11.2.2 */
static enum pr_outcome
do_release(struct work *w)
{
    const struct pr_request *r = w->request;
    enum pr_type type = w->old->type;

    if (r->scope != 0)
        return PR_INVALID_SCOPE;
    if (type == PR_NONE || !pr_is_holder(w->old, w->self)) {
        w->change->is_different = false;
        return PR_GOOD;
    }
    if (r->type != type)
        return PR_INVALID_RELEASE;
    release(w);
    if (pr_type_is_registrants_only(type) || pr_type_is_all_registrants(type))
        tell_the_others(w, PR_TELL_RESERVATIONS_RELEASED);
    return PR_GOOD;
}

/* Section 5.13.11.2.7 */
static enum pr_outcome
do_clear(struct work *w)
{
    release(w);
    for (size_t i = 0; i < w->old->count; i++) {
        tell(w, i, PR_TELL_RESERVATIONS_PREEMPTED);
        w->removed[i] = true;
    }
    w->next->generation++;
    return PR_GOOD;
}

/* Registration I is among those that are meant. Of its commands all are aborted, be it the one
 * who asks or not (section 5.13.11.2.6). */
static void
preempt(struct work *w, size_t i, bool stays)
{
    w->removed[i] = !stays;
    if (!stays)
        tell(w, i, PR_TELL_REGISTRATIONS_PREEMPTED);
    if (w->request->action == PR_PREEMPT_AND_ABORT)
        w->change->effects[i] |= PR_ABORT_COMMANDS;
}

/* Section 5.13.11.2.4.3: those with KEY, or all for 0, but never the one who asks; and it
 * holds the new reservation. */
static enum pr_outcome
preempt_reservation(struct work *w, uint64_t key)
{
    const struct pr_request *r = w->request;

    if (r->scope != 0)
        return PR_INVALID_SCOPE;
    if (!pr_type_is_valid(r->type))
        return PR_INVALID_TYPE;
    for (size_t i = 0; i < w->old->count; i++)
        if (key == 0 || w->old->registrations[i].key == key)
            preempt(w, i, i == w->self);
    if (r->type != w->old->type)
        tell_the_others(w, PR_TELL_RESERVATIONS_RELEASED);
    reserve_for(w, w->self, (enum pr_type)r->type);
    w->next->generation++;
    return PR_GOOD;
}

/* Section 5.13.11.2.5: those with KEY, the one who asks included. */
static enum pr_outcome
preempt_registrations(struct work *w, uint64_t key)
{
    bool any_is_removed = false, any_is_left = false;

    for (size_t i = 0; i < w->old->count; i++) {
        if (w->old->registrations[i].key == key) {
            preempt(w, i, false);
            any_is_removed = true;
        } else {
            any_is_left = true;
        }
    }
    if (!any_is_removed)
        return PR_CONFLICT;
    if (!any_is_left) /* of an all registrants type: nobody is left to hold it */
        release(w);
    w->next->generation++;
    return PR_GOOD;
}

static bool
key_is_of_holder(const struct pr_state *state, uint64_t key)
{
    for (size_t i = 0; i < state->count; i++)
        if (state->registrations[i].has_taken && state->registrations[i].key == key)
            return true;
    return false;
}

/* Table 72 */
static enum pr_outcome
do_preempt(struct work *w)
{
    uint64_t key = w->request->service_action_key;

    if (key == 0)
        return pr_type_is_all_registrants(w->old->type) ? preempt_reservation(w, 0)
                                                        : PR_INVALID_KEY;
    return key_is_of_holder(w->old, key) ? preempt_reservation(w, key)
                                         : preempt_registrations(w, key);
}

/* Section 5.13.8 */
static enum pr_outcome
do_register_and_move(struct work *w)
{
    const struct pr_request *r = w->request;
    const struct pr_nexus *to = r->specified;
    size_t at;

    if (w->old->type == PR_NONE)
        return PR_NOTHING_TO_MOVE;
    if (pr_type_is_all_registrants(w->old->type) || !pr_is_holder(w->old, w->self))
        return PR_CONFLICT;
    if (r->service_action_key == 0)
        return PR_INVALID_KEY;
    assert(r->specified_count == 1);
    if (strcasecmp(to->initiator_port, r->from->initiator_port) == 0) {
        w->change->invalid = 0;
        return PR_INVALID_NEXUS;
    }
    at = pr_find(w->next, to);
    if (at == w->next->count) {
        if (register_new(w, to) != PR_GOOD)
            return PR_NO_RESOURCES;
    } else {
        w->next->registrations[at].key = r->service_action_key;
    }
    reserve_for(w, at, w->old->type);
    w->removed[w->self] = r->unreg; /* it holds nothing any more */
    w->next->aptpl = r->aptpl;
    w->next->generation++;
    return PR_GOOD;
}

/* Whoever is not registered, or gives another key than its own, gets no further. */
static const struct {
    enum pr_outcome (*run)(struct work *w);
    bool needs_registration;
} actions[PR_ACTIONS] = {
    [PR_REGISTER] = {do_register, false},
    [PR_RESERVE] = {do_reserve, true},
    [PR_RELEASE] = {do_release, true},
    [PR_CLEAR] = {do_clear, true},
    [PR_PREEMPT] = {do_preempt, true},
    [PR_PREEMPT_AND_ABORT] = {do_preempt, true},
    [PR_REGISTER_AND_IGNORE] = {do_register, false},
    [PR_REGISTER_AND_MOVE] = {do_register_and_move, true},
};

/* Those that are removed go, the others close up. */
static void
close_up(struct work *w)
{
    struct pr_state *next = w->next;
    size_t count = 0;

    for (size_t i = 0; i < next->count; i++)
        if (!w->removed[i])
            next->registrations[count++] = next->registrations[i];
    next->count = count;
}

static enum pr_outcome
run(struct work *w)
{
    const struct pr_request *r = w->request;

    if (actions[r->action].needs_registration) {
        if (w->self == w->old->count ||
            w->old->registrations[w->self].key != r->reservation_key)
            return PR_CONFLICT;
        if (r->spec_i_pt)
            return PR_INVALID_SPEC;
    }
    return actions[r->action].run(w);
}

enum pr_outcome
pr_apply(const struct pr_state *state, const struct pr_request *request,
         struct pr_change *change)
{
    struct work w = {.old = state, .request = request, .change = change, .next = &change->next};
    size_t room = 1 + request->own_count + request->specified_count;
    enum pr_outcome outcome;

    memset(change, 0, sizeof *change);
    change->is_different = true;
    if (room > PR_REGISTRATIONS_MAX - state->count)
        room = PR_REGISTRATIONS_MAX - state->count;
    if (copy_state(state, room, w.next) < 0)
        return PR_NO_RESOURCES;
    w.self = pr_find(state, request->from);
    outcome = run(&w);
    if (outcome != PR_GOOD)
        change->is_different = false;
    if (change->is_different)
        close_up(&w);
    else
        pr_state_done(w.next);
    return outcome;
}

int
pr_clear_all(const struct pr_state *state, struct pr_change *change)
{
    struct work w = {.old = state, .change = change, .next = &change->next};

    memset(change, 0, sizeof *change);
    change->is_different = true;
    if (copy_state(state, 0, w.next) < 0)
        return -1;
    w.self = state->count; /* nobody */
    (void)do_clear(&w);
    close_up(&w);
    return 0;
}
