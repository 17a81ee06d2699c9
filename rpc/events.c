/* events.c: events as JSON, one after another. */
#include "rpc/events.h"

#include <stdio.h>
#include <time.h>

#include "core/events.h"
#include "rpc/methods/methods.h"

static json_t *
precise_time(const struct timespec *when)
{
    char text[48], day[32];
    struct tm tm;

    gmtime_r(&when->tv_sec, &tm);
    strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(text, sizeof text, "%s.%03uZ", day, (unsigned)(when->tv_nsec / 1000000) % 1000);
    return json_string(text);
}

static json_t *
member_value(const struct event_member *m)
{
    switch (m->kind) {
    case EVENT_KIND_TEXT:
        return peer_string_json(m->text);
    case EVENT_KIND_INTEGER:
        return json_integer((json_int_t)m->integer);
    case EVENT_KIND_REAL:
        return json_real(m->real);
    case EVENT_KIND_NONE:
        break;
    }
    return NULL;
}

static json_t *
record_json(const struct event_record *r)
{
    json_t *object = json_object(), *event;

    for (unsigned i = 0; i < r->member_count; i++)
        json_object_set_new(object, r->members[i].key, member_value(&r->members[i]));
    event = json_pack("{s:I, s:o, s:s, s:o, s:I}", "id", (json_int_t)r->id, "time",
                      precise_time(&r->time), "type", event_type_name(r->type), "object",
                      object, "revision", (json_int_t)r->revision);
    if (r->suppressed > 0)
        json_object_set_new(event, "suppressed", json_integer((json_int_t)r->suppressed));
    return event;
}

void
event_reader_start(struct event_reader *reader, int64_t after, uint32_t types)
{
    reader->types = types;
    reader->lost = events_resume(after, &reader->next);
}

/* The next one of its types is *R. What is posted meanwhile is for the next time: main must
 * not be kept by those who post. */
static bool
look_on(struct event_reader *reader, struct event_record *r)
{
    uint64_t last = events_last();

    while (reader->next <= last) {
        if (!event_read(reader->next, r)) { /* dropped since */
            reader->lost += events_resume((int64_t)reader->next - 1, &reader->next);
            continue;
        }
        reader->next++;
        if ((reader->types >> r->type & 1) != 0)
            return true;
    }
    return false;
}

json_t *
event_reader_next(struct event_reader *reader)
{
    struct event_record r;

    return look_on(reader, &r) ? record_json(&r) : NULL;
}

json_t *
event_reader_take(struct event_reader *reader, size_t max)
{
    json_t *events = json_array();
    struct event_record r;

    while (json_array_size(events) < max && look_on(reader, &r))
        if (json_array_append_new(events, record_json(&r)) < 0) {
            json_decref(events);
            return NULL;
        }
    return events;
}

uint64_t
event_reader_last(const struct event_reader *reader)
{
    return reader->next - 1;
}
