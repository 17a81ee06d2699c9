/* small_catalog.c: a configuration for tests, made of literals. */
#include "small_catalog.h"

#include "catalog/catalog.h"
#include "catalog/credentials.h"

/* Nobody counts these to zero: each has one reference too many. */
#define PERMANENT .refs = 1

/* Members are not const, though nothing changes them. */
#define TEXT(literal) ((char[]){literal})

static struct portal any_portals[] = {{"0.0.0.0", 3260}, {"::", 3260}};
static struct portal named_portals[] = {
    {"192.0.2.1", 3260}, {"192.0.2.2", 3261}, {"2001:db8::1", 3260}};
static struct portal ipv4_portals[] = {{"0.0.0.0", 3262}};

static struct portal_group groups[] = {
    {PERMANENT, .tag = 1, .portals = any_portals, .portal_count = 2},
    {PERMANENT, .tag = 2, .portals = named_portals, .portal_count = 3},
    {PERMANENT, .tag = 3, .portals = ipv4_portals, .portal_count = 1},
};
static struct portal_group *group_list[] = {&groups[0], &groups[1], &groups[2]};

#define ALL_ALGORITHMS \
    (CHAP_ALLOW_MD5 | CHAP_ALLOW_SHA1 | CHAP_ALLOW_SHA256 | CHAP_ALLOW_SHA3_256)
static struct chap_credentials one_way = {PERMANENT, .algorithms = ALL_ALGORITHMS,
                                          .user = TEXT(SMALL_USER),
                                          .secret = TEXT(SMALL_SECRET)};
static struct chap_credentials mutual = {PERMANENT,
                                         .algorithms = CHAP_ALLOW_SHA256 | CHAP_ALLOW_SHA3_256,
                                         .user = TEXT(SMALL_USER),
                                         .secret = TEXT(SMALL_SECRET),
                                         .mutual_user = TEXT(SMALL_MUTUAL_USER),
                                         .mutual_secret = TEXT(SMALL_MUTUAL_SECRET)};
static struct acl_entry locked[] = {{.initiator = TEXT("*"), .auth = &one_way}};
static struct acl_entry both_ways[] = {{.initiator = TEXT("*"), .auth = &mutual}};
static struct target_port_group both[] = {{.tag = 1}, {.tag = 2}}, first[] = {{.tag = 1}},
                                second[] = {{.tag = 2}}, third[] = {{.tag = 3}};
static struct acl_entry all[] = {{.initiator = TEXT("*")}};
static struct acl_entry friend[] = {{.initiator = TEXT("iqn.2026-01.example:friend")}};

#define PARAMETERS(allowed)                                                                  \
    {                                                                                        \
        .immediate_data = true, .max_recv_data_segment_length = 262144,                      \
        .max_burst_length = 1048576, .first_burst_length = 262144, .max_outstanding_r2t = 8, \
        .default_time2wait = 2, .header_digests = (allowed), .data_digests = (allowed),      \
        .queue_depth = 128                                                                   \
    }

#define TARGET(short_name, on, groups_, acls_, digests_)                                       \
    {                                                                                          \
        PERMANENT, .name = TEXT("iqn.2026-01.example:" short_name), .enabled = (on),           \
                   .parameters = PARAMETERS(digests_), .portal_groups = (groups_),             \
                   .portal_group_count = sizeof(groups_) / sizeof *(groups_), .acls = (acls_), \
                   .acl_count = 1                                                              \
    }

static struct target targets[] = {
    TARGET("elsewhere", true, second, all, 3), TARGET("ipv4", true, third, all, 3),
    TARGET("off", false, first, all, 3),       TARGET("open", true, both, all, 3),
    TARGET("private", true, first, friend, 3), TARGET("strict", true, first, all, 2),
};
static struct target *target_list[] = {&targets[0], &targets[1], &targets[2],
                                       &targets[3], &targets[4], &targets[5]};

static struct catalog catalog = {
    PERMANENT,
    .targets = target_list,
    .target_count = 6,
    .portal_groups = group_list,
    .portal_group_count = 3,
};

/* The same names with CHAP, as if the configuration had changed. */
static struct target locked_targets[] = {
    TARGET("both-ways", true, first, both_ways, 3),
    TARGET("open", true, both, locked, 3),
};
static struct target *locked_list[] = {&locked_targets[0], &locked_targets[1]};
static struct catalog locked_catalog = {
    PERMANENT,
    .targets = locked_list,
    .target_count = 2,
    .portal_groups = group_list,
    .portal_group_count = 3,
    .discovery_auth = &one_way,
};
static struct catalog without_targets = {
    PERMANENT,
    .portal_groups = group_list,
    .portal_group_count = 3,
};

static struct redirect group_moved = {"storage.example:3260", false};
static struct redirect moved = {"[2001:db8::7]:3261", true}, away = {"192.0.2.7:860", false};
static struct portal_group moved_groups[] = {
    {PERMANENT, .tag = 1, .portals = any_portals, .portal_count = 2, .redirect = &group_moved},
    {PERMANENT, .tag = 3, .portals = ipv4_portals, .portal_count = 1},
};
static struct portal_group *moved_group_list[] = {&moved_groups[0], &moved_groups[1]};
static struct target moved_targets[] = {
    TARGET("gone", true, first, all, 3),       TARGET("locked", true, first, locked, 3),
    TARGET("off", false, first, all, 3),       TARGET("open", true, first, all, 3),
    TARGET("private", true, first, friend, 3), TARGET("still", true, third, all, 3),
};
static struct target *moved_list[] = {&moved_targets[0], &moved_targets[1], &moved_targets[2],
                                      &moved_targets[3], &moved_targets[4], &moved_targets[5]};
static struct catalog moved_catalog = {
    PERMANENT,
    .targets = moved_list,
    .target_count = 6,
    .portal_groups = moved_group_list,
    .portal_group_count = 2,
};

const struct catalog *
small_catalog_moved(void)
{
    moved_targets[0].redirect = moved_targets[2].redirect = moved_targets[4].redirect = &moved;
    moved_targets[1].redirect = &away;
    return &moved_catalog;
}

const struct catalog *
small_catalog(void)
{
    static char alias[] = "A disk";

    targets[3].alias = alias;
    return &catalog;
}

const struct catalog *
small_catalog_locked(void)
{
    return &locked_catalog;
}

const struct catalog *
small_catalog_without_targets(void)
{
    return &without_targets;
}
