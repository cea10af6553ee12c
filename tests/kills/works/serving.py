"""`cuneifox serve` itself, gunicorn and its worker, which are killed together while visitors are at it over sockets."""

from __future__ import annotations

import os
import signal
import threading
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlencode

import msgspec

from cuneifox.config import Server
from cuneifox.serve import serve
from kills.children import Child
from kills.nursery import LONGEST_LIFE
from kills.works.web import Visitor

THREADS = 4


def run(child: Child) -> None:
    """Visit a server that is started here, a process below this one; all of the group are killed at once."""
    os.setpgid(0, 0)
    read, write = os.pipe()
    if os.fork() == 0:
        os.close(read)
        signal.alarm(LONGEST_LIFE)
        try:
            config = msgspec.structs.replace(child.ground.config, server=Server(port=0))
            serve(config, lambda text: os.write(write, text.encode()) and None)
        finally:
            os._exit(0)
    os.close(write)
    told = os.read(read, 1000).decode()  # empty where it couldn't start
    port = int(told.rpartition(":")[2].split()[0])
    child.work(*(Visitor(child, Asker(child, port), n).turn for n in range(THREADS)))


class Asker:
    """Asks a server on this machine."""

    def __init__(self, child: Child, port: int) -> None:
        self.port = port
        self.headers = {"Cookie": child.ground.cookie}

    def get(self, path: str) -> tuple[int, str]:
        """Return the status and where it leads."""
        return self._ask("GET", path, None, self.headers)

    def post(self, path: str, form: dict[str, Any]) -> tuple[int, str]:
        """Return the status and where it leads."""
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._ask("POST", path, urlencode(form, doseq=True), self.headers | kind)

    def _ask(
        self, method: str, path: str, body: str | None, headers: dict[str, str]
    ) -> tuple[int, str]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            response.read()
            return response.status, response.getheader("Location") or ""
        except (OSError, HTTPException):
            # The server was killed a moment before this process will be: whatever was asked for stays open.
            threading.Event().wait()
            raise
        finally:
            connection.close()
