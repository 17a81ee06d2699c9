# blockgated with stores that wait and fail when told, for tests/wire. Not installed.
noinst_PROGRAMS += blockgated-faults
blockgated_faults_SOURCES = $(blockgated_SOURCES) tests/faults/fault_store.c
blockgated_faults_LDADD = $(blockgated_LDADD)
