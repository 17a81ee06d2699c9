/* near.c: the closest keys of an object. */
#include "rpc/near.h"

#include <stdint.h>

#include "catalog/near.h"

#define NEAR_LOOKED 1000 /* of many names, this many are looked at */
#define NEAR_NAMES  3

struct best {
    const char *name;
    unsigned distance;
};

/* Puts NAME in its place among the best; the last one drops out. */
static void
keep(struct best best[NEAR_NAMES], const char *name, unsigned distance)
{
    size_t i = NEAR_NAMES;

    while (i > 0 && (best[i - 1].name == NULL || distance < best[i - 1].distance)) {
        i--;
        if (i + 1 < NEAR_NAMES)
            best[i + 1] = best[i];
    }
    if (i < NEAR_NAMES)
        best[i] = (struct best){name, distance};
}

json_t *
near_keys(const json_t *names, const char *wanted)
{
    struct best best[NEAR_NAMES] = {{NULL, 0}};
    json_t *ret = json_array(), *unused;
    unsigned looked = 0;
    const char *name;

    json_object_foreach ((json_t *)(uintptr_t)names, name, unused) {
        if (looked++ == NEAR_LOOKED)
            break;
        if (near_enough(wanted, name))
            keep(best, name, near_distance(wanted, name));
    }
    for (size_t i = 0; i < NEAR_NAMES && best[i].name != NULL; i++)
        json_array_append_new(ret, json_string(best[i].name));
    return ret;
}
