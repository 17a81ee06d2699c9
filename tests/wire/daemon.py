"""blockgated as a process of a test: started in a folder of its own, called, stopped, looked over."""

import ctypes
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import scsi
from initiator import Connection

TARGET = "iqn.2026-01.org.blockgate.test:disk"
MIB = 1 << 20
TROUBLE = re.compile(r"(ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:|Assertion .* failed|"
                     r"jsonrpc.*result .*schema|result breaks)")  # fmt: skip

binary = os.environ.get("BLOCKGATED", "./blockgated")


def io_uring_works():
    """In many containers it is forbidden, and a build may be without it: then its tests are left out."""
    with open(binary, "rb") as f:
        is_built_in = b"io_uring_queue_init" in f.read()
    fd = ctypes.CDLL(None).syscall(425, 1, ctypes.create_string_buffer(120))
    if fd >= 0:
        os.close(fd)
    return is_built_in and fd >= 0


default_workers = 2  # the runner's choice
FILE_TYPES = ["rdwr", "aio"] + (["io_uring"] if io_uring_works() else [])


class RpcError(Exception):
    """An error reply; .name is what callers match on."""

    def __init__(self, error):
        data = error.get("data") or {}
        super().__init__(f"{error.get('code')} {data.get('name')}: {error.get('message')} {data}")
        self.code, self.message, self.data = error["code"], error["message"], data
        self.name = data.get("name")


class UnixHTTP(http.client.HTTPConnection):
    def __init__(self, path, timeout=30):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def free_port(address="127.0.0.1"):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as s:
        s.bind((address, 0))
        return s.getsockname()[1]


def portal(address, port):
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


class Daemon:
    """
    ADDRESSES: where portal group 1 listens, a free port each. FOLDER: state to go on with.
    OPTIONS: more of the command line. WRAPPER: a command that runs the daemon. FAULTS: it is the
    one whose stores wait and fail when told, see fault().
    """

    def __init__(self, addresses=("127.0.0.1",), folder=None, workers=None, options=(), env=None,
                 wrapper=(), faults=False):  # fmt: skip
        self.own_folder = folder is None
        self.folder = folder or tempfile.mkdtemp(prefix="blockgate-test-")
        self.rpc_path = os.path.join(self.folder, "api.sock")
        self.log_path = os.path.join(self.folder, "log")
        self.state = os.path.join(self.folder, "state")
        self.addresses, self.workers, self.options = addresses, workers or default_workers, list(options)
        self.env, self.wrapper = dict(env or {}), list(wrapper)
        self.program = binary
        if faults:
            self.program = binary + "-faults"
            self.env["BLOCKGATE_FAULTS"] = self.path("faults")
            os.makedirs(self.path("faults"), exist_ok=True)
        self.process = None
        self.portals = []
        self.serial = 0

    # --- life ---

    def command(self):
        line = [*self.wrapper, self.program, "--state-dir", self.state, "--rpc-socket", self.rpc_path]
        for address, port in self.portals:
            line += ["--portal", portal(address, port)]
        return line + ["--workers", str(self.workers), *self.options]

    def start(self, tries=3):
        os.makedirs(self.state, exist_ok=True)
        fresh = not self.portals
        for left in reversed(range(tries)):
            if fresh:
                self.portals = [(address, free_port(address)) for address in self.addresses]
            self.spawn()
            try:
                self.wait_ready()
                return self
            except RuntimeError:
                taken = "in use" in self.log().lower()
                if not (fresh and taken and left):
                    raise
        raise AssertionError("not reached")

    def spawn(self):
        env = {
            **os.environ,
            "BLOCKGATE_CHECK_RESULTS": "1",
            # Reports go to the log that is searched here; a small quarantine keeps memory tellable.
            "ASAN_OPTIONS": "log_path=stderr:quarantine_size_mb=8:exitcode=99:detect_leaks=1",
            "UBSAN_OPTIONS": "log_path=stderr:print_stacktrace=1",
            **self.env,
        }
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env,
                start_new_session=True,
            )  # fmt: skip

    def wait_ready(self, limit=20):
        deadline = time.monotonic() + limit
        while True:
            if self.process.poll() is not None:
                raise RuntimeError(f"blockgated ended with {self.process.returncode}:\n{self.log()}")
            try:
                self.call("daemon.info")
                if self.http("GET", "/readyz")[0] == 503:
                    raise ConnectionError("still starting")
                for address in self.portals:
                    socket.create_connection(address, 5).close()
                return
            except (OSError, http.client.HTTPException):
                if time.monotonic() > deadline:
                    raise RuntimeError(f"blockgated is not ready:\n{self.log()}") from None
                time.sleep(0.01)

    @property
    def address(self):
        return self.portals[0]

    def running(self):
        return self.process is not None and self.process.poll() is None

    def log(self):
        try:
            with open(self.log_path, errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def log_tail(self, lines=40):
        return "\n".join(self.log().splitlines()[-lines:])

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        """As a power cut would: nothing is said to anybody."""
        self.process.kill()
        self.process.wait(10)

    def stop(self, limit=20):
        """SIGTERM; it must end with 0 and a clean log."""
        if self.running():
            self.process.terminate()
            try:
                self.process.wait(limit)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError(f"SIGTERM did not end it within {limit} s") from None
        self.check_log()
        code = self.process.returncode
        assert code in (0, -signal.SIGKILL), f"exit code {code}"

    def check_log(self):
        found = TROUBLE.search(self.log())
        if found:
            start = found.start()
            raise AssertionError(f"in the daemon's log:\n{self.log()[max(0, start - 300):start + 4000]}")

    def restart(self):
        self.stop()
        return self.start()

    def discard(self):
        """End it, if it still runs, and remove its folder."""
        if self.running():
            self.kill()
        if self.own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    # --- calls ---

    def http(self, method, path, body=None, headers=None, timeout=30):
        """(status, body) of one HTTP request."""
        connection = UnixHTTP(self.rpc_path, timeout)
        try:
            connection.request(method, path, body, headers or {})
            reply = connection.getresponse()
            return reply.status, reply.read()
        finally:
            connection.close()

    def rpc(self, request, timeout=30):
        """Sends REQUEST (bytes, or anything that json takes) to /rpc: (status, reply or None)."""
        body = request if isinstance(request, bytes) else json.dumps(request).encode()
        status, raw = self.http("POST", "/rpc", body, {"Content-Type": "application/json"}, timeout)
        return status, json.loads(raw) if raw else None

    def call(self, method, params=None, /, **more):
        """The result of METHOD; raises RpcError."""
        self.serial += 1
        serial = self.serial
        request = {"jsonrpc": "2.0", "id": serial, "method": method, "params": {**(params or {}), **more}}
        status, reply = self.rpc(request)
        assert reply is not None and reply.get("jsonrpc") == "2.0", (status, reply)
        assert reply.get("id") == serial, f"id {reply.get('id')}, sent {serial}: {reply}"
        assert ("result" in reply) != ("error" in reply), reply
        if "error" in reply:
            raise RpcError(reply["error"])
        assert status == 200, (status, reply)
        return reply["result"]

    # --- what tests need again and again ---

    def path(self, name):
        return os.path.join(self.folder, name)

    def make_disk(self, name="disk0", type="ram", size=16 * MIB, **more):
        spec = {"name": name, "type": type, "size": size, **more}
        if type in ("rdwr", "aio", "io_uring"):
            spec.setdefault("path", self.path(name + ".img"))
            spec.setdefault("create", True)
        return self.call("backstore.create", backstore=spec)

    def make_target(self, name=TARGET, luns=None, initiators=("*",), **more):
        luns = {0: "disk0"} if luns is None else luns
        return self.call(
            "target.create",
            name=name,
            luns=[{"lun": n, "backstore": b} for n, b in luns.items()],
            acls=[{"initiator": i} for i in initiators],
            **more,
        )

    def fault(self, backstore, *lines):
        """
        From now on these faults, and no others, are its own: "write hold", "any delay 50",
        "read error 5 4096 8192" (see tests/faults/fault_store.c). Without LINES it is whole, and
        what waits goes on.
        """
        path = self.path(os.path.join("faults", backstore))
        with open(path + ".new", "w") as f:
            f.writelines(line + "\n" for line in lines)
        os.replace(path + ".new", path)

    def held(self):
        """How many operations wait in all its stores."""
        try:
            with open(self.path("faults/.held")) as f:
                return int(f.read())
        except FileNotFoundError:
            return 0

    def connect(self, **how):
        return Connection(self.address, **how)

    def session(self, target=TARGET, lun=0, settle=True, connection=None, **offer):
        """Logged in, its unit attentions taken."""
        c = self.connect(**(connection or {}))
        try:
            c.login(target, **offer)
            if settle:
                c.settle(lun)
        except BaseException:
            c.close()
            raise
        return c

    def check_serving(self, target=TARGET, lun=0):
        """A normal session works: login, write, read, logout."""
        assert self.running(), f"the daemon ended with {self.process.returncode}"
        with self.session(target, lun) as c:
            data = os.urandom(8192)
            c.scsi_after_attentions(scsi.write(0, 16), lun=lun, write=data)
            task = c.scsi_after_attentions(scsi.read(0, 16), lun=lun, read=8192)
            assert bytes(task.data) == data
            assert c.logout() == 0

    def memory(self):
        """Resident bytes."""
        with open(f"/proc/{self.process.pid}/status") as f:
            for line in f:
                if line.startswith("VmRSS"):
                    return int(line.split()[1]) * 1024
        raise AssertionError("no VmRSS")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def sessions(self, **which):
        return self.call("session.list", **which)["sessions"]


def eventually(condition, what, limit=5.0, step=0.02):
    """Waits until CONDITION() holds and returns what it gave."""
    deadline = time.monotonic() + limit
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {limit} s: {what}"
        time.sleep(step)
