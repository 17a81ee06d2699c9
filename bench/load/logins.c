/* logins.c: how many logins a second. */
#include <pthread.h>
#include <stdlib.h>

#include "bench/load/complain.h"
#include "bench/load/login.h"
#include "bench/load/modes.h"

#define FAILURES_MAX 100

struct knocker {
    pthread_t thread;
    struct run *run;
    unsigned id;
    struct counts counts;
};

static void *
knocker_main(void *arg)
{
    struct knocker *k = arg;
    struct run *run = k->run;

    pin_thread(run->settings);
    while (k->counts.errors < FAILURES_MAX) {
        struct session s = {.counts = &k->counts};
        uint64_t begin = now_ns(), end;

        if (begin >= run->end_ns)
            break;
        if (session_login(&s, run, k->id) < 0) {
            k->counts.errors++;
            continue;
        }
        end = now_ns();
        if (run->settings->abrupt)
            session_abandon(&s);
        else
            session_logout(&s);
        if (end >= run->start_ns && end < run->end_ns) {
            k->counts.logins++;
            histogram_add(&k->counts.latency, end - begin);
        }
    }
    return NULL;
}

int
logins_run(struct run *run, struct result *result)
{
    const struct settings *settings = run->settings;
    struct knocker *knockers = calloc(settings->sessions, sizeof *knockers);
    struct watch before, after;

    if (knockers == NULL)
        give_up("out of memory");
    run->start_ns = now_ns() + (uint64_t)(settings->warm_up * 1e9);
    run->end_ns = run->start_ns + (uint64_t)(settings->seconds * 1e9);
    for (unsigned i = 0; i < settings->sessions; i++) {
        knockers[i].run = run;
        knockers[i].id = i;
        if (pthread_create(&knockers[i].thread, NULL, knocker_main, &knockers[i]) != 0)
            give_up("no thread could be started");
    }
    sleep_until(run->start_ns);
    watch_look(&before, settings);
    sleep_until(run->end_ns);
    watch_look(&after, settings);
    for (unsigned i = 0; i < settings->sessions; i++) {
        pthread_join(knockers[i].thread, NULL);
        result->counts.logins += knockers[i].counts.logins;
        result->counts.errors += knockers[i].counts.errors;
        histogram_merge(&result->counts.latency, &knockers[i].counts.latency);
    }
    free(knockers);
    result->seconds = settings->seconds;
    result->target = watch_between(&before, &after);
    return 0;
}
