/*
 * pr.h: persistent reservations (SPC-4 section 5.13): who is registered, who holds the
 * reservation, and what each PERSISTENT RESERVE OUT makes of that.
 *
 * Pure: an action takes a state and gives the next one, which the caller may throw away, so
 * that nothing has changed where it could not be made to last. Any thread; the caller has the
 * lock.
 */
#ifndef SCSI_PR_H
#define SCSI_PR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 64 hosts with eight paths each. More get INSUFFICIENT REGISTRATION RESOURCES. */
#define PR_REGISTRATIONS_MAX 512

/* The name of a port: an iSCSI name of at most 223 bytes, ",i,0x" and 12 hex digits. */
#define PR_PORT_MAX 240

/* SPC-4 table 206 */
enum pr_type {
    PR_NONE = 0x0, /* nothing is reserved */
    PR_WRITE_EXCLUSIVE = 0x1,
    PR_EXCLUSIVE_ACCESS = 0x3,
    PR_WRITE_EXCLUSIVE_REGISTRANTS_ONLY = 0x5,
    PR_EXCLUSIVE_ACCESS_REGISTRANTS_ONLY = 0x6,
    PR_WRITE_EXCLUSIVE_ALL_REGISTRANTS = 0x7,
    PR_EXCLUSIVE_ACCESS_ALL_REGISTRANTS = 0x8,
};

/* Service actions of PERSISTENT RESERVE OUT (SPC-4 table 213). */
enum pr_action {
    PR_REGISTER = 0x00,
    PR_RESERVE = 0x01,
    PR_RELEASE = 0x02,
    PR_CLEAR = 0x03,
    PR_PREEMPT = 0x04,
    PR_PREEMPT_AND_ABORT = 0x05,
    PR_REGISTER_AND_IGNORE = 0x06,
    PR_REGISTER_AND_MOVE = 0x07,
    PR_ACTIONS
};

/* An I_T nexus by the names of its ports: it outlives the session. Names are compared without
 * regard to ASCII case (RFC 7143 section 4.2.7.1). */
struct pr_nexus {
    char initiator_port[PR_PORT_MAX + 1]; /* "iqn…,i,0x00023d000001" */
    char target_port[PR_PORT_MAX + 1];    /* "iqn…,t,0x0001" */
    uint16_t target_port_id;              /* relative target port identifier */
};

struct pr_registration {
    struct pr_nexus nexus;
    uint64_t key;   /* never 0 */
    bool has_taken; /* holds a reservation of a type that one alone can hold */
};

struct pr_state {
    struct pr_registration *registrations; /* owned, in the order they came */
    size_t count;
    enum pr_type type;
    uint32_t generation; /* PRGENERATION; 0 at power on, whatever APTPL was */
    bool aptpl;          /* the state is to survive a loss of power */
};

/* All of what an action goes by. */
struct pr_request {
    enum pr_action action;
    uint8_t scope, type; /* of the CDB */
    uint64_t reservation_key, service_action_key;
    bool spec_i_pt, aptpl, unreg;
    const struct pr_nexus *from;
    /* ALL_TG_PT: FROM's initiator port at the other target ports. */
    const struct pr_nexus *own;
    size_t own_count;
    /* SPEC_I_PT: whom else to register. REGISTER AND MOVE: [0] is where to. */
    const struct pr_nexus *specified;
    size_t specified_count;
};

enum pr_outcome {
    PR_GOOD,
    PR_CONFLICT,        /* RESERVATION CONFLICT */
    PR_INVALID_SCOPE,   /* INVALID FIELD IN CDB */
    PR_INVALID_TYPE,    /* INVALID FIELD IN CDB */
    PR_NOTHING_TO_MOVE, /* INVALID FIELD IN CDB */
    PR_INVALID_KEY,     /* INVALID FIELD IN PARAMETER LIST: SERVICE ACTION RESERVATION KEY */
    PR_INVALID_SPEC,    /* INVALID FIELD IN PARAMETER LIST: SPEC_I_PT */
    PR_INVALID_NEXUS,   /* INVALID FIELD IN PARAMETER LIST: specified[change->invalid] */
    PR_INVALID_RELEASE, /* INVALID RELEASE OF PERSISTENT RESERVATION */
    PR_NO_RESOURCES,    /* INSUFFICIENT REGISTRATION RESOURCES */
};

/* What an action does to those who were registered before it: bits. */
enum pr_effect {
    PR_TELL_RESERVATIONS_RELEASED = 1 << 0,
    PR_TELL_RESERVATIONS_PREEMPTED = 1 << 1,
    PR_TELL_REGISTRATIONS_PREEMPTED = 1 << 2,
    PR_ABORT_COMMANDS = 1 << 3, /* before the answer, but for the command that asks */
};

/* Of a PR_GOOD action. */
struct pr_change {
    bool is_different;                     /* false: everything stays; NEXT is empty */
    struct pr_state next;                  /* for pr_state_done() or pr_state_move() */
    uint8_t effects[PR_REGISTRATIONS_MAX]; /* [i] is for registrations[i] of the old state */
    size_t invalid;                        /* of PR_INVALID_NEXUS */
};

/* Nothing registered or reserved. */
void pr_state_init(struct pr_state *state);
void pr_state_done(struct pr_state *state);

/* *STATE becomes *NEXT, which is empty afterwards. */
void pr_state_move(struct pr_state *state, struct pr_state *next);

/* Adds a registration as a saved state has it. -1: out of memory, too many, or there is one. */
int pr_state_add(struct pr_state *state, const struct pr_registration *registration);

/* For PERSISTENT RESERVE OUT. Anything but PR_GOOD: CHANGE has nothing to be freed. */
enum pr_outcome pr_apply(const struct pr_state *state, const struct pr_request *request,
                         struct pr_change *change);

/* What an operator does: as CLEAR, but everybody is told. -1: out of memory. */
int pr_clear_all(const struct pr_state *state, struct pr_change *change);

/* SPC-4 section 5.13.10 */
bool pr_is_holder(const struct pr_state *state, size_t i);

/* Where NEXUS is in STATE; STATE->count: it is not registered. */
size_t pr_find(const struct pr_state *state, const struct pr_nexus *nexus);

/* Which access the reservation denies to NEXUS: bits. */
enum pr_denial { PR_NO_READ = 1 << 0, PR_NO_WRITE = 1 << 1 };
unsigned pr_denials(const struct pr_state *state, const struct pr_nexus *nexus);

bool pr_type_is_valid(unsigned type);
/* "write_exclusive_registrants_only"; "none". Static. */
const char *pr_type_name(enum pr_type type);
/* 0, or -1: there is no such type. */
int pr_type_by_name(const char *name, enum pr_type *ret);
bool pr_type_is_all_registrants(enum pr_type type);
bool pr_type_is_registrants_only(enum pr_type type);

bool pr_nexus_equal(const struct pr_nexus *a, const struct pr_nexus *b);

#endif
