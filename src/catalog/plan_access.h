/*
 * plan_access.h: what a change takes from the sessions of a target: how they got in before it,
 * and how they would after it, by the very rules of access.h. Pure.
 */
#ifndef CATALOG_PLAN_ACCESS_H
#define CATALOG_PLAN_ACCESS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct session_summary;

struct plan_access;

/* For COUNT sessions on a target whose "acls" are BEFORE and AFTER (complete; NULL: none).
 * NULL: out of memory. */
struct plan_access *plan_access_new(const json_t *before, const json_t *after,
                                    const struct session_summary *sessions, size_t count);
void plan_access_free(struct plan_access *access); /* accepts NULL */

/* Whether session I loses its access because of what changes in ENTRY (an initiator's name or
 * pattern). */
bool plan_access_is_lost(const struct plan_access *access, size_t i, const char *entry);

#endif
