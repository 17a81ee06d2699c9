# The API fragments; embedded by embedded.c, merged by catalog/schema.c.
schema_fragments = schemas/openrpc.json schemas/common.json schemas/rpc.json schemas/daemon.json \
	schemas/config.json schemas/backstore.json schemas/target.json schemas/lun.json \
	schemas/acl.json schemas/portal_group.json schemas/reservation.json schemas/session.json schemas/stats.json \
	schemas/log.json schemas/discovery.json schemas/worker.json schemas/event.json schemas/job.json
EXTRA_DIST += $(schema_fragments) schemas/README.md

src_catalog_libcatalog_a_SOURCES += schemas/embedded.c schemas/embedded.h
src_catalog_libcatalog_a_CPPFLAGS = $(AM_CPPFLAGS) -DSCHEMAS_FOLDER='"$(abs_top_srcdir)/schemas"'
schemas/src_catalog_libcatalog_a-embedded.$(OBJEXT): $(schema_fragments)
