/*
 * fixture.h: a crew of two workers that the test turns by hand, disks over fake stores, a
 * target, and initiators.
 */
#ifndef TESTS_UNIT_ISCSI_FIXTURE_H
#define TESTS_UNIT_ISCSI_FIXTURE_H

#include <check.h>
#include <stdbool.h>
#include <stdint.h>

#include "catalog/catalog.h"
#include "tests/fakes/fake_initiator.h"
#include "tests/fakes/fake_store.h"

#define TARGET      "iqn.2026-01.org.example:disk0"
#define INITIATOR   "iqn.1993-08.org.debian:01:a"
#define DISKS       3
#define DISK_BLOCKS 8192

/* What the target of a catalog looks like. */
struct plan {
    bool has_no_target;
    const char *acl;               /* NULL: "*" */
    struct chap_credentials *auth; /* borrowed; NULL: none */
    uint16_t queue_depth, nop_interval_s, nop_timeout_s;
    unsigned lun_count;
    struct {
        uint16_t number;
        unsigned disk;
        bool read_only;
    } luns[4];
    bool shows_some; /* the ACL entry shows only these: */
    unsigned shown_count;
    struct acl_lun shown[4]; /* ascending */
};

/* LUN 0 is disk 0; of the other one LUN 1 is disk 1. Depth 32, no pings. */
extern const struct plan usual_plan, two_luns;

/* At first not connected. */
extern struct fake_initiator one, two;

void fixture_open(void);
/* The disks hold nothing any more, and these two initiators go; other sessions must have gone.
 */
void fixture_close(void);

struct store *fixture_store(unsigned disk);
/* All disks hold what is submitted. */
void fixture_hold(void);
/* The I-th operation that DISK holds, which WORKER has submitted, ends. */
void fixture_release(unsigned disk, unsigned i, unsigned worker);
struct lun;
struct lun *fixture_lun(unsigned disk);
void fixture_publish(const struct plan *plan);

/* Makes this thread be worker I. */
void fixture_enter(unsigned i);

/* Turns main and the workers until nothing is left to do. The worker stays the one it was. */
void fixture_settle(void);

/* Logs in on worker I with KEYS more ("A=b\0C=d\0" and its sizeof - 1) and takes the unit
 * attention of LUN 0. */
#define fixture_login(f, i, isid, keys) \
    fixture_login_with((f), (i), (isid), (keys), sizeof(keys) - 1)
void fixture_login_with(struct fake_initiator *f, unsigned i, uint64_t isid, const char *keys,
                        size_t keys_length);

/* The next PDU, which must be of OPCODE and carry the numbers that are due. The caller frees
 * it. */
struct fake_pdu *expect(struct fake_initiator *f, enum pdu_opcode opcode);
void expect_nothing(struct fake_initiator *f);

/* A SCSI Response (or status in a Data-In) of TAG with STATUS; for CHECK CONDITION key and ASC
 * are looked at too. */
void expect_status(struct fake_initiator *f, uint32_t tag, uint8_t status);
void expect_sense(struct fake_initiator *f, uint32_t tag, uint8_t key, uint16_t asc_ascq);
void expect_reject(struct fake_initiator *f, uint8_t reason, const uint8_t *header);
void expect_management(struct fake_initiator *f, uint32_t tag, uint8_t response);

/* TEST UNIT READY to LUN. */
uint32_t test_unit_ready(struct fake_initiator *f, uint64_t lun);

/* Bytes that tell where they are. */
void fill_pattern(uint8_t *bytes, size_t n, unsigned seed);

#endif
