"""Portals: what their connections have from them, and ports that others have (src/net/portal.c)."""

import ctypes
import os
import socket
import threading

from daemon import TARGET, RpcError, eventually, free_port
from runner import Skip

PIDFD_OPEN, PIDFD_GETFD = 434, 438  # the same on every architecture since Linux 5.6


def inode_of(address, peer):
    """The daemon's socket of a connection from PEER to ADDRESS."""
    def hexed(a):
        return f"{int.from_bytes(socket.inet_aton(a[0]), 'little'):08X}:{a[1]:04X}"

    with open("/proc/net/tcp", encoding="ascii") as table:
        for line in table:
            fields = line.split()
            if fields[1:3] == [hexed(address), hexed(peer)]:
                return fields[9]
    raise AssertionError("the kernel does not know the connection")


def daemons_socket(daemon, connection):
    """A duplicate of the other end of CONNECTION."""
    inode = inode_of(connection.sock.getpeername(), connection.sock.getsockname())
    folder = f"/proc/{daemon.process.pid}/fd"
    for fd in os.listdir(folder):
        if os.readlink(f"{folder}/{fd}") != f"socket:[{inode}]":
            continue
        libc = ctypes.CDLL(None, use_errno=True)
        process = libc.syscall(PIDFD_OPEN, daemon.process.pid, 0)
        duplicate = libc.syscall(PIDFD_GETFD, process, int(fd), 0)
        if process >= 0:
            os.close(process)
        if duplicate < 0:
            raise Skip(f"no look at the daemon's sockets: {os.strerror(ctypes.get_errno())}")
        return socket.socket(fileno=duplicate)
    raise AssertionError("the daemon has no such socket")


def test_connections_send_at_once_and_notice_dead_peers(daemon):
    with daemon.connect() as c:
        c.login(TARGET)
        with daemons_socket(daemon, c) as s:
            assert s.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY), "Nagle waits"
            assert s.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE), "no keepalive"


def steal(daemon, port):
    """
    Has the daemon bind PORT and begins to listen there before it does: while it keeps the change. The socket that
    listens, or None: it was too early or too late.
    """
    other = socket.socket()
    other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    other.bind(("127.0.0.1", port))
    before = daemon.descriptors()
    failed = []

    def change():
        try:
            daemon.call("portal_group.create", tag=9, portals=[{"address": "127.0.0.1", "port": port}])
        except RpcError as e:
            failed.append(e)

    thread = threading.Thread(target=change)
    thread.start()
    while thread.is_alive() and daemon.descriptors() < before + 2:  # the call's connection, and the socket
        pass
    try:
        other.listen()
    except OSError:
        failed.append("too late")
    thread.join()
    if not failed:
        return other
    other.close()
    if isinstance(failed[-1], str):
        daemon.call("portal_group.delete", tag=9)
    return None


def test_portal_that_is_lost_before_it_listens_is_tried_again(daemon):
    for _ in range(50):
        port = free_port()
        other = steal(daemon, port)
        if other is not None:
            break
    else:
        raise Skip("50 times it was quicker, or slower, than we are")
    with other:
        assert "portal left out for now" in daemon.log()

    def listens():
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", port)) == 0

    eventually(listens, "the next try", limit=15)
    daemon.check_serving()
