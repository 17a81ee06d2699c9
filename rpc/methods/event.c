/* event.c: event.poll. */
#include "rpc/methods/event.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "core/events.h"
#include "core/timer.h"
#include "rpc/events.h"
#include "rpc/methods/methods.h"

/* More do not wait at a time: who has waited longest is answered early. */
#define POLLS_MAX 256

struct poll {
    TAILQ_ENTRY(poll) link;
    struct rpc_call *call;
    struct event_reader reader;
    size_t max;
    struct timer timeout;
};

/* Main's: who waits, longest first. */
static TAILQ_HEAD(, poll) polls = TAILQ_HEAD_INITIALIZER(polls);
static unsigned poll_count;

static json_t *
reply(struct event_reader *reader, json_t *events)
{
    return json_pack("{s:o, s:I, s:I}", "events", events, "last",
                     (json_int_t)event_reader_last(reader), "lost", (json_int_t)reader->lost);
}

static void
answer(struct poll *p, json_t *events)
{
    TAILQ_REMOVE(&polls, p, link);
    poll_count--;
    timer_done(&p->timeout);
    rpc_call_result(p->call, reply(&p->reader, events));
    free(p);
}

static void
timed_out(struct timer *timer)
{
    struct poll *p = (struct poll *)(void *)((char *)timer - offsetof(struct poll, timeout));

    answer(p, event_reader_take(&p->reader, p->max));
}

static void
wait_for_more(struct rpc_call *call, const struct event_reader *reader, size_t max,
              uint64_t timeout_ms)
{
    struct poll *p = calloc(1, sizeof *p);

    if (p == NULL || timer_init(&p->timeout, timed_out) < 0) {
        free(p);
        rpc_call_result(call, NULL);
        return;
    }
    if (poll_count == POLLS_MAX)
        answer(TAILQ_FIRST(&polls), json_array());
    p->call = call;
    p->reader = *reader;
    p->max = max;
    timer_start(&p->timeout, timeout_ms * 1000);
    TAILQ_INSERT_TAIL(&polls, p, link);
    poll_count++;
}

static uint32_t
types_of(const struct rpc_call *call)
{
    const json_t *patterns = json_object_get(call->params, "types");
    uint32_t types = 0;
    json_t *each;
    size_t i;

    json_array_foreach (patterns, i, each)
        types |= event_types_matching(json_string_value(each));
    return types;
}

static void
event_poll(struct rpc_call *call)
{
    uint64_t timeout_ms = (uint64_t)rpc_call_integer(call, "timeout_ms", 0);
    size_t max = (size_t)rpc_call_integer(call, "max", 0);
    bool is_stopping = strcmp(methods_context()->state(), "stopping") == 0;
    struct event_reader reader;
    json_t *events;

    event_reader_start(&reader, rpc_call_integer(call, "after", -1), types_of(call));
    events = event_reader_take(&reader, max);
    if (timeout_ms == 0 || is_stopping || events == NULL || json_array_size(events) > 0 ||
        reader.lost > 0) {
        rpc_call_result(call, reply(&reader, events));
        return;
    }
    json_decref(events);
    wait_for_more(call, &reader, max, timeout_ms);
}

void
event_polls_look(void)
{
    struct poll *p, *next;
    json_t *events;

    for (p = TAILQ_FIRST(&polls); p != NULL; p = next) {
        next = TAILQ_NEXT(p, link);
        events = event_reader_take(&p->reader, p->max);
        if (events == NULL || json_array_size(events) > 0 || p->reader.lost > 0)
            answer(p, events);
        else
            json_decref(events);
    }
}

void
event_polls_end(void)
{
    struct poll *p;

    while ((p = TAILQ_FIRST(&polls)) != NULL)
        answer(p, event_reader_take(&p->reader, p->max));
}

const struct rpc_method event_methods[] = {
    {"event.poll", .handler = event_poll, .in_any_state = true},
    {0},
};
