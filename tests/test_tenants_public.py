"""What `tenants` exports, and that its rule holds: it knows databases and keys, no accounting, no web framework."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import tenants
from tenants import errors

ROOT = Path(__file__).parent.parent

#: The names that the design fixes and that are built.
FIXED = {
    "Router", "RoutedModel", "ThreadSafeDatabaseMetadata", "establish_key", "UNIVERSAL", "DBLock", "NoTenant",
    "WrongTenant", "WrongFile", "LockTimeout", "RWLock", "BackupManager",
}  # fmt: skip

FEW_MORE = {
    "AlreadyCreated", "AmbiguousRouter", "BadSlug", "BindingFixed", "KeyInUse", "NotAMember", "ReadOnlyStore",
    "SharedEntry", "SlugTaken", "SqliteUnsafe", "Store", "Tenant", "TenantError", "UnknownTenant", "WouldDeadlock",
    "current_entry", "current_store", "TenantSuspended", "BadChange", "StoreBehind", "StoreAhead",
    "MigrationFailed", "NoRoom", "BackupFailed", "BadBackup", "BadKey", "Retention", "RefusedFile",
    "SnapshotTooOld",
}  # fmt: skip


def test_public_names() -> None:
    """The package exports these names, and each is there."""
    assert set(tenants.__all__) == FIXED | FEW_MORE
    assert all(hasattr(tenants, name) for name in tenants.__all__)
    assert tenants.__all__ == sorted(tenants.__all__, key=lambda name: (not name.isupper(), name))


def test_every_error_is_exported_and_drawn() -> None:
    """Each error of the room is exported, derives from `TenantError`, and stands in the tree of the docstring."""
    found = [value for value in vars(errors).values() if isinstance(value, type)]
    assert len(found) > 10
    for error in found:
        assert issubclass(error, tenants.TenantError)
        assert error.__name__ in tenants.__all__
        assert error.__name__ in (errors.__doc__ or "")
        assert error.__doc__


def test_universal_key() -> None:
    """The key of whoever is nobody in particular is what the design says."""
    assert tenants.UNIVERSAL == ("universal", None)


def test_importing_it_brings_no_web_framework() -> None:
    """A program that imports `tenants` has neither Flask nor any of the rooms above in memory."""
    program = (
        "import sys, tenants; "
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'flask', 'werkzeug', 'jinja2', 'models', 'cuneifox'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_smallest_use(tmp_path: Path) -> None:
    """The smallest program of the design runs as it stands."""
    from peewee import TextField

    from tenants import RoutedModel, Router

    class Note(RoutedModel):
        text = TextField()

        class Meta:
            store = "books"

    router = Router(tmp_path / "data")
    router.create("acme", models=[Note])
    with router.using("acme"):
        Note.create(text="hello")
        assert Note.get().text == "hello"
    router.close()
