noinst_LIBRARIES += src/store/libstore.a
src_store_libstore_a_SOURCES = src/store/store.h src/store/store.c src/store/types.h \
	src/store/types.c src/store/null.c src/store/ram.c src/store/file.h src/store/file_open.c \
	src/store/file_make.c src/store/file_lock.c src/store/file_io.c \
	src/store/file_batch.c src/store/file_space.c src/store/file_queue.h src/store/file_queue.c src/store/rdwr.c \
	src/store/aio.c
if LIBURING
src_store_libstore_a_SOURCES += src/store/uring.c
endif
