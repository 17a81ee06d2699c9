# Unit tests, one folder per layer; each folder's part says which libraries it links.
if HAVE_CHECK
include tests/unit/core/core.mk
include tests/unit/store/store.mk
include tests/unit/scsi/scsi.mk
include tests/unit/catalog/catalog.mk
include tests/unit/iscsi/iscsi.mk
include tests/unit/rpc/rpc.mk
endif
if FUZZERS
include tests/fuzz/fuzz.mk
endif
