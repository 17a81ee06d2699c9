noinst_LIBRARIES += rpc/librpc.a
rpc_librpc_a_SOURCES = \
	rpc/audit.c rpc/audit.h \
	rpc/batch.c rpc/batch.h \
	rpc/call.c rpc/call.h \
	rpc/change.c rpc/change.h \
	rpc/dispatch.c rpc/dispatch.h \
	rpc/endpoints.c rpc/endpoints.h \
	rpc/errors.c rpc/errors.h \
	rpc/events.c rpc/events.h \
	rpc/http.c rpc/http.h rpc/http_private.h \
	rpc/http_listen.c \
	rpc/jobs.c rpc/jobs.h \
	rpc/jsonrpc.c rpc/jsonrpc.h \
	rpc/metrics.c rpc/metrics.h rpc/metrics_process.c \
	rpc/metrics_text.c rpc/metrics_text.h \
	rpc/near.c rpc/near.h \
	rpc/page.c rpc/page.h \
	rpc/rpc.c rpc/rpc.h \
	rpc/methods/acl.c \
	rpc/methods/backstore.c rpc/methods/backstore.h \
	rpc/methods/backstore_change.c \
	rpc/methods/config.c \
	rpc/methods/daemon.c \
	rpc/methods/discover.c \
	rpc/methods/discovery.c \
	rpc/methods/event.c rpc/methods/event.h \
	rpc/methods/job.c \
	rpc/methods/log.c rpc/methods/worker.c \
	rpc/methods/lun.c \
	rpc/methods/methods.c rpc/methods/methods.h \
	rpc/methods/portal_group.c \
	rpc/methods/reservation.c \
	rpc/methods/session.c rpc/methods/session.h \
	rpc/methods/stats.c \
	rpc/methods/target.c rpc/methods/target.h
EXTRA_DIST += rpc/README.md

# The status page; embedded by page.c.
web_files = clients/web/index.html clients/web/page.js clients/web/page.css clients/web/icon.svg \
	clients/web/uPlot.iife.min.js clients/web/uPlot.min.css
EXTRA_DIST += $(web_files) clients/web/uPlot.LICENSE clients/web/README.md
rpc_librpc_a_CPPFLAGS = $(AM_CPPFLAGS) -DWEB_FOLDER='"$(abs_top_srcdir)/clients/web"'
rpc/librpc_a-page.$(OBJEXT): $(web_files)
