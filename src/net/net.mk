noinst_LIBRARIES += src/net/libnet.a
src_net_libnet_a_SOURCES = \
	src/net/conn.c src/net/conn.h \
	src/net/portal.c src/net/portal.h
