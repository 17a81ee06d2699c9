/* discovery.c: targets and addresses for an initiator. */
#include "iscsi/discovery.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "catalog/access.h"
#include "catalog/catalog.h"
#include "iscsi/text.h"

/*
 * The numeric address in LOCAL ("192.0.2.7:3260", "[2001:db8::7]:3260"), without brackets, zone
 * and the prefix of an IPv4 address on an IPv6 socket. Empty where there is none.
 */
static void
local_address(const char *local, char ret[64])
{
    bool bracketed = local[0] == '[';
    const char *start = bracketed ? local + 1 : local;
    size_t length = strcspn(start, bracketed ? "]%" : ":");

    if (bracketed && strncasecmp(start, "::ffff:", 7) == 0 && strchr(start, '.') != NULL) {
        start += 7;
        length -= 7;
    }
    if (length >= 64)
        length = 0;
    memcpy(ret, start, length);
    ret[length] = '\0';
}

/* "192.0.2.7:3260,1", or "" where PORTAL cannot be reached over the protocol that LOCAL came
 * by.
 * "::" takes IPv4, too. */
static void
portal_value(const struct portal *portal, uint16_t tag, const char *local, char ret[96])
{
    const char *address = portal->address;
    bool is_any4 = strcmp(address, "0.0.0.0") == 0;

    ret[0] = '\0';
    if (is_any4 || strcmp(address, "::") == 0)
        address = local;
    if (address[0] == '\0' || (is_any4 && strchr(address, ':') != NULL))
        return;
    snprintf(ret, 96, strchr(address, ':') != NULL ? "[%s]:%u,%u" : "%s:%u,%u", address,
             (unsigned)portal->port, (unsigned)tag);
}

/* Whether an earlier portal of the group has the same value: two kinds of wildcard, or a
 * wildcard and the address that it stands for. */
static bool
is_repeated(const struct portal_group *group, size_t until, const char *local,
            const char *value)
{
    char earlier[96];

    for (size_t i = 0; i < until; i++) {
        portal_value(&group->portals[i], group->tag, local, earlier);
        if (strcmp(earlier, value) == 0)
            return true;
    }
    return false;
}

/* The target's name goes out before its first address; without any it is not mentioned. */
static void
put_group(const struct portal_group *group, const char *local, const struct target *target,
          bool *has_name, struct text_output *out)
{
    char value[96];

    for (size_t i = 0; i < group->portal_count; i++) {
        portal_value(&group->portals[i], group->tag, local, value);
        if (value[0] == '\0' || is_repeated(group, i, local, value))
            continue;
        if (!*has_name)
            text_put(out, "TargetName", target->name);
        *has_name = true;
        text_put(out, "TargetAddress", value);
    }
}

static void
put_target(const struct discovery *d, const struct target *target, struct text_output *out)
{
    const struct portal_group *group;
    char local[64];
    bool has_name = false;

    if (!target->enabled || access_entry(target, d->initiator, &d->from) == NULL)
        return;
    local_address(d->local, local);
    for (size_t i = 0; i < target->portal_group_count; i++) {
        group = catalog_portal_group(d->catalog, target->portal_groups[i].tag);
        if (group != NULL)
            put_group(group, local, target, &has_name, out);
    }
}

void
discovery_send_targets(const struct discovery *d, const char *value, struct text_output *out)
{
    bool is_all = strcmp(value, "All") == 0;
    bool is_allowed = d->own_target == NULL
                          ? value[0] != '\0'
                          : value[0] == '\0' || strcasecmp(value, d->own_target) == 0;
    const char *wanted = value[0] != '\0' ? value : d->own_target;

    if (!is_allowed) {
        text_put(out, "SendTargets", "Reject");
        return;
    }
    for (size_t i = 0; i < d->catalog->target_count; i++)
        if (is_all || strcasecmp(d->catalog->targets[i]->name, wanted) == 0)
            put_target(d, d->catalog->targets[i], out);
}
