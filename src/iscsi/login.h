/*
 * login.h: one login, from the first Login Request to the last Login Response (RFC 7143
 * sections 6.3, 11.12 and 11.13). No sockets, no clock, no list of sessions.
 *
 * Requests go in, a response and a verdict come out. Between "all is agreed" and the last
 * response the session may take its time (replace an older session, find a TSIH):
 *
 *     login_request() → LOGIN_CONTINUE   send the response, wait for the next request
 *                     → LOGIN_REFUSED    send the response, close; also where it says to go
 *                                        elsewhere
 *                     → LOGIN_READY      no response yet: look at initiator, target, isid, …,
 *                                        then login_accept() or login_refuse() and send
 *
 * After login_accept(), once the response is queued: switch digests and lengths as
 * negotiation.params says. An initiator that sends anything between LOGIN_READY and the last
 * response breaks the protocol; the session closes the connection.
 */
#ifndef ISCSI_LOGIN_H
#define ISCSI_LOGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/network.h"
#include "iscsi/login_auth.h"
#include "iscsi/params.h"
#include "iscsi/pdu.h"
#include "iscsi/text.h"

struct acl_entry;
struct catalog;
struct target;

/* Longest data segment in a login, either way: the default, since nothing else is agreed yet.
 */
#define LOGIN_DATA_MAX 8192

/* Requests that one login may take. With LOGIN_DATA_MAX this bounds its bytes, too. */
#define LOGIN_REQUESTS_MAX 32

/* Status class and detail, section 11.13.5. */
enum login_status {
    LOGIN_SUCCESS = 0x0000,
    LOGIN_MOVED_TEMPORARILY = 0x0101,
    LOGIN_MOVED_PERMANENTLY = 0x0102,
    LOGIN_INITIATOR_ERROR = 0x0200,
    LOGIN_AUTHENTICATION_FAILED = 0x0201,
    LOGIN_FORBIDDEN = 0x0202,
    LOGIN_TARGET_NOT_FOUND = 0x0203,
    LOGIN_TARGET_REMOVED = 0x0204,
    LOGIN_UNSUPPORTED_VERSION = 0x0205,
    LOGIN_TOO_MANY_CONNECTIONS = 0x0206,
    LOGIN_MISSING_PARAMETER = 0x0207,
    LOGIN_CANNOT_INCLUDE = 0x0208,
    LOGIN_SESSION_TYPE_NOT_SUPPORTED = 0x0209,
    LOGIN_NO_SUCH_SESSION = 0x020a,
    LOGIN_INVALID_REQUEST = 0x020b, /* during login */
    LOGIN_TARGET_ERROR = 0x0300,
    LOGIN_SERVICE_UNAVAILABLE = 0x0301,
    LOGIN_OUT_OF_RESOURCES = 0x0302,
};

/* Section 11.12.3 */
enum login_stage {
    STAGE_SECURITY = 0,
    STAGE_OPERATIONAL = 1,
    STAGE_FULL_FEATURE = 3,
    LOGIN_STAGES = 4
};

enum login_verdict { LOGIN_CONTINUE, LOGIN_READY, LOGIN_REFUSED };

struct login_response {
    uint8_t header[PDU_HEADER_SIZE]; /* numbers are in it */
    const void *data;                /* borrowed from the login until its next call */
    size_t length;
};

/* The session that a login with a TSIH names. */
struct login_session {
    uint16_t cid;         /* of its connection */
    struct params params; /* what was agreed */
};

struct login {
    /* Who, as far as known; complete at LOGIN_READY. */
    char initiator[224];       /* in lower case */
    char initiator_alias[256]; /* "" where it has none */
    struct target *target;     /* counted; NULL: discovery */
    bool is_discovery;
    bool reinstates; /* a connection of session request.tsih, which goes on */
    uint64_t isid;
    uint16_t cid;
    uint32_t exp_cmdsn; /* of the first command after the login */
    uint32_t statsn;    /* of the next response */
    struct negotiation negotiation;
    struct login_auth auth;
    enum login_status status; /* why it was refused */
    const char *problem;      /* the same, as words for the log; NULL: none. Static */

    /* Private. */
    uint16_t portal_group;
    struct ip_address from;
    const char *local;
    bool (*find_session)(const struct login *l, uint16_t tsih, struct login_session *ret);
    struct login_session reinstated; /* what goes on with this connection */
    bool has_begun;                  /* the first request is in */
    bool is_identified;              /* the first list of keys is in */
    bool is_ready;                   /* only the last response is missing */
    uint8_t stage;                   /* enum login_stage */
    unsigned requests;
    struct pdu_login_request first, request;
    struct text_input input;
    struct text_output output;
};

/*
 * A login on a connection from FROM that arrived at PORTAL_GROUP, there at LOCAL
 * ("192.0.2.7:3260", "[2001:db8::7]:3260"; borrowed). FIND_SESSION says whether
 * l->initiator has session TSIH with l->target under l->isid, and what of it matters: a login
 * that names a TSIH reinstates the connection with its CID, or asks for a second one (refused
 * as 0206), or for one that is not there (020a). NULL: there never is one.
 */
void login_init(struct login *l, uint16_t portal_group, const struct ip_address *from,
                const char *local,
                bool (*find_session)(const struct login *l, uint16_t tsih,
                                     struct login_session *ret));
void login_done(struct login *l);

/* Whether STATUS tells where to go instead of why not. */
static inline bool
login_is_redirected(enum login_status status)
{
    return status == LOGIN_MOVED_TEMPORARILY || status == LOGIN_MOVED_PERMANENTLY;
}

/*
 * HEADER, whatever its opcode, with N bytes of DATA (borrowed for the call) as they came from
 * the initiator. The target must be in CATALOG, enabled, reachable and open to the
 * initiator at every request.
 */
enum login_verdict login_request(struct login *l, const struct catalog *catalog,
                                 const uint8_t *header, const void *data, size_t n,
                                 struct login_response *ret);

/* Whether the initiator has proved who it is as far as CATALOG demands it. It has at
 * LOGIN_READY; whoever waits before login_accept() asks again. */
bool login_is_authenticated(const struct login *l, const struct catalog *catalog);

/* After LOGIN_READY: the last response. The session has this TSIH and takes commands up to
 * l->exp_cmdsn + QUEUE_DEPTH - 1. */
void login_accept(struct login *l, uint16_t tsih, uint16_t queue_depth,
                  struct login_response *ret);

/* After LOGIN_READY, or instead of login_request() with the HEADER that came (not NULL then):
 * a response that refuses. */
void login_refuse(struct login *l, const uint8_t *header, enum login_status status,
                  struct login_response *ret);

/* All of enum login_status, by numbers below LOGIN_STATUSES. */
#define LOGIN_STATUSES 18
unsigned login_status_number(enum login_status status);
enum login_status login_status_at(unsigned number);

/* "target not found"; for logs. Static. */
const char *login_status_name(enum login_status status);

#endif
