# One program a parser: fuzz_<what>, with its corpus in tests/fuzz/corpus/<what>/.
FUZZ_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
