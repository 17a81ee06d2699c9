/* loop_device.h: block devices and small file systems, where the machine lets the tests have
 * any: that takes root, and the loop driver. What is missing is said on stderr. */
#ifndef TESTS_UNIT_STORE_LOOP_DEVICE_H
#define TESTS_UNIT_STORE_LOOP_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

/* Says, with errno, that a test checks nothing for want of WHAT. */
void skip_for_want_of(const char *what);

/* One device on the file IMAGE. It goes when the last of its descriptors is closed, also where
 * the test dies. */
bool loop_attach(const char *image, unsigned sector_size);
const char *loop_device(void);
int loop_fd(void);
void loop_detach(void);

/* Mounts a new file system of SIZE bytes, "tmpfs" or "ext4", on FOLDER, which it makes. Only
 * this process sees it, and it goes with it. */
bool mount_small(const char *kind, const char *folder, uint64_t size);

#endif
