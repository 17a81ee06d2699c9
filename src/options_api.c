/* options_api.c: the command line of blockgated: who may call its API. */
#include <argp.h>

#include "options.h"

enum {
    OPTION_RPC_SOCKET = 0x200,
    OPTION_RPC_GROUP,
    OPTION_READER_SOCKET,
    OPTION_READER_GROUP,
};

static const struct argp_option rows[] = {
    {"rpc-socket", OPTION_RPC_SOCKET, "PATH", 0,
     "Serve the management API on this unix socket (default /run/blockgated/api.sock)", 0},
    {"rpc-group", OPTION_RPC_GROUP, "GROUP", 0, "Let the members of GROUP use that socket", 0},
    {"rpc-reader-socket", OPTION_READER_SOCKET, "PATH", 0,
     "Serve the methods that only read on a second unix socket", 0},
    {"rpc-reader-group", OPTION_READER_GROUP, "GROUP", 0,
     "Let the members of GROUP use the second socket", 0},
    {0},
};

static error_t
parse_one(int key, char *value, struct argp_state *state)
{
    struct api_options *o = state->input;

    switch (key) {
    case OPTION_RPC_SOCKET:
        o->socket = value;
        break;
    case OPTION_RPC_GROUP:
        o->socket_group = value;
        break;
    case OPTION_READER_SOCKET:
        o->reader_socket = value;
        break;
    case OPTION_READER_GROUP:
        o->reader_group = value;
        break;
    case ARGP_KEY_END:
        if (o->reader_group != NULL && o->reader_socket == NULL)
            argp_error(state, "--rpc-reader-group is of no use without --rpc-reader-socket");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

const struct argp options_api = {.options = rows, .parser = parse_one};
