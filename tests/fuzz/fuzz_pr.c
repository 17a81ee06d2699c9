/*
 * fuzz_pr.c: any parameter lists of PERSISTENT RESERVE OUT, by several initiators, one after
 * the other.
 *
 * Input: commands: who (1), service action (1), scope and type (1), length of the list (2),
 * list. What must hold after each: registrations are within their bound, have keys and names,
 * and are there once; what is reserved has a holder that goes with its type; who holds may read
 * and write; what was not GOOD has changed nothing.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "scsi/pr.h"
#include "scsi/pr_list.h"
#include "scsi/transport_id.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEADER = 5, COMMANDS_MAX = 64, INITIATORS = 4 };

static void
must(bool holds)
{
    if (!holds)
        abort();
}

static struct pr_nexus
name_of(unsigned i)
{
    static const char *const ports[INITIATORS] = {
        "iqn.a,i,0x000000000001", "iqn.a,i,0x000000000002", "iqn.b,i,0x000000000001",
        "iqn.c,i,0x00023d000001"};
    struct pr_nexus ret = {.target_port = "iqn.t,t,0x0001", .target_port_id = 1};

    strcpy(ret.initiator_port, ports[i % INITIATORS]);
    return ret;
}

static void
check_state(const struct pr_state *state)
{
    uint8_t id[TRANSPORT_ID_MAX];
    size_t holders = 0;

    must(state->count <= PR_REGISTRATIONS_MAX);
    for (size_t i = 0; i < state->count; i++) {
        const struct pr_registration *r = &state->registrations[i];
        struct transport_id back;
        struct transport_id_fault fault;
        size_t length = transport_id_put(id, r->nexus.initiator_port);

        must(r->key != 0);
        must(pr_find(state, &r->nexus) == i);
        must(transport_id_get(id, length, &back, &fault));
        must(back.is_port && back.length == length);
        must(strcmp(back.name, r->nexus.initiator_port) == 0);
        holders += r->has_taken;
        if (pr_is_holder(state, i))
            must(pr_denials(state, &r->nexus) == 0);
    }
    must(state->type == PR_NONE || pr_type_is_valid(state->type));
    if (state->type == PR_NONE)
        must(holders == 0);
    else if (pr_type_is_all_registrants(state->type))
        must(holders == 0 && state->count > 0);
    else
        must(holders == 1);
}

static void
apply(struct pr_state *state, const struct pr_request *request, uint32_t generation)
{
    static struct pr_change change;
    size_t count = state->count;
    enum pr_outcome outcome = pr_apply(state, request, &change);

    must(state->count == count && state->generation == generation);
    must(outcome == PR_GOOD || !change.is_different);
    if (outcome == PR_INVALID_NEXUS)
        must(change.invalid < request->specified_count);
    if (!change.is_different) {
        must(change.next.registrations == NULL);
        return;
    }
    must(change.next.generation == generation || change.next.generation == generation + 1);
    pr_state_move(state, &change.next);
}

/* One command, of whose list LENGTH bytes are there. */
static void
run(struct pr_state *state, const uint8_t *command, const uint8_t *bytes, size_t length)
{
    struct pr_nexus from = name_of(command[0]), *specified;
    struct transport_id_fault fault = {.byte = SIZE_MAX};
    enum pr_action action = (enum pr_action)(command[1] % PR_ACTIONS);
    uint8_t *exact = malloc(length + 1); /* so that a read beyond its end is seen */
    struct pr_list list;
    enum pr_list_result result;
    size_t count = 0;

    must(exact != NULL);
    memcpy(exact, bytes, length);
    result = pr_list_get(exact, length, action, &list, &fault);
    free(exact);
    if (result != PR_LIST_GOOD) {
        must(result != PR_LIST_FIELD || fault.byte < length);
        must(list.ids == NULL);
        return;
    }
    specified = calloc(list.id_count + 1, sizeof *specified);
    must(specified != NULL);
    for (size_t i = 0; i < list.id_count; i++) {
        must(list.ids[i].at + list.ids[i].id.length <= length);
        if (!list.ids[i].id.is_port)
            continue;
        specified[count] = from;
        strcpy(specified[count++].initiator_port, list.ids[i].id.name);
    }
    if (action != PR_REGISTER_AND_MOVE || count == 1)
        apply(state,
              &(struct pr_request){.action = action,
                                   .scope = command[2] >> 4,
                                   .type = command[2] & 0x0f,
                                   .reservation_key = list.reservation_key,
                                   .service_action_key = list.service_action_key,
                                   .spec_i_pt = list.spec_i_pt,
                                   .aptpl = list.aptpl,
                                   .unreg = list.unreg,
                                   .from = &from,
                                   .specified = specified,
                                   .specified_count = count},
              state->generation);
    free(specified);
    pr_list_done(&list);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pr_state state;

    pr_state_init(&state);
    for (int i = 0; i < COMMANDS_MAX && size >= HEADER; i++) {
        size_t length = get_be16(data + 3);

        if (length > size - HEADER)
            length = size - HEADER;
        run(&state, data, data + HEADER, length);
        check_state(&state);
        data += HEADER + length;
        size -= HEADER + length;
    }
    pr_state_done(&state);
    return 0;
}
