# Measurements. Only the load generator is installed, as blockgate-bench.
noinst_LIBRARIES += bench/load/libload.a
bench_load_libload_a_SOURCES = \
	bench/load/answer.c bench/load/chap.c bench/load/chap.h bench/load/command.c \
	bench/load/complain.c bench/load/complain.h bench/load/exchange.c bench/load/exchange.h \
	bench/load/histogram.c bench/load/histogram.h bench/load/idle.c \
	bench/load/keys.c bench/load/keys.h bench/load/login.c bench/load/login.h \
	bench/load/logins.c bench/load/modes.h bench/load/outbox.c bench/load/outbox.h \
	bench/load/pattern.c bench/load/pattern.h bench/load/pdu.h \
	bench/load/report.c bench/load/report.h bench/load/runner.c \
	bench/load/session.c bench/load/session.h bench/load/settings.c bench/load/settings.h \
	bench/load/stream.c bench/load/stream.h bench/load/verify.c bench/load/verify.h \
	bench/load/watch.c bench/load/watch.h bench/load/work.c bench/load/work.h

bin_PROGRAMS += blockgate-bench
blockgate_bench_SOURCES = bench/load/main.c
blockgate_bench_LDFLAGS = $(RELEASE_LDFLAGS)
blockgate_bench_LDADD = bench/load/libload.a $(BENCH_DEPS)
BENCH_DEPS = $(CORE_LIBS) $(ISAL_LIBS) $(CRYPTO_LIBS) $(MATH_LIBS)

noinst_PROGRAMS += limit
limit_SOURCES = bench/limit/answer.c bench/limit/connection.c bench/limit/direct.c \
	bench/limit/limit.h bench/limit/main.c bench/limit/medium.c
limit_LDFLAGS = $(RELEASE_LDFLAGS)
limit_LDADD = bench/load/libload.a $(CORE_LIBS) $(AIO_LIBS) $(ISAL_LIBS)

EXTRA_DIST += bench/README.md bench/load/README.md bench/footprint bench/instructions bench/instructions.txt \
	bench/compare bench/calls.py bench/performance.py bench/rows.py bench/servers.py

noinst_PROGRAMS += command_script
command_script_SOURCES = tests/bench/command_script.c tests/fakes/fake_initiator.h \
	tests/fakes/fake_initiator.c tests/fakes/fake_target.h tests/fakes/fake_target.c
command_script_LDFLAGS = $(RELEASE_LDFLAGS)
command_script_LDADD = $(ISCSI_LIBS) $(CATALOG_DEPS)
