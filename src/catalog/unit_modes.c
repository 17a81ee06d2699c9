/* unit_modes.c: struct saved_modes ⇄ JSON: an object with a boolean for each mode that is
 * saved.
 */
#include "catalog/unit_modes.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "catalog/unit_file.h"
#include "core/error.h"
#include "scsi/lun.h"
#include "scsi/lun_save.h"

#define MEMBER "modes"

static const struct {
    const char *name;
    enum lun_mode mode;
} names[] = {
    {"write_cache", LUN_WRITE_CACHE}, {"software_write_protect", LUN_SWP},
    {"d_sense", LUN_D_SENSE},         {"tas", LUN_TAS},
    {"lbpere", LUN_LBPERE},
};

static bool
read_modes(json_t *value, struct saved_modes *ret)
{
    size_t known = 0;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const json_t *mode = json_object_get(value, names[i].name);
        if (mode == NULL)
            continue;
        if (!json_is_boolean(mode))
            return false;
        known++;
        ret->mask |= names[i].mode;
        if (json_is_true(mode))
            ret->values |= names[i].mode;
    }
    return json_is_object(value) && known == json_object_size(value);
}

int
unit_modes_load(struct unit_file *file, struct saved_modes *ret, struct error *err)
{
    json_t *value = unit_file_get(file, MEMBER);
    bool is_right;

    *ret = (struct saved_modes){0};
    is_right = value == NULL || read_modes(value, ret);
    json_decref(value);
    if (is_right)
        return 0;
    *ret = (struct saved_modes){0};
    unit_file_distrust(file);
    return error_set(err, ERROR_INVALID_CONFIG, "'%s' is damaged: its modes make no sense",
                     unit_file_path(file));
}

int
unit_modes_save(struct unit_file *file, const struct saved_modes *modes)
{
    json_t *value;

    if (modes->mask == 0)
        return unit_file_put(file, MEMBER, NULL);
    value = json_object();
    for (size_t i = 0; value != NULL && i < sizeof names / sizeof names[0]; i++) {
        bool on = (modes->values & names[i].mode) != 0;
        if ((modes->mask & names[i].mode) &&
            json_object_set_new(value, names[i].name, json_boolean(on)) < 0) {
            json_decref(value);
            value = NULL;
        }
    }
    return value == NULL ? -ENOMEM : unit_file_put(file, MEMBER, value);
}
