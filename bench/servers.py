"""servers.py: the servers that bench/compare measures, each started for one row and ended after it.

A server has a name, the ids of its processes, and where its disk is. Those of tgt and istgt are
their Debian packages, with sockets and ports of their own: an installed one that runs is left alone.
"""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
IQN = "iqn.2026-01.org.example:bench"
LUNS_OF_A_TARGET = 1000  # blockgated takes 1,024, and 4,096 backing stores


class Unavailable(Exception):
    """This machine, or this version, has not got it."""


def program(variable, names):
    """The program that the environment names, or the first of NAMES that there is in this tree."""
    if os.environ.get(variable):
        return os.environ[variable]
    for tree in ("", "build/gcc", "build/mine", "build/demo"):
        path = os.path.join(ROOT, tree, names)
        if os.access(path, os.X_OK):
            return path
    raise Unavailable(f"no {names}: build it, or name it with {variable}")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(what, condition, process, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        if process.poll() is not None:
            raise RuntimeError(f"{what} ended with {process.returncode}")
        if time.monotonic() > end:
            raise RuntimeError(f"{what} does not start")
        time.sleep(0.02)


def listens(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=120)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Server:
    """What all have in common: a folder, a process, an end."""

    name = "server"
    lun = 0

    def __init__(self, cpu):
        self.folder = tempfile.mkdtemp(prefix=f"blockgate-{self.name}.")
        self.pin = ["taskset", "-c", cpu] if cpu else []
        self.port = free_port()
        self.process = None

    def spawn(self, command, **options):
        self.log = open(os.path.join(self.folder, "log"), "w+b")
        options = {"stdout": self.log, **options}
        self.process = subprocess.Popen(self.pin + command, stdin=subprocess.DEVNULL, stderr=self.log, **options)

    @property
    def pid(self):
        return self.process.pid

    def memory(self):
        """KiB: resident, and private: what the machine would get back if it ended."""
        found = {"resident": 0, "private": 0}
        with open(f"/proc/{self.pid}/smaps_rollup", encoding="ascii") as rollup:
            for line in rollup:
                key, _, rest = line.partition(":")
                if key == "Rss":
                    found["resident"] = int(rest.split()[0])
                elif key.startswith("Private_") and key != "Private_Hugetlb":
                    found["private"] += int(rest.split()[0])
        return found

    def connections(self):
        with open("/proc/net/tcp", encoding="ascii") as tcp:
            lines = [line.split() for line in tcp]
        return sum(1 for f in lines if f[1].endswith(f":{self.port:04X}") and f[3] == "01")

    def memory_with(self, sessions):
        """Private memory once so many sessions are there and it no longer changes."""
        wait_until(f"{sessions} sessions", lambda: self.connections() >= sessions, self.process)
        last = None
        for _ in range(30):
            time.sleep(0.1)
            now = self.memory()["private"]
            if now == last:
                break
            last = now
        return now

    def url(self, lun=None):
        return f"iscsi://127.0.0.1:{self.port}/{IQN}/{self.lun if lun is None else lun}"

    def start(self):
        try:
            self.begin()
        except BaseException:
            self.stop()
            raise
        return self

    def last_words(self):
        with open(os.path.join(self.folder, "log"), "rb") as log:
            return log.read()[-600:].decode(errors="replace").strip()

    def end(self):
        self.process.terminate()

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.end()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.process is not None:
            self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Blockgate(Server):
    name = "blockgate"

    def __init__(self, cpu, kind, path=None, workers=1, busy_us=0, luns=1, options=None):
        super().__init__(cpu)
        self.kind, self.path, self.workers, self.busy_us, self.luns = kind, path, workers, busy_us, luns
        self.options = options or {}
        self.socket = os.path.join(self.folder, "api.sock")

    def call(self, method, params):
        connection = UnixConnection(self.socket)
        try:
            connection.request("POST", f"/call/{method}", json.dumps(params))
            answer = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        return answer

    def is_ready(self):
        try:
            connection = UnixConnection(self.socket)
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False

    def begin(self):
        daemon = program("BLOCKGATED", "blockgated")
        command = [daemon, "--state-dir", os.path.join(self.folder, "state"), "--rpc-socket", self.socket,
                   "--portal", f"127.0.0.1:{self.port}", "--workers", str(self.workers), "--log-level", "warning"]
        if "--busy-poll-us" in subprocess.run([daemon, "--help"], capture_output=True, text=True).stdout:
            command += ["--busy-poll-us", str(self.busy_us)]
        elif self.busy_us:
            raise Unavailable("this blockgated has no --busy-poll-us")
        self.spawn(command)
        wait_until("blockgated", self.is_ready, self.process)
        for kind in self.call("backstore.types", {})["types"]:
            if kind["type"] == self.kind and not kind["available"]:
                raise Unavailable(f"{self.kind}: {kind.get('reason', 'not available')}")
        self.make_disks()

    def make_disks(self):
        config = self.call("config.get", {})["config"]
        for n in range(min(self.luns, LUNS_OF_A_TARGET)):
            place = {"path": self.path} if self.path else {"size": 256 << 20}
            config.setdefault("backstores", {})[f"disk{n}"] = {"type": self.kind, **place, **self.options}
        for first in range(0, self.luns, LUNS_OF_A_TARGET):
            luns = range(first, min(self.luns, first + LUNS_OF_A_TARGET))
            config.setdefault("targets", {})[IQN if first == 0 else f"{IQN}{first}"] = {
                "luns": {str(n - first): {"backstore": f"disk{n - first}"} for n in luns}, "acls": {"*": {}}}
        self.call("config.apply", {"mode": "replace", "config": config})


class Tgt(Server):
    name = "tgt"
    lun = 1  # LUN 0 is its controller

    def __init__(self, cpu, kind, path=None):
        super().__init__(cpu)
        self.kind, self.path = kind, path
        self.control = str(10000 + os.getpid() % 20000)
        self.environment = {**os.environ, "TGT_IPC_SOCKET": os.path.join(self.folder, "ipc")}

    def admin(self, *arguments):
        command = ["tgtadm", "-C", self.control, "--lld", "iscsi", *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")

    def begin(self):
        daemon = shutil.which("tgtd", path=f"{os.environ['PATH']}:/usr/sbin")
        if daemon is None:
            raise Unavailable("tgt is not installed")
        self.spawn([daemon, "-f", "-C", self.control, "--iscsi", f"portal=127.0.0.1:{self.port}"], env=self.environment)
        wait_until("tgtd", lambda: listens(self.port), self.process)
        path = self.path
        if path is None:
            path = os.path.join(self.folder, "nothing")
            with open(path, "wb") as f:
                f.truncate(256 << 20)
        self.admin("--op", "new", "--mode", "target", "--tid", "1", "-T", IQN)
        self.admin("--op", "new", "--mode", "logicalunit", "--tid", "1", "--lun", "1", "-b", path, "--bstype", self.kind)
        self.admin("--op", "bind", "--mode", "target", "--tid", "1", "-I", "ALL")

    def end(self):
        self.process.send_signal(signal.SIGKILL)  # it does not end by SIGTERM while it has targets


class Istgt(Server):
    name = "istgt"

    def __init__(self, cpu, path):
        super().__init__(cpu)
        self.path = path

    def begin(self):
        daemon = shutil.which("istgt", path=f"{os.environ['PATH']}:/usr/sbin")
        if daemon is None:
            raise Unavailable("istgt is not installed")
        config = os.path.join(self.folder, "istgt.conf")
        node, name = IQN.split(":")
        with open(config, "w") as f:
            f.write(f"""[Global]
  NodeBase "{node}"
  PidFile {self.folder}/pid
  AuthFile {self.folder}/auth
  MediaDirectory {self.folder}
  Timeout 30
  NopInInterval 20
  DiscoveryAuthMethod Auto
  MaxSessions 64
  MaxConnections 4
  FirstBurstLength 262144
  MaxBurstLength 262144
  MaxRecvDataSegmentLength 262144
  InitialR2T Yes
  ImmediateData Yes
[UnitControl]
  AuthMethod CHAP Mutual
  AuthGroup AuthGroup1
  Portal UC1 127.0.0.1:{free_port()}
  Netmask 127.0.0.1
[PortalGroup1]
  Portal DA1 127.0.0.1:{self.port}
[InitiatorGroup1]
  InitiatorName "ALL"
  Netmask 127.0.0.1
[LogicalUnit1]
  TargetName {name}
  Mapping PortalGroup1 InitiatorGroup1
  AuthMethod None
  UnitType Disk
  QueueDepth 128
  LUN0 Storage {self.path} Auto
""")
        with open(os.path.join(self.folder, "auth"), "w") as f:
            f.write('[AuthGroup1]\n  Comment "nobody"\n')
        os.chmod(os.path.join(self.folder, "auth"), 0o600)
        self.spawn([daemon, "-D", "-c", config])
        wait_until("istgt", lambda: listens(self.port), self.process)


class Limit(Server):
    name = "limit"

    def __init__(self, cpu, medium, path=None, spin_us=0, threads=1):
        super().__init__(cpu)
        self.arguments = ["--medium", medium, "--spin", str(spin_us), "--threads", str(threads),
                          "--size", str(256 << 20)] + (["--file", path] if path else [])

    def begin(self):
        self.spawn([program("LIMIT", "limit"), "--port", str(self.port)] + self.arguments)
        wait_until("limit", lambda: listens(self.port), self.process)
