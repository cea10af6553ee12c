"""Setting a process up to log as the settings say: its own lines, those of its libraries, and what nobody caught."""

from __future__ import annotations

import logging
import sys
import threading
from types import TracebackType
from typing import TextIO

from cuneifox.config import Logs
from cuneifox.logs.lines import FORMS

log = logging.getLogger("cuneifox")

CHATTY = ("huey", "peewee")
"""Libraries whose lines below a warning are of no use to operators; peewee's would tell what is in the rows, too."""


class Lines(logging.StreamHandler[TextIO]):
    """Writes the lines of this process."""


def set_up(logs: Logs, stream: TextIO | None = None) -> None:
    """Have this process log as the settings say; what was set up before is replaced.

    Args:
        logs: the settings.
        stream: where to; standard error unless given.
    """
    handler = Lines(stream or sys.stderr)
    handler.setFormatter(FORMS[logs.form]())
    root = logging.getLogger()
    for old in [each for each in root.handlers if isinstance(each, Lines)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logs.level.upper())
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    log.critical("The process ends with an error", exc_info=(kind, error, trace))


def _uncaught_in_thread(told: threading.ExceptHookArgs) -> None:
    if told.exc_type is SystemExit:
        return
    name = told.thread.name if told.thread is not None else "?"
    error = told.exc_value or told.exc_type()
    log.error(
        "The thread %s ended with an error", name, exc_info=(told.exc_type, error, told.exc_traceback)
    )  # fmt: skip
