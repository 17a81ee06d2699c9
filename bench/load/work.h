/*
 * work.h: which command comes next on a session.
 *
 * With MODE_VERIFY each session has a part of the unit of its own. It writes all of it, then
 * reads and writes pieces of any length anywhere for as long as the time lasts, then reads all
 * of it; blocks that it has written hold what pattern.h says, and it knows of each how often
 * that was. No two commands that touch the same block are in flight at once, unless both read.
 */
#ifndef BENCH_LOAD_WORK_H
#define BENCH_LOAD_WORK_H

#include <stdbool.h>
#include <stdint.h>

struct session;
struct slot;

void work_prepare(struct session *s);
void work_free(struct session *s);

/* Fills in SLOT: what to do, where, how much, and the data of a write. False: nothing now, or
 * (the session is_finished then) nothing more. IS_OVER: the time is. */
bool work_next(struct session *s, struct slot *slot, bool is_over);

/* Looks at what a read that was GOOD has brought. False, with a complaint: wrong data. */
bool work_is_right(struct session *s, const struct slot *slot);

/* The command is done. IS_GOOD: a write has taken effect. */
void work_done(struct session *s, struct slot *slot, bool is_good);

#endif
