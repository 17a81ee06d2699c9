# The API fragments; embedded by catalog/schema.c.
EXTRA_DIST += schemas/openrpc.json schemas/common.json schemas/rpc.json schemas/daemon.json \
	schemas/config.json schemas/backstore.json schemas/target.json schemas/lun.json \
	schemas/acl.json schemas/portal_group.json schemas/session.json schemas/stats.json \
	schemas/log.json
