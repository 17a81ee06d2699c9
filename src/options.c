/* options.c: the command line of blockgated. */
#include "options.h"

#include <argp.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "config.h"
#include "core/log.h"
#include "core/parse.h"
#include "core/worker.h"

const char *argp_program_version = PACKAGE_STRING;

enum {
    OPTION_RECOVER = 0x100,
    OPTION_PRINT_OPENRPC,
    OPTION_CONFIG,
    OPTION_BUFFERS,
    OPTION_BUSY_POLL
};

/* Less is not worth a worker, more than the machine has is its operator's business. */
#define BUFFERS_MIB_MIN 16
#define BUFFERS_MIB_MAX (1u << 24)

/* Long enough for an initiator on another CPU that answers at once, and short enough to cost
 * little where it is not to come: doc/performance.md has what was measured. */
#define BUSY_POLL_US 20

static const struct argp_option rows[] = {
    {"state-dir", 's', "DIR", 0, "Keep the configuration in DIR (default /var/lib/blockgated)",
     0},
    {"portal", 'p', "ADDRESS:PORT", 0,
     "What portal group 1 listens on while the state folder is still empty; may be repeated. "
     "IPv6 addresses stand in brackets (default port 3260 on all addresses)",
     0},
    {"workers", 'w', "N", 0, "Threads that serve iSCSI (default one per CPU)", 0},
    {"buffers", OPTION_BUFFERS, "MIB", 0,
     "Memory that the data of commands may occupy, in MiB (default a quarter of the machine's)",
     0},
    {"busy-poll-us", OPTION_BUSY_POLL, "N", 0,
     "Microseconds that a worker which has just had work looks for more before it sleeps "
     "(default 20; 0: it sleeps at once)",
     0},
    {"log-level", 'l', "LEVEL", 0, "error, warning, info (default) or debug", 0},
    {"config", OPTION_CONFIG, "FILE", 0,
     "Take the configuration from FILE at each start and on SIGHUP, and refuse changes over "
     "the API",
     0},
    {"recover", OPTION_RECOVER, NULL, 0,
     "Where the state file is damaged, start from the last good one", 0},
    {"print-openrpc", OPTION_PRINT_OPENRPC, NULL, 0, "Print the API's description and exit", 0},
    {0},
};

static unsigned
cpu_count(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;

    return n < 1 ? 1 : n > WORKERS_MAX ? WORKERS_MAX : (unsigned)n;
}

static unsigned
quarter_of_memory(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    uint64_t mib = pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size / 4 >> 20 : 1024;

    if (mib < BUFFERS_MIB_MIN)
        return BUFFERS_MIB_MIN;
    return mib > BUFFERS_MIB_MAX ? BUFFERS_MIB_MAX : (unsigned)mib;
}

static void
add_portal(struct options *o, const char *text, struct argp_state *state)
{
    char address[64];
    uint16_t port;

    if (parse_address_port(text, address, &port) < 0)
        argp_error(state,
                   "--portal %s: write ADDRESS:PORT with a numeric address, for example "
                   "192.0.2.1:3260 or [2001:db8::1]:3260",
                   text);
    if (o->portal_count == OPTIONS_PORTALS_MAX)
        argp_error(state, "--portal: at most %d", OPTIONS_PORTALS_MAX);
    o->portals[o->portal_count++] = text;
}

static error_t
parse_one(int key, char *value, struct argp_state *state)
{
    struct options *o = state->input;
    uint64_t number;
    int level;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->api;
        break;
    case 's':
        o->state_dir = value;
        break;
    case 'p':
        add_portal(o, value, state);
        break;
    case 'w':
        if (parse_u64(value, 1, WORKERS_MAX, &number) < 0)
            argp_error(state, "--workers %s: give a number from 1 to %d", value, WORKERS_MAX);
        o->workers = (unsigned)number;
        break;
    case OPTION_BUFFERS:
        if (parse_u64(value, BUFFERS_MIB_MIN, BUFFERS_MIB_MAX, &number) < 0)
            argp_error(state, "--buffers %s: give a number of MiB from %d on", value,
                       BUFFERS_MIB_MIN);
        o->buffers_mib = (unsigned)number;
        break;
    case OPTION_BUSY_POLL:
        if (parse_u64(value, 0, WORKERS_BUSY_POLL_MAX, &number) < 0)
            argp_error(state, "--busy-poll-us %s: give a number from 0 to %d", value,
                       WORKERS_BUSY_POLL_MAX);
        o->busy_poll_us = (unsigned)number;
        break;
    case 'l':
        level = log_level_from_name(value);
        if (level < 0)
            argp_error(state, "--log-level %s: give error, warning, info or debug", value);
        (void)log_set_level(NULL, (enum log_level)level);
        break;
    case OPTION_CONFIG:
        o->config_file = value;
        break;
    case OPTION_RECOVER:
        o->recover = true;
        break;
    case OPTION_PRINT_OPENRPC:
        o->print_openrpc = true;
        break;
    case ARGP_KEY_ARG:
        argp_error(state, "unexpected argument '%s'", value);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

void
options_parse(struct options *options, int argc, char **argv)
{
    static const struct argp_child children[] = {
        {.argp = &options_api, .header = "Who may call the API, and where:"}, {0}};
    static const struct argp argp = {
        .options = rows,
        .parser = parse_one,
        .children = children,
        .doc = "Hands out disks over the network: an iSCSI target with a JSON-RPC API."
               "\vIt stays in the foreground, logs to stderr and ends on SIGTERM. See "
               "blockgated(8).",
    };

    *options = (struct options){
        .state_dir = "/var/lib/blockgated",
        .api.socket = "/run/blockgated/api.sock",
        .workers = cpu_count(),
        .buffers_mib = quarter_of_memory(),
        .busy_poll_us = BUSY_POLL_US,
    };
    argp_err_exit_status = 2;
    argp_parse(&argp, argc, argv, 0, NULL, options);
}
