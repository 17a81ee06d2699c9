/* verify.h: MODE_VERIFY; see work.h. */
#ifndef BENCH_LOAD_VERIFY_H
#define BENCH_LOAD_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

struct session;
struct slot;

void verify_prepare(struct session *s);
void verify_free(struct session *s);
bool verify_next(struct session *s, struct slot *slot, bool is_over);
bool verify_is_right(struct session *s, const struct slot *slot);
void verify_done(struct session *s, struct slot *slot, bool is_good);

/* Of work.c. */
uint64_t work_random(struct session *s);
void work_put_pattern(struct session *s, struct slot *slot);

#endif
