noinst_LIBRARIES += src/scsi/libscsi.a
src_scsi_libscsi_a_SOURCES =
