/* session.h: a copy of the registry, for those that show it. */
#ifndef RPC_METHODS_SESSION_H
#define RPC_METHODS_SESSION_H

#include <stddef.h>

struct session_info;

struct sessions {
    struct session_info *infos;
    size_t count, room;
};

/* All sessions as they are now. sessions_free() in any case. */
void sessions_collect(struct sessions *sessions);
void sessions_free(struct sessions *sessions);

#endif
