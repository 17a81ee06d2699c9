noinst_LIBRARIES += src/catalog/libcatalog.a
src_catalog_libcatalog_a_SOURCES = \
	src/catalog/access.c src/catalog/access.h \
	src/catalog/build.c src/catalog/build.h src/catalog/build_private.h \
	src/catalog/build_target.c \
	src/catalog/catalog.c src/catalog/catalog.h \
	src/catalog/commit.c src/catalog/commit.h src/catalog/commit_private.h \
	src/catalog/commit_apply.c src/catalog/commit_change.c src/catalog/commit_files.c \
	src/catalog/commit_reload.c src/catalog/commit_undo.c \
	src/catalog/credentials.c src/catalog/credentials.h \
	src/catalog/disk.c src/catalog/disk.h \
	src/catalog/document.c src/catalog/document.h src/catalog/document_auth.c \
	src/catalog/document_check.c \
	src/catalog/document_access.c src/catalog/document_private.h \
	src/catalog/identity.c src/catalog/identity.h \
	src/catalog/near.c src/catalog/near.h \
	src/catalog/opening.c src/catalog/opening.h \
	src/catalog/plan.c src/catalog/plan.h \
	src/catalog/plan_access.c src/catalog/plan_access.h \
	src/catalog/pointer.c src/catalog/pointer.h \
	src/catalog/publish.c src/catalog/publish.h \
	src/catalog/schema.c src/catalog/schema.h src/catalog/schema_private.h \
	src/catalog/schema_copy.c src/catalog/schema_lint.c src/catalog/schema_secrets.c \
	src/catalog/schema_validate.c \
	src/catalog/space_watch.c src/catalog/space_watch.h \
	src/catalog/stable_file.c src/catalog/stable_file.h \
	src/catalog/state_file.c src/catalog/state_file.h \
	src/catalog/unit.c src/catalog/unit.h \
	src/catalog/unit_file.c src/catalog/unit_file.h \
	src/catalog/unit_modes.c src/catalog/unit_modes.h \
	src/catalog/unit_reservations.c src/catalog/unit_reservations.h \
	src/catalog/unit_sanitize.c src/catalog/unit_sanitize.h
EXTRA_DIST += src/catalog/README.md
