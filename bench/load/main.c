/* main.c: blockgate-bench: puts load on an iSCSI target, checks every answer and measures. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "bench/load/complain.h"
#include "bench/load/modes.h"
#include "bench/load/report.h"

/* A thousand sessions need as many descriptors. */
static void
raise_file_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static struct addrinfo *
resolve(const struct settings *settings)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *address;
    int error = getaddrinfo(settings->host, settings->port, &hints, &address);

    if (error != 0)
        give_up("%s: %s", settings->host, gai_strerror(error));
    return address;
}

/* What is written where nobody compares. */
static uint8_t *
make_write_data(uint32_t length)
{
    uint8_t *data = aligned_alloc(4096, (length + 4095u) & ~4095u);

    if (data == NULL)
        give_up("out of memory");
    for (uint32_t i = 0; i < length; i++)
        data[i] = (uint8_t)(i * 131 + (i >> 8));
    return data;
}

static int
run_mode(struct run *run, struct result *result)
{
    switch (run->settings->mode) {
    case MODE_LOGIN:
        return logins_run(run, result);
    case MODE_IDLE:
        return idle_run(run, result);
    default:
        return commands_run(run, result);
    }
}

int
main(int argc, char **argv)
{
    static struct settings settings;
    static struct result result; /* a histogram is too large for the stack */
    static struct run run;
    struct addrinfo *address;
    uint8_t *write_data;
    int lost;

    settings_parse(&settings, argc, argv);
    signal(SIGPIPE, SIG_IGN);
    raise_file_limit();
    address = resolve(&settings);
    write_data = make_write_data(settings.block_size);
    run.settings = &settings;
    run.address = address;
    run.write_data = write_data;
    lost = run_mode(&run, &result);
    if (settings.json)
        report_json(&settings, &result);
    else
        report_text(&settings, &result);
    free(write_data);
    freeaddrinfo(address);
    return lost < 0 || result.counts.errors > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
