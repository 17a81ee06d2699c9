/*
 * plan_access.h: what a change takes from sessions: how they got in before it,
 * and how they would after it, by the very rules of access.h. Pure.
 */
#ifndef CATALOG_PLAN_ACCESS_H
#define CATALOG_PLAN_ACCESS_H

#include <stdbool.h>
#include <stddef.h>

struct plan;

struct plan_access;

/* For the sessions of PLAN, whose parts are borrowed. NULL: out of memory. */
struct plan_access *plan_access_new(const struct plan *plan);
void plan_access_free(struct plan_access *access); /* accepts NULL */

/* Whether session I loses its access, or a LUN that it sees, because of what changes in ENTRY
 * (an initiator's name or pattern): the one by which it got in, or will from now on. */
bool plan_access_is_lost(const struct plan_access *access, size_t i, const char *entry);

/* Whether session I sees, before the change, what the target has under NUMBER. */
bool plan_access_sees(const struct plan_access *access, size_t i, int number);

/* Whether one of the LUNs that session I sees, before the change, leads to BACKSTORE. */
bool plan_access_uses(const struct plan_access *access, size_t i, const char *backstore);

#endif
