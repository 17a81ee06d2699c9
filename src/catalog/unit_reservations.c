/* unit_reservations.c: struct pr_state ⇄ JSON. PRGENERATION is not kept: it begins at 0 again
 * (SPC-4 section 6.15.2). */
#include "catalog/unit_reservations.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog/unit_file.h"
#include "core/error.h"
#include "scsi/pr.h"

#define MEMBER "reservations"

static bool
read_port(const char *text, char ret[PR_PORT_MAX + 1])
{
    if (text[0] == '\0' || strlen(text) > PR_PORT_MAX)
        return false;
    strcpy(ret, text);
    return true;
}

/* 16 hex digits, not all 0. */
static bool
read_key(const char *text, uint64_t *ret)
{
    char *end;

    if (strlen(text) != 16 || strspn(text, "0123456789abcdef") != 16)
        return false;
    *ret = strtoull(text, &end, 16);
    return *ret != 0;
}

static bool
read_registration(json_t *value, struct pr_registration *ret)
{
    const char *initiator_port, *target_port, *key;
    int id, is_holder;

    *ret = (struct pr_registration){0};
    if (json_unpack(value, "{s:s,s:s,s:i,s:s,s:b!}", "initiator_port", &initiator_port,
                    "target_port", &target_port, "target_port_id", &id, "key", &key, "holder",
                    &is_holder) < 0 ||
        id < 0 || id > UINT16_MAX)
        return false;
    ret->nexus.target_port_id = (uint16_t)id;
    ret->has_taken = is_holder;
    return read_port(initiator_port, ret->nexus.initiator_port) &&
           read_port(target_port, ret->nexus.target_port) && read_key(key, &ret->key);
}

/* Whether those who hold go with the type of what is held. */
static bool
is_sound(const struct pr_state *state)
{
    size_t holders = 0;

    for (size_t i = 0; i < state->count; i++)
        holders += state->registrations[i].has_taken;
    if (state->type == PR_NONE)
        return holders == 0;
    return pr_type_is_all_registrants(state->type) ? holders == 0 && state->count > 0
                                                   : holders == 1;
}

static bool
read_state(json_t *value, struct pr_state *state)
{
    struct pr_registration registration;
    json_t *list, *entry;
    const char *type;
    size_t i;

    if (json_unpack(value, "{s:s,s:o!}", "type", &type, "registrations", &list) < 0 ||
        !json_is_array(list) || pr_type_by_name(type, &state->type) < 0)
        return false;
    json_array_foreach (list, i, entry)
        if (!read_registration(entry, &registration) || pr_state_add(state, &registration) < 0)
            return false;
    state->aptpl = true;
    return is_sound(state);
}

int
unit_reservations_load(struct unit_file *file, struct pr_state *state, struct error *err)
{
    json_t *value = unit_file_get(file, MEMBER);
    bool is_right = value == NULL || read_state(value, state);

    json_decref(value);
    if (is_right)
        return 0;
    unit_file_distrust(file);
    return error_set(err, ERROR_INVALID_CONFIG,
                     "'%s' is damaged: its reservations make no sense", unit_file_path(file));
}

static json_t *
registration_json(const struct pr_registration *r)
{
    char key[17];

    snprintf(key, sizeof key, "%016llx", (unsigned long long)r->key);
    return json_pack("{s:s,s:s,s:i,s:s,s:b}", "initiator_port", r->nexus.initiator_port,
                     "target_port", r->nexus.target_port, "target_port_id",
                     r->nexus.target_port_id, "key", key, "holder", r->has_taken);
}

static json_t *
state_json(const struct pr_state *state)
{
    json_t *list = json_array();

    for (size_t i = 0; i < state->count; i++) {
        if (json_array_append_new(list, registration_json(&state->registrations[i])) < 0) {
            json_decref(list);
            return NULL;
        }
    }
    return json_pack("{s:s,s:o}", "type", pr_type_name(state->type), "registrations", list);
}

int
unit_reservations_save(struct unit_file *file, const struct pr_state *state)
{
    json_t *value;

    if (!state->aptpl || state->count == 0)
        return unit_file_put(file, MEMBER, NULL);
    value = state_json(state);
    return value == NULL ? -ENOMEM : unit_file_put(file, MEMBER, value);
}
