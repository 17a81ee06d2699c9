/* event.h: those who wait in event.poll. Main only. */
#ifndef RPC_METHODS_EVENT_H
#define RPC_METHODS_EVENT_H

/* There are new events: answers those that wait for them. */
void event_polls_look(void);

/* Answers all that wait, with what there is; the daemon stops. */
void event_polls_end(void);

#endif
