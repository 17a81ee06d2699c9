/*
 * nexus.h: one initiator port's relation to one logical unit (SAM: I_T_L nexus), and to the
 * target (I_T nexus).
 *
 * A nexus belongs to the worker of its session. Only `verdict` is read by its owner and written
 * by others, under the LUN's lock: a command that has nothing to fear sees that in one load.
 */
#ifndef SCSI_NEXUS_H
#define SCSI_NEXUS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "scsi/alua.h"
#include "scsi/task_set.h"

struct copy_results;
struct rod_results;
struct io_counters;
struct lun;
struct nexus;

/*
 * Commands of a logical unit that shall end, wherever they run (PREEMPT AND ABORT): the asker
 * fills in the first part, and keeps it until DONE.
 *
 * A command of which is_waiting_for_abort is set is passed over: it touches no medium, and two
 * that wait for each other would wait for ever.
 */
struct scsi_abort {
    struct lun *lun;
    const struct it_nexus *by; /* whose doing it is: it hears nothing of it */
    /* On the worker of NEXUS, which may be one at another unit for commands that copy: whether
     * its commands are meant. Looks at nothing that changes. */
    bool (*covers)(const struct scsi_abort *abort, const struct nexus *nexus);
    /* On the worker that asked: none of them can touch the medium any more. Their initiators
     * have been answered, or have the attention, as TAS says. */
    void (*done)(struct scsi_abort *abort);
    void *transport; /* its own, while it works */
};

/* What SCSI needs done by whoever carries commands. */
struct scsi_transport {
    /* 0: DONE will come, never before this has returned. -ENOMEM: nothing was done. */
    int (*abort)(struct scsi_abort *abort);
};

/* What a session is to SCSI. Owned by the session; strings and arrays are borrowed from it. */
struct it_nexus {
    const char *initiator_name; /* "iqn…" */
    const char *initiator_port; /* "iqn…,i,0x00023d000001" (RFC 7143 section 4.4.3) */
    const char *target_name;    /* "iqn…" */
    const char *target_port;    /* "iqn…,t,0x0001" */
    uint16_t target_port_group; /* portal group tag; also the relative target port identifier */
    const struct target_port_group *port_groups; /* of the target, ascending; as LUNS */
    size_t port_group_count;
    const uint16_t *luns; /* what REPORT LUNS says, ascending; changed between commands only */
    size_t lun_count;
    struct nexus *const *nexuses; /* all nexuses of the session (entries may be NULL), for
                                     REPORT LUNS to clear their attention */
    size_t nexus_count;
    struct io_counters *counters; /* the session's */
    const struct scsi_transport *transport;
};

/*
 * Conditions that every command but INQUIRY, REPORT LUNS and REQUEST SENSE reports first (SAM-5
 * section 5.14). In order of precedence; those of resets come even before a reservation
 * conflict (section 5.3.3).
 */
enum unit_attention {
    ATTENTION_POWER_ON,     /* 29h 00h/01h */
    ATTENTION_BUS_RESET,    /* 29h 02h: target warm or cold reset */
    ATTENTION_DEVICE_RESET, /* 29h 03h: LUN reset */
    ATTENTION_LAST_RESET = ATTENTION_DEVICE_RESET,
    ATTENTION_COMMANDS_CLEARED,        /* 2Fh 00h */
    ATTENTION_MEDIUM_CHANGED,          /* 28h 00h */
    ATTENTION_RESERVATIONS_PREEMPTED,  /* 2Ah 03h */
    ATTENTION_RESERVATIONS_RELEASED,   /* 2Ah 04h */
    ATTENTION_REGISTRATIONS_PREEMPTED, /* 2Ah 05h */
    ATTENTION_MODE_CHANGED,            /* 2Ah 01h */
    ATTENTION_PORT_STATE_CHANGED,      /* 2Ah 06h */
    ATTENTION_CAPACITY_CHANGED,        /* 2Ah 09h */
    ATTENTION_INQUIRY_CHANGED,         /* 3Fh 03h */
    ATTENTION_LUNS_CHANGED,            /* 3Fh 0Eh */
    ATTENTION_NO_SPACE_LEFT,           /* 38h 07h, of the second threshold (lun_space.h) */
    ATTENTION_SPACE_SHORT,             /* … of the first */
    ATTENTIONS
};

/* Bits of the verdict. 0: nothing stands in the way. Which of them stop a command is said by
 * its row: command_stopped_by(). */
enum verdict {
    VERDICT_RESET = 1 << 0,       /* a unit attention of a reset is pending */
    VERDICT_ATTENTION = 1 << 1,   /* another one is */
    VERDICT_NO_READ = 1 << 2,     /* another's reservation keeps this nexus from reading */
    VERDICT_NO_WRITE = 1 << 3,    /* … from changing anything */
    VERDICT_RESERVED = 1 << 4,    /* another has the unit by RESERVE(6) or (10) */
    VERDICT_STANDBY = 1 << 5,     /* the target port group is in this state (SPC-4 5.15.2.4) */
    VERDICT_UNAVAILABLE = 1 << 6, /* … */
    VERDICT_TRANSITION = 1 << 7,  /* … */
    VERDICT_SANITIZE = 1 << 8,    /* the unit is being sanitized, or that has failed */
    VERDICT_BLOCK_SIZE = 1 << 9,  /* the initiator counts in blocks of another size */

    VERDICT_OF_RESERVATIONS = VERDICT_NO_READ | VERDICT_NO_WRITE | VERDICT_RESERVED,
    VERDICT_OF_PORT = VERDICT_STANDBY | VERDICT_UNAVAILABLE | VERDICT_TRANSITION,
};

struct nexus {
    atomic_uint verdict;
    struct lun *lun;              /* counted */
    const struct it_nexus *it;    /* borrowed: the session outlives it */
    bool read_only;               /* this export is, whatever the LUN is */
    struct io_counters *counters; /* the export's, of this worker; may be NULL */
    struct task_set tasks;        /* of its worker alone */
    unsigned pins;                /* its worker's */
    bool is_free;                 /* but for its pins */
    struct copy_results *copies;  /* copy_results.h; NULL: there were none */
    struct rod_results *rods;     /* rod_results.h; NULL: there were none */
    unsigned attentions;          /* bit per enum unit_attention; under lun->lock */
    unsigned access;              /* what else there is of enum verdict; under lun->lock */
    enum port_state port_state;   /* of its port, as configured; under lun->lock */
    bool prevents_removal;        /* of the medium; under lun->lock */
    LIST_ENTRY(nexus) link;       /* under lun->lock */
};

/* Takes a reference to LUN for itself, borrows IT. ATTENTION_POWER_ON is pending at first. NULL
 * where memory is short. */
struct nexus *nexus_new(struct lun *lun, const struct it_nexus *it, bool read_only,
                        struct io_counters *counters);

/* On its worker, when no command uses it any more. Accepts NULL. */
void nexus_free(struct nexus *nexus);

/*
 * NEXUS comes in place of BEFORE, which is at another unit. Where the blocks of that have
 * another size, commands that are on their way would reach others than are meant: all that name
 * blocks end in CAPACITY DATA HAS CHANGED until the capacity has been read. On its worker.
 */
void nexus_replace(struct nexus *nexus, const struct nexus *before);

/* The initiator reads the capacity: it knows the size of a block. On its worker. */
void nexus_tell_block_size(struct nexus *nexus);

/* The nexus of IT to the unit with that name; NULL: it reaches none that has it. */
struct nexus *nexus_find_by_naa(const struct it_nexus *it, const uint8_t *naa, uint8_t length);

/* On its worker: keeps NEXUS although its session lets go of it (the session itself must be
 * kept in other ways); the counters of its export are gone then. */
void nexus_pin(struct nexus *nexus);
void nexus_unpin(struct nexus *nexus);

/* On its worker: a command of NEXUS ends with STATUS (enum scsi_status), which is not GOOD. */
void nexus_count_refusal(struct nexus *nexus, unsigned status);

/* For whatever reason: the export, the LUN or its store. */
bool nexus_is_read_only(const struct nexus *nexus);

/* Whether it is for nothing but software write protection, which MODE SELECT lifts. */
bool nexus_is_read_only_by_mode(const struct nexus *nexus);

/* Any thread. */
void nexus_raise(struct nexus *nexus, enum unit_attention attention);

/* The most important pending attention, which is thereby cleared; -1 where there is none. On
 * its worker. */
int nexus_take_attention(struct nexus *nexus);
void nexus_clear(struct nexus *nexus, enum unit_attention attention);

/* Whether the medium may be ejected and loaded as far as NEXUS is concerned. Any thread. */
void nexus_prevent_removal(struct nexus *nexus, bool prevents);

/* As nexus_raise(), for who holds lun->lock. */
void nexus_raise_locked(struct nexus *nexus, enum unit_attention attention);

/* Under lun->lock: those bits of the verdict that are in MASK become BITS. Whoever starts a
 * command after the lock is given back sees them. */
void nexus_set_access(struct nexus *nexus, unsigned mask, unsigned bits);

#endif
