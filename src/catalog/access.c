/* access.c: who may log in to what, from where, and what it sees. */
#include "catalog/access.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "catalog/catalog.h"
#include "core/network.h"

static char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* What follows the character that NAME starts with. */
static const char *
next_character(const char *name)
{
    do
        name++;
    while (((unsigned char)*name & 0xc0) == 0x80);
    return name;
}

bool
access_name_matches(const char *pattern, const char *name)
{
    const char *star = NULL, *taken = NULL; /* the last '*', and where what it takes ends */

    while (*name != '\0') {
        if (*pattern == '*') {
            star = ++pattern;
            taken = name;
        } else if (*pattern == '?') {
            pattern++;
            name = next_character(name);
        } else if (*pattern != '\0' && lower(*pattern) == lower(*name)) {
            pattern++;
            name++;
        } else if (star != NULL) {
            pattern = star;
            name = ++taken;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

static bool
is_in_networks(const struct acl_entry *entry, const struct ip_address *from)
{
    for (size_t i = 0; i < entry->network_count; i++)
        if (network_has(&entry->networks[i], from))
            return true;
    return entry->network_count == 0;
}

const struct acl_entry *
access_find(const struct acl_entry *entries, size_t count, const char *initiator,
            const struct ip_address *from)
{
    for (size_t i = 0; i < count; i++)
        if (access_name_matches(entries[i].initiator, initiator) &&
            is_in_networks(&entries[i], from))
            return &entries[i];
    return NULL;
}

const struct acl_entry *
access_entry(const struct target *target, const char *initiator, const struct ip_address *from)
{
    return access_find(target->acls, target->acl_count, initiator, from);
}

/* How much an entry says of the name. More comes first. */
static int
weight(const char *pattern)
{
    int literal = 0;

    if (strpbrk(pattern, "*?") == NULL)
        return 1000; /* names have at most 223 characters */
    if (strcmp(pattern, "*") == 0)
        return -1;
    for (; *pattern != '\0'; pattern++)
        literal += *pattern != '*' && *pattern != '?';
    return literal;
}

static int
compare_entries(const void *a, const void *b)
{
    const struct acl_entry *one = a, *other = b;
    int difference = weight(other->initiator) - weight(one->initiator);

    return difference != 0 ? difference : strcasecmp(one->initiator, other->initiator);
}

void
access_sort(struct acl_entry *entries, size_t count)
{
    if (count > 0)
        qsort(entries, count, sizeof entries[0], compare_entries);
}

size_t
access_lun_places(const struct target *target, const struct acl_entry *entry)
{
    return entry->luns != NULL ? entry->lun_count : target->lun_count;
}

bool
access_lun_at(const struct target *target, const struct acl_entry *entry, size_t i,
              struct access_lun *ret)
{
    const struct lun_export *export;
    struct acl_lun shown;

    if (entry->luns != NULL)
        shown = entry->luns[i];
    else
        shown =
            (struct acl_lun){.number = target->luns[i].number, .lun = target->luns[i].number};
    export = target_lun(target, shown.lun);
    if (export == NULL)
        return false;
    *ret = (struct access_lun){
        .number = shown.number,
        .read_only = shown.read_only || export->read_only,
        .export = export,
    };
    return true;
}
