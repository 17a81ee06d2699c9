/* types.h: the backends that are compiled in; types.c puts them in a table. */
#ifndef STORE_TYPES_H
#define STORE_TYPES_H

#include "store/store.h"

extern const struct store_type null_store_type;
extern const struct store_type ram_store_type;
extern const struct store_type rdwr_store_type;
extern const struct store_type aio_store_type;
extern const struct store_type uring_store_type; /* with HAVE_LIBURING */

#endif
