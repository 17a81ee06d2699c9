/* loop_device.c: block devices and small file systems for tests. */
#include "loop_device.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/loop.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "temp_file.h"

static char device[32];
static int device_fd = -1;

void
skip_for_want_of(const char *what)
{
    fprintf(stderr, "SKIP: no %s to test with: %s\n", what, strerror(errno));
}

/* Others may take the same free number at the same moment: then the next one is tried. */
bool
loop_attach(const char *image, unsigned sector_size)
{
    struct loop_config config = {.block_size = sector_size,
                                 .info = {.lo_flags = LO_FLAGS_AUTOCLEAR}};
    int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
    int file = open(image, O_RDWR | O_CLOEXEC);
    bool attached = false;

    ck_assert_int_ge(file, 0);
    config.fd = (uint32_t)file;
    for (unsigned tries = 0; control >= 0 && !attached && tries < 20; tries++) {
        int number = ioctl(control, LOOP_CTL_GET_FREE);

        if (number < 0)
            break;
        snprintf(device, sizeof device, "/dev/loop%d", number);
        device_fd = open(device, O_RDWR | O_CLOEXEC);
        if (device_fd < 0)
            break;
        attached = ioctl(device_fd, LOOP_CONFIGURE, &config) == 0;
        if (!attached) {
            close(device_fd);
            device_fd = -1;
        }
    }
    if (!attached)
        skip_for_want_of("loop device");
    close(file);
    if (control >= 0)
        close(control);
    return attached;
}

const char *
loop_device(void)
{
    return device;
}

int
loop_fd(void)
{
    return device_fd;
}

void
loop_detach(void)
{
    ck_assert_int_eq(close(device_fd), 0);
    device_fd = -1;
}

static bool
make_ext4(const char *image)
{
    char *const arguments[] = {
        "mke2fs", "-q", "-t", "ext4", "-m", "0", "-F", (char *)(uintptr_t)image, NULL};
    char *const environment[] = {"PATH=/usr/sbin:/sbin:/usr/bin:/bin", NULL};
    int status = 0;
    pid_t pid;

    if (posix_spawn(&pid, "/sbin/mke2fs", NULL, NULL, arguments, environment) != 0)
        return false;
    return waitpid(pid, &status, 0) == pid && status == 0;
}

bool
mount_small(const char *kind, const char *folder, uint64_t size)
{
    const char *image = temp_path("file-system");
    bool is_tmpfs = strcmp(kind, "tmpfs") == 0, mounted = false;
    char options[32];

    snprintf(options, sizeof options, "size=%" PRIu64, size);
    ck_assert_int_eq(mkdir(folder, 0700), 0);
    if (unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0) {
        if (is_tmpfs) {
            mounted = mount("none", folder, "tmpfs", 0, options) == 0;
        } else {
            make_file(image, size);
            if (make_ext4(image) && loop_attach(image, 512)) {
                mounted = mount(device, folder, "ext4", 0, NULL) == 0;
                loop_detach(); /* the mount keeps it */
            }
        }
    }
    if (!mounted)
        skip_for_want_of("small file system");
    return mounted;
}
