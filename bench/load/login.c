/* login.c: from a connection to a session and back. */
#include "bench/load/login.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "bench/load/chap.h"
#include "bench/load/complain.h"
#include "bench/load/exchange.h"
#include "bench/load/session.h"
#include "core/bytes.h"

#define ROUNDS_MAX      12
#define LOGIN_SECONDS   30
#define LOGOUT_SECONDS  2
#define LOGOUT_TAG      0x7ffffff1u
#define STATSN_UNKNOWN  0
#define LOGIN_CONTINUES 0x40

enum stage { STAGE_SECURITY = 0, STAGE_OPERATIONAL = 1, STAGE_FULL_FEATURE = 3 };

struct login {
    enum stage stage;
    bool transit; /* whether the request asks for the next stage */
    struct keys keys;
    struct message message;
};

static void
set_timeout(int fd, int seconds)
{
    struct timeval t = {.tv_sec = seconds};

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t);
}

static int
open_connection(struct session *s)
{
    const struct addrinfo *a = s->run->address;
    int one = 1, saved;

    s->fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s->fd < 0)
        return -1;
    if (connect(s->fd, a->ai_addr, a->ai_addrlen) < 0) {
        saved = errno;
        close(s->fd);
        s->fd = -1;
        errno = saved;
        return -1;
    }
    setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    set_timeout(s->fd, LOGIN_SECONDS);
    return 0;
}

/* An ISID that no other session of this initiator name has. */
static void
make_isid(uint8_t *isid)
{
    static _Atomic uint32_t count; /* of all threads */
    pid_t pid = getpid();

    isid[0] = 0x80; /* random format: RFC 7143 section 11.12.5 */
    put_be24(isid + 1, (uint32_t)pid << 8 & 0xffff00);
    put_be24(isid + 3, atomic_fetch_add(&count, 1));
}

static void
init_session(struct session *s, const struct run *run, unsigned id)
{
    struct counts *counts = s->counts;

    memset(s, 0, sizeof *s);
    s->run = run;
    s->counts = counts;
    s->id = id;
    s->fd = -1;
    s->cmdsn = 1;
    s->expstatsn = STATSN_UNKNOWN;
    s->block_size = 512;
    make_isid(s->isid);
    negotiated_init(&s->negotiated, run->settings);
    stream_init(&s->stream, &session_answers, s);
}

static void
first_keys(struct login *l, const struct settings *settings)
{
    l->stage = STAGE_SECURITY;
    l->transit = settings->user == NULL;
    l->keys.length = 0;
    keys_add(&l->keys, "InitiatorName=%s", settings->initiator);
    keys_add(&l->keys, "SessionType=Normal");
    keys_add(&l->keys, "TargetName=%s", settings->target);
    keys_add(&l->keys, "AuthMethod=%s", settings->user != NULL ? "CHAP" : "None");
}

static int
send_request(struct session *s, struct login *l)
{
    uint8_t *h = l->message.header;
    int next = l->stage == STAGE_SECURITY ? STAGE_OPERATIONAL : STAGE_FULL_FEATURE;

    memset(h, 0, sizeof l->message.header);
    h[0] = PDU_IMMEDIATE | PDU_LOGIN;
    h[1] = (uint8_t)((int)l->stage << 2 | (l->transit ? PDU_FINAL | next : 0));
    memcpy(h + 8, s->isid, sizeof s->isid);
    put_be16(h + 14, s->tsih);
    put_be32(h + FIELD_TASK_TAG, 1);
    put_be32(h + FIELD_CMDSN, s->cmdsn);
    put_be32(h + FIELD_EXPSTATSN, s->expstatsn);
    memcpy(l->message.data, l->keys.text, l->keys.length);
    l->message.length = l->keys.length;
    return message_send(s, &l->message);
}

static int
receive_response(struct session *s, struct login *l)
{
    uint8_t *h = l->message.header;

    if (message_receive(s, &l->message) < 0) {
        complain("login of session %u: the connection is lost", s->id);
        return -1;
    }
    if ((h[0] & PDU_OPCODE_MASK) != PDU_LOGIN_RESPONSE) {
        complain("login of session %u: opcode %02x as the answer", s->id, h[0]);
        return -1;
    }
    if (h[36] != 0) {
        complain("login of session %u is refused: status %02x%02x", s->id, h[36], h[37]);
        return -1;
    }
    if (l->message.length == sizeof l->message.data)
        l->message.length--;
    l->message.data[l->message.length] = '\0';
    s->tsih = get_be16(h + 14);
    s->expstatsn = get_be32(h + FIELD_STATSN) + 1;
    s->maxcmdsn = get_be32(h + FIELD_MAXCMDSN);
    negotiated_settle(&s->negotiated, (char *)l->message.data, l->message.length);
    return 0;
}

/* What the security stage needs next. */
static int
answer_chap(struct login *l, const struct settings *settings)
{
    const char *text = (char *)l->message.data;
    const char *identifier = keys_find(text, l->message.length, "CHAP_I");
    const char *challenge = keys_find(text, l->message.length, "CHAP_C");
    char response[CHAP_RESPONSE_ROOM];

    if (identifier == NULL || challenge == NULL) {
        keys_add(&l->keys, "CHAP_A=5");
        return 0;
    }
    if (chap_response(identifier, challenge, settings->secret, response) < 0) {
        complain("the target's CHAP challenge cannot be answered");
        return -1;
    }
    keys_add(&l->keys, "CHAP_N=%s", settings->user);
    keys_add(&l->keys, "CHAP_R=%s", response);
    l->transit = true;
    return 0;
}

/* Makes the next request out of the response. */
static int
next_request(struct login *l, const struct settings *settings)
{
    uint8_t flags = l->message.header[1];
    bool moved = false;

    l->keys.length = 0;
    if (flags & PDU_FINAL) {
        moved = l->stage != (flags & 3u);
        l->stage = flags & 3u;
    }
    if (flags & LOGIN_CONTINUES) /* the rest is to come: an empty request asks for it */
        return 0;
    if (l->stage == STAGE_SECURITY && settings->user != NULL)
        return answer_chap(l, settings);
    l->transit = true;
    if (l->stage == STAGE_OPERATIONAL && moved)
        keys_add_offers(&l->keys, settings);
    return 0;
}

static int
negotiate(struct session *s)
{
    const struct settings *settings = s->run->settings;
    struct login l;

    first_keys(&l, settings);
    for (int i = 0; i < ROUNDS_MAX; i++) {
        if (send_request(s, &l) < 0 || receive_response(s, &l) < 0 ||
            next_request(&l, settings) < 0)
            return -1;
        if (l.stage == STAGE_FULL_FEATURE)
            return 0;
    }
    complain("login of session %u comes to no end", s->id);
    return -1;
}

static int
use_digests(struct session *s)
{
    const struct settings *settings = s->run->settings;
    const struct negotiated *n = &s->negotiated;

    if (n->header_digest != settings->header_digest ||
        n->data_digest != settings->data_digest) {
        complain("the target does not agree to the digests");
        return -1;
    }
    s->stream.header_digest = n->header_digest;
    s->stream.data_digest = n->data_digest;
    return 0;
}

int
session_login(struct session *s, const struct run *run, unsigned id)
{
    init_session(s, run, id);
    if (open_connection(s) < 0) {
        complain("connection %u: %s", id, strerror(errno));
        return -1;
    }
    if (negotiate(s) == 0 && use_digests(s) == 0)
        return 0;
    session_abandon(s);
    return -1;
}

void
session_logout(struct session *s)
{
    struct message m = {.length = 0};

    if (s->fd < 0)
        return;
    set_timeout(s->fd, LOGOUT_SECONDS);
    m.header[0] = PDU_IMMEDIATE | PDU_LOGOUT;
    m.header[1] = PDU_FINAL; /* reason 0: close the session */
    put_be32(m.header + FIELD_TASK_TAG, LOGOUT_TAG);
    put_be32(m.header + FIELD_CMDSN, s->cmdsn);
    put_be32(m.header + FIELD_EXPSTATSN, s->expstatsn);
    if (message_send(s, &m) == 0)
        while (message_receive(s, &m) == 0 &&
               (m.header[0] & PDU_OPCODE_MASK) != PDU_LOGOUT_RESPONSE)
            continue;
    session_abandon(s);
}

void
session_abandon(struct session *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}
