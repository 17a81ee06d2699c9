/* complain.c: lines on stderr. */
#include "bench/load/complain.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define LINES_MAX 20

static _Atomic unsigned
    lines; /* of all threads: a broken target has something wrong each time */

static void
print(const char *format, va_list arguments)
{
    char line[512];

    vsnprintf(line, sizeof line, format, arguments);
    fprintf(stderr, "blockgate-bench: %s\n", line);
}

void
complain(const char *format, ...)
{
    unsigned before = atomic_fetch_add(&lines, 1);
    va_list arguments;

    if (before > LINES_MAX)
        return;
    if (before == LINES_MAX) {
        fprintf(stderr, "blockgate-bench: what else is wrong is only counted\n");
        return;
    }
    va_start(arguments, format);
    print(format, arguments);
    va_end(arguments);
}

void
give_up(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    print(format, arguments);
    va_end(arguments);
    exit(2);
}
