/* service.c: a configuration service for tests. */
#include "service.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catalog/catalog.h"
#include "catalog/disk.h"
#include "catalog/publish.h"
#include "catalog/schema.h"
#include "core/crew.h"
#include "core/iobuf.h"
#include "core/pool.h"
#include "documents.h"
#include "scsi/lun.h"
#include "store/store.h"

struct service_hooks service_hooks;

static char folder[64];
static struct pool *pool;
static struct commit commit;
static json_t *patch;
static bool is_done;
static struct error boot_error;

static int
prepare(const struct catalog *next, bool tolerant, struct error *err)
{
    (void)tolerant;
    ck_assert_ptr_nonnull(next);
    if (service_hooks.loses != NULL)
        ck_assert_int_eq(unlink(in_folder(service_hooks.loses)), 0);
    if (service_hooks.portals_fail) {
        errno = EADDRINUSE;
        return error_set(err, ERROR_BACKEND, "cannot listen: %m");
    }
    service_hooks.prepared++;
    return 0;
}

static void
abandon(void)
{
    service_hooks.abandoned++;
}

static void
switch_portals(const struct catalog *next)
{
    ck_assert_ptr_eq(next, catalog_current());
    service_hooks.switched++;
}

static void
visit_sessions(void (*visit)(const struct session_summary *session, void *arg), void *arg)
{
    for (unsigned i = 0; i < service_hooks.sessions; i++) {
        char id[16];
        snprintf(id, sizeof id, "s-%u", i);
        visit(&(struct session_summary){id, TARGET, INITIATOR, "192.0.2.1:5"}, arg);
    }
}

static const struct commit_hooks hooks = {prepare, abandon, switch_portals, visit_sessions};

const char *
in_folder(const char *name)
{
    static char paths[4][128];
    static unsigned next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

void
service_setup(void)
{
    struct error err = {0};

    ck_assert_msg(schema_load(&err) == 0, "%s", err.message);
    /* In memory where that can be had: each save waits for the disk. */
    snprintf(folder, sizeof folder, "%s/test_commit_XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    pool = pool_new("io", 2);
    store_layer_start(pool);
    ck_assert_int_eq(crew_new(2), 0);
    ck_assert_int_eq(crew_start(), 0);
    worker_enter(crew_main());
    service_hooks = (struct service_hooks){0};
}

static int
remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

void
service_teardown(void)
{
    json_decref(patch);
    patch = NULL;
    pool_free(pool);
    iobuf_cache_free();
    worker_enter(NULL);
    crew_free();
    schema_unload();
    nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

void
run_until(bool (*condition)(void))
{
    while (!condition())
        worker_turn(crew_main(), true);
}

static bool
done(void)
{
    return is_done;
}

static void
booted(const struct error *err, void *arg)
{
    (void)arg;
    boot_error = *err;
    is_done = true;
}

int
service_open(const char *config_file, bool recover, struct error *err)
{
    const char *const given = service_hooks.portal;
    const char *const portals[] = {given != NULL ? given : "127.0.0.1:3260"};
    const struct commit_setup s = {.state_dir = in_folder("state"),
                                   .config_file = config_file,
                                   .portals = portals,
                                   .portal_count = given == NULL || given[0] != '\0',
                                   .use_last_good = recover,
                                   .hooks = &hooks};

    if (commit_open(&s, err) < 0)
        return -1;
    is_done = false;
    commit_boot(booted, NULL);
    run_until(done);
    *err = boot_error;
    return err->code == ERROR_NONE ? 0 : -1;
}

void
service_start(void)
{
    struct error err = {0};

    ck_assert_msg(service_open(NULL, false, &err) == 0, "%s", err.message);
}

static void
stopped(void *arg)
{
    (void)arg;
    is_done = true;
}

void
service_stop(void)
{
    commit_release(&commit);
    is_done = false;
    commit_drain(stopped, NULL);
    run_until(done);
    crew_stop();
    commit_close();
    ck_assert_uint_eq(disk_count(), 0);
}

void
crew_again(void)
{
    worker_enter(NULL);
    crew_free();
    ck_assert_int_eq(crew_new(2), 0);
    ck_assert_int_eq(crew_start(), 0);
    worker_enter(crew_main());
}

void
service_restart(void)
{
    service_stop();
    crew_again();
    service_start();
}

void
service_begin(void)
{
    service_setup();
    service_start();
}

void
service_end(void)
{
    service_stop();
    service_teardown();
}

static json_t *
give_patch(struct commit *c, const json_t *document)
{
    (void)c;
    ck_assert_ptr_eq(document, commit_document());
    return json_incref(patch);
}

static void
applied(struct commit *c)
{
    ck_assert_ptr_eq(c, &commit);
    is_done = true;
}

static json_t *
patch_of(const char *text)
{
    char whole[4096] = "";

    for (; *text != '\0'; text++) {
        size_t n = strlen(whole);
        if (*text == '@')
            snprintf(whole + n, sizeof whole - n, "%s", folder);
        else
            snprintf(whole + n, sizeof whole - n, "%c", *text);
    }
    return json_of(whole);
}

struct commit *
apply(const struct request *request)
{
    commit_release(&commit);
    json_decref(patch);
    patch = patch_of(request->patch);
    commit = (struct commit){.mode = request->replace ? COMMIT_REPLACE : COMMIT_MERGE,
                             .edit = give_patch,
                             .expect_revision =
                                 request->expect_revision == 0 ? -1 : request->expect_revision,
                             .dry_run = request->dry_run,
                             .force = request->force,
                             .reread = request->reread,
                             .method = "test",
                             .done = applied};
    is_done = false;
    commit_start(&commit);
    ck_assert(!is_done);
    run_until(done);
    ck_assert_uint_eq(commit.revision, commit_revision());
    return &commit;
}

void
apply_well(const char *text)
{
    const struct commit *c = apply(&(struct request){.patch = text});

    ck_assert_msg(c->error.code == ERROR_NONE, "%s", c->error.message);
}

void
apply_in_vain(const char *text, enum error_code code, const char *sentence)
{
    uint64_t revision = commit_revision();
    json_t *before = json_deep_copy(commit_document());
    size_t backstores = catalog_current()->backstore_count;
    const struct commit *c = apply(&(struct request){.patch = text});

    ck_assert_msg(c->error.code == code, "%s: %s", error_code_name(c->error.code),
                  c->error.message);
    ck_assert_msg(strstr(c->error.message, sentence) != NULL, "%s", c->error.message);
    ck_assert(!c->changed);
    ck_assert_uint_eq(commit_revision(), revision);
    ck_assert(json_equal(commit_document(), before));
    ck_assert_uint_eq(catalog_current()->backstore_count, backstores);
    json_decref(before);
}

const char *
document_at(const char *pointer)
{
    const json_t *value = json_at(commit_document(), pointer);

    return value == NULL ? "" : text_of_json(value);
}

struct backstore *
backstore_called(const char *name)
{
    return catalog_backstore(catalog_current(), name);
}

unsigned long long
size_of(const char *name)
{
    const struct backstore *b = backstore_called(name);

    return b == NULL || b->lun->store == NULL ? 0 : b->lun->store->size;
}

bool
file_is_there(const char *name)
{
    return access(in_folder(name), F_OK) == 0;
}

long long
file_size(const char *name)
{
    struct stat st;

    return stat(in_folder(name), &st) < 0 ? -1 : (long long)st.st_size;
}

void
make_file(const char *name, long long size)
{
    int fd = open(in_folder(name), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(ftruncate(fd, size), 0);
    close(fd);
}

static void
io_done(struct store_io *io)
{
    ck_assert_int_eq(io->error, 0);
    is_done = true;
}

static unsigned char block[512] __attribute__((aligned(4096)));

static void
move_block(const char *name, enum store_op op)
{
    static struct store_io io;

    io = (struct store_io){.op = op, .length = sizeof block, .data = block, .done = io_done};
    is_done = false;
    store_submit(backstore_called(name)->lun->store, &io);
    run_until(done);
}

void
write_byte(const char *name, unsigned char byte)
{
    memset(block, byte, sizeof block);
    move_block(name, STORE_WRITE);
}

unsigned char
read_byte(const char *name)
{
    move_block(name, STORE_READ);
    return block[7];
}
