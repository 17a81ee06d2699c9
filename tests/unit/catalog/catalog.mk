# Programs of the catalog layer's tests.
check_PROGRAMS += test_catalog
test_catalog_SOURCES = tests/unit/catalog/main.c tests/unit/catalog/suites.h \
	tests/unit/catalog/documents.c tests/unit/catalog/documents.h tests/unit/catalog/service.c \
	tests/unit/catalog/service.h tests/unit/catalog/test_commit.c \
	tests/unit/catalog/test_commit_attributes.c tests/unit/catalog/test_commit_start.c \
	tests/unit/catalog/test_access.c tests/unit/catalog/test_build.c tests/unit/catalog/test_catalog.c tests/unit/catalog/test_document.c \
	tests/unit/catalog/test_plan.c tests/unit/catalog/test_publish.c tests/unit/catalog/test_schema.c \
	tests/unit/catalog/test_state_file.c \
	tests/unit/catalog/test_unit.c
test_catalog_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_catalog_LDADD = $(WHOLE) $(CATALOG_LIBS) $(PARTS) $(CATALOG_DEPS) $(CHECK_LIBS)
test_catalog_DEPENDENCIES = $(CATALOG_LIBS)
