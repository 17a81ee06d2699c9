# The rpc layer's tests.
check_PROGRAMS += test_rpc
test_rpc_SOURCES = tests/unit/rpc/main.c tests/unit/rpc/suites.h \
	tests/unit/rpc/fixture.c tests/unit/rpc/fixture.h \
	tests/unit/rpc/test_jsonrpc.c tests/unit/rpc/test_batch.c \
	tests/unit/rpc/test_dispatch.c tests/unit/rpc/test_http.c tests/unit/rpc/test_methods.c \
	tests/unit/rpc/test_reservation.c tests/unit/rpc/test_events.c \
	tests/unit/rpc/test_metrics.c tests/unit/rpc/test_jobs.c
test_rpc_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_rpc_LDADD = $(WHOLE) $(RPC_LIBS) $(PARTS) $(CATALOG_DEPS) $(CHECK_LIBS)
test_rpc_DEPENDENCIES = $(RPC_LIBS)
