# Unit tests, one folder per layer; each folder's part says which libraries it links.
if HAVE_CHECK
include tests/unit/core/core.mk
include tests/unit/store/store.mk
include tests/unit/scsi/scsi.mk
include tests/unit/catalog/catalog.mk
include tests/unit/iscsi/iscsi.mk
include tests/unit/rpc/rpc.mk
include tests/unit/bench/bench.mk
endif
include tests/faults/faults.mk
if FUZZERS
include tests/fuzz/fuzz.mk
endif

# What is run as it stands. A folder brings all that is in it.
EXTRA_DIST += check.sh demo.sh tests/README.md tests/defects.md tests/packages.sh tests/lint tests/integration \
	tests/conformance tests/verify tests/wire tests/rpc tests/web tests/fuzz/corpus \
	$(wildcard $(srcdir)/tests/unit/*/README.md $(srcdir)/src/*/README.md $(srcdir)/rpc/README.md)

dist-hook:
	find $(distdir) \( -name __pycache__ -o -name .mypy_cache -o -name .pytest_cache \) -prune -exec rm -rf {} +
