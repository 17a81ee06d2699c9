/* build_private.h: what the files that build a view share. */
#ifndef CATALOG_BUILD_PRIVATE_H
#define CATALOG_BUILD_PRIVATE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct build;
struct catalog;
struct redirect;

static inline const char *
text_of(const json_t *object, const char *member, const char *otherwise)
{
    const char *text = json_string_value(json_object_get(object, member));

    return text != NULL ? text : otherwise;
}

static inline uint64_t
number_of(const json_t *object, const char *member)
{
    return (uint64_t)json_integer_value(json_object_get(object, member));
}

static inline bool
is_true(const json_t *object, const char *member)
{
    return json_is_true(json_object_get(object, member));
}

/* Whether the old document has the same VALUE for NAME in MAP, so that what the old view has
 * can be shared. */
bool build_is_unchanged(const struct build *build, const char *map, const char *name,
                        const json_t *value);

/* *RET stays NULL where CONFIG has none. -1: out of memory. */
int build_redirect(const json_t *config, struct redirect **ret);

/* The targets of VIEW, which has its backstores. -1: out of memory. */
int build_targets(const struct build *build, struct catalog *view);

#endif
