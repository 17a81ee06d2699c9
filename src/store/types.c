/* types.c: the list of compiled-in store types. */
#include "store/types.h"

#include <string.h>

#include "config.h"

const struct store_type *const store_types[] = {
    &aio_store_type,
#ifdef HAVE_LIBURING
    &uring_store_type,
#endif
    &rdwr_store_type,  &ram_store_type, &null_store_type, NULL,
};

const struct store_type *
store_type_find(const char *name)
{
    for (const struct store_type *const *t = store_types; *t != NULL; t++)
        if (strcmp((*t)->name, name) == 0)
            return *t;
    return NULL;
}
