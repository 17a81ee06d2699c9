/*
 * session_private.h: a session from the inside: for the files of this folder that together make
 * one.
 *
 *     session.c        bytes in and out, life and end, time
 *     session_login.c  the login phase, up to the moment the session is open
 *     session_luns.c   its nexuses by LUN number; what a new catalog changes
 *     full_feature.c   PDUs after the login
 *     held.c           commands that came before their turn
 *     task.c           one SCSI command
 *     task_mgmt.c      aborts and resets; sweep.c waits for what they abort
 *     text_request.c   text negotiation after the login
 *
 * Everything here runs on the session's worker.
 */
#ifndef ISCSI_SESSION_PRIVATE_H
#define ISCSI_SESSION_PRIVATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <time.h>

#include "core/counters.h"
#include "iscsi/buffers.h"
#include "iscsi/held.h"
#include "iscsi/params.h"
#include "iscsi/pdu_reader.h"
#include "iscsi/pdu_writer.h"
#include "iscsi/session.h"
#include "iscsi/session_luns.h"
#include "iscsi/sweep.h"
#include "iscsi/window.h"
#include "scsi/nexus.h"

struct iobuf;
struct login;
struct registry_entry;
struct target;
struct task;
struct text_exchange;
struct worker;

/* A session that has that much to send takes no more input. */
#define SESSION_OUTPUT_FULL ((size_t)1 << 20)

/* Beyond this output, which no peer that reads comes near, the connection ends. */
#define SESSION_OUTPUT_MAX (2 * SESSION_BUFFERS_MAX)

/* What a peer that was told to go has time for. */
#define SESSION_CLOSE_TIMEOUT_MS 5000
/* At the end of the daemon, a connection that is at its login has this long to ask and be told.
 */
#define SESSION_STOP_LOGIN_TIMEOUT_MS 1000

LIST_HEAD(task_list, task);

/* What one worker keeps for its sessions. */
struct session_worker {
    LIST_HEAD(, session) sessions;
    unsigned count;
    bool is_stopping;
    struct task_list free_tasks; /* for reuse */
    unsigned free_task_count;
    uint64_t task_sequence; /* counts tasks: a sweep covers those up to its own moment */
    LIST_HEAD(, sweep) sweeps;
    uint64_t sweep_sequence;
    uint64_t buffer_bytes; /* what its sessions occupy, output included: buffers.h */
} __attribute__((aligned(64)));

struct session_worker *session_worker_here(void);

enum session_state {
    STATE_LOGIN,
    STATE_REPLACING, /* all is agreed, but an older session has to end first */
    STATE_FULL_FEATURE,
    STATE_LOGOUT, /* its tasks end, then it is answered */
    STATE_CLOSING,
};

/* The PDU that is being received: decided when its header has come. */
struct incoming {
    enum incoming_kind {
        INCOMING_IGNORE,
        INCOMING_HANDLE,
        INCOMING_HOLD,   /* before its turn */
        INCOMING_REJECT, /* for `reason` */
    } kind;
    uint8_t reason;
    bool
        is_counted; /* SCSI command: it has taken its CmdSN and gives it back with the answer */
    const uint8_t *ahs;
    uint16_t ahs_length;
    struct iobuf *data; /* counted: where the data goes, and stays until all of it has come */
    uint32_t offset, room;
    struct task *task; /* SCSI command, Data-Out: NULL when it has ended meanwhile */
    uint8_t verdict;   /* Data-Out: enum data_out_verdict of its header */
};

struct session {
    struct io_counters counters;
    LIST_ENTRY(session) link; /* of its worker */
    struct worker *worker;
    unsigned pins; /* connection, tasks, task management in progress: each keeps it alive */

    /* The connection. */
    void (*wake)(void *arg); /* NULL: it is gone */
    void *wake_arg;
    enum session_end end;
    _Atomic uint8_t state; /* enum session_state; the registry reads it on other threads */
    struct pdu_reader reader;
    struct pdu_writer writer;
    struct incoming incoming;

    /* Time, in milliseconds. */
    uint64_t now_ms; /* as of the last tick */
    uint64_t born_ms;
    uint64_t heard_ms;      /* when the peer last did something */
    uint64_t pinged_ms;     /* when we asked whether it lives; 0: not since it was heard */
    uint64_t close_at_ms;   /* 0: no such plan */
    uint64_t log_out_by_ms; /* it was asked to; 0: it was not, or has begun to */
    bool was_heard;         /* since the last tick */
    bool is_broken;         /* an answer was lost for want of memory: see session_queued() */
    bool is_stopping;       /* ends when its tasks have ended; takes no new ones */

    /* Who. */
    struct session_peer *peer;
    struct login *login;          /* until it is open */
    struct registry_entry *entry; /* from the end of the login to the end of its last task */
    char *initiator, *initiator_alias, *initiator_port, *target_port;
    char *target_name; /* "" for discovery */
    uint64_t isid;
    uint16_t cid;
    bool is_discovery;
    const char *auth; /* login_auth_name() */
    time_t since;
    struct params shown; /* as the login ended, for the registry */
    _Atomic uint32_t shown_max_send;

    /* Full feature phase. */
    struct target *target; /* counted; NULL: discovery */
    struct negotiation negotiation;
    struct window window;
    struct held held;
    uint32_t next_tag; /* Target Transfer Tags */
    struct session_luns luns;
    struct it_nexus it_nexus;
    struct text_exchange *text; /* NULL: none is going on */
    size_t text_bytes;          /* of the lists it was answered since the last tick */
    struct task_list tasks;
    struct task_list *task_buckets; /* by Initiator Task Tag */
    unsigned task_bucket_mask, task_count, immediate_count, management_count;
    struct sweep logout; /* waits for the tasks to end before the logout is answered */
    uint32_t logout_tag;
    bool has_logged_out;    /* answered */
    uint64_t buffer_bytes;  /* what its tasks occupy or will */
    uint64_t counted_bytes; /* what its output does, and what came too early: as counted last */
};

/* session.c */
void session_pin(struct session *s);
void session_unpin(struct session *s); /* may free it */
void session_wake(struct session *s);
bool session_output_is_full(const struct session *s);
bool session_is_open(const struct session *s); /* neither ending nor broken */

/*
 * What the writer said to a PDU. Who answers is in the middle of something, so where memory was
 * short nothing is torn down under his hands: the session is broken, takes and sends nothing
 * more, and its owner, who is woken, finds that it ends now and closes it.
 */
void session_queued(struct session *s, int error);

/* Aborts all tasks and ends the connection as END says. REASON (static) is for the
 * log; NULL: the log knows. */
void session_close(struct session *s, enum session_end end, const char *reason);
void session_count_digest_error(bool of_data);
void session_task_ended(struct session *s); /* looks whether it was the last one */
void session_log(const struct session *s, const char *message, const char *reason);

/*
 * Answers: each completes HEADER with the three numbers and queues it. `session_answer` takes a
 * new StatSN, `session_send` tells the next one without taking it (RFC 7143 sections 11.8.3 and
 * 11.19.1). Where memory is short the session is broken.
 */
void session_answer(struct session *s, uint8_t *header, const void *data, size_t length);
void session_answer_iobuf(struct session *s, uint8_t *header, struct iobuf *buf, size_t offset,
                          size_t length);
void session_send(struct session *s, uint8_t *header);
void session_send_data_in(struct session *s, uint8_t *header, struct iobuf *buf, size_t offset,
                          size_t length);
void session_reject(struct session *s, const uint8_t *header, uint8_t reason);
void session_async(struct session *s, const struct pdu_async_message *message);

/* Ends a session in the full feature phase, whose initiator is told so by EVENT
 * (section 11.9.1: ASYNC_CONNECTION_DROPPED or ASYNC_SESSION_DROPPED) and when it may come
 * back. */
void session_drop(struct session *s, enum async_event event, const char *reason);

/* A Target Transfer Tag, never PDU_NO_TAG. */
uint32_t session_new_tag(struct session *s);

/* session_login.c */
void session_login_header(struct session *s);
void session_login_pdu(struct session *s);
void session_login_refuse(struct session *s, const uint8_t *header, unsigned status);
void session_login_free(struct session *s);

#endif
