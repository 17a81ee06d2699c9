/* window.c: CmdSN, ExpCmdSN, MaxCmdSN and StatSN arithmetic. RFC 7143 sections 4.2.2.1 and
 * 4.2.2.2. */
#include "iscsi/window.h"

#include <assert.h>

bool
serial_less(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) < 0;
}

void
window_init(struct window *w, uint32_t first_cmd_sn, uint32_t first_stat_sn, uint16_t depth)
{
    assert(depth > 0);
    *w = (struct window){.exp_cmd_sn = first_cmd_sn,
                         .max_cmd_sn = first_cmd_sn + depth - 1,
                         .stat_sn = first_stat_sn};
}

enum window_verdict
window_judge(const struct window *w, uint32_t cmd_sn)
{
    if (serial_less(cmd_sn, w->exp_cmd_sn) || serial_less(w->max_cmd_sn, cmd_sn))
        return WINDOW_OUTSIDE;
    return cmd_sn == w->exp_cmd_sn ? WINDOW_NEXT : WINDOW_AHEAD;
}

void
window_take(struct window *w)
{
    /* A closed window (MaxCmdSN = ExpCmdSN - 1) lets nothing be judged WINDOW_NEXT. */
    assert(!serial_less(w->max_cmd_sn, w->exp_cmd_sn));
    w->exp_cmd_sn++;
    w->open++;
}

void
window_release(struct window *w)
{
    assert(w->open > 0);
    w->open--;
    /* It never goes back, and the window never grows beyond the depth it began with. */
    w->max_cmd_sn++;
}

uint32_t
window_next_stat_sn(struct window *w)
{
    return w->stat_sn++;
}
