/* small_catalog.h: a configuration for tests, made of literals. */
#ifndef TESTS_UNIT_ISCSI_SMALL_CATALOG_H
#define TESTS_UNIT_ISCSI_SMALL_CATALOG_H

struct catalog;

/* Who may enter by CHAP, and who the target then is. */
#define SMALL_USER          "user"
#define SMALL_SECRET        "a secret for one side"
#define SMALL_MUTUAL_USER   "target"
#define SMALL_MUTUAL_SECRET "another for the other"

/*
 * Portal group 1: 0.0.0.0:3260 and [::]:3260; 2: 192.0.2.1:3260, 192.0.2.2:3261 and
 * [2001:db8::1]:3260; 3: 0.0.0.0:3262. Targets, all named iqn.2026-01.example:<…>:
 *
 *   open      groups 1 and 2, alias "A disk", all may enter
 *   private   group 1, only iqn.2026-01.example:friend
 *   elsewhere group 2 only, all may enter
 *   off       group 1, disabled
 *   strict    group 1, demands both digests
 *   ipv4      group 3, all may enter
 */
const struct catalog *small_catalog(void);

/*
 * As if CHAP had come later: "open" and discovery demand it with any algorithm, "both-ways"
 * with SHA-256 or SHA3-256 and proves itself, too.
 */
const struct catalog *small_catalog_locked(void);

/*
 * As if things had moved. Portal group 1 sends to storage.example:3260 for a while; of the
 * targets in it, "gone" has moved to [2001:db8::7]:3261 for good, "private" (only
 * iqn.2026-01.example:friend) and "off" (disabled) too, "locked" (demands CHAP) to
 * 192.0.2.7:860 for a while, and "open" says nothing. "still" is in group 3.
 */
const struct catalog *small_catalog_moved(void);

/* As if the target had been deleted, or disabled, by a change. */
const struct catalog *small_catalog_without_targets(void);

#endif
