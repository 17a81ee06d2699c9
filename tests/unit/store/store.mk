check_PROGRAMS += test_store
test_store_SOURCES = tests/unit/store/main.c tests/unit/store/suites.h \
	tests/unit/store/one_worker.h tests/unit/store/one_worker.c \
	tests/unit/store/temp_file.h tests/unit/store/temp_file.c tests/unit/store/file_ways.h \
	tests/unit/store/file_ways.c tests/unit/store/kernel.h tests/unit/store/kernel.c \
	tests/unit/store/test_store.c tests/unit/store/test_file_space.c \
	tests/unit/store/test_file_errors.c tests/unit/store/test_batch.c \
	tests/unit/store/test_fake.c tests/unit/store/test_memory.c tests/unit/store/test_file_io.c \
	tests/unit/store/test_file_open.c tests/unit/store/test_crew_io.c \
	tests/unit/store/loop_device.h \
	tests/unit/store/loop_device.c tests/unit/store/test_device.c tests/unit/store/test_full.c tests/unit/store/test_aio.c \
	tests/fakes/fake_store.h tests/fakes/fake_store.c
test_store_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
test_store_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=io_submit -Wl,--wrap=io_setup -Wl,--wrap=io_getevents \
	-Wl,--wrap=lseek -Wl,--wrap=copy_file_range -Wl,--wrap=ioctl -Wl,--wrap=posix_fadvise \
	-Wl,--wrap=fstatvfs -Wl,--wrap=fallocate -Wl,--wrap=fdatasync -Wl,--wrap=pwrite \
	-Wl,--wrap=preadv2 -Wl,--wrap=pwritev2
if LIBURING
test_store_SOURCES += tests/unit/store/test_uring.c
test_store_LDFLAGS += -Wl,--wrap=io_uring_queue_init_params -Wl,--wrap=io_uring_get_probe_ring \
	-Wl,--wrap=io_uring_submit_and_get_events -Wl,--wrap=io_uring_peek_batch_cqe
endif
test_store_LDADD = $(WHOLE) $(STORE_LIBS) $(PARTS) $(STORE_DEPS) $(CHECK_LIBS)
test_store_DEPENDENCIES = $(STORE_LIBS)
