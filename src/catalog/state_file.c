/* state_file.c: loading and saving the configuration. */
#include "catalog/state_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catalog/document.h"
#include "catalog/stable_file.h"
#include "core/cleanup.h"
#include "core/error.h"
#include "core/log.h"
#include "core/parse.h"

#define FOLDER_MAX 3800 /* leaves room for the names of the files in it */
#define PATH_BYTES 4096

struct state_file {
    char folder[FOLDER_MAX];
    char path[PATH_BYTES]; /* of state.json */
    int lock_fd;
    bool current_is_good;      /* state.json is one that belongs among the earlier ones… */
    uint64_t current_revision; /* …as this */
};

static void
path_in(const struct state_file *f, char path[PATH_BYTES], const char *name)
{
    snprintf(path, PATH_BYTES, "%s/%s", f->folder, name);
}

static void
earlier_path(const struct state_file *f, char path[PATH_BYTES], uint64_t revision)
{
    snprintf(path, PATH_BYTES, "%s/state-%" PRIu64 ".json", f->folder, revision);
}

const char *
state_file_path(const struct state_file *f)
{
    return f->path;
}

/* Says who has the lock, as far as that is written in it. */
static int
lock_taken(const struct state_file *f, struct error *err)
{
    char pid[24] = "";
    ssize_t n = pread(f->lock_fd, pid, sizeof pid - 1, 0);

    pid[n > 0 ? (size_t)n : 0] = '\0';
    pid[strcspn(pid, "\n")] = '\0';
    return error_set(err, ERROR_UNAVAILABLE,
                     "the state folder '%s' is in use by another daemon (process %s)",
                     f->folder, pid[0] != '\0' ? pid : "unknown");
}

static int
take_lock(struct state_file *f, struct error *err)
{
    char path[PATH_BYTES], pid[24];

    path_in(f, path, "lock");
    f->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (f->lock_fd < 0)
        return error_set(err, ERROR_PERSIST_FAILED, "cannot open '%s': %m", path);
    if (flock(f->lock_fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno == EWOULDBLOCK)
            return lock_taken(f, err);
        return error_set(err, ERROR_PERSIST_FAILED, "cannot lock '%s': %m", path);
    }
    /* Only for the sentence above; the lock counts, not what is in it. */
    snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    if (ftruncate(f->lock_fd, 0) == 0)
        (void)!pwrite(f->lock_fd, pid, strlen(pid), 0);
    return 0;
}

struct state_file *
state_file_open(const char *folder, struct error *err)
{
    struct state_file *f = calloc(1, sizeof *f);

    if (f == NULL || strlen(folder) >= sizeof f->folder) {
        free(f);
        error_set(err, ERROR_INTERNAL, "out of memory, or the name of the folder is too long");
        return NULL;
    }
    f->lock_fd = -1;
    strcpy(f->folder, folder);
    path_in(f, f->path, "state.json");
    if (mkdir(folder, 0700) < 0 && errno != EEXIST)
        error_set(err, ERROR_PERSIST_FAILED, "cannot make the state folder '%s': %m", folder);
    else if (take_lock(f, err) == 0)
        return f;
    state_file_close(f);
    return NULL;
}

void
state_file_close(struct state_file *f)
{
    if (f == NULL)
        return;
    if (f->lock_fd >= 0)
        close(f->lock_fd);
    free(f);
}

json_t *
state_file_read_config(const char *path, struct error *err)
{
    json_t *whole, *config;

    if (stable_file_read(path, "not valid JSON", &whole, err) < 0)
        return NULL;
    config = json_object_get(whole, "config");
    if (config == NULL)
        return whole;
    json_incref(config);
    json_decref(whole);
    return config;
}

static int
check_rules(const char *path, const json_t *config, struct error *err)
{
    json_t *problems = json_array();
    size_t count = document_check(config, problems);
    const json_t *first = json_array_get(problems, 0);

    if (count > 0)
        error_set(err, ERROR_INVALID_CONFIG, "'%s' breaks %zu rule%s; the first: %s: %s", path,
                  count, count == 1 ? "" : "s",
                  json_string_value(json_object_get(first, "path")),
                  json_string_value(json_object_get(first, "message")));
    json_decref(problems);
    return count > 0 ? -1 : 0;
}

/* What is in PATH must be a state that this program can use. */
static int
check_state(const char *path, const json_t *whole, struct error *err)
{
    const json_t *revision = json_object_get(whole, "revision");
    const json_t *config = json_object_get(whole, "config");
    const json_t *version = json_object_get(config, "version");

    if (!json_is_integer(revision) || json_integer_value(revision) < 0 || config == NULL)
        return error_set(err, ERROR_INVALID_CONFIG,
                         "'%s' is damaged: it has no revision or no configuration", path);
    if (json_is_integer(version) && json_integer_value(version) > 1)
        return error_set(err, ERROR_INVALID_CONFIG,
                         "'%s' is of version %lld, written by a newer program; this one knows "
                         "version 1",
                         path, (long long)json_integer_value(version));
    return check_rules(path, config, err);
}

/* 0, or as stable_file_read(). */
static int
load_from(const char *path, json_t **document, uint64_t *revision, struct error *err)
{
    json_t *whole = NULL;
    int result = stable_file_read(path, "damaged", &whole, err);

    if (result == 0 && check_state(path, whole, err) < 0)
        result = -2;
    if (result == 0) {
        *document = json_incref(json_object_get(whole, "config"));
        *revision = (uint64_t)json_integer_value(json_object_get(whole, "revision"));
    }
    json_decref(whole);
    return result;
}

/* The revision that NAME ("state-17.json") is of; false: it is no such file. */
static bool
is_earlier(const char *name, uint64_t *revision)
{
    char digits[24];
    size_t n = strlen(name);

    if (strncmp(name, "state-", 6) != 0 || n < 12 || n - 11 >= sizeof digits ||
        strcmp(name + n - 5, ".json") != 0)
        return false;
    memcpy(digits, name + 6, n - 11);
    digits[n - 11] = '\0';
    return parse_u64(digits, 0, INT64_MAX, revision) == 0;
}

static int
newest_first(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? 1 : x > y ? -1 : 0;
}

/* The revisions of the earlier files, newest first. The caller frees *RET. */
static size_t
list_earlier(const struct state_file *f, uint64_t **ret)
{
    DIR *folder = opendir(f->folder);
    const struct dirent *entry;
    uint64_t revision, *list = NULL;
    size_t count = 0;

    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        uint64_t *longer;
        if (!is_earlier(entry->d_name, &revision))
            continue;
        longer = realloc(list, (count + 1) * sizeof *list);
        if (longer == NULL)
            break;
        list = longer;
        list[count++] = revision;
    }
    if (folder != NULL)
        closedir(folder);
    if (count > 0)
        qsort(list, count, sizeof *list, newest_first);
    *ret = list;
    return count;
}

static int
load_earlier(const struct state_file *f, char path[PATH_BYTES], json_t **document,
             uint64_t *revision)
{
    CLEANUP_FREE uint64_t *list = NULL;
    size_t count = list_earlier(f, &list);

    for (size_t i = 0; i < count; i++) {
        earlier_path(f, path, list[i]);
        if (load_from(path, document, revision, NULL) == 0)
            return 0;
    }
    return -1;
}

/* Adds to ERR what can be done about it. */
static void
say_way_out(const struct state_file *f, struct error *err)
{
    char path[PATH_BYTES], *sentence = NULL;
    json_t *document = NULL;
    uint64_t revision;
    int n;

    if (err == NULL)
        return;
    if (load_earlier(f, path, &document, &revision) == 0)
        n = asprintf(&sentence,
                     "%.300s. It is kept as it is. The last good one is '%s'; start with "
                     "--recover to go on from it",
                     err->message, path);
    else
        n = asprintf(&sentence,
                     "%.300s. It is kept as it is, and there is no earlier one to recover",
                     err->message);
    if (n >= 0)
        snprintf(err->message, sizeof err->message, "%s", sentence);
    free(sentence);
    json_decref(document);
}

enum state_found
state_file_load(struct state_file *f, json_t **document, uint64_t *revision, struct error *err)
{
    CLEANUP_FREE uint64_t *list = NULL;
    int result = load_from(f->path, document, revision, err);

    if (result == 0) {
        f->current_is_good = true;
        f->current_revision = *revision;
        return STATE_IS_GOOD;
    }
    if (result == -1 && errno == ENOENT) {
        if (list_earlier(f, &list) == 0)
            return STATE_IS_NEW;
        error_set(err, ERROR_INVALID_CONFIG, "'%s' is gone, though there are earlier ones",
                  f->path);
    }
    say_way_out(f, err);
    return STATE_IS_WRONG;
}

int
state_file_recover(struct state_file *f, json_t **document, uint64_t *revision,
                   struct error *err)
{
    char path[PATH_BYTES], kept[PATH_BYTES];

    if (load_earlier(f, path, document, revision) < 0)
        return error_set(err, ERROR_INVALID_CONFIG,
                         "there is no earlier state file in '%s' to recover", f->folder);
    /* A second name: state.json is there until the next save replaces it. */
    path_in(f, kept, "state.json.damaged");
    (void)unlink(kept);
    if (link(f->path, kept) < 0 && errno != ENOENT)
        log_warning("catalog", "the damaged state file could not be kept", "path", f->path,
                    "error", strerrordesc_np(errno), NULL);
    log_warning("catalog", "recovered from an earlier state file", "path", path, "revision",
                log_number(*revision), NULL);
    f->current_is_good = false;
    return 0;
}

static int
write_beside(const char *path, const json_t *document, uint64_t revision)
{
    json_t *whole = json_pack("{s:I,s:O}", "revision", (json_int_t)revision, "config",
                              document_members(document));
    int result = whole == NULL ? -ENOMEM : stable_file_write(path, whole);

    json_decref(whole);
    return result;
}

/* state.json gets a second name, so that it stays when the next one takes its place. */
static void
keep_current(const struct state_file *f)
{
    char path[PATH_BYTES];

    if (!f->current_is_good)
        return;
    earlier_path(f, path, f->current_revision);
    (void)unlink(path);
    if (link(f->path, path) < 0)
        log_warning("catalog", "the state file before this one could not be kept", "path", path,
                    "error", strerrordesc_np(errno), NULL);
}

static void
drop_oldest(const struct state_file *f)
{
    CLEANUP_FREE uint64_t *list = NULL;
    size_t count = list_earlier(f, &list);
    char path[PATH_BYTES];

    for (size_t i = STATE_FILES_KEPT; i < count; i++) {
        earlier_path(f, path, list[i]);
        (void)unlink(path);
    }
}

/* The folder could not be made stable after the rename: what was there is put back. */
static void
put_back(const struct state_file *f, const char *beside)
{
    char path[PATH_BYTES];

    if (!f->current_is_good)
        return;
    earlier_path(f, path, f->current_revision);
    (void)unlink(beside);
    if (link(path, beside) < 0 || rename(beside, f->path) < 0)
        log_error("catalog", "the state file could not be put back", "path", f->path, "error",
                  strerrordesc_np(errno), NULL);
}

int
state_file_save(struct state_file *f, const json_t *document, uint64_t revision,
                struct error *err)
{
    char beside[PATH_BYTES];
    int result;

    path_in(f, beside, "state.json.new");
    result = write_beside(beside, document, revision);
    if (result == 0) {
        keep_current(f);
        if (rename(beside, f->path) < 0)
            result = -errno;
        else if ((result = stable_folder_sync(f->folder)) < 0)
            put_back(f, beside);
    }
    if (result < 0) {
        (void)unlink(beside);
        errno = -result;
        return error_set(err, ERROR_PERSIST_FAILED, "cannot save '%s': %m", f->path);
    }
    f->current_is_good = true;
    f->current_revision = revision;
    drop_oldest(f);
    return 0;
}

int
state_file_take_back(struct state_file *f, const json_t *document, uint64_t revision,
                     struct error *err)
{
    f->current_is_good = false;
    return state_file_save(f, document, revision, err);
}
