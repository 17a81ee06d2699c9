noinst_LIBRARIES += src/scsi/libscsi.a
src_scsi_libscsi_a_SOURCES = \
	src/scsi/alua.c src/scsi/alua.h \
	src/scsi/alua_commands.c \
	src/scsi/answer.c \
	src/scsi/cdb.c src/scsi/cdb.h \
	src/scsi/checks.c src/scsi/checks.h \
	src/scsi/cmd.h \
	src/scsi/commands.c src/scsi/commands.h \
	src/scsi/copy.c src/scsi/copy.h \
	src/scsi/copy_results.c src/scsi/copy_results.h \
	src/scsi/disk.h \
	src/scsi/disk_admin.c \
	src/scsi/disk_atomic.c \
	src/scsi/disk_compare.c \
	src/scsi/disk_medium.c \
	src/scsi/disk_hints.c \
	src/scsi/disk_rw.c \
	src/scsi/disk_space.c \
	src/scsi/execute.c src/scsi/execute.h \
	src/scsi/extended_copy.c src/scsi/extended_copy.h \
	src/scsi/handlers.h \
	src/scsi/inquiry.c \
	src/scsi/log_sense.c \
	src/scsi/lun.c src/scsi/lun.h src/scsi/lun_save.h \
	src/scsi/lun_space.c src/scsi/lun_space.h \
	src/scsi/mode.c \
	src/scsi/mode_pages.c src/scsi/mode_pages.h \
	src/scsi/mode_select.c \
	src/scsi/nexus.c src/scsi/nexus.h \
	src/scsi/range_guard.c src/scsi/range_guard.h \
	src/scsi/pr.c src/scsi/pr.h \
	src/scsi/pr_in.c \
	src/scsi/pr_list.c src/scsi/pr_list.h \
	src/scsi/pr_out.c \
	src/scsi/report.c \
	src/scsi/reservations.c src/scsi/reservations.h \
	src/scsi/reserve.c \
	src/scsi/rod.c src/scsi/rod.h \
	src/scsi/rod_commands.c \
	src/scsi/rod_results.c src/scsi/rod_results.h \
	src/scsi/sanitize.c src/scsi/sanitize.h \
	src/scsi/sanitize_commands.c \
	src/scsi/sense.c src/scsi/sense.def src/scsi/sense.h \
	src/scsi/transport_id.c src/scsi/transport_id.h \
	src/scsi/task_set.c src/scsi/task_set.h \
	src/scsi/vpd.c src/scsi/vpd.h src/scsi/vpd_copy.c
EXTRA_DIST += src/scsi/README.md
