/*
 * publish.h: give every worker the same immutable catalog.
 *
 * Main builds a new catalog beside the old one and publishes it. Each worker swaps its own
 * pointer between two events, so code that runs on a worker sees one catalog for the whole
 * event and takes no lock.
 */
#ifndef CATALOG_PUBLISH_H
#define CATALOG_PUBLISH_H

struct catalog;
struct worker;

/* The catalog of this thread's worker (main included); NULL before the first one. Borrowed
 * until the worker's next turn. */
const struct catalog *catalog_current(void);

/* Called on each I/O worker right after it has swapped; OLD may be NULL and is borrowed. Set
 * once, before the first publication. */
void catalog_on_install(void (*installed)(struct worker *worker, const struct catalog *old,
                                          const struct catalog *now));

/*
 * Main only; the crew (core/crew.h) must run. Takes the caller's reference to NEXT. DONE runs
 * on main once every worker has NEXT. Returns -ENOMEM, with nothing changed and NEXT still the
 * caller's, or 0.
 */
int catalog_publish(struct catalog *next, void (*done)(void *arg), void *arg);

/* At the end, and in tests: drops what the (joined) workers and main still hold. */
void catalog_publish_shutdown(void);

#endif
