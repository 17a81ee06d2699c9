/* embedded.h: the files of this folder, as they are, inside the daemon. */
#ifndef SCHEMAS_EMBEDDED_H
#define SCHEMAS_EMBEDDED_H

#include <stddef.h>
#include <stdint.h>

struct embedded_schema {
    const char *name; /* of the file, without ".json" */
    const uint8_t *text, *end;
};

/* In the order in which they are merged. */
extern const struct embedded_schema schemas_embedded[];
extern const size_t schemas_embedded_count;

#endif
