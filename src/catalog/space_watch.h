/* space_watch.h: looks now and then at how much space is left to disks with a threshold. Main
 * only. */
#ifndef CATALOG_SPACE_WATCH_H
#define CATALOG_SPACE_WATCH_H

#include <stdbool.h>

/* Where memory is short nobody is watched, which is logged. */
void space_watch_start(void);

/* Whether nothing is under way any more; else calls IDLE once that is so. */
bool space_watch_stop(void (*idle)(void));

#endif
