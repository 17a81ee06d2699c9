noinst_LIBRARIES += src/iscsi/libiscsi.a
src_iscsi_libiscsi_a_SOURCES =
