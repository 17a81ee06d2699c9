/* file_ways.c: every way in which a store can be on a file, each with a file of its own. */
#include "file_ways.h"

#include <check.h>
#include <fcntl.h>
#include <unistd.h>

#include "store/file.h"

const struct file_way file_ways[FILE_WAYS_MAX] = {
    {"rdwr", false, false, 512, 0},
    {"rdwr", false, false, 4096, 0},
    {"rdwr", false, true, 512, 0},
    {"rdwr", true, false, 512, 0},
    {"rdwr", true, true, 4096, 0},
    {"rdwr", false, false, 512, NO_NOWAIT | NO_ZERO_RANGE},
    {"rdwr", false, true, 512, NO_DSYNC | NO_ZERO_RANGE | NO_HOLES},
    {"rdwr", true, false, 512, COARSE | NO_DSYNC},
    {"aio", true, false, 512, 0},
    {"aio", true, false, 4096, 0},
    {"aio", true, true, 512, 0},
    {"aio", false, false, 512, 0},
    {"aio", true, false, 512, NO_NOWAIT},
    {"aio", true, false, 512, COARSE | NO_AIO_FLUSH},
    {"aio", true, true, 512, COARSE | NO_ZERO_RANGE | NO_HOLES},
    {"io_uring", true, false, 512, 0},
    {"io_uring", true, false, 4096, 0},
    {"io_uring", true, true, 512, 0},
    {"io_uring", false, false, 512, 0},
    {"io_uring", true, false, 512, NO_NOWAIT},
    {"io_uring", true, true, 512, COARSE | NO_ZERO_RANGE | NO_HOLES},
};

static struct store *
open_way(int way, const char *path)
{
    const struct store_config config = {.type = file_ways[way].type,
                                        .name = "way",
                                        .path = path,
                                        .block_size = file_ways[way].block_size,
                                        .direct = file_ways[way].direct,
                                        .sync = file_ways[way].sync};
    struct store *s;
    struct file_store *f;

    make_file(config.path, FILE_SIZE);
    s = must_open(&config);
    f = (struct file_store *)s;
    for (unsigned op = 0; op < STORE_OPS; op++)
        atomic_store(&f->no_nowait[op], (file_ways[way].lacks & NO_NOWAIT) != 0);
    atomic_store(&f->no_dsync, (file_ways[way].lacks & NO_DSYNC) != 0);
    atomic_store(&f->no_zero_range, (file_ways[way].lacks & NO_ZERO_RANGE) != 0);
    atomic_store(&f->no_aio_flush, (file_ways[way].lacks & NO_AIO_FLUSH) != 0);
    if (file_ways[way].lacks & NO_HOLES)
        s->capabilities &= ~STORE_CAN_UNMAP;
    if (file_ways[way].lacks & COARSE)
        f->memory_alignment = f->offset_alignment = 4096;
    return s;
}

struct store *
file_way_open(int way)
{
    return open_way(way, temp_path("file"));
}

struct store *
file_way_open_other(int way)
{
    return open_way(way, temp_path("other"));
}

void
file_way_read(uint8_t *data, uint64_t offset, uint64_t length)
{
    int fd = open(temp_path("file"), O_RDONLY | O_CLOEXEC);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(pread(fd, data, length, (off_t)offset), (ssize_t)length);
    close(fd);
}
