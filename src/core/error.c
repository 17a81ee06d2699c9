/* error.c: errors for operators. */
#include "core/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

static const char *const names[ERROR_CODES] = {
    [ERROR_NONE] = "NONE",
    [ERROR_INTERNAL] = "INTERNAL",
    [ERROR_INVALID_PARAMS] = "INVALID_PARAMS",
    [ERROR_UNAVAILABLE] = "UNAVAILABLE",
    [ERROR_NOT_FOUND] = "NOT_FOUND",
    [ERROR_ALREADY_EXISTS] = "ALREADY_EXISTS",
    [ERROR_REVISION_MISMATCH] = "REVISION_MISMATCH",
    [ERROR_BUSY] = "BUSY",
    [ERROR_PERMISSION_DENIED] = "PERMISSION_DENIED",
    [ERROR_LIMIT_EXCEEDED] = "LIMIT_EXCEEDED",
    [ERROR_BACKEND] = "BACKEND_ERROR",
    [ERROR_NOT_SUPPORTED] = "NOT_SUPPORTED",
    [ERROR_INVALID_CONFIG] = "INVALID_CONFIG",
    [ERROR_PERSIST_FAILED] = "PERSIST_FAILED",
    [ERROR_CANCELLED] = "CANCELLED",
};

int
error_set(struct error *err, enum error_code code, const char *format, ...)
{
    int saved = errno;
    va_list args;

    if (err == NULL)
        return -1;
    err->code = code;
    err->sys_errno = code == ERROR_BACKEND || code == ERROR_PERSIST_FAILED ? saved : 0;
    va_start(args, format);
    errno = saved; /* for %m */
    (void)vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    errno = saved;
    return -1;
}

const char *
error_code_name(enum error_code code)
{
    return (unsigned)code < ERROR_CODES ? names[code] : "INTERNAL";
}
