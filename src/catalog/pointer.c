/* pointer.c: one step of a JSON pointer. */
#include "catalog/pointer.h"

#include <string.h>

size_t
pointer_enter(char *path, size_t size, const char *step)
{
    size_t before = strlen(path), n = before;

    if (n + 1 < size)
        path[n++] = '/';
    for (; *step != '\0' && n + 2 < size; step++) {
        if (*step == '~' || *step == '/') {
            path[n++] = '~';
            path[n++] = *step == '~' ? '0' : '1';
        } else {
            path[n++] = *step;
        }
    }
    path[n] = '\0';
    return before;
}
