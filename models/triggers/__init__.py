"""What the database itself refuses, whoever asks: the rules of the ledger as triggers."""

from __future__ import annotations

from importlib.resources import files

from tenants import Store


def install(store: Store) -> None:
    """Put the triggers into a company's new books, within the caller's transaction."""
    for script in scripts():
        for statement in statements(script):
            store.execute_sql(statement)


def scripts() -> list[str]:
    """Return the scripts that make the triggers, in the order in which they are run."""
    found = sorted(files(__package__).joinpath("sqlite").iterdir(), key=lambda f: f.name)
    return [file.read_text(encoding="utf-8") for file in found if file.name.endswith(".sql")]


def statements(script: str) -> list[str]:
    """Return the statements of a script, each of which ends in a line ``END;``."""
    parts = script.split("\nEND;\n")
    return [part.strip() + "\nEND" for part in parts[:-1]]
