/* connection.c: one receive for many PDUs, one send for many answers. */
#include <err.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/limit/limit.h"
#include "bench/load/pdu.h"
#include "core/bytes.h"

static struct connection *
allocate(struct loop *l)
{
    struct connection *c = l->free_connections;

    if (c != NULL) {
        l->free_connections = c->next_free;
        *c = (struct connection){.outbox = c->outbox, .received = c->received, .data = c->data};
        outbox_clear(&c->outbox);
        return c;
    }
    c = calloc(1, sizeof *c);
    if (c == NULL || outbox_init(&c->outbox, PDUS_MAX) < 0)
        errx(1, "out of memory");
    c->received = aligned_alloc(4096, options.receive_size & ~(size_t)4095);
    c->data = aligned_alloc(4096, DATA_MAX);
    if (c->received == NULL || c->data == NULL)
        errx(1, "out of memory");
    return c;
}

struct connection *
connection_new(int fd, struct loop *l)
{
    struct connection *c = allocate(l);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};

    c->fd = fd;
    c->loop = l;
    c->statsn = 1;
    epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &e);
    return c;
}

/* It lives until its transfers are over. */
void
connection_close(struct connection *c)
{
    if (!c->is_closed)
        close(c->fd);
    c->is_closed = true;
    if (c->in_flight > 0)
        return;
    direct_sent(c);
    if (c->loop->keeps_connections) {
        c->next_free = c->loop->free_connections;
        c->loop->free_connections = c;
        return;
    }
    outbox_done(&c->outbox);
    free(c->received);
    free(c->data);
    free(c);
}

static void
want_out(struct connection *c, bool wants)
{
    struct epoll_event e = {.events = wants ? EPOLLOUT : EPOLLIN, .data.ptr = c};

    if (wants == c->wants_out)
        return;
    epoll_ctl(c->loop->epoll, EPOLL_CTL_MOD, c->fd, &e);
    c->wants_out = wants;
}

int
connection_flush(struct connection *c)
{
    /* The end of the connection leaves in the segment of the last answer. */
    if (outbox_flush(&c->outbox, c->fd, c->is_leaving ? MSG_MORE : 0) < 0)
        return -1;
    if (c->is_leaving && outbox_is_empty(&c->outbox))
        return -1;
    if (outbox_is_empty(&c->outbox)) {
        c->data_used = 0;
        c->answers = 0;
        direct_sent(c);
    }
    want_out(c, !outbox_is_empty(&c->outbox));
    return 0;
}

/* Where there is no more room for answers: waits in place, as a target must not. */
static int
make_room(struct connection *c)
{
    while (!outbox_has_room(&c->outbox, PDUS_MAX / 2) || c->data_used > DATA_MAX / 2) {
        if (connection_flush(c) < 0)
            return -1;
        sched_yield();
    }
    return 0;
}

/* The PDU at `done`: 1, 0: more of it is to come, -1. */
static int
take_pdu(struct connection *c)
{
    size_t have = c->have - c->done, padded;
    const uint8_t *pdu = c->received + c->done;
    uint32_t length;

    if (have < BHS_LENGTH)
        return 0;
    length = get_be24(pdu + FIELD_DATA_LENGTH);
    padded = (length + 3) & ~3u;
    if (have < BHS_LENGTH + padded) {
        if (!options.medium->drops_writes || (pdu[0] & PDU_OPCODE_MASK) != PDU_COMMAND)
            return 0;
        c->skip = padded; /* let it run by */
        padded = 0;
    }
    if (answer_pdu(c, pdu, pdu + BHS_LENGTH, length) < 0 || make_room(c) < 0)
        return -1;
    c->done += BHS_LENGTH + padded;
    if (options.flush > 0 && c->answers >= options.flush)
        return connection_flush(c) < 0 ? -1 : 1;
    return 1;
}

static void
drop_skipped(struct connection *c)
{
    size_t have = c->have - c->done, n = have < c->skip ? have : c->skip;

    c->skip -= n;
    c->done += n;
}

static void
move_rest_to_front(struct connection *c)
{
    if (c->done == c->have) {
        c->done = c->have = 0;
    } else if (options.receive_size - c->have < SEGMENT_MAX + BHS_LENGTH) {
        memmove(c->received, c->received + c->done, c->have - c->done);
        c->have -= c->done;
        c->done = 0;
    }
}

int
connection_receive(struct connection *c)
{
    ssize_t n = recv(c->fd, c->received + c->have, options.receive_size - c->have, 0);
    int taken = 1;

    if (n < 0 && errno == EAGAIN)
        return 0;
    if (n <= 0)
        return -1;
    c->have += (size_t)n;
    while (taken > 0) {
        drop_skipped(c);
        taken = c->skip > 0 ? 0 : take_pdu(c);
    }
    if (taken < 0 || direct_submit(c->loop) < 0)
        return -1;
    move_rest_to_front(c);
    return connection_flush(c);
}
