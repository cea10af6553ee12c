"""`cuneifox serve` in a process of its own, and a signed-in client with one open connection to it."""

from __future__ import annotations

import email.message
import http.client
import os
import re
import signal
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .big_books import PASSWORD, ROOT, USER


class Client:
    """A browser of sorts: one connection, kept open, and the cookies that it was given."""

    def __init__(self, host: str, port: int) -> None:
        self.connection = http.client.HTTPConnection(host, port)
        self.cookies: dict[str, str] = {}

    def sign_in(self) -> None:
        """Fill in the form as a browser would."""
        _, page = self.request("GET", "/sign-in")
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert token is not None, "the sign-in form has no token"
        form = {"csrf_token": token[1], "user": USER, "password": PASSWORD}
        status, page = self.request("POST", "/sign-in", urllib.parse.urlencode(form))
        assert status in (302, 303), page

    def get(self, path: str) -> str:
        """Return a page, which must be there."""
        status, page = self.request("GET", path)
        assert status == 200, (status, path, page[:2000])
        return page

    def request(self, method: str, path: str, form: str | None = None) -> tuple[int, str]:
        """Send a request and return status and body."""
        status, body, _ = self.ask(method, path, form)
        return status, body.decode()

    def ask(
        self, method: str, path: str, form: str | None = None
    ) -> tuple[int, bytes, email.message.Message]:
        """Send a request and return status, body and headers."""
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            self.connection.request(method, path, form, headers)
            answer = self.connection.getresponse()
        except (http.client.RemoteDisconnected, BrokenPipeError):  # it was idle for too long
            self.connection.close()
            self.connection.request(method, path, form, headers)
            answer = self.connection.getresponse()
        body = answer.read()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer.status, body, answer.headers


@contextmanager
def signed_in(folder: Path) -> Iterator[Client]:
    """Serve a data folder on a free port and sign in."""
    server = subprocess.Popen(
        [sys.executable, "-m", "cuneifox", "serve", "--port", "0"],
        cwd=ROOT,
        env={**os.environ, "CUNEIFOX_DATA": str(folder), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        address = next(
            filter(None, (re.search(r"http://([\d.]+):(\d+)", line) for line in server.stdout))
        )
        client = Client(address[1], int(address[2]))
        client.sign_in()
        yield client
        client.connection.close()
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(30)
