check_PROGRAMS += test_iscsi
test_iscsi_SOURCES = tests/unit/iscsi/main.c tests/unit/iscsi/suites.h
# Bytes and text.
test_iscsi_SOURCES += tests/unit/iscsi/test_pdu.c tests/unit/iscsi/test_pdu_reader.c \
	tests/unit/iscsi/test_pdu_writer.c tests/unit/iscsi/test_text.c \
	tests/unit/iscsi/test_params.c tests/unit/iscsi/test_login.c tests/unit/iscsi/test_redirect.c tests/unit/iscsi/test_discovery.c \
	tests/unit/iscsi/test_chap.c tests/unit/iscsi/test_login_auth.c \
	tests/unit/iscsi/dialogue.h tests/unit/iscsi/dialogue.c \
	tests/unit/iscsi/lists.h tests/unit/iscsi/lists.c \
	tests/unit/iscsi/small_catalog.h tests/unit/iscsi/small_catalog.c
# Sessions.
test_iscsi_SOURCES += tests/unit/iscsi/test_buffers.c tests/unit/iscsi/test_window.c tests/unit/iscsi/test_data_in.c \
	tests/unit/iscsi/test_data_out.c tests/unit/iscsi/test_registry.c \
	tests/unit/iscsi/fixture.c tests/unit/iscsi/fixture.h tests/unit/iscsi/test_session.c \
	tests/unit/iscsi/test_session_life.c tests/unit/iscsi/test_session_luns.c \
	tests/unit/iscsi/test_full_feature.c \
	tests/unit/iscsi/test_task.c tests/unit/iscsi/test_task_mgmt.c \
	tests/unit/iscsi/test_task_order.c tests/unit/iscsi/test_third_party.c \
	tests/unit/iscsi/test_session_threads.c tests/unit/iscsi/test_short_memory.c \
	tests/unit/iscsi/short_memory.c tests/unit/iscsi/short_memory.h \
	tests/fakes/fake_initiator.c tests/fakes/fake_initiator.h \
	tests/fakes/fake_store.c tests/fakes/fake_store.h
test_iscsi_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
# See short_memory.c.
test_iscsi_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=pdu_writer_add,--wrap=pdu_writer_add_copy \
	-Wl,--wrap=pdu_writer_add_iobuf
test_iscsi_LDADD = $(WHOLE) $(ISCSI_LIBS) $(PARTS) $(CATALOG_DEPS) $(CHECK_LIBS)
test_iscsi_DEPENDENCIES = $(ISCSI_LIBS)
