check_PROGRAMS += test_bench
test_bench_SOURCES = tests/unit/bench/main.c tests/unit/bench/suites.h tests/unit/bench/test_numbers.c \
	tests/unit/bench/test_stream.c tests/unit/bench/test_login.c
test_bench_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_bench_LDADD = bench/load/libload.a $(BENCH_DEPS) $(CHECK_LIBS)
