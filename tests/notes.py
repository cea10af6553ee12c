"""The smallest models that tests of stores need, and other processes to meet."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from peewee import IntegerField, TextField

from tenants import RoutedModel

ROOT = Path(__file__).parent.parent


class Note(RoutedModel):
    """A row of the books."""

    text = TextField(default="")
    count = IntegerField(default=0)

    class Meta:
        store = "books"


class Contact(RoutedModel):
    """A row of the registers."""

    name = TextField()

    class Meta:
        store = "registers"


def texts() -> list[str]:
    """The notes' texts, in order of writing."""
    return [note.text for note in Note.select().order_by(Note.id)]


class Child:
    """Another Python process that runs some code; both talk by lines, so that neither waits by the clock."""

    def __init__(self, code: str, *args: object) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", code, *map(str, args)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "PATH": "/usr/bin:/bin"},
        )

    def hears(self) -> str:
        """Return the child's next line."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"the child ended with {self.process.wait()}"
        return line.strip()

    def told(self, line: str = "go") -> None:
        """Send the child a line."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()


@contextmanager
def child(code: str, *args: object) -> Iterator[Child]:
    """Run code in another process, and wait for it to end well."""
    other = Child(code, *args)
    try:
        yield other
        assert other.process.wait(timeout=60) == 0
    finally:
        other.process.kill()
        other.process.communicate()


#: Holds a store's write transaction from "held" until it is told to go on.
HOLDER = """
import sys
from tenants import sqlite
connection = sqlite.driver.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
connection.execute("ROLLBACK")
connection.close()
"""
