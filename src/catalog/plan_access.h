/*
 * plan_access.h: what a change takes from the sessions of a target: how they got in before it,
 * and how they would after it, by the very rules of access.h. Pure.
 */
#ifndef CATALOG_PLAN_ACCESS_H
#define CATALOG_PLAN_ACCESS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct session_summary;

struct plan_access;

/* For those of COUNT sessions that are on target NAME, which BEFORE and AFTER have (complete,
 * borrowed; NULL: not there). NULL: out of memory. */
struct plan_access *plan_access_new(const char *name, const json_t *before, const json_t *after,
                                    const struct session_summary *sessions, size_t count);
void plan_access_free(struct plan_access *access); /* accepts NULL */

/* Whether session I loses its access, or a LUN that it sees, because of what changes in ENTRY
 * (an initiator's name or pattern): the one by which it got in, or will from now on. */
bool plan_access_is_lost(const struct plan_access *access, size_t i, const char *entry);

/* Whether session I sees, before the change, what the target has under NUMBER. */
bool plan_access_sees(const struct plan_access *access, size_t i, uint16_t number);

#endif
