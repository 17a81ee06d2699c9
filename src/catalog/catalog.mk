noinst_LIBRARIES += src/catalog/libcatalog.a
src_catalog_libcatalog_a_SOURCES = src/catalog/catalog.c src/catalog/catalog.h src/catalog/access.c src/catalog/access.h \
	src/catalog/publish.c src/catalog/publish.h src/catalog/schema.h src/catalog/commit.h
EXTRA_DIST += src/catalog/README.md
