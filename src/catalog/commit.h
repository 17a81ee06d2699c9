/*
 * commit.h: every change of the configuration takes this road.
 *
 * check → prepare (open stores, bind portals; slow, on helpers) → save → publish → retire →
 * done. One change at a time; the next ones queue. Whatever fails up to the save is undone and
 * nothing has changed. Main only.
 */
#ifndef CATALOG_COMMIT_H
#define CATALOG_COMMIT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "core/error.h"
#include "store/store.h"

struct catalog;

enum commit_mode {
    COMMIT_REPLACE, /* the patch is the whole document */
    COMMIT_MERGE,   /* the patch is an RFC 7396 merge patch */
};

struct commit {
    /* The caller's part. */
    enum commit_mode mode;
    /*
     * Makes the patch when the change's turn has come, so that it sees the document as it is
     * then (borrowed). Returns a new reference, or NULL with commit->error (and error_data, if
     * any) set. An empty merge patch means nothing is to be changed.
     */
    json_t *(*edit)(struct commit *commit, const json_t *document);
    int64_t expect_revision; /* -1: any */
    bool dry_run;
    bool force;         /* close sessions that are in the way */
    const char *reread; /* NULL, or the name of a backstore whose size is read again
                           (backstore.resize with size null) */
    const char *method; /* for the log */
    void (*done)(struct commit *commit); /* on main, never before commit_start() has returned */
    void *arg;

    /* The result, valid in done. commit_release() drops the references. */
    struct error error; /* code ERROR_NONE: it went well */
    json_t *error_data; /* NULL, or the members of error.data besides "name": {"problems": […]},
                           {"objects": […]}, {"object": …}, {"differences": …} */
    bool changed;
    uint64_t revision;      /* after it */
    json_t *changes;        /* array of {"op", "path", "before", "after", "disruptive"} */
    json_t *before, *after; /* whole documents */

    /* While it is on its way; see commit_stage(). */
    struct store_progress progress; /* of files that are made or get longer */
    bool is_decided;                /* saved: it can not be undone any more */

    /* Private. */
    bool is_cancelled;
    bool from_file; /* what --config names, which calls may not change */
    STAILQ_ENTRY(commit) link;
    void *work;
};

/* COMMIT is borrowed until done. */
void commit_start(struct commit *commit);
void commit_release(struct commit *commit);

/* How far a change is. */
enum commit_stage {
    COMMIT_QUEUED,    /* others are before it */
    COMMIT_PREPARING, /* nothing of it is in force; may be given up */
    COMMIT_DECIDED,   /* it will be in force */
};
enum commit_stage commit_stage(const struct commit *commit);

/*
 * Gives COMMIT up, which has not been done yet: what was prepared is undone, and `done` gets
 * ERROR_CANCELLED; what takes long ends soon. False: it is too late.
 */
bool commit_cancel(struct commit *commit);

/* The document and revision in force, without defaults filled in. Borrowed; main only. */
const json_t *commit_document(void);
uint64_t commit_revision(void);

/* Whether the last attempt to write the state file failed, for daemon.health; ERR may be NULL.
 */
bool commit_state_is_saved(struct error *err);

/* A session, as far as a change may be in its way. */
struct session_summary {
    const char *id, *target, *initiator, *remote;
};

/* What the layers above do for a commit. Set once at start. */
struct commit_hooks {
    /*
     * Binds what NEXT's portal groups need and is not bound yet; none of it accepts yet. With
     * TOLERANT (at boot) a portal that cannot be bound is logged and left out. Returns 0, or -1
     * with ERR and nothing left bound.
     */
    int (*portals_prepare)(const struct catalog *next, bool tolerant, struct error *err);
    void (*portals_abandon)(void); /* the change failed: close what was prepared */
    void (*portals_switch)(const struct catalog *next); /* it is published: accept on the new
                                                           ones, close those that left */

    /* Calls VISIT for each live session, on main, before it returns. */
    void (*sessions_visit)(void (*visit)(const struct session_summary *session, void *arg),
                           void *arg);
};

/*
 * Opens the state folder: reads the state file or, where there is none, makes the first
 * document from PORTALS (texts as of --portal, for portal group 1;
 * "[::]:3260" where the list is empty). A damaged state file is an error that says which file,
 * where the last good one is and how to start from it (USE_LAST_GOOD, --recover), and is kept
 * as it is. CONFIG_FILE, where not NULL, is applied instead with replace, and changes over the
 * API are refused. Blocks.
 */
struct commit_setup {
    const char *state_dir;
    const char *config_file;
    const char *const *portals;
    size_t portal_count;
    bool use_last_good;
    const struct commit_hooks *hooks;
};
int commit_open(const struct commit_setup *setup, struct error *err);

/* Applies what commit_open() read, tolerantly. DONE runs on main when everything is published
 * and portals listen. ERR: in done, code NONE or why not. */
void commit_boot(void (*done)(const struct error *err, void *arg), void *arg);

/* Reads CONFIG_FILE again, of which there must be one, and applies it with replace and force:
 * what the file does not say any more goes, sessions that are in the way are closed. What comes
 * of it is in the log. One reading at a time; asked for meanwhile, another one follows. */
void commit_reload(void);

/* At the end: no change is taken any more (ERROR_UNAVAILABLE); DONE runs once the one at work
 * and those queued have ended. Files that are being filled are given up (ERROR_CANCELLED). */
void commit_drain(void (*done)(void *arg), void *arg);

/* After the workers have been joined: closes all stores, frees everything. Blocks. */
void commit_close(void);

#endif
