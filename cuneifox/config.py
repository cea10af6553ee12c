"""Settings: one TOML file, checked whole before anything starts.

The file is the one named by ``--config``, else by ``CUNEIFOX_CONFIG``, else ``./config.toml``; with
none there, the defaults below hold. Two settings that differ from start to start may also come from
the environment: ``CUNEIFOX_DATA`` (the data folder) and ``PORT``. Every setting is explained in the
``config.toml`` that comes with the source.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from cuneifox.jobs.places import check_place

Positive = Annotated[int, msgspec.Meta(ge=1)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]


class ConfigError(Exception):
    """Raised when the settings can't be used; the message names the file, the key and the mend."""


class Server(msgspec.Struct, frozen=True):
    """``[server]``: where and how pages are served."""

    host: str = "127.0.0.1"
    port: Port = 8000
    threads: Positive = 8
    https: bool = False
    trusted_proxies: Annotated[int, msgspec.Meta(ge=0, le=10)] = 0
    largest_request_mb: Positive = 64


class Sessions(msgspec.Struct, frozen=True):
    """``[sessions]``: how long a sign-in lasts."""

    idle_minutes: Positive = 60
    absolute_hours: Positive = 12


class PasswordRules(msgspec.Struct, frozen=True):
    """``[passwords]``: what is asked of a password and what argon2id spends on it."""

    shortest: Annotated[int, msgspec.Meta(ge=8, le=64)] = 10
    time_cost: Positive = 3
    memory_kib: Annotated[int, msgspec.Meta(ge=8)] = 65536
    parallelism: Positive = 4


class Throttle(msgspec.Struct, frozen=True):
    """``[throttle]``: how many wrong sign-ins are let through before they have to wait."""

    account_failures: Positive = 10
    account_minutes: Positive = 15
    address_failures: Positive = 50
    address_minutes: Positive = 15
    rows: Annotated[int, msgspec.Meta(ge=10)] = 10000


class ConsolidatedReports(msgspec.Struct, frozen=True):
    """``[consolidated]``: the bounds of reports across companies."""

    companies: Positive = 50
    seconds: Positive = 30
    file_companies: Positive = 500


class Jobs(msgspec.Struct, frozen=True):
    """``[jobs]``: who does what takes longer, where that waits, and where results lie."""

    queue: str = ""
    threads: Annotated[int, msgspec.Meta(ge=0, le=64)] = 4
    results_folder: str = "results"
    keep_days: Positive = 7


class Logs(msgspec.Struct, frozen=True):
    """``[logs]``: how and from which level on the server tells its operator what happens."""

    form: Literal["text", "json"] = "text"
    level: Literal["debug", "info", "warning", "error"] = "warning"


class Mail(msgspec.Struct, frozen=True, rename={"sender": "from"}):
    """``[mail]``: the server that letters about jobs are handed to."""

    host: str = ""
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 587
    tls: Literal["none", "starttls", "tls"] = "starttls"
    ca_file: str = ""
    user: str = ""
    password_file: str = ""
    sender: str = ""
    site: str = ""
    after_seconds: Annotated[float, msgspec.Meta(ge=0)] = 30.0
    timeout_seconds: Annotated[float, msgspec.Meta(gt=0, le=600)] = 30.0


class MetricsAccess(msgspec.Struct, frozen=True):
    """``[metrics]``: who may fetch the figures for Prometheus."""

    token_file: str = ""


class PoolLimits(msgspec.Struct, frozen=True):
    """``[pool]``: how much of the process the companies' databases may take, and for how long."""

    descriptors: Annotated[int, msgspec.Meta(ge=0)] = 0
    patience_seconds: Annotated[float, msgspec.Meta(ge=0)] = 10.0
    lease_limit_seconds: Annotated[float, msgspec.Meta(gt=0)] = 600.0


class SnapshotLimits(msgspec.Struct, frozen=True):
    """``[snapshots]``: how long a report may read one state of the books, and what that may cost."""

    max_age_seconds: Annotated[float, msgspec.Meta(gt=0, le=86400)] = 600.0
    largest_wal_mb: Positive = 1024


class Migrating(msgspec.Struct, frozen=True):
    """``[migrations]``: when databases that are older than the program are brought up to it."""

    on_open: bool = False


class Backups(msgspec.Struct, frozen=True):
    """``[backups]``: where to, how often, with which key, and which of them are kept."""

    folder: str = "backups"
    s3_endpoint: str = ""
    every_seconds: Positive = 300
    key_file: str = ""
    keep_last: Count = 12
    keep_hourly: Count = 24
    keep_daily: Count = 31
    keep_monthly: Count = 24
    drill_hour: Annotated[int, msgspec.Meta(ge=-1, le=23)] = 3
    drill_companies: Positive = 5


class Config(msgspec.Struct, frozen=True):
    """All settings of one installation."""

    data_folder: str = "data"
    language: Literal["en", "th"] = "en"
    time_zone: str = "Asia/Bangkok"
    server: Server = Server()
    sessions: Sessions = Sessions()
    passwords: PasswordRules = PasswordRules()
    throttle: Throttle = Throttle()
    pool: PoolLimits = PoolLimits()
    snapshots: SnapshotLimits = SnapshotLimits()
    migrations: Migrating = Migrating()
    backups: Backups = Backups()
    consolidated: ConsolidatedReports = ConsolidatedReports()
    jobs: Jobs = Jobs()
    mail: Mail = Mail()
    metrics: MetricsAccess = MetricsAccess()
    logs: Logs = Logs()

    @property
    def data_path(self) -> Path:
        """The data folder as an absolute path."""
        return Path(self.data_folder).expanduser().resolve()


def load_config(path: str | Path | None = None, env: Mapping[str, str] = os.environ) -> Config:
    """Read the settings; ConfigError says what is wrong with them and where."""
    file = _find(path, env)
    values: dict[str, Any] = {}
    if file is not None:
        values = _read(file)
    source = str(file) if file is not None else "the defaults"
    _refuse_unknown(values, Config, "", source)
    if env.get("CUNEIFOX_DATA"):
        values["data_folder"] = env["CUNEIFOX_DATA"]
    if env.get("PORT"):
        values["server"] = {**values.get("server", {}), "port": _port(env["PORT"])}
    try:
        config = msgspec.convert(values, Config)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{source}: {error}.") from None
    _check_zone(config.time_zone, source)
    require_queue(config.jobs.queue, f"{source}: ")
    return config


def _find(path: str | Path | None, env: Mapping[str, str]) -> Path | None:
    chosen = path or env.get("CUNEIFOX_CONFIG")
    if chosen:
        return Path(chosen)
    here = Path("config.toml")
    return here if here.is_file() else None


def _read(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as stream:
            return tomllib.load(stream)
    except FileNotFoundError:
        raise ConfigError(f"There is no settings file {file}: name one that exists.") from None
    except OSError as error:
        raise ConfigError(f"{file} can't be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} isn't valid TOML: {error}.") from None


def _refuse_unknown(values: Mapping[str, Any], kind: Any, section: str, source: str) -> None:
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for key, value in values.items():
        if key not in fields:
            raise ConfigError(f"{source}: {_unknown(key, list(fields), section)}")
        inner = fields[key].type
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            if not isinstance(value, dict):
                raise ConfigError(f"{source}: {key!r} is a section: write it as [{key}].")
            _refuse_unknown(value, inner, key, source)


def _unknown(key: str, known: list[str], section: str) -> str:
    where = f" in [{section}]" if section else ""
    close = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    if close:
        return f"there is no setting {key!r}{where}. Did you mean {close[0]!r}?"
    return f"there is no setting {key!r}{where}. Known are: {', '.join(known)}."


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ConfigError(f"PORT must be a number from 0 to 65535, not {text!r}.")
    return int(text)


def require_queue(place: str, source: str = "") -> None:
    """Raise ConfigError where no queue of jobs can be at a place, or a library for it is missing; no secret is told."""
    try:
        check_place(place)
    except ValueError as error:
        raise ConfigError(f"{source}queue in [jobs]: {error}.") from None


def _check_zone(name: str, source: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigError(
            f"{source}: time_zone {name!r} isn't known: use a name like 'Asia/Bangkok'."
        ) from None
