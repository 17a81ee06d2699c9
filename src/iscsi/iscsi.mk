noinst_LIBRARIES += src/iscsi/libiscsi.a
src_iscsi_libiscsi_a_SOURCES =
# Bytes and text: pure.
src_iscsi_libiscsi_a_SOURCES += src/iscsi/opcodes.def src/iscsi/pdu_fields.def \
	src/iscsi/pdu.c src/iscsi/pdu.h \
	src/iscsi/pdu_reader.c src/iscsi/pdu_reader.h \
	src/iscsi/pdu_writer.c src/iscsi/pdu_writer.h \
	src/iscsi/text.c src/iscsi/text.h \
	src/iscsi/params.c src/iscsi/params.h \
	src/iscsi/chap.c src/iscsi/chap.h \
	src/iscsi/login.c src/iscsi/login.h \
	src/iscsi/login_auth.c src/iscsi/login_auth.h \
	src/iscsi/discovery.c src/iscsi/discovery.h
# Sessions.
src_iscsi_libiscsi_a_SOURCES += src/iscsi/session.h \
	src/iscsi/registry.c src/iscsi/registry.h src/iscsi/registry_private.h \
	src/iscsi/window.c src/iscsi/window.h \
	src/iscsi/buffers.c src/iscsi/buffers.h \
	src/iscsi/data_in.c src/iscsi/data_in.h \
	src/iscsi/data_out.c src/iscsi/data_out.h \
	src/iscsi/session.c src/iscsi/session_private.h \
	src/iscsi/session_login.c \
	src/iscsi/session_luns.c src/iscsi/session_luns.h \
	src/iscsi/full_feature.c src/iscsi/full_feature.h \
	src/iscsi/held.c src/iscsi/held.h \
	src/iscsi/task.c src/iscsi/task.h \
	src/iscsi/task_answer.c src/iscsi/task_answer.h \
	src/iscsi/task_mgmt.c src/iscsi/task_mgmt.h \
	src/iscsi/sweep.c src/iscsi/sweep.h \
	src/iscsi/text_request.c src/iscsi/text_request.h
