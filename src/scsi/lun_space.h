/*
 * lun_space.h: how much space is left to a thin unit, and who hears that it gets short (SBC-3
 * section 4.7.3.7). Any thread.
 *
 * There are two thresholds, which are two descriptors of one mode page: the operator's, where
 * space gets short, and a fixed one, where none is left. The standard knows soft thresholds
 * only (THRESHOLD TYPE in section 6.5.7 has no other value, and there is one additional sense
 * code): INFORMATION says which descriptor it is about.
 */
#ifndef SCSI_LUN_SPACE_H
#define SCSI_LUN_SPACE_H

#include <stdbool.h>
#include <stdint.h>

struct lun;
struct nexus;

/* Bytes of a threshold set, in which space is counted (SBC-3 section 4.7.3.6). */
#define SPACE_SET (1u << 20)

/* The second threshold, in sets: the center of a range of one set. It is reached below, and
 * armed again above. */
#define SPACE_NONE_LEFT 1

/* Where their descriptors are in the Logical Block Provisioning mode page. */
enum { SPACE_SHORT_DESCRIPTOR = 16, SPACE_NONE_DESCRIPTOR = 24 };

/* Whether it is thin, and its store knows how much space is left. */
bool lun_counts_space(const struct lun *lun);

/* The first threshold, in bytes; 0: there is none. */
uint64_t lun_space_threshold(const struct lun *lun);

/* Whether somebody should look how much is left to it. */
bool lun_wants_space_looked_at(const struct lun *lun);

/*
 * AVAILABLE bytes are left to it: when it reaches a threshold for the first time, or again
 * after it had more, all nexuses hear of it. True: it gets short.
 */
bool lun_note_space(struct lun *lun, uint64_t available);

/* A write of CAUSER, which is told by its own sense data, found no space: the second threshold
 * is reached, whatever the store counts. */
void lun_note_no_space(struct lun *lun, const struct nexus *causer);

#endif
