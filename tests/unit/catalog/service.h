/* service.h: the configuration as a service, in a temporary folder, with a real crew. */
#ifndef TESTS_UNIT_CATALOG_SERVICE_H
#define TESTS_UNIT_CATALOG_SERVICE_H

#include <stdbool.h>

#include "catalog/commit.h"

#define TARGET    "iqn.2026-01.org.example:t"
#define INITIATOR "iqn.2026-01.org.example:i"

/* Patches that make a backstore. */
#define RAM    "{'backstores':{'r':{'type':'ram','size':65536}}}"
#define FILE_D "{'backstores':{'d':{'type':'rdwr','path':'@/d','size':65536,'create':true}}}"

/* What the layers above were asked, and what they answer. */
extern struct service_hooks {
    unsigned prepared, abandoned, switched;
    bool portals_fail;
    const char *loses;  /* a file of the folder that goes away before portals are prepared */
    unsigned sessions;  /* of INITIATOR on TARGET */
    const char *portal; /* as --portal; NULL: 127.0.0.1:3260, "": not given */
} service_hooks;

/* Fixture: a folder, the schemas, and two workers. */
void service_setup(void);
void service_teardown(void);

/* The same, started and stopped. */
void service_begin(void);
void service_end(void);

/* "FOLDER/NAME"; valid until the next call but three. */
const char *in_folder(const char *name);

/* Opens and boots; CONFIG_FILE and RECOVER as in struct commit_setup. */
int service_open(const char *config_file, bool recover, struct error *err);
void service_start(void);
void service_stop(void); /* drains and closes */
void crew_again(void);   /* after it: new workers */
void service_restart(void);

/* A change, run until it is done. PATCH as json_of() takes it, with '@' for the folder. */
struct request {
    const char *patch;
    bool replace, dry_run, force;
    int64_t expect_revision; /* 0: any */
    const char *reread;
};
struct commit *apply(const struct request *request); /* valid until the next one */

/* The same, which must go well, or fail with CODE and a sentence that has TEXT in it. */
void apply_well(const char *patch);
void apply_in_vain(const char *patch, enum error_code code, const char *text);

/* Runs main's loop until CONDITION holds. */
void run_until(bool (*condition)(void));

/* The value at POINTER of the document in force, as text. */
const char *document_at(const char *pointer);

/* The backstore in force; its store's size, 0: it is not open. */
struct backstore *backstore_called(const char *name);
unsigned long long size_of(const char *name);

bool file_is_there(const char *name);
long long file_size(const char *name);
void make_file(const char *name, long long size);

/* One block at the start of backstore NAME. */
void write_byte(const char *name, unsigned char byte);
unsigned char read_byte(const char *name);

#endif
