/* initiators.h: four initiators at one logical unit, for what they do to each other. */
#ifndef TESTS_UNIT_SCSI_INITIATORS_H
#define TESTS_UNIT_SCSI_INITIATORS_H

#include "fixture.h"
#include "scsi/pr.h"

enum { INITIATORS = 4 };

#define TUR "00 00 00 00 00 00"

/* Types of persistent reservations. */
enum { WE = 1, EA = 3, WERO = 5, EARO = 6, WEAR = 7, EAAR = 8 };

#define assert_good(expression)     ck_assert_str_eq(expression, "GOOD")
#define assert_is(expression, text) ck_assert_str_eq(expression, text)

/* 'A' to 'D'. Their power on attention is taken already. */
struct initiator {
    char name[64], port[96];
    struct it_nexus it;
    struct nexus *nexus;
};

struct initiators {
    struct fixture f; /* its own nexus is nobody's: it only is there */
    struct initiator each[INITIATORS];
};

/* What stands beside the keys in a list of PERSISTENT RESERVE OUT: byte 20. */
enum { WITH_APTPL = 0x01, WITH_ALL_TG_PT = 0x04, WITH_SPEC_I_PT = 0x08 };

void initiators_open(struct initiators *all);
void initiators_close(struct initiators *all);
struct initiator *initiator(struct initiators *all, char who);

/* WHO logs out and in again, as the same initiator port. */
void initiator_leave(struct initiators *all, char who);
void initiator_return(struct initiators *all, char who);

/* A command of WHO, to its end: outcome(). */
const char *ask(struct initiators *all, char who, const char *cdb);
const char *ask_with(struct initiators *all, char who, const char *cdb, const void *out,
                     size_t length, struct call *c);

/* PERSISTENT RESERVE OUT of WHO with a list of 24 bytes. */
const char *pr_out_of(struct initiators *all, char who, enum pr_action action, unsigned type,
                      uint64_t key, uint64_t new_key, unsigned flags);

/* Fills in such a list. */
void pr_out_list(uint8_t list[24], uint64_t key, uint64_t new_key, unsigned flags);

/* WHO, who is not registered, registers with KEY. */
void enrol(struct initiators *all, char who, uint64_t key);

/* What PERSISTENT RESERVE IN with service action ACTION tells WHO, as hex digits. Static. */
const char *pr_in(struct initiators *all, char who, unsigned action,
                  unsigned allocation_length);

/* "RW": whether WHO may read and write just now. */
const char *access_of(struct initiators *all, char who);

#endif
