/* reservation.c: who has reserved what, and the operator's way out. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/catalog.h"
#include "catalog/commit.h"
#include "catalog/document.h"
#include "catalog/publish.h"
#include "rpc/methods/methods.h"
#include "scsi/lun.h"
#include "scsi/reservations.h"

static json_t *
registrant_json(const struct pr_state *pr, size_t i)
{
    const struct pr_registration *r = &pr->registrations[i];
    const char *port = r->nexus.initiator_port, *node_end = strstr(port, ",i,0x");
    char node[PR_PORT_MAX + 1], key[17];

    snprintf(node, sizeof node, "%.*s", node_end != NULL ? (int)(node_end - port) : PR_PORT_MAX,
             port);
    snprintf(key, sizeof key, "%016" PRIx64, r->key);
    return json_pack("{s:o, s:o, s:o, s:s, s:b}", "initiator", peer_string_json(node),
                     "initiator_port", peer_string_json(port), "target_port",
                     peer_string_json(r->nexus.target_port), "key", key, "holds",
                     (int)pr_is_holder(pr, i));
}

/* One unit's, while its lock is held. */
struct listing {
    const char *name;
    bool even_if_empty;
    json_t *all;
};

static void
add_listing(const struct pr_state *pr, const struct it_nexus *reserved_for, void *arg)
{
    const struct listing *l = arg;
    json_t *one, *registrants;
    const char *holder = NULL;

    if (!l->even_if_empty && pr->count == 0 && reserved_for == NULL)
        return;
    registrants = json_array();
    for (size_t i = 0; i < pr->count; i++) {
        json_array_append_new(registrants, registrant_json(pr, i));
        if (pr->registrations[i].has_taken)
            holder = pr->registrations[i].nexus.initiator_port;
    }
    if (reserved_for != NULL)
        holder = reserved_for->initiator_port;
    one = json_pack("{s:s, s:o, s:b, s:I, s:o}", "backstore", l->name, "holder",
                    holder != NULL ? peer_string_json(holder) : json_null(), "aptpl",
                    (int)pr->aptpl, "generation", (json_int_t)pr->generation, "registrants",
                    registrants);
    if (reserved_for != NULL)
        json_object_set_new(one, "type", json_string("spc2"));
    else if (pr->type != PR_NONE)
        json_object_set_new(one, "type", json_string(pr_type_name(pr->type)));
    json_array_append_new(l->all, one);
}

static void
not_found(struct rpc_call *call, const char *name)
{
    rpc_call_not_found(call, "backstore", json_object_get(commit_document(), "backstores"),
                       name);
}

static void
list(struct rpc_call *call)
{
    const char *name = rpc_call_string(call, "backstore");
    const struct catalog *now = catalog_current();
    struct listing l = {.even_if_empty = name != NULL};

    if (name != NULL && catalog_backstore(now, name) == NULL) {
        not_found(call, name);
        return;
    }
    l.all = json_array();
    for (size_t i = 0; i < now->backstore_count; i++) {
        l.name = now->backstores[i]->name;
        if (name == NULL || strcmp(name, l.name) == 0)
            reservations_visit(now->backstores[i]->lun->reservations, add_listing, &l);
    }
    rpc_call_result(call, json_pack("{s:o}", "reservations", l.all));
}

struct clearing {
    struct reservation_change change;
    struct rpc_call *call;
};

static void
cleared(struct reservation_change *change)
{
    struct clearing *c = (struct clearing *)change; /* its first member */
    struct rpc_call *call = c->call;
    struct error err = {0};

    lun_unref(change->lun);
    if (change->end == CHANGE_NOT_KEPT) {
        errno = -change->error;
        error_set(&err, ERROR_PERSIST_FAILED, "the reservations could not be removed: %m");
    } else if (change->outcome != PR_GOOD) {
        error_set(&err, ERROR_INTERNAL, "out of memory");
    }
    free(c);
    if (err.code != ERROR_NONE)
        rpc_call_error(call, &err, NULL);
    else
        rpc_call_result(call, json_pack("{s:b}", "cleared", 1));
}

static void
see_whether_empty(const struct pr_state *pr, const struct it_nexus *reserved_for, void *arg)
{
    *(bool *)arg = pr->count == 0 && reserved_for == NULL;
}

static void
clear(struct rpc_call *call)
{
    const char *name = rpc_call_string(call, "backstore");
    const struct backstore *b = catalog_backstore(catalog_current(), name);
    struct clearing *c;
    bool is_empty;

    if (b == NULL) {
        not_found(call, name);
        return;
    }
    reservations_visit(b->lun->reservations, see_whether_empty, &is_empty);
    c = is_empty ? NULL : calloc(1, sizeof *c);
    if (c == NULL) {
        rpc_call_result(call, is_empty ? json_pack("{s:b}", "cleared", 0) : NULL);
        return;
    }
    c->call = call;
    c->change.lun = lun_ref(b->lun);
    c->change.done = cleared;
    reservations_change(&c->change);
}

const struct rpc_method reservation_methods[] = {
    {"reservation.list", .handler = list},
    {"reservation.clear", .handler = clear},
    {0},
};
