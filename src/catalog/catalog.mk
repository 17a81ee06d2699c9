noinst_LIBRARIES += src/catalog/libcatalog.a
src_catalog_libcatalog_a_SOURCES = \
	src/catalog/access.c src/catalog/access.h \
	src/catalog/catalog.c src/catalog/catalog.h \
	src/catalog/commit.h \
	src/catalog/near.c src/catalog/near.h \
	src/catalog/publish.c src/catalog/publish.h \
	src/catalog/schema.c src/catalog/schema.h src/catalog/schema_private.h \
	src/catalog/schema_defaults.c src/catalog/schema_lint.c src/catalog/schema_validate.c
EXTRA_DIST += src/catalog/README.md
