"""What the database itself refuses, whoever asks: the rules of the ledger as triggers."""

from __future__ import annotations

from importlib.resources import files

from tenants import Store


def install(store: Store) -> None:
    """Put the triggers into a company's new books, within the caller's transaction."""
    for script in sorted(files(__package__).joinpath("sqlite").iterdir(), key=lambda f: f.name):
        if script.name.endswith(".sql"):
            for statement in statements(script.read_text(encoding="utf-8")):
                store.execute_sql(statement)


def statements(script: str) -> list[str]:
    """Return the statements of a script, each of which ends in a line ``END;``."""
    parts = script.split("\nEND;\n")
    return [part.strip() + "\nEND" for part in parts[:-1]]
