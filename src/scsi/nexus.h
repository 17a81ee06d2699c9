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

struct io_counters;
struct lun;

/* What a session is to SCSI. Owned by the session; strings and arrays are borrowed from it. */
struct it_nexus {
    const char *initiator_name; /* "iqn…" */
    const char *initiator_port; /* "iqn…,i,0x00023d000001" (RFC 7143 section 4.4.3) */
    const char *target_name;    /* "iqn…" */
    const char *target_port;    /* "iqn…,t,0x0001" */
    uint16_t target_port_group; /* portal group tag; also the relative target port identifier */
    const uint16_t *luns; /* what REPORT LUNS says, ascending; changed between commands only */
    size_t lun_count;
    struct nexus *const *nexuses; /* all nexuses of the session (entries may be NULL), for
                                     REPORT LUNS to clear their attention */
    size_t nexus_count;
    struct io_counters *counters; /* the session's */
};

/* Conditions that every command but INQUIRY, REPORT LUNS and REQUEST SENSE reports first (SAM-5
 * section 5.14). In order of precedence. */
enum unit_attention {
    ATTENTION_POWER_ON,         /* 29h 00h/01h */
    ATTENTION_BUS_RESET,        /* 29h 02h: target warm or cold reset */
    ATTENTION_DEVICE_RESET,     /* 29h 03h: LUN reset */
    ATTENTION_CAPACITY_CHANGED, /* 2Ah 09h */
    ATTENTION_LUNS_CHANGED,     /* 3Fh 0Eh */
    ATTENTIONS
};

/* Bits of the verdict. 0: nothing stands in the way. */
enum { VERDICT_ATTENTION = 1 << 0 };

struct nexus {
    atomic_uint verdict;
    struct lun *lun;              /* counted */
    bool read_only;               /* this export is, whatever the LUN is */
    struct io_counters *counters; /* the export's, of this worker; may be NULL */
    unsigned attentions;          /* bit per enum unit_attention; under lun->lock */
    LIST_ENTRY(nexus) link;       /* under lun->lock */
};

/* Takes a reference to LUN for itself. ATTENTION_POWER_ON is pending at first. NULL where
 * memory is short. */
struct nexus *nexus_new(struct lun *lun, bool read_only, struct io_counters *counters);

/* On its worker, when no command uses it any more. Accepts NULL. */
void nexus_free(struct nexus *nexus);

/* For whatever reason: the export, the LUN or its store. */
bool nexus_is_read_only(const struct nexus *nexus);

/* Any thread. */
void nexus_raise(struct nexus *nexus, enum unit_attention attention);

/* The most important pending attention, which is thereby cleared; -1 where there is none. On
 * its worker. */
int nexus_take_attention(struct nexus *nexus);
void nexus_clear(struct nexus *nexus, enum unit_attention attention);

#endif
