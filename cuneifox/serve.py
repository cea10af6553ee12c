"""Serving: gunicorn's threads in one worker process.

One process, because live entries, locks and pooled connections are each process's own. The worker opens
the databases itself, after the fork: SQLite forbids carrying open ones through it.
"""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from gunicorn.app.base import BaseApplication
from gunicorn.errors import AppImportError

from cuneifox.app import create_app
from cuneifox.background import Background
from cuneifox.config import Config, ConfigError
from cuneifox.job_events import Streams
from cuneifox.logs import set_up
from cuneifox.logs.gunicorn_lines import GunicornLines
from cuneifox.memory import share_arenas
from cuneifox.services import Services
from tenants import TenantError

log = logging.getLogger("cuneifox")

GRACE_SECONDS = 20
"""How long answers in the making may take once the server is asked to stop."""


def serve(config: Config, announce: Callable[[str], None] = print) -> None:
    """Serve until Ctrl-C or SIGTERM, then leave the process with exit code 0.

    `announce` is given the address once connections are taken. Raises ConfigError if the address is
    taken or another server uses the data folder.
    """
    _require_free(config)
    with _claim(config.data_path):
        set_up(config.logs)
        Served(config, announce).run()


class Served(BaseApplication):
    """CuneiFox as gunicorn wants it."""

    def __init__(self, config: Config, announce: Callable[[str], None]) -> None:
        self.config = config
        self.announce = announce
        super().__init__()

    def load_config(self) -> None:
        """Gunicorn's settings, none of them from its own files or environment."""
        server = self.config.server
        settings: dict[str, Any] = {
            "bind": _address(server.host, server.port),
            "workers": 1,
            "worker_class": "gthread",
            "threads": server.threads,
            "graceful_timeout": GRACE_SECONDS,
            "loglevel": "error" if self.config.logs.level == "error" else "warning",
            "logger_class": GunicornLines,
            "forwarded_allow_ips": "",  # whom to believe is said by trusted_proxies alone
            "control_socket_disable": True,
            "proc_name": "cuneifox",
            "umask": 0o077,
            "when_ready": self._tell_address,
            "post_worker_init": _prepare,
            "worker_exit": _close,
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """The application; called in the worker, after the fork."""
        share_arenas()
        try:
            app = create_app(self.config)
            self.background = Background(app.extensions["cuneifox"])
            self.background.start()
            app.extensions["readiness"].background = self.background
            return app
        except (ConfigError, TenantError) as error:
            raise AppImportError(str(error)) from error  # told in one line, and gunicorn stops

    def _tell_address(self, arbiter: Any) -> None:
        host, port = arbiter.LISTENERS[0].sock.getsockname()[:2]
        scheme = "https" if self.config.server.https else "http"
        self.announce(f"CuneiFox serves on {scheme}://{_address(host, port)} (Ctrl-C stops it)")


def _prepare(worker: Any) -> None:
    """Have answers that last end as the worker is to stop, which is told by the arbiter alone."""
    streams: Streams = worker.app.callable.extensions["job_streams"]
    streams.are_over = lambda: not worker.alive
    _leave_ctrl_c_to_the_arbiter()


def _leave_ctrl_c_to_the_arbiter() -> None:
    """Have the worker told once that it is to stop, by the arbiter.

    A Ctrl-C at a terminal reaches both, and the arbiter's own signal would come while the worker is at the first one:
    gunicorn's handler then waits for itself, or is left in the middle, and the databases aren't closed.
    """
    signal.signal(signal.SIGINT, lambda number, frame: None)


def _close(arbiter: Any, worker: Any) -> None:
    """Give the databases back in good order; what is still being answered is left to SQLite.

    Undisturbed: a Ctrl-C at a terminal reaches the worker by itself, and gunicorn's own signal comes after it, when the
    worker may be here already.
    """
    for name in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(name, signal.SIG_IGN)
    app = getattr(worker.app, "callable", None)
    if app is None:
        return
    services: Services = app.extensions["cuneifox"]
    worker.app.background.stop()
    try:
        services.close()
    except TenantError as error:
        log.warning("Stopped while work went on: %s", error)


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _require_free(config: Config) -> None:
    """Try the address first: gunicorn would try a taken one for seconds, and then say little."""
    host, port = config.server.host, config.server.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as error:
            raise ConfigError(
                f"{_address(host, port)} can't be listened on: {error.strerror}. "
                f"Choose another port (PORT, or port in [server])."
            ) from None


def _claim(folder: Path) -> IO[str]:
    """Hold the data folder for this server; the lock goes with the process, however it ends."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(folder / "serve.lock", os.O_RDWR | os.O_CREAT, 0o600)
    stream = os.fdopen(handle, "r+", encoding="ascii")
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        process = stream.read(20).strip() or "unknown"
        stream.close()
        raise ConfigError(
            f"Another server (process {process}) uses {folder}: stop it, or use another data folder."
        ) from None
    stream.truncate(0)
    stream.write(str(os.getpid()))
    stream.flush()
    return stream
