/*
 * jobs.h: calls that take longer than their callers want to wait.
 *
 * A handler that may take long hands its call to rpc_job_begin() and later answers it as any
 * other. Where that is within `wait_ms`, there never was a job. Else the client gets the job,
 * and what the handler answers is kept with it. Main only.
 */
#ifndef RPC_JOBS_H
#define RPC_JOBS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct rpc_call;

/* More are not at work at a time; and so many that have ended are kept, for so long. */
#define JOBS_RUNNING_MAX  100
#define JOBS_KEPT         100
#define JOBS_KEPT_SECONDS 3600

/* What may be asked of a call that is being worked on. ARG is the handler's. */
struct rpc_job_work {
    /* How much is done, 0 to 1; false: nobody knows. */
    bool (*progress)(void *arg, double *ret);
    bool (*is_pending)(void *arg); /* it has not begun */
    bool (*is_cancellable)(void *arg);

    /* Gives it up: the call is answered soon, with ERROR_CANCELLED unless it went well after
     * all. Does not answer it before it returns. False: it is too late. */
    bool (*cancel)(void *arg);

    /* The answer for now, to which the job is added. A new reference. */
    json_t *(*so_far)(void *arg);
};

/*
 * From now on CALL may become a job, after WAIT_MS. WORK and ARG must live until CALL is
 * answered. -1: CALL has been answered, because there are too many jobs or memory is short.
 */
int rpc_job_begin(struct rpc_call *call, uint64_t wait_ms, const struct rpc_job_work *work,
                  void *arg);

/* All jobs, oldest first, and one; NULL: there is none of that id. New references. */
json_t *rpc_jobs_json(void);
json_t *rpc_job_json(const char *id);

/* Answers CALL (job.wait) with job ID once it has ended, or after TIMEOUT_MS. */
void rpc_job_wait(struct rpc_call *call, const char *id, uint64_t timeout_ms);

/* Answers CALL (job.cancel). */
void rpc_job_cancel(struct rpc_call *call, const char *id);

/* The daemon stops: whoever waits for a job is answered. */
void rpc_jobs_stop_waiting(void);

/* No call may be open. Forgets all. */
void rpc_jobs_forget(void);

#endif
