/* direct.c: O_DIRECT by Linux AIO: one io_submit a turn. */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bench/limit/limit.h"

#define EVENTS 64

int
direct_open(struct loop *l)
{
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = l};
    int error = io_setup(SUBMIT_MAX, &l->aio);

    if (error < 0) {
        errno = -error;
        return -1;
    }
    l->eventfd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return l->eventfd < 0 ? -1 : epoll_ctl(l->epoll, EPOLL_CTL_ADD, l->eventfd, &e);
}

static struct transfer *
transfer_new(struct connection *c, uint32_t tag, uint32_t length, bool is_write)
{
    struct transfer *t = c->loop->free_transfers;

    if (t != NULL) {
        c->loop->free_transfers = t->next;
    } else {
        t = calloc(1, sizeof *t);
        if (t == NULL || (t->buffer = aligned_alloc(4096, SEGMENT_MAX)) == NULL)
            errx(1, "out of memory");
    }
    t->connection = c;
    t->tag = tag;
    t->length = length;
    t->is_write = is_write;
    c->in_flight++;
    return t;
}

static void
transfer_free(struct loop *l, struct transfer *t)
{
    t->next = l->free_transfers;
    l->free_transfers = t;
}

static int
add(struct loop *l, struct transfer *t)
{
    io_set_eventfd(&t->iocb, l->eventfd);
    t->iocb.data = t;
    l->submit[l->submit_count++] = &t->iocb;
    return l->submit_count == SUBMIT_MAX ? direct_submit(l) : 0;
}

int
direct_read(struct connection *c, uint32_t tag, uint64_t offset, uint32_t length)
{
    struct transfer *t = transfer_new(c, tag, length, false);

    io_prep_pread(&t->iocb, medium_fd, t->buffer, length, (long long)offset);
    return add(c->loop, t);
}

int
direct_write(struct connection *c, uint32_t tag, uint64_t offset, const uint8_t *data,
             uint32_t length)
{
    struct transfer *t = transfer_new(c, tag, length, true);

    memcpy(t->buffer, data, length); /* O_DIRECT wants it aligned */
    io_prep_pwrite(&t->iocb, medium_fd, t->buffer, length, (long long)offset);
    return add(c->loop, t);
}

int
direct_submit(struct loop *l)
{
    unsigned done = 0;

    while (done < l->submit_count) {
        int n = io_submit(l->aio, (long)(l->submit_count - done), l->submit + done);

        if (n <= 0 && n != -EAGAIN)
            errx(1, "io_submit: %s", strerror(-n));
        if (n > 0)
            done += (unsigned)n;
    }
    l->submit_count = 0;
    return 0;
}

void
direct_sent(struct connection *c)
{
    while (c->sending != NULL) {
        struct transfer *t = c->sending;

        c->sending = t->next;
        transfer_free(c->loop, t);
    }
}

static void
transfer_done(struct transfer *t, const struct io_event *event)
{
    struct connection *c = t->connection;

    c->in_flight--;
    if (c->is_closed) {
        transfer_free(c->loop, t);
        if (c->in_flight == 0)
            connection_close(c);
        return;
    }
    if (event->res != t->length)
        errx(1, "a transfer of %u bytes gave %ld", t->length, (long)event->res);
    if (t->is_write) {
        answer_response(c, t->tag);
        transfer_free(c->loop, t);
    } else {
        answer_data(c, t->tag, t->buffer, t->length);
        t->next = c->sending;
        c->sending = t;
    }
}

/* The connections that have answers, each once. */
static unsigned
note_touched(struct connection **touched, unsigned n, struct connection *c)
{
    for (unsigned i = 0; i < n; i++)
        if (touched[i] == c)
            return n;
    touched[n] = c;
    return n + 1;
}

void
direct_completed(struct loop *l)
{
    struct io_event events[EVENTS];
    struct timespec at_once = {0};
    struct connection *touched[EVENTS];
    uint64_t ignored;
    int n;

    if (read(l->eventfd, &ignored, sizeof ignored) < 0)
        return;
    do {
        unsigned count = 0;

        n = io_getevents(l->aio, 0, EVENTS, events, &at_once);
        for (int i = 0; i < n; i++) {
            struct transfer *t = events[i].data;
            struct connection *c = t->connection;
            bool lives = !c->is_closed;

            transfer_done(t, &events[i]);
            if (lives)
                count = note_touched(touched, count, c);
        }
        for (unsigned i = 0; i < count; i++)
            if (connection_flush(touched[i]) < 0)
                connection_close(touched[i]);
    } while (n == EVENTS);
}
