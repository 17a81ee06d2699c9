# One program a parser: fuzz_<what>, with its corpus in tests/fuzz/corpus/<what>/.
FUZZER_LINK = $(AM_LDFLAGS) -fsanitize=fuzzer

noinst_PROGRAMS += fuzz_jsonrpc
fuzz_jsonrpc_SOURCES = tests/fuzz/fuzz_jsonrpc.c
fuzz_jsonrpc_LDFLAGS = $(FUZZER_LINK)
fuzz_jsonrpc_LDADD = $(RPC_LIBS) $(CATALOG_DEPS)
