/* commit_reload.c: SIGHUP: the file of --config is read again, and applied as at the start. */
#include <assert.h>

#include "catalog/commit.h"
#include "catalog/commit_private.h"
#include "catalog/state_file.h"
#include "core/log.h"

/* There is one file, and one reading of it at a time. */
static struct {
    struct commit commit;
    bool is_at_work;
    bool again; /* asked for while it was */
} reload;

static json_t *
read_file(struct commit *commit, const json_t *document)
{
    (void)document;
    return state_file_read_config(configuration()->config_file, &commit->error);
}

static void
reloaded(struct commit *commit)
{
    const char *file = configuration()->config_file;

    if (commit->error.code != ERROR_NONE) {
        commit_log_problems(commit);
        log_error("catalog", "the configuration stays as it is: its file cannot be applied",
                  "file", file, "error", commit->error.message, NULL);
    } else {
        log_info("catalog", "configuration file applied", "file", file, "changed",
                 commit->changed ? "true" : "false", "revision", log_number(commit->revision),
                 NULL);
    }
    commit_release(commit);
    reload.is_at_work = false;
    if (reload.again)
        commit_reload();
}

void
commit_reload(void)
{
    assert(configuration()->config_file != NULL);
    reload.again = reload.is_at_work;
    if (reload.is_at_work)
        return;
    reload.is_at_work = true;
    reload.commit = (struct commit){.mode = COMMIT_REPLACE,
                                    .edit = read_file,
                                    .expect_revision = -1,
                                    .force = true,
                                    .from_file = true,
                                    .method = "SIGHUP",
                                    .done = reloaded};
    commit_start(&reload.commit);
}
