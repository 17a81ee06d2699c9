/* document_check.c: the rules of the configuration that a schema cannot say. */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "catalog/document.h"
#include "catalog/document_private.h"
#include "catalog/near.h"
#include "catalog/pointer.h"
#include "catalog/schema.h"
#include "catalog/schema_private.h"

#define PROBLEMS_MAX 100

static json_t *
new_problem(const char *path, const char *keyword, const char *format, va_list args)
{
    char message[1024];

    vsnprintf(message, sizeof message, format, args);
    return json_pack("{s:o,s:s,s:o}", "path", schema_text(path), "keyword", keyword, "message",
                     schema_text(message));
}

void
document_problem(json_t *problems, const char *path, const char *keyword, const char *format,
                 ...)
{
    va_list args;

    va_start(args, format);
    json_array_append_new(problems, new_problem(path, keyword, format, args));
    va_end(args);
}

void
document_complain(struct rules *r, const char *path, const char *keyword, const char *format,
                  ...)
{
    va_list args;

    r->count++;
    if (r->problems == NULL || json_array_size(r->problems) >= PROBLEMS_MAX)
        return;
    va_start(args, format);
    json_array_append_new(r->problems, new_problem(path, keyword, format, args));
    va_end(args);
}

const char *
document_pointer(char path[POINTER_MAX], const char *const *steps)
{
    path[0] = '\0';
    for (; *steps != NULL; steps++)
        pointer_enter(path, POINTER_MAX, *steps);
    return path;
}

const char *
document_seen_before(json_t *seen, const char *value, const char *name)
{
    const json_t *first = json_object_get(seen, value);

    if (first != NULL)
        return json_string_value(first);
    json_object_set_new(seen, value, json_string(name));
    return NULL;
}

static void
lower_case(char *to, size_t size, const char *from)
{
    size_t i;

    for (i = 0; from[i] != '\0' && i + 1 < size; i++)
        to[i] = (char)tolower((unsigned char)from[i]);
    to[i] = '\0';
}

static void
check_limit(struct rules *r, const char *path, const char *what, size_t value, size_t limit)
{
    size_t last;

    if (value <= limit)
        return;
    document_complain(r, path, "limit", "%zu %s: at most %zu are possible", value, what, limit);
    last = json_array_size(r->problems);
    if (last > 0 && last <= PROBLEMS_MAX) {
        json_t *added = json_array_get(r->problems, last - 1);
        json_object_set_new(added, "limit", json_integer((json_int_t)limit));
        json_object_set_new(added, "value", json_integer((json_int_t)value));
    }
}

static void
check_limits(struct rules *r)
{
    size_t luns = 0, portals = 0;
    const char *name;
    json_t *value;

    json_object_foreach (document_members(r->portal_groups), name, value)
        portals += json_array_size(json_object_get(value, "portals"));
    json_object_foreach (document_members(r->targets), name, value) {
        size_t own = json_object_size(json_object_get(value, "luns"));
        check_limit(r, POINTER("targets", name, "luns"), "LUNs of a target", own,
                    DOCUMENT_LUNS_MAX);
        luns += own;
    }
    check_limit(r, "/portal_groups", "portals", portals, DOCUMENT_PORTALS_MAX);
    check_limit(r, "/backstores", "backstores", json_object_size(r->backstores),
                DOCUMENT_BACKSTORES_MAX);
    check_limit(r, "/targets", "targets", json_object_size(r->targets), DOCUMENT_TARGETS_MAX);
    check_limit(r, "/targets", "LUNs of all targets", luns, DOCUMENT_LUNS_TOGETHER_MAX);
}

bool
document_canonical_address(const char *address, char *text, size_t size)
{
    struct in6_addr binary;

    if (inet_pton(AF_INET, address, &binary) == 1)
        return inet_ntop(AF_INET, &binary, text, (socklen_t)size) != NULL;
    if (inet_pton(AF_INET6, address, &binary) == 1)
        return inet_ntop(AF_INET6, &binary, text, (socklen_t)size) != NULL;
    return false;
}

bool
document_portal_key(const json_t *portal, char key[96])
{
    const json_t *port = json_object_get(portal, "port");
    const char *address = json_string_value(json_object_get(portal, "address"));
    char canonical[INET6_ADDRSTRLEN];

    if (address == NULL || !document_canonical_address(address, canonical, sizeof canonical))
        return false;
    snprintf(key, 96, strchr(canonical, ':') != NULL ? "[%s]:%lld" : "%s:%lld", canonical,
             port == NULL ? 3260LL : (long long)json_integer_value(port));
    return true;
}

static void
check_portal(struct rules *r, const char *tag, size_t index, const json_t *portal)
{
    const char *address = json_string_value(json_object_get(portal, "address"));
    const char *before;
    char number[24], key[96];

    snprintf(number, sizeof number, "%zu", index);
    if (address == NULL)
        return;
    if (!document_portal_key(portal, key)) {
        document_complain(r, POINTER("portal_groups", tag, "portals", number, "address"),
                          "address", "\"%.60s\" is not a numeric IPv4 or IPv6 address",
                          address);
        return;
    }
    before = document_seen_before(r->portals, key, tag);
    if (before != NULL)
        document_complain(r, POINTER("portal_groups", tag, "portals", number), "unique",
                          "%s is in portal group %s already", key, before);
}

static void
check_portals(struct rules *r)
{
    json_t *group, *portal;
    const char *tag;
    size_t i;

    json_object_foreach (document_members(r->portal_groups), tag, group)
        json_array_foreach (json_object_get(group, "portals"), i, portal)
            check_portal(r, tag, i, portal);
}

static void
check_backstore_size(struct rules *r, const char *name, const json_t *backstore)
{
    const json_t *size = json_object_get(backstore, "size");
    const json_t *physical = json_object_get(backstore, "physical_block_size");
    json_int_t block_size = json_integer_value(json_object_get(backstore, "block_size"));

    if (block_size != 4096)
        block_size = 512;
    if (size == NULL && json_is_true(json_object_get(backstore, "create")))
        document_complain(r, POINTER("backstores", name), "required",
                          "missing member \"size\": create needs it");
    if (json_is_integer(size) && json_integer_value(size) % block_size != 0)
        document_complain(r, POINTER("backstores", name, "size"), "multipleOf",
                          "not a multiple of the block size (%lld)", (long long)block_size);
    if (json_is_integer(physical) && json_integer_value(physical) < block_size)
        document_complain(r, POINTER("backstores", name, "physical_block_size"), "minimum",
                          "below the block size (%lld)", (long long)block_size);
}

/* What no two backstores may share: two writers to one file, or two disks that an initiator
 * takes for one, destroy data. */
static const struct unique_member {
    const char *member, *message;
} unique_members[] = {
    {"path", "is the path of backstore"},
    {"serial", "is the serial number of backstore"},
    {"naa", "is the NAA identifier of backstore"},
};

static void
check_backstores(struct rules *r)
{
    const char *name;
    json_t *backstore;

    for (size_t i = 0; i < sizeof unique_members / sizeof unique_members[0]; i++) {
        const struct unique_member *u = &unique_members[i];
        json_t *seen = json_object();
        json_object_foreach (document_members(r->backstores), name, backstore) {
            const char *value = json_string_value(json_object_get(backstore, u->member));
            char key[4200];
            const char *before = NULL;
            if (value != NULL && strcmp(u->member, "naa") == 0) {
                lower_case(key, sizeof key, value);
                before = document_seen_before(seen, key, name);
            } else if (value != NULL) {
                before = document_seen_before(seen, value, name);
            }
            if (before != NULL)
                document_complain(r, POINTER("backstores", name, u->member), "unique",
                                  "%s \"%s\" too", u->message, before);
        }
        json_decref(seen);
    }
    json_object_foreach (document_members(r->backstores), name, backstore)
        check_backstore_size(r, name, backstore);
}

/* The name in MAP that was probably meant, or NULL. Not searched for in large maps. */
static const char *
near_name(const json_t *map, const char *wanted)
{
    const char *name;
    json_t *ignored;

    if (json_object_size(map) > 256)
        return NULL;
    json_object_foreach (document_members(map), name, ignored)
        if (near_enough(wanted, name))
            return name;
    return NULL;
}

static void
check_luns(struct rules *r, const char *target, const json_t *luns)
{
    const char *number;
    json_t *lun;

    json_object_foreach (document_members(luns), number, lun) {
        const char *backstore = json_string_value(json_object_get(lun, "backstore"));
        const char *path, *near;
        if (backstore == NULL || json_object_get(r->backstores, backstore) != NULL)
            continue;
        path = POINTER("targets", target, "luns", number, "backstore");
        near = near_name(r->backstores, backstore);
        if (near != NULL)
            document_complain(r, path, "reference",
                              "there is no backstore \"%.64s\"; did you mean \"%s\"?",
                              backstore, near);
        else
            document_complain(r, path, "reference", "there is no backstore \"%.64s\"",
                              backstore);
    }
}

static void
check_tags(struct rules *r, const char *target, const json_t *tags)
{
    char index[24], tag[24];
    json_t *value;
    size_t i;

    if (tags == NULL && json_object_get(r->portal_groups, "1") == NULL)
        document_complain(
            r, POINTER("targets", target), "reference",
            "a target is on portal group 1 where it does not name any, and there is no "
            "portal group 1");
    json_array_foreach (tags, i, value) {
        snprintf(tag, sizeof tag, "%lld", (long long)json_integer_value(value));
        snprintf(index, sizeof index, "%zu", i);
        if (json_is_integer(value) && json_object_get(r->portal_groups, tag) == NULL)
            document_complain(r, POINTER("targets", target, "portal_groups", index),
                              "reference", "there is no portal group %s", tag);
    }
}

/* RFC 7143 section 13.14. A FirstBurstLength that is not given follows MaxBurstLength. */
static void
check_bursts(struct rules *r, const char *target, const json_t *parameters)
{
    const json_t *properties =
        json_object_get(schema_component("TargetParameters"), "properties");
    const json_t *first = json_object_get(parameters, "first_burst_length");
    const json_t *most = json_object_get(parameters, "max_burst_length");

    if (most == NULL)
        most = json_object_get(json_object_get(properties, "max_burst_length"), "default");
    if (json_is_integer(first) && json_is_integer(most) &&
        json_integer_value(first) > json_integer_value(most))
        document_complain(r, POINTER("targets", target, "parameters", "first_burst_length"),
                          "maximum", "more than max_burst_length (%lld)",
                          (long long)json_integer_value(most));
}

/* iSCSI names are compared without regard to case (RFC 7143 section 4.2.7.1). */
static void
check_names(struct rules *r, const json_t *map, const char *const *steps, const char *what)
{
    json_t *seen = json_object(), *ignored;
    const char *name;

    json_object_foreach (document_members(map), name, ignored) {
        char key[256], path[POINTER_MAX];
        const char *before;
        lower_case(key, sizeof key, name);
        before = strlen(name) < sizeof key ? document_seen_before(seen, key, name) : NULL;
        if (before == NULL)
            continue;
        document_pointer(path, steps);
        pointer_enter(path, sizeof path, name);
        document_complain(r, path, "unique",
                          "differs from %s \"%s\" in upper and lower case only", what, before);
    }
    json_decref(seen);
}

static void
check_targets(struct rules *r)
{
    const char *const root[] = {"targets", NULL};
    const char *name;
    json_t *target;

    check_names(r, r->targets, root, "target");
    json_object_foreach (document_members(r->targets), name, target) {
        const char *const acls[] = {"targets", name, "acls", NULL};
        check_luns(r, name, json_object_get(target, "luns"));
        check_names(r, json_object_get(target, "acls"), acls, "initiator");
        document_check_acls(r, name, target);
        check_tags(r, name, json_object_get(target, "portal_groups"));
        document_check_target_redirect(r, name, json_object_get(target, "redirect"),
                                       json_object_get(target, "portal_groups"));
        check_bursts(r, name, json_object_get(target, "parameters"));
    }
}

size_t
document_check(const json_t *document, json_t *problems)
{
    static void (*const rules[])(struct rules *) = {
        check_limits,     check_portals, document_check_group_redirects,
        check_backstores, check_targets, document_check_discovery};
    struct rules r = {
        .portal_groups = json_object_get(document, "portal_groups"),
        .backstores = json_object_get(document, "backstores"),
        .targets = json_object_get(document, "targets"),
        .discovery = json_object_get(document, "discovery"),
        .portals = json_object(),
        .problems = problems,
    };
    size_t count = schema_validate(NULL, schema_component("Config"), document, problems);

    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        rules[i](&r);
    json_decref(r.portals);
    return count + r.count;
}
