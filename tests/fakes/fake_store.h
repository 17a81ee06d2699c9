/*
 * fake_store.h: a store for tests: completes when told, fails when told, records what it got.
 *
 * It keeps its bytes in memory, so that reads give what was written. Bytes move when an
 * operation completes, not when it is submitted; one that fails moves none. Everything runs on
 * the thread of the test, which has entered a worker and turns it by hand.
 */
#ifndef TESTS_FAKE_STORE_H
#define TESTS_FAKE_STORE_H

#include "store/store.h"

#define FAKE_STORE_ALL                                                                      \
    (STORE_CAN_WRITE | STORE_CAN_FLUSH | STORE_CAN_FUA | STORE_CAN_UNMAP | STORE_CAN_ZERO | \
     STORE_CAN_RESIZE | STORE_CAN_EXTENT | STORE_CAN_PREFETCH | STORE_CAN_COPY |            \
     STORE_CAN_SPACE | STORE_CAN_ATOMIC)

/* An operation as it was submitted. */
struct fake_record {
    enum store_op op;
    bool fua;
    uint64_t offset, length;
    uint8_t first[16];      /* WRITE: how its data begins; the rest of short data is 0 */
    struct store_copy copy; /* COPY */
};

/* Ended by store_close(). Contents are zeroes. NULL where memory is short. */
struct store *fake_store_open(uint64_t size, unsigned block_size, unsigned capabilities);
extern const struct store_type fake_store_type;

/* The contents, to look at or to fill. As many as the size at open; a resize keeps the place.
 */
uint8_t *fake_store_bytes(struct store *s);

/*
 * The NTH operation of kind OP submitted from now on fails with ERROR (1: the next one; 0: all
 * of them). One rule for each kind; ERROR 0 takes it back.
 */
void fake_store_fail(struct store *s, enum store_op op, unsigned nth, int error);

/* With HOLD operations wait until they are released, in any order; without, which also releases
 * those that wait, they complete at the end of the turn. */
void fake_store_hold(struct store *s, bool hold);
unsigned fake_store_held(const struct store *s);

/* Completes the I-th that waits (0: the oldest), at once, with ERROR or, for 0, as the rules
 * say. */
void fake_store_release(struct store *s, unsigned i, int error);

/* From now on an operation completes N turns later than it would. */
void fake_store_delay(struct store *s, unsigned turns);

/*
 * What EXTENT says of a range from now on. Without this it says what is so: nothing is
 * allocated at first, and then what WRITE, ZERO and COPY have filled and UNMAP has not taken
 * back.
 */
void fake_store_allocate(struct store *s, uint64_t offset, uint64_t length, bool is_allocated);

/* What SPACE says from now on. Without this: what is allocated, and the rest. */
void fake_store_space(struct store *s, uint64_t used, uint64_t available);

/* From now on no store can be copied to this one (store_can_copy()); or, with IS_LATE, some
 * seem to, and COPY completes with EOPNOTSUPP. */
void fake_store_no_copy(struct store *s, bool is_late);

/* What was submitted since the opening or fake_store_forget(), oldest first. */
unsigned fake_store_records(const struct store *s);
const struct fake_record *fake_store_record(const struct store *s, unsigned i);
void fake_store_forget(struct store *s);

#endif
