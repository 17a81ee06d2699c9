/* handlers.h: the functions that the rows of commands.c name. Only for src/scsi/. */
#ifndef SCSI_HANDLERS_H
#define SCSI_HANDLERS_H

#include <stdbool.h>

struct scsi_cmd;

/* inquiry.c, report.c, mode.c, mode_select.c, log_sense.c */
void inquiry(struct scsi_cmd *cmd);
void request_sense(struct scsi_cmd *cmd);
void mode_sense_6(struct scsi_cmd *cmd);
void mode_sense_10(struct scsi_cmd *cmd);
void mode_select_6(struct scsi_cmd *cmd);
void mode_select_10(struct scsi_cmd *cmd);
bool mode_select_check(struct scsi_cmd *cmd);
void log_sense(struct scsi_cmd *cmd);
bool log_sense_check(struct scsi_cmd *cmd);
void report_luns(struct scsi_cmd *cmd);
void report_opcodes(struct scsi_cmd *cmd);
void report_task_management(struct scsi_cmd *cmd);

/* alua_commands.c */
void report_target_port_groups(struct scsi_cmd *cmd);
void set_target_port_groups(struct scsi_cmd *cmd);
bool set_target_port_groups_check(struct scsi_cmd *cmd);

/* pr_in.c, pr_out.c, reserve.c */
void pr_in_read_keys(struct scsi_cmd *cmd);
void pr_in_read_reservation(struct scsi_cmd *cmd);
void pr_in_report_capabilities(struct scsi_cmd *cmd);
void pr_in_read_full_status(struct scsi_cmd *cmd);
void pr_out(struct scsi_cmd *cmd);
bool pr_out_check(struct scsi_cmd *cmd);
void reserve_unit(struct scsi_cmd *cmd);
void release_unit(struct scsi_cmd *cmd);
bool reserve_6_check(struct scsi_cmd *cmd);
bool reserve_10_check(struct scsi_cmd *cmd);

/* disk_admin.c */
void disk_test_unit_ready(struct scsi_cmd *cmd);
void disk_read_capacity_10(struct scsi_cmd *cmd);
void disk_read_capacity_16(struct scsi_cmd *cmd);
void disk_synchronize_cache(struct scsi_cmd *cmd);

/* disk_medium.c */
void disk_start_stop(struct scsi_cmd *cmd);
bool disk_start_stop_check(struct scsi_cmd *cmd);
void disk_prevent_allow(struct scsi_cmd *cmd);
bool disk_prevent_allow_check(struct scsi_cmd *cmd);

/* disk_rw.c */
void disk_read(struct scsi_cmd *cmd);
void disk_write(struct scsi_cmd *cmd);

/* disk_compare.c */
void disk_verify(struct scsi_cmd *cmd);
bool disk_verify_check(struct scsi_cmd *cmd);
void disk_write_verify(struct scsi_cmd *cmd);
bool disk_write_verify_check(struct scsi_cmd *cmd);

/* disk_atomic.c */
void disk_compare_and_write(struct scsi_cmd *cmd);
void disk_orwrite(struct scsi_cmd *cmd);
void disk_write_atomic(struct scsi_cmd *cmd);
bool disk_write_atomic_check(struct scsi_cmd *cmd);

/* disk_hints.c */
void disk_prefetch(struct scsi_cmd *cmd);
bool disk_prefetch_check(struct scsi_cmd *cmd);
void disk_lba_status(struct scsi_cmd *cmd);
void disk_defects_10(struct scsi_cmd *cmd);
void disk_defects_12(struct scsi_cmd *cmd);

/* disk_space.c */
void disk_unmap(struct scsi_cmd *cmd);
bool disk_unmap_check(struct scsi_cmd *cmd);
void disk_write_same(struct scsi_cmd *cmd);
bool disk_write_same_check(struct scsi_cmd *cmd);

/* extended_copy.c, copy_results.c */
bool extended_copy_check(struct scsi_cmd *cmd);
void extended_copy(struct scsi_cmd *cmd);
void receive_copy_status(struct scsi_cmd *cmd);
void receive_failed_segment_details(struct scsi_cmd *cmd);
void receive_copy_operating_parameters(struct scsi_cmd *cmd);

/* rod_commands.c, rod_results.c */
bool populate_token_check(struct scsi_cmd *cmd);
void populate_token(struct scsi_cmd *cmd);
bool write_using_token_check(struct scsi_cmd *cmd);
void write_using_token(struct scsi_cmd *cmd);
void receive_rod_token_information(struct scsi_cmd *cmd);

/* sanitize.c */
bool sanitize_check(struct scsi_cmd *cmd);
void sanitize_overwrite(struct scsi_cmd *cmd);
void sanitize_block_erase(struct scsi_cmd *cmd);
void sanitize_exit_failure_mode(struct scsi_cmd *cmd);

#endif
