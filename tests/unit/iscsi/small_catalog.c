/* small_catalog.c: a configuration for tests, made of literals. */
#include "small_catalog.h"

#include "catalog/catalog.h"

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

static uint16_t both[] = {1, 2}, first[] = {1}, second[] = {2}, third[] = {3};
static struct acl_entry all[] = {{.initiator = TEXT("*")}};
static struct acl_entry friend[] = {{.initiator = TEXT("iqn.2026-01.example:friend")}};

#define PARAMETERS(allowed)                                                                  \
    {                                                                                        \
        .immediate_data = true, .max_recv_data_segment_length = 262144,                      \
        .max_burst_length = 1048576, .first_burst_length = 262144, .max_outstanding_r2t = 8, \
        .default_time2wait = 2, .default_time2retain = 20, .header_digests = (allowed),      \
        .data_digests = (allowed), .queue_depth = 128                                        \
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
static struct catalog without_targets = {
    PERMANENT,
    .portal_groups = group_list,
    .portal_group_count = 3,
};

const struct catalog *
small_catalog(void)
{
    static char alias[] = "A disk";

    targets[3].alias = alias;
    return &catalog;
}

const struct catalog *
small_catalog_without_targets(void)
{
    return &without_targets;
}
