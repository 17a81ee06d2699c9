/*
 * kernel.h: calls that stores make on files, in whose place a test can answer: the linker puts
 * stand-ins before them (--wrap). A stand-in that was told nothing does what the call does.
 *
 * What a test says here is for the whole process, as helpers make the calls, and is said while
 * no store is busy.
 */
#ifndef TESTS_UNIT_STORE_KERNEL_H
#define TESTS_UNIT_STORE_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

enum kernel_call {
    KERNEL_LSEEK, /* SEEK_DATA and SEEK_HOLE */
    KERNEL_COPY,  /* copy_file_range() */
    KERNEL_CLONE, /* ioctl(FICLONERANGE) */
    KERNEL_ZEROOUT,
    KERNEL_FADVISE,
    KERNEL_STATVFS,
    KERNEL_PUNCH, /* fallocate(FALLOC_FL_PUNCH_HOLE) */
    KERNEL_ZERO_RANGE,
    KERNEL_FDATASYNC,
    KERNEL_PWRITE,
    KERNEL_READ,  /* preadv2() */
    KERNEL_WRITE, /* pwritev2() */
    KERNEL_CALLS
};

/* Forgets all that was said and counted. As a checked fixture. */
void kernel_reset(void);

/* The NTH call from now on (1: the next; 0: each) fails with ERROR; with ERROR 0 it gives 0
 * without doing anything. */
void kernel_fail(enum kernel_call call, unsigned nth, int error);

/* COPY, READ and WRITE move at most so many bytes. 0: as many as they can. */
void kernel_move_at_most(enum kernel_call call, uint64_t bytes);

/* SEEK_DATA and SEEK_HOLE see the N ranges at DATA, in ascending order, in every file. */
struct kernel_range {
    uint64_t from, to;
};
void kernel_data_is(const struct kernel_range *data, unsigned n);

/* From now on CALL on the file FD hangs, until kernel_let_go(). One at a time. */
void kernel_hang(enum kernel_call call, int fd);
void kernel_let_go(void);
unsigned kernel_hanging(void);

unsigned kernel_calls(enum kernel_call call);

#endif
