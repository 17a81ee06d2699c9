/*
 * catalog.h: what is exported, to whom: one immutable view of the configuration.
 *
 * Built on main, read on every worker without a lock, counted. Targets, backstores and portal
 * groups that a change does not touch are the same objects in the old view and the new one, so
 * comparing pointers tells whether something changed.
 */
#ifndef CATALOG_CATALOG_H
#define CATALOG_CATALOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "core/worker.h"
#include "scsi/alua.h"

struct chap_credentials;
struct io_counters;
struct lun;
struct network;
struct store;

/* A disk. Identity, size and (later) reservations belong to it, however many LUNs lead to it.
 */
struct backstore {
    atomic_uint refs;
    char *name;
    char *type;
    struct lun *lun;    /* counted; lun->store is NULL while it cannot be opened */
    struct error error; /* why; code is ERROR_NONE when online */
};

/* Counters of one export, one set per worker; survives changes that do not touch the export. */
struct export_counters;
struct export_counters *export_counters_new(void); /* NULL: out of memory */
struct export_counters *export_counters_ref(struct export_counters *counters);
void export_counters_unref(struct export_counters *counters); /* accepts NULL */
struct io_counters *export_counters_of(struct export_counters *counters,
                                       const struct worker *worker);
struct io_totals;
struct latency_totals;
struct refusal_totals;

/* Each adds to what TOTALS has. */
void export_counters_total(const struct export_counters *counters, struct io_totals *totals);
void export_counters_latency(const struct export_counters *counters,
                             struct latency_totals *totals);
void export_counters_refusals(const struct export_counters *counters,
                              struct refusal_totals *totals);

/* A LUN of a target: number → backstore. */
struct lun_export {
    uint16_t number;
    bool read_only;
    bool enabled;                     /* false: as if it were not there */
    struct backstore *backstore;      /* counted */
    struct export_counters *counters; /* counted */
};

/* A LUN of the target that an ACL entry shows. */
struct acl_lun {
    uint16_t number; /* under which the initiator sees it */
    uint16_t lun;    /* under which the target has it */
    bool read_only;  /* for this initiator, whatever the target says */
};

/* Who may log in, from where, and what it sees: access.h. Part of the target. */
struct acl_entry {
    char *initiator; /* iSCSI name, or a pattern with '*' and '?' */
    struct network *networks;
    size_t network_count; /* 0: from anywhere */
    struct acl_lun *luns; /* ascending by number; NULL: all LUNs, as the target has them */
    size_t lun_count;
    struct chap_credentials *auth; /* counted; NULL: no CHAP (credentials.h) */
};
void acl_entries_free(struct acl_entry *entries, size_t count); /* accepts NULL */

/* What the target offers in negotiation (names of RFC 7143 section 13), and its habits. */
struct target_parameters {
    bool initial_r2t, immediate_data;
    uint32_t max_recv_data_segment_length, max_burst_length, first_burst_length;
    uint16_t max_outstanding_r2t, default_time2wait;
    uint8_t header_digests, data_digests;   /* bits: 1 none, 2 crc32c: which are allowed */
    uint16_t nop_interval_s, nop_timeout_s; /* 0: no pings */
    uint16_t queue_depth;                   /* commands a session may have open */
};
enum { DIGEST_ALLOW_NONE = 1, DIGEST_ALLOW_CRC32C = 2 };

/* Where initiators are sent instead (RFC 7143 section 11.13.5). */
struct redirect {
    char address[272]; /* as TargetAddress says it: "host:3260", "[2001:db8::1]:3260" */
    bool is_permanent;
};

struct target {
    atomic_uint refs;
    char *name;
    char *alias;  /* NULL: none */
    bool enabled; /* accepts logins */
    struct target_parameters parameters;
    struct redirect *redirect;               /* NULL: none */
    struct target_port_group *portal_groups; /* ascending by tag */
    size_t portal_group_count;
    struct lun_export *luns; /* ascending by number */
    size_t lun_count;
    struct acl_entry *acls; /* in the order of access.h */
    size_t acl_count;
};

struct portal {
    char address[64]; /* numeric; "0.0.0.0" and "::" mean all */
    uint16_t port;
};

struct portal_group {
    atomic_uint refs;
    uint16_t tag;
    struct portal *portals;
    size_t portal_count;
    struct redirect *redirect; /* NULL: none */
};

/*
 * Two views may have the same revision (a backstore that was in error came online, without a
 * change of the document): compare pointers, not revisions.
 */
struct catalog {
    atomic_uint refs;
    uint64_t revision;
    struct target **targets; /* ascending by name, in the order of strcasecmp() */
    size_t target_count;
    struct backstore **backstores; /* ascending by name */
    size_t backstore_count;
    struct portal_group **portal_groups; /* ascending by tag */
    size_t portal_group_count;
    struct chap_credentials *discovery_auth; /* counted; NULL: discovery without CHAP */
};

/* References. Any thread; what is freed at last posts the closing of its store to main. All
 * accept NULL in unref. */
struct catalog *catalog_ref(struct catalog *catalog);
void catalog_unref(struct catalog *catalog);
struct target *target_ref(struct target *target);
void target_unref(struct target *target);
struct backstore *backstore_ref(struct backstore *backstore);
void backstore_unref(struct backstore *backstore);
struct portal_group *portal_group_ref(struct portal_group *group);
void portal_group_unref(struct portal_group *group);

/* NULL where there is none. Borrowed from the catalog. Names of targets are compared without
 * regard to ASCII case (RFC 7143 section 4.2.7.1), those of backstores exactly. */
struct target *catalog_target(const struct catalog *catalog, const char *name);
struct backstore *catalog_backstore(const struct catalog *catalog, const char *name);
const struct portal_group *catalog_portal_group(const struct catalog *catalog, uint16_t tag);

/* The LUN by its number, enabled ones only; NULL where there is none. */
const struct lun_export *target_lun(const struct target *target, uint16_t number);

/* Whether TARGET can be reached through portal group TAG. */
bool target_has_portal_group(const struct target *target, uint16_t tag);

#endif
