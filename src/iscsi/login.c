/* login.c: the login phase, request by request. */
#include "iscsi/login.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "catalog/access.h"
#include "catalog/catalog.h"

/* Which stage may follow which (section 6.3). */
static const bool may_follow[LOGIN_STAGES][LOGIN_STAGES] = {
    [STAGE_SECURITY] = {[STAGE_OPERATIONAL] = true, [STAGE_FULL_FEATURE] = true},
    [STAGE_OPERATIONAL] = {[STAGE_FULL_FEATURE] = true},
};

/* What a stage is to the table of keys. */
static const enum param_phase phases[LOGIN_STAGES] = {
    [STAGE_SECURITY] = PHASE_SECURITY,
    [STAGE_OPERATIONAL] = PHASE_OPERATIONAL,
};

static const struct {
    enum login_status status;
    const char *name;
} status_names[LOGIN_STATUSES] = {
    {LOGIN_SUCCESS, "success"},
    {LOGIN_MOVED_TEMPORARILY, "moved temporarily"},
    {LOGIN_MOVED_PERMANENTLY, "moved permanently"},
    {LOGIN_INITIATOR_ERROR, "initiator error"},
    {LOGIN_AUTHENTICATION_FAILED, "authentication failed"},
    {LOGIN_FORBIDDEN, "not allowed"},
    {LOGIN_TARGET_NOT_FOUND, "target not found"},
    {LOGIN_TARGET_REMOVED, "target removed"},
    {LOGIN_UNSUPPORTED_VERSION, "unsupported version"},
    {LOGIN_TOO_MANY_CONNECTIONS, "too many connections"},
    {LOGIN_MISSING_PARAMETER, "missing parameter"},
    {LOGIN_CANNOT_INCLUDE, "cannot include in session"},
    {LOGIN_SESSION_TYPE_NOT_SUPPORTED, "session type not supported"},
    {LOGIN_NO_SUCH_SESSION, "session does not exist"},
    {LOGIN_INVALID_REQUEST, "invalid during login"},
    {LOGIN_TARGET_ERROR, "target error"},
    {LOGIN_SERVICE_UNAVAILABLE, "service unavailable"},
    {LOGIN_OUT_OF_RESOURCES, "out of resources"},
};

const char *
login_status_name(enum login_status status)
{
    for (size_t i = 0; i < sizeof status_names / sizeof status_names[0]; i++)
        if (status_names[i].status == status)
            return status_names[i].name;
    return "unknown";
}

enum login_status
login_status_at(unsigned number)
{
    return status_names[number].status;
}

unsigned
login_status_number(enum login_status status)
{
    unsigned number = LOGIN_STATUSES - 1;

    while (number > 0 && status_names[number].status != status)
        number--;
    return number;
}

void
login_init(struct login *l, uint16_t portal_group, const struct ip_address *from,
           const char *local,
           bool (*find_session)(const struct login *l, uint16_t tsih,
                                struct login_session *ret))
{
    memset(l, 0, sizeof *l);
    l->portal_group = portal_group;
    l->from = *from;
    l->local = local;
    l->find_session = find_session;
    text_output_init(&l->output, LOGIN_DATA_MAX);
    negotiation_init(&l->negotiation, NULL, false);
}

void
login_done(struct login *l)
{
    text_input_done(&l->input);
    text_output_done(&l->output);
    login_auth_done(&l->auth);
    target_unref(l->target);
    l->target = NULL;
}

static enum login_status
fail(struct login *l, enum login_status status, const char *problem)
{
    l->problem = problem;
    return status;
}

/* The response to l->request, with the text that is in l->output. */
static void
respond(struct login *l, const struct pdu_login_response *p, uint32_t max_cmdsn,
        struct login_response *ret)
{
    pdu_login_response_put(ret->header, p);
    pdu_put_numbers(ret->header, l->statsn++, l->exp_cmdsn, max_cmdsn);
    ret->data = l->output.bytes;
    ret->length = l->output.length;
}

/* With TRANSIT to the stage that was asked for, else in the one that is. */
static enum login_verdict
proceed(struct login *l, bool transit, struct login_response *ret)
{
    struct pdu_login_response p = {
        .transit = transit,
        .current_stage = l->request.current_stage,
        .next_stage = transit ? l->request.next_stage : 0,
        .isid = l->request.isid,
        .tsih = l->reinstates ? l->request.tsih : 0,
        .task_tag = l->request.task_tag,
    };

    respond(l, &p, l->exp_cmdsn, ret);
    return LOGIN_CONTINUE;
}

static enum login_verdict
refuse(struct login *l, enum login_status status, struct login_response *ret)
{
    struct pdu_login_response p = {
        .current_stage = l->request.current_stage,
        .isid = l->request.isid,
        .tsih = l->request.tsih,
        .task_tag = l->request.task_tag,
        .status = status,
    };

    l->status = status;
    text_input_done(&l->input);
    if (!login_is_redirected(status)) /* that has its address to say, and no other key */
        text_output_clear(&l->output);
    respond(l, &p, l->exp_cmdsn, ret);
    return LOGIN_REFUSED;
}

/* Whether this request belongs to the same login as the first one. */
static bool
continues_first(const struct login *l)
{
    const struct pdu_login_request *a = &l->first, *b = &l->request;

    return a->isid == b->isid && a->tsih == b->tsih && a->cid == b->cid &&
           a->task_tag == b->task_tag && a->version_max == b->version_max &&
           a->version_min == b->version_min;
}

static enum login_status
check_stages(struct login *l)
{
    const struct pdu_login_request *r = &l->request;

    if (r->current_stage != STAGE_SECURITY && r->current_stage != STAGE_OPERATIONAL)
        return fail(l, LOGIN_INITIATOR_ERROR, "not a stage of a login");
    if (r->current_stage != l->stage)
        return fail(l, LOGIN_INITIATOR_ERROR, "a stage that was not agreed on");
    if (r->transit && r->is_continued)
        return fail(l, LOGIN_INITIATOR_ERROR, "T and C bits together");
    if (r->transit && !may_follow[r->current_stage][r->next_stage])
        return fail(l, LOGIN_INITIATOR_ERROR, "a next stage that cannot follow");
    return LOGIN_SUCCESS;
}

/* The first request of a login says where it starts: stage, CmdSN and StatSN. */
static void
begin(struct login *l)
{
    l->has_begun = true;
    l->first = l->request;
    l->isid = l->request.isid;
    l->cid = l->request.cid;
    l->stage = l->request.current_stage;
    l->exp_cmdsn = l->request.cmdsn;
    l->statsn = l->request.exp_statsn;
}

/* Takes what a response needs of HEADER, whatever it is; whether it is a Login Request. */
static bool
read_request(struct login *l, const uint8_t *header)
{
    if (pdu_opcode(header) != PDU_LOGIN_REQUEST) {
        l->request.task_tag = pdu_task_tag(header);
        return false;
    }
    pdu_login_request_get(header, &l->request);
    if (!l->has_begun)
        begin(l);
    return true;
}

static enum login_status
check_request(struct login *l, const uint8_t *header)
{
    if (!read_request(l, header))
        return fail(l, LOGIN_INVALID_REQUEST, "not a Login Request");
    if (l->is_ready)
        return fail(l, LOGIN_INVALID_REQUEST, "a request before the last was answered");
    if (!l->request.immediate)
        return fail(l, LOGIN_INITIATOR_ERROR, "not immediate");
    if (l->request.version_min > 0)
        return fail(l, LOGIN_UNSUPPORTED_VERSION, "a later version of the protocol");
    if (!continues_first(l))
        return fail(l, LOGIN_INITIATOR_ERROR, "ISID, TSIH, CID, tag or version has changed");
    if (++l->requests > LOGIN_REQUESTS_MAX)
        return fail(l, LOGIN_INITIATOR_ERROR, "too many requests");
    return check_stages(l);
}

/* An iSCSI name as it stands in a key: not empty, no control character, no blank and no comma,
 * which separates the parts of a port's name. In lower case, as section 4.2.7.2 has names
 * compared. */
static int
copy_name(char ret[224], const char *name)
{
    size_t length = strlen(name);
    char c;

    if (length == 0 || length > 223)
        return -1;
    for (size_t i = 0; i <= length; i++) {
        c = name[i];
        if (i < length && ((c >= 0 && c <= ' ') || c == ',' || c == 0x7f))
            return -1;
        ret[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    return 0;
}

static enum login_status
take_initiator(struct login *l, const struct text_list *list)
{
    const char *name = text_value(list, "InitiatorName");
    const char *alias = text_value(list, "InitiatorAlias");
    char copy[224];

    if (name == NULL && !l->is_identified)
        return fail(l, LOGIN_MISSING_PARAMETER, "no InitiatorName");
    if (name != NULL && copy_name(copy, name) < 0)
        return fail(l, LOGIN_INITIATOR_ERROR, "InitiatorName is not a name");
    if (name != NULL && l->is_identified && strcmp(l->initiator, copy) != 0)
        return fail(l, LOGIN_INITIATOR_ERROR, "InitiatorName has changed");
    if (name != NULL)
        memcpy(l->initiator, copy, sizeof copy);
    if (alias != NULL && strlen(alias) >= sizeof l->initiator_alias)
        return fail(l, LOGIN_INITIATOR_ERROR, "InitiatorAlias is too long");
    if (alias != NULL)
        strcpy(l->initiator_alias, alias);
    return LOGIN_SUCCESS;
}

static enum login_status
take_session_type(struct login *l, const struct text_list *list)
{
    const char *type = text_value(list, "SessionType");
    bool is_discovery = type != NULL && strcmp(type, "Discovery") == 0;

    if (type != NULL && !is_discovery && strcmp(type, "Normal") != 0)
        return fail(l, LOGIN_SESSION_TYPE_NOT_SUPPORTED, "neither Normal nor Discovery");
    if (type != NULL && l->is_identified && l->is_discovery != is_discovery)
        return fail(l, LOGIN_INITIATOR_ERROR, "SessionType has changed");
    if (!l->is_identified)
        l->is_discovery = is_discovery;
    return LOGIN_SUCCESS;
}

/* Names of configured targets may be in upper case (eui., naa.), those of initiators may be in
 * any: as it stands, then in lower case. */
static struct target *
find_target(const struct catalog *catalog, const char *name)
{
    struct target *target = catalog_target(catalog, name);
    char lower[224];

    if (target == NULL && copy_name(lower, name) == 0)
        target = catalog_target(catalog, lower);
    return target;
}

/* At every request: what was allowed at the first one may no longer be. */
static enum login_status
take_target(struct login *l, const struct catalog *catalog, const struct text_list *list)
{
    const char *name = text_value(list, "TargetName");
    struct target *target;

    if (l->is_discovery)
        return LOGIN_SUCCESS;
    if (name != NULL && l->target != NULL && strcasecmp(name, l->target->name) != 0)
        return fail(l, LOGIN_INITIATOR_ERROR, "TargetName has changed");
    if (name == NULL && l->target == NULL)
        return fail(l, LOGIN_MISSING_PARAMETER, "no TargetName");
    target = find_target(catalog, l->target != NULL ? l->target->name : name);
    if (target == NULL)
        return fail(l, LOGIN_TARGET_NOT_FOUND, "no such target");
    if (!target_has_portal_group(target, l->portal_group))
        return fail(l, LOGIN_TARGET_NOT_FOUND, "target is not in this portal group");
    if (access_entry(target, l->initiator, &l->from) == NULL)
        return fail(l, LOGIN_FORBIDDEN, "no ACL entry for this initiator at this address");
    if (!target->enabled)
        return fail(l, LOGIN_SERVICE_UNAVAILABLE, "target is disabled");
    target_ref(target);
    target_unref(l->target);
    l->target = target;
    return LOGIN_SUCCESS;
}

/* Section 6.3.1: with one connection a session, a login into a session that lives means that
 * one (section 6.3.4), or one too many. */
static enum login_status
check_tsih(struct login *l)
{
    if (l->request.tsih == 0)
        return LOGIN_SUCCESS;
    if (l->find_session == NULL || !l->find_session(l, l->request.tsih, &l->reinstated))
        return fail(l, LOGIN_NO_SUCH_SESSION, "TSIH of no session");
    if (l->is_discovery || l->request.cid != l->reinstated.cid)
        return fail(l, LOGIN_TOO_MANY_CONNECTIONS, "a second connection for a session");
    l->reinstates = true;
    return LOGIN_SUCCESS;
}

/* Section 13.9: the first response of a normal session names the portal group. */
static void
declare_target(struct login *l)
{
    negotiation_init(&l->negotiation, l->target != NULL ? &l->target->parameters : NULL,
                     l->is_discovery);
    if (l->reinstates)
        negotiation_inherit(&l->negotiation, &l->reinstated.params);
    if (l->target == NULL)
        return;
    text_put_number(&l->output, "TargetPortalGroupTag", l->portal_group);
    if (l->target->alias != NULL)
        text_put(&l->output, "TargetAlias", l->target->alias);
}

/*
 * Where this login is to go instead; NULL: nowhere. The target's own word counts before that of
 * the portal group: it knows where the disks are now, the group only that they are better
 * reached elsewhere. Who has come to that very address, where we listen on all, stays: he would
 * go in a circle.
 */
static const struct redirect *
redirect_for(const struct login *l, const struct catalog *catalog)
{
    const struct portal_group *group = catalog_portal_group(catalog, l->portal_group);
    const struct redirect *to = NULL;

    if (!l->is_discovery && l->target->redirect != NULL)
        to = l->target->redirect;
    else if (!l->is_discovery && group != NULL)
        to = group->redirect;
    return to != NULL && ip_sockets_equal(to->address, l->local) ? NULL : to;
}

/*
 * Section 11.13.5, with an address and nothing else (section 13.8: no portal group tag). Comes
 * after the ACL, so that only those who may log in learn of it, and before authentication:
 * secrets are asked for where the target is now, and this address no more than discovery tells.
 */
static enum login_status
redirect(struct login *l, const struct redirect *to)
{
    text_put(&l->output, "TargetAddress", to->address);
    if (l->output.error != 0)
        return fail(l, LOGIN_OUT_OF_RESOURCES, "out of memory");
    return fail(l, to->is_permanent ? LOGIN_MOVED_PERMANENTLY : LOGIN_MOVED_TEMPORARILY,
                l->target->redirect == to ? "the target has moved"
                                          : "the portal group sends elsewhere");
}

static enum login_status
identify(struct login *l, const struct catalog *catalog, const struct text_list *list)
{
    enum login_status status = take_initiator(l, list);
    const struct redirect *to;

    if (status == LOGIN_SUCCESS)
        status = take_session_type(l, list);
    if (status == LOGIN_SUCCESS)
        status = take_target(l, catalog, list);
    if (status != LOGIN_SUCCESS || l->is_identified)
        return status;
    status = check_tsih(l);
    if (status != LOGIN_SUCCESS)
        return status;
    to = redirect_for(l, catalog);
    if (to != NULL)
        return redirect(l, to);
    declare_target(l);
    l->is_identified = true;
    return LOGIN_SUCCESS;
}

/* What the initiator must prove; NULL: nothing. */
static struct chap_credentials *
credentials_for(const struct login *l, const struct catalog *catalog,
                const struct target *target)
{
    const struct acl_entry *entry;

    if (l->is_discovery)
        return catalog->discovery_auth;
    entry = access_entry(target, l->initiator, &l->from);
    return entry != NULL ? entry->auth : NULL;
}

bool
login_is_authenticated(const struct login *l, const struct catalog *catalog)
{
    const struct target *target = NULL;

    if (!l->is_discovery) {
        target = catalog_target(catalog, l->target->name);
        if (target == NULL || access_entry(target, l->initiator, &l->from) == NULL)
            return false;
    }
    return login_auth_suffices(&l->auth, credentials_for(l, catalog, target));
}

/* Answers the keys of a complete list into l->output. */
static enum login_status
answer_list(struct login *l, const struct catalog *catalog)
{
    struct text_list list;
    const char *problem = text_parse(l->input.bytes, l->input.length, &list);
    enum login_status status;

    if (problem != NULL)
        return fail(l, LOGIN_INITIATOR_ERROR, problem);
    status = identify(l, catalog, &list);
    if (status == LOGIN_SUCCESS)
        status = login_auth_answer(l, credentials_for(l, catalog, l->target), &list);
    if (status != LOGIN_SUCCESS)
        return status;
    if (negotiation_answer(&l->negotiation, phases[l->stage], &list, &l->output) !=
        PARAMS_ANSWERED)
        return fail(l, LOGIN_INITIATOR_ERROR, negotiation_problem(&l->negotiation));
    if (l->output.error != 0)
        return fail(l,
                    l->output.error == -E2BIG ? LOGIN_INITIATOR_ERROR : LOGIN_OUT_OF_RESOURCES,
                    "the answer does not fit");
    return LOGIN_SUCCESS;
}

static enum login_status
collect(struct login *l, const void *data, size_t n)
{
    int result = text_input_add(&l->input, data, n);

    if (result == -E2BIG)
        return fail(l, LOGIN_INITIATOR_ERROR, "a list of keys that is too long");
    if (result < 0)
        return fail(l, LOGIN_OUT_OF_RESOURCES, "out of memory");
    return LOGIN_SUCCESS;
}

static enum login_verdict
go_on(struct login *l, const struct catalog *catalog, struct login_response *ret)
{
    if (!l->request.transit || !login_auth_is_settled(&l->auth))
        return proceed(l, false, ret);
    l->stage = l->request.next_stage;
    if (l->stage != STAGE_FULL_FEATURE)
        return proceed(l, true, ret);
    if (!login_is_authenticated(l, catalog)) {
        l->problem = "the end of a login without the authentication that is demanded";
        return refuse(l, LOGIN_AUTHENTICATION_FAILED, ret);
    }
    if (!negotiation_is_acceptable(&l->negotiation)) {
        l->problem = negotiation_problem(&l->negotiation);
        return refuse(l, LOGIN_INITIATOR_ERROR, ret);
    }
    l->is_ready = true;
    return LOGIN_READY;
}

enum login_verdict
login_request(struct login *l, const struct catalog *catalog, const uint8_t *header,
              const void *data, size_t n, struct login_response *ret)
{
    enum login_status status = check_request(l, header);

    text_output_clear(&l->output);
    if (status == LOGIN_SUCCESS)
        status = collect(l, data, n);
    if (status == LOGIN_SUCCESS && l->request.is_continued)
        return proceed(l, false, ret);
    if (status == LOGIN_SUCCESS)
        status = answer_list(l, catalog);
    text_input_done(&l->input);
    if (status != LOGIN_SUCCESS)
        return refuse(l, status, ret);
    return go_on(l, catalog, ret);
}

void
login_accept(struct login *l, uint16_t tsih, uint16_t queue_depth, struct login_response *ret)
{
    struct pdu_login_response p = {
        .transit = true,
        .current_stage = l->request.current_stage,
        .next_stage = STAGE_FULL_FEATURE,
        .isid = l->request.isid,
        .tsih = tsih,
        .task_tag = l->request.task_tag,
    };

    respond(l, &p, l->exp_cmdsn + queue_depth - 1, ret);
}

void
login_refuse(struct login *l, const uint8_t *header, enum login_status status,
             struct login_response *ret)
{
    if (header != NULL)
        read_request(l, header);
    refuse(l, status, ret);
}
