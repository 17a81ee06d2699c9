/*
 * error.h: what went wrong, as a sentence for an operator and a code for a program.
 *
 * Functions that an operator's request can make fail take a `struct error *`
 * last and return 0 or -1; on failure their other outputs are untouched.
 */
#ifndef CORE_ERROR_H
#define CORE_ERROR_H

/* The names that management clients match on; error_code_name() spells them. */
enum error_code {
    ERROR_NONE,
    ERROR_INTERNAL,       /* out of memory, or a bug */
    ERROR_INVALID_PARAMS, /* a parameter breaks a rule */
    ERROR_UNAVAILABLE,    /* starting or stopping; try again */
    ERROR_NOT_FOUND,
    ERROR_ALREADY_EXISTS,
    ERROR_REVISION_MISMATCH,
    ERROR_BUSY, /* sessions or LUNs are in the way */
    ERROR_PERMISSION_DENIED,
    ERROR_LIMIT_EXCEEDED,
    ERROR_BACKEND, /* a store or a portal cannot be opened; see sys_errno */
    ERROR_NOT_SUPPORTED,
    ERROR_INVALID_CONFIG,
    ERROR_PERSIST_FAILED, /* the state file cannot be written; see sys_errno */
    ERROR_CANCELLED,      /* somebody asked for it to be given up */
    ERROR_CODES
};

struct error {
    enum error_code code;
    int sys_errno; /* 0, or the errno behind it */
    char message[512];
};

/*
 * Fills ERR (which may be NULL) and returns -1. FORMAT may use %m; errno as
 * found on entry goes into sys_errno for ERROR_BACKEND and ERROR_PERSIST_FAILED,
 * which are the codes that always come from a system call (set errno to 0 first where not).
 */
int error_set(struct error *err, enum error_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* "BACKEND_ERROR" for ERROR_BACKEND and so on, as API clients see it. Static. */
const char *error_code_name(enum error_code code);

#endif
