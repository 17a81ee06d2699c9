/*
 * fuzz_bench_answers.c: what a target may say to blockgate-bench. The first byte chooses the
 * mode, the digests and the size of receives; the rest comes over a socket, as answers to
 * commands that are in flight.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/load/session.h"

#define BYTES_MAX 65536 /* fewer than a socket takes at once */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static const enum mode modes[] = {MODE_READ,   MODE_WRITE, MODE_MIX, MODE_FILL,
                                  MODE_VERIFY, MODE_TUR,   MODE_NOP, MODE_IDLE};

/* What the session has sent; what it got wrong shows in its own checks. */
static void
drain(int fd)
{
    static uint8_t nowhere[BYTES_MAX];

    while (recv(fd, nowhere, sizeof nowhere, MSG_DONTWAIT) > 0)
        ;
}

static void
answer(struct session *s, int target, const uint8_t *bytes, size_t n)
{
    static uint8_t buffer[BYTES_MAX];

    if (session_submit(s, now_ns()) < 0)
        return;
    drain(target);
    if (send(target, bytes, n, MSG_DONTWAIT) != (ssize_t)n)
        abort();
    if (session_receive(s, buffer, false) < 0)
        return;
    drain(target);
    session_submit(s, now_ns());
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static const uint8_t data[1024];
    static struct counts counts;
    struct settings settings = {
        .luns = 1, .depth = 4, .sessions = 1, .threads = 1, .reads_percent = 50, .seed = 1};
    struct run run = {.settings = &settings, .write_data = data, .end_ns = UINT64_MAX};
    struct session s = {.run = &run,
                        .counts = &counts,
                        .cmdsn = 1,
                        .expstatsn = 1,
                        .maxcmdsn = 64,
                        .negotiated = {.max_recv_data = 512, .max_burst = 1024},
                        .block_size = 512,
                        .block_count = 64};
    int fds[2];

    if (n < 2 || n > BYTES_MAX || socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0)
        return 0;
    settings.mode = modes[bytes[0] & 7];
    settings.block_size = sizeof data;
    settings.receive_buffer = bytes[0] & 0x40 ? 37 : BYTES_MAX;
    s.fd = fds[0];
    session_prepare(&s);
    stream_init(&s.stream, &session_answers, &s);
    s.stream.header_digest = bytes[0] & 0x10;
    s.stream.data_digest = bytes[0] & 0x20;
    answer(&s, fds[1], bytes + 1, n - 1);
    session_free(&s);
    close(fds[0]);
    close(fds[1]);
    return 0;
}
