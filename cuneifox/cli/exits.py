"""How a command ends. Scripts may rely on the codes."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import click

FINE = 0
REFUSED = 1
"""The check found something, or what was asked for couldn't be done; nothing was changed."""
USAGE = 2
"""The command, its options or the settings can't be understood."""
BROKEN = 3
"""The system failed us (disk full, no permission), or CuneiFox has a fault."""
STOPPED = 130
"""Ctrl-C, as shells count it."""

KEY_HINT = "It is named as key_file in [backups] of config.toml, or with --key-file where the command has that."
"""What follows where a backup can't be read with the key that there is."""

CODES = {
    FINE: "all went well",
    REFUSED: "a check found something, or what was asked for was refused; nothing was changed",
    USAGE: "the command line or config.toml can't be understood",
    BROKEN: "the system failed (disk full, no permission), or CuneiFox has a fault",
    STOPPED: "Ctrl-C: what was under way is undone or finished, by the next start at the latest; what was done stays",
}


class Refused(click.ClickException):
    """Raised to end a command with its reasons, a line each, on standard error."""

    exit_code = REFUSED

    def __init__(self, *reasons: str) -> None:
        super().__init__("\n".join(reasons))

    def show(self, file: IO[Any] | None = None) -> None:
        """Write the reasons; what they quote can't steer the terminal."""
        for line in self.message.splitlines():
            click.echo(f"cuneifox: {printable(line)}", file=file, err=file is None)


class Misused(Refused):
    """Raised where the command line or the settings can't be understood."""

    exit_code = USAGE


class Broken(Refused):
    """Raised where the system, or we, failed."""

    exit_code = BROKEN


def printable(text: str) -> str:
    """Return `text` with control characters spelled out, so that it can't steer a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


class Stopped(Refused):
    """Raised where Ctrl-C has stopped the command."""

    exit_code = STOPPED


@contextmanager
def told() -> Iterator[None]:
    """Turn whatever is raised within into a message and an exit code; no traceback comes out.

    With `--debug` the traceback of a fault is shown too.
    """
    try:
        yield
    except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
        raise
    except KeyboardInterrupt:
        raise Stopped(
            "Stopped. What was under way is undone or finished, by the next start at the latest; what was done stays."
        ) from None
    except Exception as error:  # noqa: BLE001  the shell is the last place to catch it
        raise _told(error) from None


def _told(error: Exception) -> click.ClickException:
    """An error in words, with its exit code; imports wait until there is something to tell."""
    from peewee import PeeweeException

    from cuneifox.config import ConfigError
    from models.errors import BooksError
    from tenants import BadKey, TenantError

    if isinstance(error, ConfigError):
        return Misused(str(error))
    if isinstance(error, BooksError):
        lines = getattr(error, "lines", None)
        return Refused(*(lines() if lines else [str(error)]))
    if isinstance(error, BadKey):
        return Refused(str(error), KEY_HINT)
    if isinstance(error, _refusals()):
        return Refused(str(error))
    if isinstance(error, TenantError):
        return Broken(str(error))
    if isinstance(error, UnicodeEncodeError | UnicodeDecodeError):
        return _no_text(error)
    if isinstance(error, OSError):
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        return Broken(what)
    if isinstance(error, PeeweeException):
        return Broken(f"The database failed: {error}")
    if _debugging():
        traceback.print_exception(error, file=sys.stderr)
    name = type(error).__name__
    hint = "Run it as `cuneifox --debug …` for the trace."
    return Broken(f"A fault in CuneiFox: {name}: {error}. {hint}")


def _refusals() -> tuple[type[Exception], ...]:
    """What tenants refuse as things stand, where nothing has failed."""
    from tenants import (
        BadBackup,
        BadChange,
        BadSlug,
        RefusedFile,
        SnapshotTooOld,
        TenantSuspended,
        UnknownTenant,
    )

    return (
        BadBackup, BadChange, BadSlug, RefusedFile, SnapshotTooOld, TenantSuspended, UnknownTenant,
    )  # fmt: skip


def _no_text(error: UnicodeEncodeError | UnicodeDecodeError) -> click.ClickException:
    """Bytes that came in and aren't UTF-8, or text for which the terminal has no letters.

    Python keeps such bytes as surrogates, and complains where they are stored.
    """
    if isinstance(error, UnicodeDecodeError) or error.reason == "surrogates not allowed":
        return Misused("What was typed or piped in isn't UTF-8.")
    return Broken(f"{error.encoding} can't write all texts: set PYTHONIOENCODING=utf-8.")


def _debugging() -> bool:
    context = click.get_current_context(silent=True)
    return bool(context and context.find_root().params.get("debug"))
