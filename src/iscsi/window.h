/*
 * window.h: the three sequence numbers of a session: CmdSN, the window it may lie in, StatSN.
 * Pure.
 *
 * All are 32-bit serial numbers (RFC 1982): they wrap, and "less" means "at most 2^31 - 1
 * behind".
 */
#ifndef ISCSI_WINDOW_H
#define ISCSI_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

struct window {
    uint32_t exp_cmd_sn;
    uint32_t max_cmd_sn;
    uint32_t stat_sn; /* of the next answer */
    uint16_t open;    /* commands that were taken and not yet answered */
};

/* What to do with a command that carries a CmdSN (RFC 7143 section 4.2.2.1). */
enum window_verdict {
    WINDOW_NEXT,    /* its turn: call window_take() */
    WINDOW_AHEAD,   /* in the window, but commands before it are missing: hold it */
    WINDOW_OUTSIDE, /* a repetition, or more than we allowed: ignore it silently */
};

bool serial_less(uint32_t a, uint32_t b);

/* DEPTH: commands that may be open at once, at least 1. */
void window_init(struct window *w, uint32_t first_cmd_sn, uint32_t first_stat_sn,
                 uint16_t depth);

enum window_verdict window_judge(const struct window *w, uint32_t cmd_sn);

/* The command with CmdSN ExpCmdSN is taken. */
void window_take(struct window *w);

/* A command that was taken is answered, or never will be: the peer may send one more. */
void window_release(struct window *w);

/* The StatSN for an answer; each takes the next one. */
uint32_t window_next_stat_sn(struct window *w);

#endif
