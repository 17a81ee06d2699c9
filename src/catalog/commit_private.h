/* commit_private.h: what the steps of a change share. Main only. */
#ifndef CATALOG_COMMIT_PRIVATE_H
#define CATALOG_COMMIT_PRIVATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catalog/commit.h"
#include "catalog/opening.h"

struct backstore;
struct catalog;
struct pool;
struct state_file;

/* How long a change waits for what it removed to be closed. */
#define CLOSE_TIMEOUT_MS 5000

/* The configuration in force, and what carries changes of it. There is one in a process. */
struct configuration {
    const struct commit_hooks *hooks;
    struct state_file *file;
    struct pool *pool; /* for blocking calls on stores */
    json_t *document, *complete;
    json_t *portal_groups; /* where a document does not name any */
    uint64_t revision;
    bool is_read_only;       /* --config */
    const char *config_file; /* its file; borrowed; NULL: there is none */
    struct error save_error;
};
struct configuration *configuration(void);

enum backstore_action {
    BACKSTORE_OPEN,   /* a new one, or in place of the one in force */
    BACKSTORE_CHANGE, /* the one in force gets another size, or other attributes */
};

/* One backstore that a change opens, resizes or gives other attributes. */
struct backstore_change {
    enum backstore_action action;
    const char *name, *type;
    bool is_strict;       /* the change fails where this does */
    bool waits;           /* until the one in force has let go of the file */
    bool made_file;       /* taken away again where the change fails */
    bool is_resized;      /* from OLD_SIZE: to be undone */
    bool keeps_data;      /* it has the file or store of the one in force */
    uint64_t wanted_size; /* 0: what is found */
    uint64_t old_size;
    bool reconfigures; /* CHANGE: not only the size */
    struct lun *lun;   /* CHANGE: of the backstore in force, borrowed */
    struct backstore *fresh;
    struct opening opening;
};

/* A backstore in force that must let go of its file before the change is made, and gets it back
 * where the change fails. */
struct displaced_backstore {
    const char *name, *type;
    struct lun *lun; /* borrowed; valid until the view without it is published */
    struct backstore *stand_in;
    struct opening opening;
};

/* A change on its way. */
struct change {
    struct commit *commit;
    bool is_boot, must_save;
    unsigned revision_step; /* how much the revision grows where it is saved */

    /* commit_change.c: what is wanted. */
    json_t *patch, *document, *complete, *changes, *objects;
    struct backstore_change *backstores;
    size_t backstore_count;

    /* commit_apply.c: how far it is. */
    void (*next_step)(struct change *change); /* after the group's work */
    struct opening_group group;
    struct opening **openings; /* room for each backstore's */
    struct catalog *next;
    bool portals_prepared, is_saved;
    /* Backstores in force that must let go of their files, and what stands for them. */
    struct displaced_backstore *displaced;
    size_t displaced_count;
    bool interim_published;
};

/* What is wrong with a document of the operator's, a line of the log each. */
void commit_log_problems(const struct commit *commit);

/*
 * Asks COMMIT for its patch and finds out what it means: fills in CHANGE. -1 with
 * commit->error: it is not to be done. Does not block.
 */
int change_evaluate(struct change *change);

/* Fails for want of memory. */
int change_out_of_memory(struct change *change);

/* Whether nothing is to be done at all. */
bool change_is_empty(const struct change *change);

/* Fails for BUSY where something is in the way. */
int change_check_way(struct change *change);

/* Fails with all PROBLEMS (a reference that is taken). */
int change_fail_problems(struct change *change, json_t *problems);

/* Fails with what opening or resizing B said. */
int change_fail_backstore(struct change *change, const struct backstore_change *b);

/* After a look at the files: two backstores with one file are a problem; one that is to have
 * the file of one in force waits for it, which is then displaced. */
int change_settle_files(struct change *change);

/* Carries CHANGE out; change_finished() is called when it is done or undone. */
void change_apply(struct change *change);
void change_finished(struct change *change);

/* Something failed, and commit->error says what: takes back what was done so far. */
void change_undo(struct change *change);

/* The tasks of OPENINGS, then NEXT. */
void change_run(struct change *change, struct opening **openings, size_t count,
                void (*next)(struct change *change));

/* Tries, without keeping anything, whether what CHANGE opens can be opened; then the same. */
void change_try(struct change *change);

#endif
