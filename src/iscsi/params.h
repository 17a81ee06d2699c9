/*
 * params.h: the keys of RFC 7143 section 13 and how two sides agree on them.
 *
 * A negotiation answers lists of keys, row by row of one table in params.c; what it has agreed
 * on is `params`. We offer nothing but MaxRecvDataSegmentLength: keys that the initiator
 * does not offer keep the default of the RFC, since initiators differ in how well they take
 * offers.
 */
#ifndef ISCSI_PARAMS_H
#define ISCSI_PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catalog/catalog.h"

struct text_list;
struct text_output;

/*
 * Section 13.16, in seconds: with its connection a session ends, and nothing is kept of it that
 * could go on. That is all that is agreed to; of an initiator that does not offer the key,
 * whose standard value is 20, this is said where a session ends by our word
 * (sections 11.9, 11.15).
 */
#define TIME2RETAIN 0

/* In force from the end of the login. */
struct params {
    bool header_digest, data_digest; /* CRC32C */
    bool initial_r2t, immediate_data;
    uint32_t max_recv_data_segment_length; /* what we take: ours */
    uint32_t max_send_data_segment_length; /* what the initiator takes: its
                                              MaxRecvDataSegmentLength */
    uint32_t max_burst_length, first_burst_length;
    uint32_t max_outstanding_r2t;
    uint32_t default_time2wait;
};

/* Bits: a key says in which phases it may come (the "Use" lines of section 13). */
enum param_phase {
    PHASE_SECURITY = 1 << 0,
    PHASE_OPERATIONAL = 1 << 1,
    PHASE_FULL_FEATURE = 1 << 2,
};

enum param_verdict {
    PARAMS_ANSWERED,
    PARAMS_PROTOCOL_ERROR, /* a key twice, in the wrong phase, or a declaration out of range:
                              ends a login (0200); elsewhere the session's choice (Reject) */
};

struct negotiation {
    struct params params;

    /* Private. */
    struct target_parameters ours;
    bool is_discovery;
    bool has_declared; /* our MaxRecvDataSegmentLength is out */
    uint64_t seen;     /* a bit per row: settled since the negotiation began */
    const char *problem;
};

/* Everything at its default. OURS, what the target is willing to do, is copied; NULL: as a
 * target without settings of its own, for discovery. */
void negotiation_init(struct negotiation *n, const struct target_parameters *ours,
                      bool is_discovery);

/* What holds for the whole session is as it was agreed then; what is the connection's is new.
 */
void negotiation_inherit(struct negotiation *n, const struct params *agreed);

/*
 * Answers LIST, the keys of one request sequence in PHASE, into OUT. The names that identify a
 * login, AuthMethod with the keys of CHAP and SendTargets are passed over: login.c,
 * login_auth.c and discovery.c answer them. In PHASE_OPERATIONAL our MaxRecvDataSegmentLength
 * goes out with the first answer.
 */
enum param_verdict negotiation_answer(struct negotiation *n, enum param_phase phase,
                                      const struct text_list *list, struct text_output *out);

/* For the log, after PARAMS_PROTOCOL_ERROR or a false negotiation_is_acceptable(). Static. */
const char *negotiation_problem(const struct negotiation *n);

/* A text negotiation in full feature phase begins: keys may come again. */
void negotiation_restart(struct negotiation *n);

/* At the end of a login: whether what holds now (by default, perhaps) is what the target
 * allows, such as its only digest. */
bool negotiation_is_acceptable(struct negotiation *n);

#endif
