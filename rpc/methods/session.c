/* session.c: who is logged in. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "iscsi/registry.h"
#include "rpc/methods/methods.h"
#include "rpc/methods/session.h"

static void
collect(const struct session_info *info, void *arg)
{
    struct sessions *s = arg;

    if (s->count == s->room) {
        size_t room = s->room * 2 + 16;
        struct session_info *more = realloc(s->infos, room * sizeof *more);

        if (more == NULL)
            return; /* the list is then short: better than no answer */
        s->infos = more;
        s->room = room;
    }
    s->infos[s->count++] = *info;
}

void
sessions_collect(struct sessions *sessions)
{
    memset(sessions, 0, sizeof *sessions);
    registry_visit(collect, sessions);
}

void
sessions_free(struct sessions *sessions)
{
    free(sessions->infos);
}

static const char *
digest_name(bool is_on)
{
    return is_on ? "crc32c" : "none";
}

static json_t *
connection_json(const struct session_info *i)
{
    return json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:s}", "id", i->connection_id, "cid",
                     (int)i->cid, "local", i->local, "remote", i->remote, "state", i->state,
                     "header_digest", digest_name(i->header_digest), "data_digest",
                     digest_name(i->data_digest));
}

static json_t *
parameters_json(const struct session_info *i)
{
    return json_pack(
        "{s:I, s:I, s:I, s:I, s:i, s:b, s:b}", "max_recv_data_segment_length",
        (json_int_t)i->max_recv_data_segment_length, "max_send_data_segment_length",
        (json_int_t)i->max_send_data_segment_length, "max_burst_length",
        (json_int_t)i->max_burst_length, "first_burst_length",
        (json_int_t)i->first_burst_length, "max_outstanding_r2t", (int)i->max_outstanding_r2t,
        "initial_r2t", (int)i->initial_r2t, "immediate_data", (int)i->immediate_data);
}

static json_t *
session_json(const struct session_info *i)
{
    char isid[24];
    json_t *ret;

    snprintf(isid, sizeof isid, "%012" PRIx64, i->isid);
    ret =
        json_pack("{s:s, s:s, s:o, s:s, s:i, s:i, s:o, s:s, s:o, s:[o]}", "id", i->id, "type",
                  i->discovery ? "discovery" : "normal", "initiator",
                  peer_string_json(i->initiator), "isid", isid, "tsih", (int)i->tsih,
                  "portal_group", (int)i->portal_group, "since", time_json(i->since), "auth",
                  i->auth, "parameters", parameters_json(i), "connections", connection_json(i));
    if (i->target[0] != '\0')
        json_object_set_new(ret, "target", peer_string_json(i->target));
    if (i->initiator_alias[0] != '\0')
        json_object_set_new(ret, "initiator_alias", peer_string_json(i->initiator_alias));
    return ret;
}

static void
list(struct rpc_call *call)
{
    const char *target = rpc_call_string(call, "target");
    const char *initiator = rpc_call_string(call, "initiator");
    json_t *all = json_array();
    struct sessions sessions;

    sessions_collect(&sessions);
    for (size_t i = 0; i < sessions.count; i++) {
        const struct session_info *info = &sessions.infos[i];

        if ((target == NULL || strcmp(target, info->target) == 0) &&
            (initiator == NULL || strcasecmp(initiator, info->initiator) == 0))
            json_array_append_new(all, session_json(info));
    }
    sessions_free(&sessions);
    rpc_call_result(call, json_pack("{s:o}", "sessions", all));
}

static void
close_session(struct rpc_call *call)
{
    const char *id = rpc_call_string(call, "id");
    bool logout = strcmp(rpc_call_string(call, "how"), "logout") == 0;
    uint32_t timeout_ms = (uint32_t)rpc_call_integer(call, "timeout_s", 0) * 1000;

    if (registry_close(id, logout, timeout_ms) < 0)
        rpc_call_not_found(call, "session", NULL, id);
    else
        rpc_call_result(call, json_pack("{s:b}", "closed", 1));
}

const struct rpc_method session_methods[] = {
    {"session.list", .handler = list},
    {"session.close", .handler = close_session},
    {0},
};
