noinst_LIBRARIES += src/catalog/libcatalog.a
src_catalog_libcatalog_a_SOURCES = \
	src/catalog/access.c src/catalog/access.h \
	src/catalog/build.c src/catalog/build.h \
	src/catalog/catalog.c src/catalog/catalog.h \
	src/catalog/commit.h \
	src/catalog/document.c src/catalog/document.h src/catalog/document_check.c \
	src/catalog/identity.c src/catalog/identity.h \
	src/catalog/near.c src/catalog/near.h \
	src/catalog/plan.c src/catalog/plan.h \
	src/catalog/pointer.c src/catalog/pointer.h \
	src/catalog/publish.c src/catalog/publish.h \
	src/catalog/schema.c src/catalog/schema.h src/catalog/schema_private.h \
	src/catalog/schema_defaults.c src/catalog/schema_lint.c src/catalog/schema_validate.c
EXTRA_DIST += src/catalog/README.md
