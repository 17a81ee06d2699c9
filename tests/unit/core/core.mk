check_PROGRAMS += test_core
test_core_SOURCES = tests/unit/core/main.c tests/unit/core/suites.h tests/unit/core/test_worker.c \
	tests/unit/core/test_crew.c tests/unit/core/test_pool.c tests/unit/core/test_timer.c tests/unit/core/test_bytes.c tests/unit/core/test_network.c tests/unit/core/test_text.c tests/unit/core/test_events.c
test_core_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_core_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=pthread_create
test_core_LDADD = $(WHOLE) $(CORE_LIBS) $(PARTS) $(CORE_DEPS) $(CHECK_LIBS)
test_core_DEPENDENCIES = $(CORE_LIBS)
