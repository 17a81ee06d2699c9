/* plan.c: the differences between two documents. */
#include "catalog/plan.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "catalog/commit.h"
#include "catalog/document.h"
#include "catalog/plan_access.h"
#include "catalog/pointer.h"
#include "catalog/schema.h"

/* "/targets/NAME/luns/NUMBER/backstore" is as deep as it gets. */
#define DEPTH_MAX 8

/* So many things in the way are named; whoever forces a change needs no longer list. */
#define OBJECTS_MAX 100

struct walk {
    const struct plan *plan;
    bool removals; /* this round is for what goes */
    const char *steps[DEPTH_MAX];
    size_t depth;
    char path[POINTER_MAX];
    json_t *changes, *objects;
    struct plan_access *access; /* NULL: not asked for yet */
    bool failed;
};

/* What the members of a backstore do; all others make it reopen. */
static const struct {
    const char *member;
    enum plan_effect effect;
} member_effects[] = {
    {"size", PLAN_RESIZE},
    {"create", PLAN_NOTHING}, /* only says how a file is made that is not there */
    {"preallocate", PLAN_NOTHING},
    {"serial", PLAN_RECONFIGURE},
    {"naa", PLAN_RECONFIGURE},
    {"vendor_id", PLAN_RECONFIGURE},
    {"product_id", PLAN_RECONFIGURE},
    {"product_revision", PLAN_RECONFIGURE},
    {"write_cache", PLAN_RECONFIGURE},
    {"unmap", PLAN_RECONFIGURE},
    {"atomic_writes", PLAN_RECONFIGURE},
    {"removable", PLAN_RECONFIGURE},
    {"tas", PLAN_RECONFIGURE},
    {"d_sense", PLAN_RECONFIGURE},
    {"rotation_rate", PLAN_RECONFIGURE},
    {"physical_block_size", PLAN_RECONFIGURE},
    {"queue_depth", PLAN_RECONFIGURE},
    {"space_threshold", PLAN_RECONFIGURE},
};

/* CAN_WRITE: its store is open, and not read-only. */
static enum plan_effect
member_effect(const char *member, const json_t *after, bool can_write)
{
    if (strcmp(member, "read_only") == 0) /* what is open for writing can be kept from it */
        return json_is_true(after) || can_write ? PLAN_RECONFIGURE : PLAN_REOPEN;
    for (size_t i = 0; i < sizeof member_effects / sizeof member_effects[0]; i++)
        if (strcmp(member_effects[i].member, member) == 0)
            return member_effects[i].effect;
    return PLAN_REOPEN;
}

static bool
same(const json_t *a, const json_t *b)
{
    return a == b || (a != NULL && b != NULL && json_equal(a, b));
}

enum plan_effect
plan_backstore_effect(const json_t *before, const json_t *after, bool can_write)
{
    const json_t *const sides[] = {before, after};
    enum plan_effect effect = PLAN_NOTHING;
    const char *member;
    json_t *value;

    for (size_t i = 0; i < 2; i++) {
        json_object_foreach (document_members(sides[i]), member, value) {
            const json_t *there = json_object_get(after, member);
            enum plan_effect e = member_effect(member, there, can_write);
            if (e > effect && !same(value, json_object_get(sides[1 - i], member)))
                effect = e;
        }
    }
    return effect;
}

/* What STEPS lead to in DOCUMENT; NULL: nothing. */
static json_t *
at_steps(const json_t *document, const char *const *steps, size_t depth)
{
    json_t *at = document_members(document);

    for (size_t i = 0; i < depth && at != NULL; i++)
        at = json_object_get(at, steps[i]);
    return at;
}

static void
add_object(struct walk *w, json_t *object)
{
    size_t i;
    json_t *there;

    if (object == NULL) {
        w->failed = true;
        return;
    }
    if (json_array_size(w->objects) >= OBJECTS_MAX) {
        json_decref(object);
        return;
    }
    json_array_foreach (w->objects, i, there)
        if (json_equal(there, object)) {
            json_decref(object);
            return;
        }
    if (w->objects == NULL)
        json_decref(object);
    else if (json_array_append_new(w->objects, object) < 0)
        w->failed = true;
}

/* Made when it is asked for. NULL: out of memory. */
static const struct plan_access *
access_of(struct walk *w)
{
    if (w->access == NULL)
        w->access = plan_access_new(w->plan);
    if (w->access == NULL)
        w->failed = true;
    return w->access;
}

/* Whether session I is one that a condition speaks of. */
typedef bool session_condition(struct walk *w, size_t i);

static bool
is_any(struct walk *w, size_t i)
{
    (void)w, (void)i;
    return true;
}

/* The LUN at w->steps[3] goes: who sees it? */
static bool
sees_lun(struct walk *w, size_t i)
{
    const struct plan_access *access = access_of(w);

    return access != NULL && plan_access_sees(access, i, atoi(w->steps[3]));
}

/* The entry at w->steps[3] comes, changes or goes: who gets in no longer, or sees less? */
static bool
loses_access(struct walk *w, size_t i)
{
    const struct plan_access *access = access_of(w);

    return access != NULL && plan_access_is_lost(access, i, w->steps[3]);
}

static void
add_session(struct walk *w, const struct session_summary *s)
{
    add_object(w, json_pack("{s:s,s:s,s:s,s:s,s:s}", "kind", "session", "id", s->id, "target",
                            s->target, "initiator", s->initiator, "remote", s->remote));
}

static bool
disturb_sessions(struct walk *w, const char *target, session_condition *condition)
{
    bool found = false;

    for (size_t i = 0; i < w->plan->session_count; i++) {
        const struct session_summary *s = &w->plan->sessions[i];
        if (strcasecmp(s->target, target) != 0 || !condition(w, i))
            continue;
        found = true;
        add_session(w, s);
    }
    return found;
}

static bool
disturb_users(struct walk *w, const char *backstore)
{
    const struct plan_access *access = access_of(w);
    bool found = false;

    for (size_t i = 0; access != NULL && i < w->plan->session_count; i++) {
        if (!plan_access_uses(access, i, backstore))
            continue;
        found = true;
        add_session(w, &w->plan->sessions[i]);
    }
    return found;
}

static bool
disrupts_backstore(struct walk *w, const json_t *before, const json_t *after)
{
    const char *name = w->steps[1];
    bool can_write;

    if (w->depth != 3)
        return false; /* one that goes is not used any more: its LUNs went too */
    can_write = w->plan->can_write != NULL && w->plan->can_write(name);
    switch (member_effect(w->steps[2], after, can_write)) {
    case PLAN_NOTHING:
    case PLAN_RECONFIGURE:
        return false;
    case PLAN_REOPEN:
        return disturb_users(w, name);
    case PLAN_RESIZE:
        break;
    }
    if (before == NULL || after == NULL ||
        json_integer_value(after) >= json_integer_value(before))
        return false;
    add_object(w, json_pack("{s:s,s:s}", "kind", "backstore", "name", name));
    return true;
}

static bool
disrupts_target(struct walk *w, const json_t *before, const json_t *after)
{
    const char *target = w->steps[1];
    const json_t *lun;

    if (w->depth == 2)
        return after == NULL && disturb_sessions(w, target, is_any);
    if (w->depth >= 4 && strcmp(w->steps[2], "acls") == 0)
        return disturb_sessions(w, target, loses_access);
    if (w->depth < 4 || strcmp(w->steps[2], "luns") != 0)
        return false;
    lun = at_steps(w->plan->before_complete, w->steps, 4);
    if (!json_is_true(json_object_get(lun, "enabled")))
        return false; /* nobody has seen it */
    if ((w->depth == 4 && after == NULL) ||
        (w->depth == 5 && strcmp(w->steps[4], "backstore") == 0) ||
        (w->depth == 5 && strcmp(w->steps[4], "enabled") == 0))
        return before != NULL && disturb_sessions(w, target, sees_lun);
    return false;
}

static bool
disrupts(struct walk *w, const json_t *before, const json_t *after)
{
    if (strcmp(w->steps[0], "backstores") == 0)
        return disrupts_backstore(w, before, after);
    if (strcmp(w->steps[0], "targets") == 0)
        return disrupts_target(w, before, after);
    return false;
}

/* What the schema says of where the walk is. */
static const json_t *
schema_here(const struct walk *w)
{
    const json_t *schema = schema_component("Config");

    for (size_t i = 0; i < w->depth; i++)
        schema = schema_member(NULL, schema, w->steps[i]);
    return schema;
}

/* Things are shown as they are stored, members as they are in effect, and SECRET in place of
 * each secret. */
static void
add_side(struct walk *w, json_t *change, const char *key, const json_t *stored,
         const json_t *value, const char *secret)
{
    const json_t *shown = at_steps(stored, w->steps, w->depth);

    if (value == NULL)
        return;
    if (shown == NULL || !json_is_object(value))
        shown = value;
    if (json_object_set_new(change, key,
                            schema_hiding_secrets(NULL, schema_here(w), shown, secret)) < 0)
        w->failed = true;
}

static void
add_change(struct walk *w, const json_t *before, const json_t *after)
{
    const char *op = before == NULL ? "add" : after == NULL ? "remove" : "replace";
    json_t *change;

    if (w->removals != (after == NULL))
        return;
    change = json_pack("{s:s,s:s}", "op", op, "path", w->path);
    add_side(w, change, "before", w->plan->before, before, "(set)");
    add_side(w, change, "after", w->plan->after, after, before != NULL ? "(changed)" : "(set)");
    if (disrupts(w, before, after) &&
        json_object_set_new(change, "disruptive", json_true()) < 0)
        w->failed = true;
    if (json_array_append_new(w->changes, change) < 0)
        w->failed = true;
}

static void compare(struct walk *w, const json_t *before, const json_t *after);

static void
compare_member(struct walk *w, const char *name, const json_t *before, const json_t *after)
{
    size_t length;

    if (w->depth == DEPTH_MAX || same(before, after))
        return;
    w->steps[w->depth++] = name;
    length = pointer_enter(w->path, sizeof w->path, name);
    if (json_is_object(before) && json_is_object(after))
        compare(w, before, after);
    else
        add_change(w, before, after);
    w->path[length] = '\0';
    w->depth--;
}

static void
compare(struct walk *w, const json_t *before, const json_t *after)
{
    const char *name;
    json_t *value;

    json_object_foreach (document_members(after), name, value)
        compare_member(w, name, json_object_get(before, name), value);
    json_object_foreach (document_members(before), name, value)
        if (json_object_get(after, name) == NULL)
            compare_member(w, name, value, NULL);
}

json_t *
plan_changes(const struct plan *plan, json_t *objects)
{
    struct walk w = {.plan = plan, .changes = json_array(), .objects = objects};

    if (w.changes == NULL)
        return NULL;
    compare(&w, plan->before_complete, plan->after_complete);
    w.removals = true;
    compare(&w, plan->before_complete, plan->after_complete);
    plan_access_free(w.access);
    if (w.failed) {
        json_decref(w.changes);
        return NULL;
    }
    return w.changes;
}
