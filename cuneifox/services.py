"""What one application holds for as long as it lives; views reach it by `services()`."""

from __future__ import annotations

import os
import secrets
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from flask import current_app

from cuneifox.backing_up import manager_of
from cuneifox.config import Config, ConfigError, require_queue
from cuneifox.data_folder import open_folder
from cuneifox.jobs.queue import Queue
from cuneifox.jobs.results import Results
from cuneifox.mail import settings as mail_settings
from cuneifox.mail.respite import Respite
from models import people
from models.companies import CATALOGUE_MODELS
from models.people import Passwords
from tenants import BackupManager, Router

SHORTEST_TOKEN = 16
"""Characters of the token that Prometheus shows."""


@dataclass(frozen=True)
class Services:
    """The parts that `create_app` puts together once.

    `secret` signs form tokens and notices; `now` gives UTC seconds, so that tests can turn the clock.
    `metrics_token` is what Prometheus shows, empty if it isn't let in; `backups` are made where the
    settings ask for any, and by whom: the server, which starts them. Jobs are sent to the `queue`, and leave what they
    make in `results`. `respite` is the mail server's, where it was away.
    """

    config: Config
    router: Router
    passwords: Passwords
    secret: bytes
    now: Callable[[], float] = time.time
    metrics_token: bytes = b""
    backups: BackupManager | None = None
    queue: Queue = field(kw_only=True)
    results: Results = field(kw_only=True)
    respite: Respite = field(kw_only=True)

    @classmethod
    def open(cls, config: Config, now: Callable[[], float] = time.time) -> Services:
        """Open the data folder, making what is missing in it."""
        folder = config.data_path
        token = _token(config.metrics.token_file)
        require_queue(config.jobs.queue)
        mail_settings.check(config.mail)
        router = _router(config)
        try:
            _make_tables(router)
            router.recover()  # which tells in the log what it found
            secret = _secret(folder / "secret.key")
            backups = manager_of(config, router)
        except BaseException:
            router.close()
            raise
        return cls(
            config, router, passwords_of(config), secret, now, token, backups,
            queue=Queue(config.jobs.queue, folder), results=Results(folder / config.jobs.results_folder),
            respite=Respite(now),
        )  # fmt: skip

    def close(self) -> None:
        """Give everything back; whoever makes an application ends it with this."""
        self.queue.close()
        self.router.close()

    def local(self, at: float) -> datetime:
        """UTC seconds as the time that clocks show where the installation's people are."""
        return datetime.fromtimestamp(at, ZoneInfo(self.config.time_zone))


LEAST_DESCRIPTORS = 14
"""What the pool must have for one company: its three databases, two folders where it shares one, the catalogue."""


def _router(config: Config) -> Router:
    limits = config.pool
    router = open_folder(
        config,
        descriptors=limits.descriptors or None,
        patience=limits.patience_seconds,
        lease_limit=limits.lease_limit_seconds,
    )
    if router.pool.budget.total < LEAST_DESCRIPTORS:
        router.close()
        raise ConfigError(
            f"The databases may have {router.pool.budget.total} file descriptors, and one company takes "
            f"{LEAST_DESCRIPTORS}: raise descriptors in [pool], or the process's limit (ulimit -n) where that is 0."
        )
    return router


def _make_tables(router: Router) -> None:
    """In an entry of this router, because others may be open in the process."""
    entry = router.enter(("set-up", None), None)
    try:
        router.universal.create_tables([*people.MODELS, *CATALOGUE_MODELS])
    finally:
        router.leave(entry)


def services() -> Services:
    """Those of the application that is at work."""
    held: Services = current_app.extensions["cuneifox"]
    return held


def passwords_of(config: Config) -> Passwords:
    """Passwords as the settings want them."""
    rules = config.passwords
    return Passwords(
        shortest=rules.shortest,
        time_cost=rules.time_cost,
        memory_kib=rules.memory_kib,
        parallelism=rules.parallelism,
    )


def _secret(path: Path) -> bytes:
    """The installation's key: 32 random bytes, made once, readable by its owner alone."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _kept_secret(path)
    with os.fdopen(handle, "wb") as stream:
        key = secrets.token_bytes(32)
        stream.write(key)
    return key


def _token(file: str) -> bytes:
    """What Prometheus has to show; empty where no file is named."""
    if not file:
        return b""
    try:
        token = Path(file).expanduser().read_bytes().strip()
    except OSError as error:
        raise ConfigError(
            f"token_file in [metrics]: {file} can't be read: {error.strerror}."
        ) from None
    if len(token) < SHORTEST_TOKEN or not token.isascii() or len(token.split()) > 1:
        raise ConfigError(
            f"token_file in [metrics]: {file} must hold one line of at least {SHORTEST_TOKEN} ASCII"
            f" characters; `openssl rand -hex 32` makes a good one."
        )
    return token


def _kept_secret(path: Path) -> bytes:
    found = path.lstat()
    if stat.S_ISREG(found.st_mode) and found.st_nlink == 1:  # a link might lead to anybody's file
        key = path.read_bytes()
        if len(key) >= 32:
            return key
    raise ConfigError(
        f"{path} is damaged, or a link: delete it, and a new key is made; everybody signs in again."
    )
