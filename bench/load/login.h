/* login.h: connections, logins by text keys (RFC 7143 section 6.3), logouts. They wait. */
#ifndef BENCH_LOAD_LOGIN_H
#define BENCH_LOAD_LOGIN_H

struct run;
struct session;

/* Connects and logs in S as the ID-th session of RUN. 0, or -1 with a complaint: then there is
 * nothing to close. */
int session_login(struct session *s, const struct run *run, unsigned id);

/* Logs out, if that can be done within 2 seconds, and closes. */
void session_logout(struct session *s);

/* Closes without saying so. */
void session_abandon(struct session *s);

#endif
