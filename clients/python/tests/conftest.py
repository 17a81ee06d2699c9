"""What the tests share: the package, a fake server, and the daemon of $BLOCKGATED."""

import os
import shutil
import sys
import tempfile

import pytest

here = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(here, ".."), os.path.join(here, "..", "..", "..", "tests", "wire"), here]

import daemon as daemons  # noqa: E402
from fake_server import FakeServer  # noqa: E402

from blockgate import Client  # noqa: E402

for name in [n for n in os.environ if n.startswith("BLOCKGATE_") and n != "BLOCKGATE_BENCH"]:
    del os.environ[name]


@pytest.fixture
def folder():
    path = tempfile.mkdtemp(prefix="blockgate-test-")
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def fake(folder):
    """fake(ANSWER…): a server that is there until the test ends."""
    servers = []

    def start(*answers):
        servers.append(FakeServer(folder, *answers).__enter__())
        return servers[-1]

    yield start
    for server in servers:
        server.__exit__()


@pytest.fixture(scope="session")
def one_daemon():
    daemons.binary = os.path.abspath(daemons.binary)
    d = daemons.Daemon().start()
    d.clean = d.call("config.get")["config"]
    yield d
    d.stop()


@pytest.fixture
def daemon(one_daemon):
    """The daemon of all tests, with nothing in it."""
    one_daemon.call("config.apply", config=one_daemon.clean, force=True)
    yield one_daemon
    assert one_daemon.running(), one_daemon.log_tail()
    one_daemon.check_log()


@pytest.fixture
def start_daemon():
    started = []

    def start(**how):
        started.append(daemons.Daemon(**how))
        return started[-1].start()

    yield start
    for d in started:
        d.discard()


@pytest.fixture
def client(daemon):
    with Client(daemon.rpc_path) as c:
        yield c
