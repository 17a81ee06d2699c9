"""A state folder that cannot take a change: full, or read-only. In a mount namespace of the daemon's own."""

import json
import os
import subprocess
import tempfile

from calls import call, fails
from daemon import MIB, TARGET
from runner import Skip, cases

MOUNT = 'mount -t tmpfs -o size=512k,mode=700 tmpfs "$1" && shift && exec "$@"'


def start(start_daemon):
    """A daemon whose state folder is a small file system."""
    if subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode:
        raise Skip("mount namespaces are not allowed here")
    folder = tempfile.mkdtemp(prefix="blockgate-test-")
    daemon = start_daemon(folder=folder, wrapper=["unshare", "-m", "sh", "-c", MOUNT, "sh", f"{folder}/state"])
    daemon.own_folder = True
    daemon.make_disk()
    daemon.make_target()
    return daemon


def state(daemon):
    """The folder, as the daemon sees it."""
    return f"/proc/{daemon.process.pid}/root{daemon.state}"


def mount(daemon, *words):
    subprocess.run(["nsenter", "-t", str(daemon.process.pid), "-m", *words], check=True)


def make_read_only(daemon):
    """By a mount on top: in the one below the daemon has its lock open."""
    mount(daemon, "mount", "--bind", daemon.state, daemon.state)
    mount(daemon, "mount", "-o", "remount,bind,ro", daemon.state)


def make_writable(daemon):
    mount(daemon, "umount", daemon.state)


def fill(daemon):
    with open(os.path.join(state(daemon), "ballast"), "wb", buffering=0) as f:
        size = 4096
        while size:
            try:
                f.write(bytes(size))
            except OSError:
                size //= 2


def make_room(daemon):
    os.unlink(os.path.join(state(daemon), "ballast"))


TROUBLES = {
    "full": (fill, make_room, "ENOSPC"),
    "read-only": (make_read_only, make_writable, "EROFS"),
}


@cases("full", "read-only")
def test_change_that_cannot_be_saved_was_not_made(start_daemon, trouble):
    spoil, mend, errno_name = TROUBLES[trouble]
    daemon = start(start_daemon)
    files = sorted(os.listdir(state(daemon)))
    spoil(daemon)
    with daemon.session() as c:
        for _ in range(3):
            error = fails(daemon, "PERSIST_FAILED", "backstore.create",
                          backstore={"name": "lost", "type": "ram", "size": MIB})  # fmt: skip
            assert error.data["errno_name"] == errno_name, error
        fails(daemon, "PERSIST_FAILED", "target.delete", name=TARGET, force=True)
        c.scsi(bytes(6))  # the session goes on
    daemon.check_serving()
    assert call(daemon, "config.apply", mode="merge", config={"backstores": {"lost": {"type": "ram", "size": MIB}}},
                dry_run=True)["changed"]  # fmt: skip
    mend(daemon)
    assert sorted(os.listdir(state(daemon))) == files, "nothing half written is left"
    result = call(daemon, "backstore.create", backstore={"name": "kept", "type": "ram", "size": MIB})
    with open(os.path.join(state(daemon), "state.json"), encoding="utf-8") as f:
        saved = json.load(f)
    assert "kept" in json.dumps(saved) and "lost" not in json.dumps(saved), saved
    assert call(daemon, "config.get")["revision"] == result["revision"]
