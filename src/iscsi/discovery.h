/*
 * discovery.h: what SendTargets answers (RFC 7143 appendix C): which targets the initiator may
 * log in to, and at which addresses.
 */
#ifndef ISCSI_DISCOVERY_H
#define ISCSI_DISCOVERY_H

#include <stddef.h>

#include "core/network.h"

struct catalog;
struct target;
struct text_output;

/* Large configurations have long answers; they leave in pieces (text_output_piece()). */
#define DISCOVERY_ANSWER_MAX (16u << 20)

struct discovery {
    const struct catalog *catalog;
    const char *initiator;  /* iSCSI name */
    struct ip_address from; /* where it is */
    const char *local;      /* where the connection arrived, as in struct session_peer */
    const char *own_target; /* name of the session's target; NULL: a discovery session */
};

/*
 * Answers SendTargets=VALUE into OUT: "All" (discovery sessions), a target's name, or "" (the
 * own target of a normal session). A value that this kind of session does not take is
 * answered by "SendTargets=Reject"; a target that the initiator may not use, by nothing.
 * out->error says whether all of it fitted.
 */
void discovery_send_targets(const struct discovery *d, const char *value,
                            struct text_output *out);

#endif
