/* commands.c: the one table of commands. A new command is a row here and its handler. */
#include "scsi/commands.h"

#include <stddef.h>

#include "core/bytes.h"
#include "scsi/handlers.h"
#include "scsi/lun.h"
#include "scsi/nexus.h"
#include "store/store.h"

/* Works in every state of the target port. */
#define IN_ALL_STATES (IN_STANDBY | IN_UNAVAILABLE | IN_TRANSITION)

/* What tells who is there, whatever stands in the way. */
#define EVERYWHERE \
    (WITHOUT_LUN | PASSES_ATTENTION | PASSES_RESERVE | IN_ALL_STATES | DURING_SANITIZE)

/* The control byte: of its bits NACA is evaluated (and refused). */
#define CONTROL 0x04

/* clang-format off */
static const struct scsi_command service_actions_in_16[] = {
    {"READ CAPACITY(16)", disk_read_capacity_16, NULL, CDB_NO_RANGE, OUT_NONE, KIND_OTHER,
     NEEDS_MEDIUM | PASSES_RESERVE, FENCE_NONE, 0,
     {0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, CONTROL}, NULL},
    {"GET LBA STATUS", disk_lba_status, NULL, CDB_LBA_16, OUT_NONE, KIND_OTHER,
     NEEDS_MEDIUM, FENCE_READ, STORE_CAN_EXTENT | STORE_CAN_UNMAP,
     {0x9e, 0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, CONTROL}, NULL},
    {0},
};

static const struct scsi_command maintenance_in[] = {
    {"REPORT TARGET PORT GROUPS", report_target_port_groups, NULL, CDB_NO_RANGE, OUT_NONE,
     KIND_OTHER, PASSES_RESERVE | IN_ALL_STATES, FENCE_NONE, 0,
     {0xa3, 0xea, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, CONTROL}, NULL},
    {"REPORT SUPPORTED OPERATION CODES", report_opcodes, NULL, CDB_NO_RANGE, OUT_NONE, KIND_OTHER,
     IN_STANDBY, FENCE_READ, 0,
     {0xa3, 0x0c, 0x87, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, CONTROL}, NULL},
    {"REPORT SUPPORTED TASK MANAGEMENT FUNCTIONS", report_task_management, NULL, CDB_NO_RANGE,
     OUT_NONE, KIND_OTHER, IN_STANDBY, FENCE_READ, 0,
     {0xa3, 0x0d, 0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, CONTROL}, NULL},
    {0},
};

static const struct scsi_command maintenance_out[] = {
    {"SET TARGET PORT GROUPS", set_target_port_groups, set_target_port_groups_check, CDB_NO_RANGE,
     OUT_LIST_12, KIND_OTHER, IN_STANDBY | IN_UNAVAILABLE, FENCE_WRITE, 0,
     {0xa4, 0x0a, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, CONTROL}, NULL},
    {0},
};

static const struct scsi_command sanitize_actions[] = { /* SBC-3 section 5.24 */
    {"SANITIZE(OVERWRITE)", sanitize_overwrite, sanitize_check, CDB_NO_RANGE, OUT_LIST_10, KIND_OTHER,
     NEEDS_MEDIUM | WRITES | DURING_SANITIZE, FENCE_WRITE, 0,
     {0x48, 0xa1, 0, 0, 0, 0, 0, 0xff, 0xff, CONTROL}, NULL},
    {"SANITIZE(BLOCK ERASE)", sanitize_block_erase, sanitize_check, CDB_NO_RANGE, OUT_NONE, KIND_OTHER,
     NEEDS_MEDIUM | WRITES | DURING_SANITIZE, FENCE_WRITE, STORE_CAN_UNMAP,
     {0x48, 0xa2, 0, 0, 0, 0, 0, 0xff, 0xff, CONTROL}, NULL},
    {"SANITIZE(EXIT FAILURE MODE)", sanitize_exit_failure_mode, sanitize_check, CDB_NO_RANGE, OUT_NONE, KIND_OTHER,
     DURING_SANITIZE, FENCE_WRITE, 0,
     {0x48, 0xbf, 0, 0, 0, 0, 0, 0xff, 0xff, CONTROL}, NULL},
    {0},
};

#define PR_IN(name, run, action)                                                         \
    {name, run, NULL, CDB_NO_RANGE, OUT_NONE, KIND_OTHER, IN_STANDBY, FENCE_NONE, 0,         \
     {0x5e, action, 0, 0, 0, 0, 0, 0xff, 0xff, CONTROL}, NULL}

static const struct scsi_command persistent_reserve_in[] = {
    PR_IN("PERSISTENT RESERVE IN, READ KEYS", pr_in_read_keys, 0x00),
    PR_IN("PERSISTENT RESERVE IN, READ RESERVATION", pr_in_read_reservation, 0x01),
    PR_IN("PERSISTENT RESERVE IN, REPORT CAPABILITIES", pr_in_report_capabilities, 0x02),
    PR_IN("PERSISTENT RESERVE IN, READ FULL STATUS", pr_in_read_full_status, 0x03),
    {0},
};

/* Which of them a reservation stops is for pr_apply(). The TransportIDs of a REGISTER take memory. */
#define PR_OUT(name, action, scope_and_type, flags)                                          \
    {name, pr_out, pr_out_check, CDB_NO_RANGE, OUT_LIST_PR, KIND_OTHER, IN_STANDBY | (flags), \
     FENCE_NONE, 0,                                                                          \
     {0x5f, action, scope_and_type, 0, 0, 0xff, 0xff, 0xff, 0xff, CONTROL}, NULL}

static const struct scsi_command persistent_reserve_out[] = {
    PR_OUT("PERSISTENT RESERVE OUT, REGISTER", 0x00, 0, USES_SCRATCH),
    PR_OUT("PERSISTENT RESERVE OUT, RESERVE", 0x01, 0xff, 0),
    PR_OUT("PERSISTENT RESERVE OUT, RELEASE", 0x02, 0xff, 0),
    PR_OUT("PERSISTENT RESERVE OUT, CLEAR", 0x03, 0, 0),
    PR_OUT("PERSISTENT RESERVE OUT, PREEMPT", 0x04, 0xff, 0),
    PR_OUT("PERSISTENT RESERVE OUT, PREEMPT AND ABORT", 0x05, 0xff, 0),
    PR_OUT("PERSISTENT RESERVE OUT, REGISTER AND IGNORE EXISTING KEY", 0x06, 0, 0),
    PR_OUT("PERSISTENT RESERVE OUT, REGISTER AND MOVE", 0x07, 0, 0),
    {0},
};

static const struct scsi_command third_party_copy_out[] = { /* SPC-4 section 6.4 */
    {"EXTENDED COPY(LID1)", extended_copy, extended_copy_check, CDB_NO_RANGE, OUT_LIST_16, KIND_OTHER,
     NEEDS_MEDIUM | COPIES | USES_SCRATCH, FENCE_WRITE, 0,
     {0x83, 0x00, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, CONTROL}, NULL},
    {"POPULATE TOKEN", populate_token, populate_token_check, CDB_NO_RANGE, OUT_LIST_16, KIND_OTHER,
     NEEDS_MEDIUM | ALONE, FENCE_READ, 0,
     {0x83, 0x10, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, CONTROL}, NULL},
    {"WRITE USING TOKEN", write_using_token, write_using_token_check, CDB_NO_RANGE, OUT_LIST_16, KIND_OTHER,
     NEEDS_MEDIUM | WRITES | COPIES | USES_SCRATCH, FENCE_WRITE, 0,
     {0x83, 0x11, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, CONTROL}, NULL},
    {0},
};

static const struct scsi_command third_party_copy_in[] = { /* sections 6.22 to 6.25 */
    {"RECEIVE COPY STATUS(LID1)", receive_copy_status, NULL, CDB_NO_RANGE, OUT_NONE, KIND_OTHER,
     0, FENCE_WRITE, 0,
     {0x84, 0x00, 0xff, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, CONTROL}, NULL},
    {"RECEIVE COPY OPERATING PARAMETERS", receive_copy_operating_parameters, NULL, CDB_NO_RANGE, OUT_NONE, KIND_OTHER,
     0, FENCE_WRITE, 0,
     {0x84, 0x03, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, CONTROL}, NULL},
    {"RECEIVE COPY FAILURE DETAILS(LID1)", receive_failed_segment_details, NULL, CDB_NO_RANGE, OUT_NONE, KIND_OTHER,
     0, FENCE_WRITE, 0,
     {0x84, 0x04, 0xff, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, CONTROL}, NULL},
    {"RECEIVE ROD TOKEN INFORMATION", receive_rod_token_information, NULL, CDB_NO_RANGE, OUT_NONE, KIND_OTHER,
     0, FENCE_READ, 0,
     {0x84, 0x07, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, CONTROL}, NULL},
    {0},
};

#define READ_FLAGS   (NEEDS_MEDIUM | HAS_PROTECT | HAS_FUA | LIMITED)
#define WRITE_FLAGS  (NEEDS_MEDIUM | WRITES | HAS_PROTECT | HAS_FUA | LIMITED)
#define WRITE_VERIFY_FLAGS (NEEDS_MEDIUM | WRITES | HAS_PROTECT | LIMITED | USES_SCRATCH)
#define ATOMIC_FLAGS (NEEDS_MEDIUM | WRITES | HAS_PROTECT | HAS_FUA | LIMITED | ALONE)
#define VERIFY_FLAGS (NEEDS_MEDIUM | HAS_PROTECT | USES_SCRATCH)
#define SAME_FLAGS   (NEEDS_MEDIUM | WRITES | HAS_PROTECT | USES_SCRATCH)

const struct scsi_command scsi_commands[256] = {
    /* name, run, check, layout, out, kind, flags, fence, needs, CDB usage, service actions */
    [0x00] = {"TEST UNIT READY", disk_test_unit_ready, NULL, CDB_NO_RANGE, OUT_NONE, KIND_OTHER,
              NEEDS_MEDIUM, FENCE_NONE, 0,
              {0x00, 0, 0, 0, 0, CONTROL}, NULL},
    [0x03] = {"REQUEST SENSE", request_sense, NULL, CDB_NO_RANGE, OUT_NONE, KIND_OTHER,
              EVERYWHERE, FENCE_NONE, 0,
              {0x03, 0x01, 0, 0, 0xff, CONTROL}, NULL},
    [0x08] = {"READ(6)", disk_read, NULL, CDB_RANGE_6, OUT_NONE, KIND_READ,
              NEEDS_MEDIUM | LIMITED, FENCE_READ, 0,
              {0x08, 0x1f, 0xff, 0xff, 0xff, CONTROL}, NULL},
    [0x0a] = {"WRITE(6)", disk_write, NULL, CDB_RANGE_6, OUT_BLOCKS, KIND_WRITE,
              NEEDS_MEDIUM | WRITES | LIMITED, FENCE_WRITE, 0,
              {0x0a, 0x1f, 0xff, 0xff, 0xff, CONTROL}, NULL},
    [0x12] = {"INQUIRY", inquiry, NULL, CDB_NO_RANGE, OUT_NONE, KIND_OTHER,
              EVERYWHERE, FENCE_NONE, 0,
              {0x12, 0x03, 0xff, 0xff, 0xff, CONTROL}, NULL},
    [0x15] = {"MODE SELECT(6)", mode_select_6, mode_select_check, CDB_NO_RANGE, OUT_LIST_6, KIND_OTHER,
              IN_STANDBY, FENCE_WRITE, 0,
              {0x15, 0x13, 0, 0, 0xff, CONTROL}, NULL},
    [0x16] = {"RESERVE(6)", reserve_unit, reserve_6_check, CDB_NO_RANGE, OUT_NONE, KIND_OTHER,
              0, FENCE_NONE, 0,
              {0x16, 0x11, 0, 0, 0, CONTROL}, NULL},
    [0x17] = {"RELEASE(6)", release_unit, reserve_6_check, CDB_NO_RANGE, OUT_NONE, KIND_OTHER,
              PASSES_RESERVE, FENCE_NONE, 0,
              {0x17, 0x11, 0, 0, 0, CONTROL}, NULL},
    [0x1a] = {"MODE SENSE(6)", mode_sense_6, NULL, CDB_NO_RANGE, OUT_NONE, KIND_OTHER,
              IN_STANDBY, FENCE_READ, 0,
              {0x1a, 0x08, 0xff, 0xff, 0xff, CONTROL}, NULL},
    [0x1b] = {"START STOP UNIT", disk_start_stop, disk_start_stop_check, CDB_NO_RANGE, OUT_NONE, KIND_OTHER,
              0, FENCE_PART, 0,
              {0x1b, 0x01, 0, 0x0f, 0xf7, CONTROL}, NULL},
    [0x1e] = {"PREVENT ALLOW MEDIUM REMOVAL", disk_prevent_allow, disk_prevent_allow_check, CDB_NO_RANGE,
              OUT_NONE, KIND_OTHER, FOR_REMOVABLE, FENCE_PART, 0,
              {0x1e, 0, 0, 0, 0x03, CONTROL}, NULL},
    [0x25] = {"READ CAPACITY(10)", disk_read_capacity_10, NULL, CDB_NO_RANGE, OUT_NONE, KIND_OTHER,
              NEEDS_MEDIUM | PASSES_RESERVE, FENCE_NONE, 0,
              {0x25, 0, 0, 0, 0, 0, 0, 0, 0, CONTROL}, NULL},
    [0x28] = {"READ(10)", disk_read, NULL, CDB_RANGE_10, OUT_NONE, KIND_READ,
              READ_FLAGS, FENCE_READ, 0,
              {0x28, 0xf8, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff, CONTROL}, NULL},
    [0x2a] = {"WRITE(10)", disk_write, NULL, CDB_RANGE_10, OUT_BLOCKS, KIND_WRITE,
              WRITE_FLAGS, FENCE_WRITE, 0,
              {0x2a, 0xf8, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff, CONTROL}, NULL},
    [0x2e] = {"WRITE AND VERIFY(10)", disk_write_verify, disk_write_verify_check, CDB_RANGE_10, OUT_BLOCKS, KIND_WRITE,
              WRITE_VERIFY_FLAGS, FENCE_WRITE, 0,
              {0x2e, 0xf6, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff, CONTROL}, NULL},
    [0x2f] = {"VERIFY(10)", disk_verify, disk_verify_check, CDB_RANGE_10, OUT_BYTCHK, KIND_OTHER,
              VERIFY_FLAGS, FENCE_READ, 0,
              {0x2f, 0xf6, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff, CONTROL}, NULL},
    [0x34] = {"PRE-FETCH(10)", disk_prefetch, disk_prefetch_check, CDB_RANGE_10, OUT_NONE, KIND_OTHER,
              NEEDS_MEDIUM, FENCE_READ, 0,
              {0x34, 0x02, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff, CONTROL}, NULL},
    [0x35] = {"SYNCHRONIZE CACHE(10)", disk_synchronize_cache, NULL, CDB_RANGE_10, OUT_NONE, KIND_FLUSH,
              NEEDS_MEDIUM, FENCE_WRITE, 0,
              {0x35, 0x02, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff, CONTROL}, NULL},
    [0x37] = {"READ DEFECT DATA(10)", disk_defects_10, NULL, CDB_NO_RANGE, OUT_NONE, KIND_OTHER,
              NEEDS_MEDIUM, FENCE_READ, 0,
              {0x37, 0, 0x1f, 0, 0, 0, 0, 0xff, 0xff, CONTROL}, NULL},
    [0x41] = {"WRITE SAME(10)", disk_write_same, disk_write_same_check, CDB_RANGE_10, OUT_ONE_BLOCK, KIND_WRITE,
              SAME_FLAGS, FENCE_WRITE, 0,
              {0x41, 0xfe, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff, CONTROL}, NULL},
    [0x42] = {"UNMAP", disk_unmap, disk_unmap_check, CDB_NO_RANGE, OUT_LIST_10, KIND_UNMAP,
              NEEDS_MEDIUM | WRITES, FENCE_WRITE, STORE_CAN_UNMAP,
              {0x42, 0x01, 0, 0, 0, 0, 0, 0xff, 0xff, CONTROL}, NULL},
    [0x48] = {.actions = sanitize_actions, .flags = ONE_COMMAND},
    [0x4d] = {"LOG SENSE", log_sense, log_sense_check, CDB_NO_RANGE, OUT_NONE, KIND_OTHER,
              PASSES_RESERVE | IN_STANDBY, FENCE_NONE, 0,
              {0x4d, 0x01, 0xff, 0xff, 0, 0xff, 0xff, 0xff, 0xff, CONTROL}, NULL},
    [0x55] = {"MODE SELECT(10)", mode_select_10, mode_select_check, CDB_NO_RANGE, OUT_LIST_10, KIND_OTHER,
              IN_STANDBY, FENCE_WRITE, 0,
              {0x55, 0x13, 0, 0, 0, 0, 0, 0xff, 0xff, CONTROL}, NULL},
    [0x56] = {"RESERVE(10)", reserve_unit, reserve_10_check, CDB_NO_RANGE, OUT_NONE, KIND_OTHER,
              0, FENCE_NONE, 0,
              {0x56, 0x13, 0, 0, 0, 0, 0, 0, 0, CONTROL}, NULL},
    [0x57] = {"RELEASE(10)", release_unit, reserve_10_check, CDB_NO_RANGE, OUT_NONE, KIND_OTHER,
              PASSES_RESERVE, FENCE_NONE, 0,
              {0x57, 0x13, 0, 0, 0, 0, 0, 0, 0, CONTROL}, NULL},
    [0x5a] = {"MODE SENSE(10)", mode_sense_10, NULL, CDB_NO_RANGE, OUT_NONE, KIND_OTHER,
              IN_STANDBY, FENCE_READ, 0,
              {0x5a, 0x18, 0xff, 0xff, 0, 0, 0, 0xff, 0xff, CONTROL}, NULL},
    [0x5e] = {.actions = persistent_reserve_in, .flags = ONE_COMMAND},
    [0x5f] = {.actions = persistent_reserve_out, .flags = ONE_COMMAND},
    [0x83] = {.actions = third_party_copy_out, .flags = ONE_COMMAND},
    [0x84] = {.actions = third_party_copy_in, .flags = ONE_COMMAND},
    [0x88] = {"READ(16)", disk_read, NULL, CDB_RANGE_16, OUT_NONE, KIND_READ,
              READ_FLAGS, FENCE_READ, 0,
              {0x88, 0xf8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
               0, CONTROL}, NULL},
    [0x89] = {"COMPARE AND WRITE", disk_compare_and_write, NULL, CDB_RANGE_COMPARE, OUT_COMPARE, KIND_WRITE,
              ATOMIC_FLAGS | USES_SCRATCH, FENCE_WRITE, 0,
              {0x89, 0xf8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0xff,
               0, CONTROL}, NULL},
    [0x8a] = {"WRITE(16)", disk_write, NULL, CDB_RANGE_16, OUT_BLOCKS, KIND_WRITE,
              WRITE_FLAGS, FENCE_WRITE, 0,
              {0x8a, 0xf8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
               0, CONTROL}, NULL},
    [0x8b] = {"ORWRITE(16)", disk_orwrite, NULL, CDB_RANGE_16, OUT_BLOCKS, KIND_WRITE,
              ATOMIC_FLAGS | USES_SCRATCH, FENCE_WRITE, 0,
              {0x8b, 0xf8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
               0, CONTROL}, NULL},
    [0x8e] = {"WRITE AND VERIFY(16)", disk_write_verify, disk_write_verify_check, CDB_RANGE_16, OUT_BLOCKS, KIND_WRITE,
              WRITE_VERIFY_FLAGS, FENCE_WRITE, 0,
              {0x8e, 0xf6, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
               0, CONTROL}, NULL},
    [0x8f] = {"VERIFY(16)", disk_verify, disk_verify_check, CDB_RANGE_16, OUT_BYTCHK, KIND_OTHER,
              VERIFY_FLAGS, FENCE_READ, 0,
              {0x8f, 0xf6, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
               0, CONTROL}, NULL},
    [0x90] = {"PRE-FETCH(16)", disk_prefetch, disk_prefetch_check, CDB_RANGE_16, OUT_NONE, KIND_OTHER,
              NEEDS_MEDIUM, FENCE_READ, 0,
              {0x90, 0x02, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
               0, CONTROL}, NULL},
    [0x91] = {"SYNCHRONIZE CACHE(16)", disk_synchronize_cache, NULL, CDB_RANGE_16, OUT_NONE, KIND_FLUSH,
              NEEDS_MEDIUM, FENCE_WRITE, 0,
              {0x91, 0x02, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
               0, CONTROL}, NULL},
    [0x93] = {"WRITE SAME(16)", disk_write_same, disk_write_same_check, CDB_RANGE_16, OUT_ONE_BLOCK, KIND_WRITE,
              SAME_FLAGS, FENCE_WRITE, 0,
              {0x93, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
               0, CONTROL}, NULL},
    [0x9c] = {"WRITE ATOMIC(16)", disk_write_atomic, disk_write_atomic_check, CDB_RANGE_ATOMIC, OUT_BLOCKS, KIND_WRITE,
              ATOMIC_FLAGS, FENCE_WRITE, STORE_CAN_ATOMIC,
              {0x9c, 0xf8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
               0, CONTROL}, NULL},
    [0x9e] = {.actions = service_actions_in_16},
    [0xa0] = {"REPORT LUNS", report_luns, NULL, CDB_NO_RANGE, OUT_NONE, KIND_OTHER,
              EVERYWHERE, FENCE_NONE, 0,
              {0xa0, 0, 0xff, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, CONTROL}, NULL},
    [0xa3] = {.actions = maintenance_in},
    [0xa4] = {.actions = maintenance_out},
    [0xa8] = {"READ(12)", disk_read, NULL, CDB_RANGE_12, OUT_NONE, KIND_READ,
              READ_FLAGS, FENCE_READ, 0,
              {0xa8, 0xf8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, CONTROL}, NULL},
    [0xaa] = {"WRITE(12)", disk_write, NULL, CDB_RANGE_12, OUT_BLOCKS, KIND_WRITE,
              WRITE_FLAGS, FENCE_WRITE, 0,
              {0xaa, 0xf8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, CONTROL}, NULL},
    [0xae] = {"WRITE AND VERIFY(12)", disk_write_verify, disk_write_verify_check, CDB_RANGE_12, OUT_BLOCKS, KIND_WRITE,
              WRITE_VERIFY_FLAGS, FENCE_WRITE, 0,
              {0xae, 0xf6, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, CONTROL}, NULL},
    [0xaf] = {"VERIFY(12)", disk_verify, disk_verify_check, CDB_RANGE_12, OUT_BYTCHK, KIND_OTHER,
              VERIFY_FLAGS, FENCE_READ, 0,
              {0xaf, 0xf6, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, CONTROL}, NULL},
    [0xb7] = {"READ DEFECT DATA(12)", disk_defects_12, NULL, CDB_NO_RANGE, OUT_NONE, KIND_OTHER,
              NEEDS_MEDIUM, FENCE_READ, 0,
              {0xb7, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, CONTROL}, NULL},
};
/* clang-format on */

/* The service actions of all opcodes that have them here are in bits 4 to 0 of byte 1. */
uint16_t
command_service_action(const struct scsi_command *command)
{
    return command->usage[1] & 0x1f;
}

const struct scsi_command *
command_find(const uint8_t *cdb)
{
    const struct scsi_command *row = &scsi_commands[cdb[0]];

    if (row->actions == NULL)
        return row->name != NULL ? row : NULL;
    for (row = row->actions; row->name != NULL; row++) {
        if (command_service_action(row) == (cdb[1] & 0x1f))
            return row;
    }
    return NULL;
}

bool
command_is_offered(const struct scsi_command *command, const struct lun *lun)
{
    if (lun == NULL)
        return true;
    if ((command->flags & FOR_REMOVABLE) && !lun_is(lun, LUN_REMOVABLE))
        return false;
    return (command->needs & ~lun_capabilities(lun)) == 0;
}

/* What FENCE_PART is for: to spin up, and to give the medium free, harms nobody (SBC-3 table
 * 13, SPC-4 table 71). */
static bool
is_harmless(const uint8_t *cdb)
{
    switch (cdb[0]) {
    case 0x1b: /* START STOP UNIT: START, in the active power condition */
        return (cdb[4] & 0xf3) == 0x01;
    case 0x1e: /* PREVENT ALLOW MEDIUM REMOVAL: allow */
        return (cdb[4] & 0x03) == 0;
    default:
        return false;
    }
}

unsigned
command_stopped_by(const struct scsi_command *command, const uint8_t *cdb)
{
    unsigned flags = command->flags, stopped_by = 0;
    enum command_fence fence = command->fence;

    if (fence == FENCE_PART && is_harmless(cdb)) {
        fence = FENCE_NONE;
        flags |= PASSES_RESERVE;
    }
    if (!(flags & PASSES_ATTENTION))
        stopped_by |= VERDICT_RESET | VERDICT_ATTENTION;
    if (!(flags & PASSES_RESERVE))
        stopped_by |= VERDICT_RESERVED;
    if (fence >= FENCE_READ)
        stopped_by |= VERDICT_NO_READ;
    if (fence >= FENCE_WRITE)
        stopped_by |= VERDICT_NO_WRITE;
    if (!(flags & IN_STANDBY))
        stopped_by |= VERDICT_STANDBY;
    if (!(flags & IN_UNAVAILABLE))
        stopped_by |= VERDICT_UNAVAILABLE;
    if (!(flags & IN_TRANSITION))
        stopped_by |= VERDICT_TRANSITION;
    if (!(flags & DURING_SANITIZE))
        stopped_by |= VERDICT_SANITIZE;
    if ((flags & NEEDS_MEDIUM) && fence >= FENCE_READ) /* it reads or changes blocks */
        stopped_by |= VERDICT_BLOCK_SIZE;
    return stopped_by;
}
