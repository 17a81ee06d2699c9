/* events.h: a reader of the daemon's events (core/events.h), and how they look outside. */
#ifndef RPC_EVENTS_H
#define RPC_EVENTS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* Where one reader is. */
struct event_reader {
    uint64_t next;  /* the id to look at next */
    uint32_t types; /* bits of enum event_type */
    uint64_t lost;  /* dropped before they were looked at, and not told yet */
};

/* AFTER as in events_resume(). */
void event_reader_start(struct event_reader *reader, int64_t after, uint32_t types);

/* The next event of its types as an object (a new reference), or NULL: there is none yet. */
json_t *event_reader_next(struct event_reader *reader);

/* Up to MAX of them, an array. NULL: out of memory. */
json_t *event_reader_take(struct event_reader *reader, size_t max);

/* The id of the last event it has looked at. */
uint64_t event_reader_last(const struct event_reader *reader);

#endif
