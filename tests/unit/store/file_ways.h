/* file_ways.h: every way in which a store can be on a file, each with a file of its own. */
#ifndef TESTS_UNIT_STORE_FILE_WAYS_H
#define TESTS_UNIT_STORE_FILE_WAYS_H

#include "store/store.h"
#include "temp_file.h"

#define FILE_SIZE (4 * MIB)

/* What kernels and file systems other than this one would refuse. */
enum lacks {
    NO_NOWAIT = 1,
    NO_DSYNC = 2,
    NO_ZERO_RANGE = 4,
    NO_HOLES = 8,
    COARSE = 16, /* O_DIRECT in units of 4096 only */
    NO_AIO_FLUSH = 32
};

struct file_way {
    const char *type;
    bool direct, sync;
    unsigned block_size, lacks;
};

#define FILE_WAYS_MAX 21
#define FILE_WAYS     usable_rows(FILE_WAYS_MAX, 6)
extern const struct file_way file_ways[FILE_WAYS_MAX];

/* Opens a store of FILE_SIZE on a new file, all a hole; _other() on a second one. */
struct store *file_way_open(int way);
struct store *file_way_open_other(int way);

/* The file of the first as another program sees it. */
void file_way_read(uint8_t *data, uint64_t offset, uint64_t length);

#endif
