# One program a parser: fuzz_<what>, with its corpus in tests/fuzz/corpus/<what>/.
FUZZER_LINK = $(AM_LDFLAGS) -fsanitize=fuzzer

noinst_PROGRAMS += fuzz_jsonrpc
fuzz_jsonrpc_SOURCES = tests/fuzz/fuzz_jsonrpc.c
fuzz_jsonrpc_LDFLAGS = $(FUZZER_LINK)
fuzz_jsonrpc_LDADD = $(RPC_LIBS) $(CATALOG_DEPS)

noinst_PROGRAMS += fuzz_cdb
fuzz_cdb_SOURCES = tests/fuzz/fuzz_cdb.c
fuzz_cdb_LDFLAGS = $(FUZZER_LINK)
fuzz_cdb_LDADD = $(SCSI_LIBS) $(STORE_DEPS)

noinst_PROGRAMS += fuzz_pdu
fuzz_pdu_SOURCES = tests/fuzz/fuzz_pdu.c
fuzz_pdu_LDFLAGS = $(FUZZER_LINK)
fuzz_pdu_LDADD = $(ISCSI_LIBS) $(CATALOG_DEPS)

noinst_PROGRAMS += fuzz_access
fuzz_access_SOURCES = tests/fuzz/fuzz_access.c
fuzz_access_LDFLAGS = $(FUZZER_LINK)
fuzz_access_LDADD = $(CATALOG_LIBS) $(CATALOG_DEPS)

noinst_PROGRAMS += fuzz_login
fuzz_login_SOURCES = tests/fuzz/fuzz_login.c tests/unit/iscsi/small_catalog.h \
	tests/unit/iscsi/small_catalog.c
fuzz_login_LDFLAGS = $(FUZZER_LINK)
fuzz_login_LDADD = $(ISCSI_LIBS) $(CATALOG_DEPS)

noinst_PROGRAMS += fuzz_full_feature
fuzz_full_feature_SOURCES = tests/fuzz/fuzz_full_feature.c tests/fakes/fake_initiator.h \
	tests/fakes/fake_initiator.c tests/fakes/fake_target.h tests/fakes/fake_target.c
fuzz_full_feature_LDFLAGS = $(FUZZER_LINK)
fuzz_full_feature_LDADD = $(ISCSI_LIBS) $(CATALOG_DEPS)

noinst_PROGRAMS += fuzz_pr
fuzz_pr_SOURCES = tests/fuzz/fuzz_pr.c
fuzz_pr_LDFLAGS = $(FUZZER_LINK)
fuzz_pr_LDADD = $(SCSI_LIBS) $(STORE_DEPS)

noinst_PROGRAMS += fuzz_bench_answers
fuzz_bench_answers_SOURCES = tests/fuzz/fuzz_bench_answers.c
fuzz_bench_answers_LDFLAGS = $(FUZZER_LINK)
fuzz_bench_answers_LDADD = bench/load/libload.a $(BENCH_DEPS)
