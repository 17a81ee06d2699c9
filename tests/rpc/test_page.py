"""GET /: the status page as it is served; tests/web looks at it in a browser."""

import re

from daemon import UnixHTTP
from runner import cases

FILES = [("/", "text/html; charset=utf-8"), ("/page.js", "text/javascript; charset=utf-8"),
         ("/page.css", "text/css; charset=utf-8"), ("/icon.svg", "image/svg+xml"),
         ("/uPlot.iife.min.js", "text/javascript; charset=utf-8"), ("/uPlot.min.css", "text/css; charset=utf-8")]  # fmt: skip


def get(daemon, path, method="GET"):
    connection = UnixHTTP(daemon.rpc_path)
    connection.request(method, path)
    reply = connection.getresponse()
    body = reply.read()
    connection.close()
    return reply.status, reply.headers, body


@cases(*FILES)
def test_a_file_of_the_page_is_served_with_strict_headers(daemon, path, type):
    status, headers, body = get(daemon, path)
    assert status == 200 and body
    assert headers["Content-Type"] == type
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "no-referrer"
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert get(daemon, path, "POST")[0] == 404


def test_the_page_names_only_files_that_are_there_and_has_nothing_inline(daemon):
    page = get(daemon, "/")[2].decode()
    named = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(named) >= 6
    for name in named:
        assert get(daemon, "/" + name)[0] == 200, name
    assert not re.search(r"<style|style=|<script>|\bon\w+=|<form", page)
    script = get(daemon, "/page.js")[2].decode()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", script)


@cases("/index.html", "/page", "/../page.js", "/uPlot.LICENSE", "//")
def test_nothing_else_is_a_file(daemon, path):
    assert get(daemon, path)[0] == 404
