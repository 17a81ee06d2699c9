/* pair.h: a second unit beside that of the fixture, which the same initiator reaches by the
 * same session. */
#ifndef TESTS_UNIT_SCSI_PAIR_H
#define TESTS_UNIT_SCSI_PAIR_H

#include "fixture.h"

struct pair {
    struct fixture f;
    struct store *store;
    struct lun *lun;
    struct nexus *nexus;
    bool released;
};

/* Both as fixture_open() makes one. Each block of the fixture's unit is filled with a byte of
 * its own, the other unit with EEh. */
void pair_open(struct pair *p);
void pair_open_as(struct pair *p, unsigned capabilities, struct lun_attributes attributes);
void pair_close(struct pair *p);

/* Whether the COUNT blocks at TO of the second unit are those at FROM of the first. */
bool pair_has_blocks(const struct pair *p, uint64_t from, uint64_t to, unsigned count);

/* How many operations of kind OP STORE has got. */
unsigned count_ops(const struct store *store, enum store_op op);

#endif
