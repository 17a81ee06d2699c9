noinst_LIBRARIES += src/core/libcore.a
src_core_libcore_a_SOURCES = \
	src/core/bytes.h src/core/cleanup.h src/core/clock.h \
	src/core/counters.c src/core/counters.h \
	src/core/crc32c.c src/core/crc32c.h \
	src/core/crew.c src/core/crew.h \
	src/core/error.c src/core/error.h \
	src/core/events.c src/core/events.h \
	src/core/iobuf.c src/core/iobuf.h \
	src/core/latency.c src/core/latency.h \
	src/core/log.c src/core/log.h \
	src/core/network.c src/core/network.h \
	src/core/parse.c src/core/parse.h \
	src/core/pool.c src/core/pool.h \
	src/core/timer.c src/core/timer.h \
	src/core/worker.c src/core/worker.h
