/* medium.c: where data comes from, without waiting for a disk. */
#include <err.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bench/limit/limit.h"

int medium_fd = -1;
static uint8_t *memory; /* of ram, copy and mmap; zeroes of null */

static int
null_read(struct connection *c, uint32_t tag, uint64_t offset, uint32_t length)
{
    (void)offset;
    return answer_data(c, tag, memory, length);
}

static int
null_write(struct connection *c, uint32_t tag, uint64_t offset, const uint8_t *data,
           uint32_t length)
{
    (void)offset, (void)data, (void)length;
    return answer_response(c, tag);
}

static int
mapped_read(struct connection *c, uint32_t tag, uint64_t offset, uint32_t length)
{
    return answer_data(c, tag, memory + offset, length);
}

static int
mapped_write(struct connection *c, uint32_t tag, uint64_t offset, const uint8_t *data,
             uint32_t length)
{
    memcpy(memory + offset, data, length);
    return answer_response(c, tag);
}

static int
copied_read(struct connection *c, uint32_t tag, uint64_t offset, uint32_t length)
{
    uint8_t *copy = memcpy(c->data + c->data_used, memory + offset, length);

    c->data_used += length;
    return answer_data(c, tag, copy, length);
}

static int
file_read(struct connection *c, uint32_t tag, uint64_t offset, uint32_t length)
{
    uint8_t *data = c->data + c->data_used;

    if (pread(medium_fd, data, length, (off_t)offset) != (ssize_t)length)
        return -1;
    c->data_used += length;
    return answer_data(c, tag, data, length);
}

static int
nowait_read(struct connection *c, uint32_t tag, uint64_t offset, uint32_t length)
{
    struct iovec piece = {c->data + c->data_used, length};

    if (preadv2(medium_fd, &piece, 1, (off_t)offset, RWF_NOWAIT) != (ssize_t)length)
        return file_read(c, tag, offset, length);
    c->data_used += length;
    return answer_data(c, tag, piece.iov_base, length);
}

static int
file_write(struct connection *c, uint32_t tag, uint64_t offset, const uint8_t *data,
           uint32_t length)
{
    if (pwrite(medium_fd, data, length, (off_t)offset) != (ssize_t)length)
        return -1;
    return answer_response(c, tag);
}

static const struct medium media[] = {
    /* clang-format off */
    /* name      file   direct drops */
    {"null",     false, false, true,  null_read,   null_write},
    {"ram",      false, false, false, mapped_read, mapped_write},
    {"copy",     false, false, false, copied_read, mapped_write},
    {"mmap",     true,  false, false, mapped_read, mapped_write},
    {"pread",    true,  false, false, file_read,   file_write},
    {"nowait",   true,  false, false, nowait_read, file_write},
    {"direct",   true,  true, false,  direct_read, direct_write},
    /* clang-format on */
};

const struct medium *
medium_find(const char *name)
{
    for (size_t i = 0; i < sizeof media / sizeof media[0]; i++)
        if (strcmp(name, media[i].name) == 0)
            return &media[i];
    return NULL;
}

static void
open_file(void)
{
    int direct = options.medium->is_direct ? O_DIRECT : 0;
    struct stat st;

    medium_fd = open(options.path, O_RDWR | O_CLOEXEC | direct);
    if (medium_fd < 0 || fstat(medium_fd, &st) < 0)
        err(1, "%s", options.path);
    options.size = (uint64_t)st.st_size;
}

void
medium_open(void)
{
    bool is_file = options.medium->is_file;
    size_t size;

    if (is_file)
        open_file();
    if (is_file && options.medium->read != mapped_read)
        return;
    size = options.medium->drops_writes ? SEGMENT_MAX : options.size;
    memory =
        mmap(NULL, size, PROT_READ | PROT_WRITE,
             MAP_POPULATE | (is_file ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS), medium_fd, 0);
    if (memory == MAP_FAILED)
        err(1, "mmap");
}
