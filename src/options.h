/* options.h: the command line of blockgated. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

struct argp;

#define OPTIONS_PORTALS_MAX 16

/* Who may call, and where. On the command line only: nobody who may call the API can change it
 * there. */
struct api_options {
    const char *socket, *socket_group;
    const char *reader_socket, *reader_group; /* NULL: none; the process's */
};

struct options {
    const char *state_dir;
    struct api_options api;
    const char *config_file; /* NULL: the state folder holds the configuration */
    const char *portals[OPTIONS_PORTALS_MAX];
    size_t portal_count;
    unsigned workers;
    unsigned buffers_mib;  /* what the data of commands may occupy, in all sessions */
    unsigned busy_poll_us; /* see workers_busy_poll() */
    bool recover;          /* start from the last good state file */
    bool print_openrpc;    /* print the API's description and exit */
};

/* Fills OPTIONS from the command line; strings are borrowed from ARGV. Sets the log level.
 * Exits on --help, --version and mistakes. */
void options_parse(struct options *options, int argc, char **argv);

/* The part of it that is about the API; its input is a struct api_options. */
extern const struct argp options_api;

#endif
