/* unit_sanitize.c: enum sanitize_mark ⇄ JSON: its name; nothing where there is none. */
#include "catalog/unit_sanitize.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "catalog/unit_file.h"
#include "core/error.h"

#define MEMBER "sanitize"

static const char *const names[] = {
    [SANITIZE_MARK_RESTRICTED] = "restricted",
    [SANITIZE_MARK_UNRESTRICTED] = "unrestricted",
};

static bool
read_mark(const json_t *value, enum sanitize_mark *ret)
{
    const char *text = json_string_value(value);

    for (size_t i = SANITIZE_MARK_RESTRICTED; i < sizeof names / sizeof names[0]; i++) {
        if (text != NULL && strcmp(text, names[i]) == 0) {
            *ret = (enum sanitize_mark)i;
            return true;
        }
    }
    return false;
}

int
unit_sanitize_load(struct unit_file *file, enum sanitize_mark *ret, struct error *err)
{
    json_t *value = unit_file_get(file, MEMBER);
    bool is_right;

    *ret = SANITIZE_MARK_NONE;
    is_right = value == NULL || read_mark(value, ret);
    json_decref(value);
    if (is_right)
        return 0;
    unit_file_distrust(file);
    return error_set(err, ERROR_INVALID_CONFIG,
                     "'%s' is damaged: what it says of a sanitize operation makes no sense",
                     unit_file_path(file));
}

int
unit_sanitize_save(struct unit_file *file, enum sanitize_mark mark)
{
    json_t *value = mark == SANITIZE_MARK_NONE ? NULL : json_string(names[mark]);

    if (mark != SANITIZE_MARK_NONE && value == NULL)
        return -ENOMEM;
    return unit_file_put(file, MEMBER, value);
}
