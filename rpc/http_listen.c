/* http_listen.c: the sockets that a server listens on. */
#include <errno.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "core/error.h"
#include "rpc/http_private.h"

/* Removes a socket that nobody answers on; anything else at PATH is an error. */
static int
remove_stale(const char *path, const struct sockaddr_un *address, struct error *err)
{
    struct stat st;
    CLEANUP_FD int fd = -1;

    if (lstat(path, &st) < 0)
        return errno == ENOENT ? 0
                               : error_set(err, ERROR_BACKEND, "cannot look at '%s': %m", path);
    if (!S_ISSOCK(st.st_mode)) {
        errno = EEXIST;
        return error_set(err, ERROR_BACKEND, "'%s' is there and is not a socket", path);
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return error_set(err, ERROR_BACKEND, "cannot make a socket: %m");
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 ||
        errno == EAGAIN) {
        errno = EADDRINUSE;
        return error_set(err, ERROR_BACKEND, "'%s' is in use: another daemon answers on it",
                         path);
    }
    if (errno != ECONNREFUSED)
        return error_set(err, ERROR_BACKEND, "'%s' cannot be used: %m", path);
    if (unlink(path) < 0)
        return error_set(err, ERROR_BACKEND, "cannot remove the old socket '%s': %m", path);
    return 0;
}

/* /run is empty after each boot. What goes wrong here is said when the socket is made. */
static void
make_folder(const char *path)
{
    CLEANUP_FREE char *folder = strdup(path);
    char *slash = folder != NULL ? strrchr(folder, '/') : NULL;

    if (slash == NULL || slash == folder)
        return;
    *slash = '\0';
    (void)mkdir(folder, 0755);
}

/* The mode, and the group, before anybody can connect. */
static int
give_to_group(const char *path, const char *group, struct error *err)
{
    const struct group *entry;

    errno = 0;
    if (group != NULL && (entry = getgrnam(group)) == NULL)
        return error_set(err, ERROR_BACKEND, "there is no group '%s' for '%s'", group, path);
    if (group != NULL && lchown(path, (uid_t)-1, entry->gr_gid) < 0)
        return error_set(err, ERROR_BACKEND, "cannot give '%s' to the group '%s': %m", path,
                         group);
    if (chmod(path, 0660) < 0)
        return error_set(err, ERROR_BACKEND, "cannot set the mode of '%s': %m", path);
    return 0;
}

/* Returns the listening descriptor, or -1. */
static int
unix_socket(const char *path, const char *group, struct stat *st, struct error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    CLEANUP_FD int fd = -1;
    int ret;

    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return error_set(
            err, ERROR_BACKEND,
            "the path of the API socket is too long (%zu bytes, at most %zu): '%s'",
            strlen(path), sizeof address.sun_path - 1, path);
    }
    strcpy(address.sun_path, path);
    make_folder(path);
    if (remove_stale(path, &address, err) < 0)
        return -1;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* The mode before bind, so that it is never wider; after it, so that umask has no say. */
    if (fd < 0 || fchmod(fd, 0660) < 0 ||
        bind(fd, (const struct sockaddr *)&address, sizeof address) < 0)
        return error_set(err, ERROR_BACKEND, "cannot make the API socket '%s': %m", path);
    ret = give_to_group(path, group, err);
    if (ret == 0 && (listen(fd, SOMAXCONN) < 0 || lstat(path, st) < 0))
        ret = error_set(err, ERROR_BACKEND, "cannot listen on '%s': %m", path);
    if (ret < 0) {
        unlink(path);
        return -1;
    }
    ret = fd;
    fd = -1;
    return ret;
}

/* Takes FD. NULL where memory is short. */
static struct http_listener *
listen_on(struct http_server *s, int fd)
{
    struct http_listener *l = calloc(1, sizeof *l);

    if (l != NULL)
        l->listener = evconnlistener_new(s->base, NULL, NULL,
                                         LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
    if (l == NULL || l->listener == NULL) {
        close(fd);
        free(l);
        return NULL;
    }
    l->bound = evhttp_bind_listener(s->http, l->listener);
    if (l->bound == NULL) {
        evconnlistener_free(l->listener);
        free(l);
        return NULL;
    }
    LIST_INSERT_HEAD(&s->listeners, l, link);
    return l;
}

int
http_listen_unix(struct http_server *s, const char *path, const char *group, struct error *err)
{
    struct http_listener *l;
    struct stat st;
    CLEANUP_FREE char *copy = strdup(path);
    int fd;

    if (copy == NULL)
        return error_set(err, ERROR_INTERNAL, "out of memory");
    fd = unix_socket(path, group, &st, err);
    if (fd < 0)
        return -1;
    l = listen_on(s, fd);
    if (l == NULL) {
        unlink(path);
        return error_set(err, ERROR_INTERNAL, "out of memory");
    }
    l->path = copy;
    copy = NULL;
    l->device = st.st_dev;
    l->inode = st.st_ino;
    return 0;
}

void
http_close_listeners(struct http_server *s)
{
    struct http_listener *l;
    struct stat st;

    while ((l = LIST_FIRST(&s->listeners)) != NULL) {
        if (l->path != NULL && lstat(l->path, &st) == 0 && st.st_dev == l->device &&
            st.st_ino == l->inode)
            unlink(l->path);
        evhttp_del_accept_socket(s->http, l->bound);
        LIST_REMOVE(l, link);
        free(l->path);
        free(l);
    }
}
