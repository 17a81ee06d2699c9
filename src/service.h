/*
 * service.h: what the daemon tells the service manager that started it, as sd_notify(3) has it:
 * one datagram a message to the socket in NOTIFY_SOCKET. Without that variable nothing is sent.
 * Of main only, but for service_open().
 */
#ifndef SERVICE_H
#define SERVICE_H

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. Call it before there are threads. */
void service_open(void);

/*
 * Where the manager wants signs of life, gives them from now on: three in the time that it
 * allows, each only if every worker has answered since the last. A worker that is stuck thus
 * gets the daemon restarted. Returns 0, or -1 where there is no memory for it.
 */
int service_watch(void);

void service_ready(void);

/* From here on signs of life do not ask the workers, which may have gone; the stop has a limit
 * of its own. */
void service_stopping(void);

void service_close(void);

#endif
