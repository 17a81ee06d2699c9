check_PROGRAMS += test_scsi
test_scsi_SOURCES = tests/unit/scsi/main.c tests/unit/scsi/suites.h \
	tests/unit/scsi/fixture.c tests/unit/scsi/fixture.h \
	tests/unit/scsi/initiators.c tests/unit/scsi/initiators.h \
	tests/unit/scsi/pair.c tests/unit/scsi/pair.h \
	tests/unit/scsi/rows.c tests/unit/scsi/rows.h \
	tests/unit/scsi/test_admin.c \
	tests/unit/scsi/test_alua.c \
	tests/unit/scsi/test_atomic.c \
	tests/unit/scsi/test_atomic_threads.c \
	tests/unit/scsi/test_causer.c \
	tests/unit/scsi/test_cdb.c \
	tests/unit/scsi/test_commands.c \
	tests/unit/scsi/test_compare.c \
	tests/unit/scsi/test_execute.c \
	tests/unit/scsi/test_fields.c \
	tests/unit/scsi/test_hints.c \
	tests/unit/scsi/test_extended_copy.c \
	tests/unit/scsi/test_inquiry.c \
	tests/unit/scsi/test_log_sense.c \
	tests/unit/scsi/test_lun.c \
	tests/unit/scsi/test_lun_space.c \
	tests/unit/scsi/test_medium.c \
	tests/unit/scsi/test_mode.c \
	tests/unit/scsi/test_mode_saved.c \
	tests/unit/scsi/test_mode_select.c \
	tests/unit/scsi/test_range_guard.c \
	tests/unit/scsi/test_pr.c \
	tests/unit/scsi/test_pr_out.c \
	tests/unit/scsi/test_report.c \
	tests/unit/scsi/test_reservation_change.c \
	tests/unit/scsi/test_reservations.c \
	tests/unit/scsi/test_reserve.c \
	tests/unit/scsi/test_rod.c \
	tests/unit/scsi/test_rw.c \
	tests/unit/scsi/test_sanitize.c \
	tests/unit/scsi/test_sense.c \
	tests/unit/scsi/test_space.c \
	tests/unit/scsi/test_transport_id.c \
	tests/unit/scsi/test_task_set.c \
	tests/fakes/fake_store.c tests/fakes/fake_store.h
test_scsi_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_scsi_LDADD = $(WHOLE) $(SCSI_LIBS) $(PARTS) $(STORE_DEPS) $(CHECK_LIBS)
test_scsi_DEPENDENCIES = $(SCSI_LIBS)
