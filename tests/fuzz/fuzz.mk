# One program a parser: fuzz_<what>, with its corpus in tests/fuzz/corpus/<what>/.
FUZZER_LINK = $(AM_LDFLAGS) -fsanitize=fuzzer
