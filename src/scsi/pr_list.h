/* pr_list.h: the parameter list of PERSISTENT RESERVE OUT (SPC-4 sections 6.16.3 and 6.16.4).
 * Pure; any thread. */
#ifndef SCSI_PR_LIST_H
#define SCSI_PR_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scsi/pr.h"
#include "scsi/transport_id.h"

/* The length of a list without TransportIDs, and the least of any. */
#define PR_LIST_BASIC 24

struct pr_list_id {
    struct transport_id id;
    size_t at; /* where in the list it begins */
};

struct pr_list {
    uint64_t reservation_key, service_action_key;
    bool spec_i_pt, all_tg_pt, aptpl, unreg;
    uint16_t target_port_id; /* REGISTER AND MOVE */
    struct pr_list_id *ids;  /* owned */
    size_t id_count;
};

enum pr_list_result {
    PR_LIST_GOOD,
    PR_LIST_LENGTH,       /* PARAMETER LIST LENGTH ERROR */
    PR_LIST_FIELD,        /* INVALID FIELD IN PARAMETER LIST: see FAULT */
    PR_LIST_NO_RESOURCES, /* INSUFFICIENT REGISTRATION RESOURCES */
};

/* Reads the LENGTH bytes of a list for ACTION. Anything but PR_LIST_GOOD: LIST has nothing to
 * be freed. */
enum pr_list_result pr_list_get(const uint8_t *bytes, size_t length, enum pr_action action,
                                struct pr_list *list, struct transport_id_fault *fault);
void pr_list_done(struct pr_list *list);

#endif
