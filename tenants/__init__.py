"""Knows databases and keys; never accounting, and no web framework but in `tenants.flask`."""

from .backups.manager import BackupManager
from .backups.retention import Retention
from .current import UNIVERSAL, current_entry, current_store, establish_key
from .errors import (
    AlreadyCreated,
    AmbiguousRouter,
    BackupFailed,
    BadBackup,
    BadChange,
    BadKey,
    BadSlug,
    BindingFixed,
    KeyInUse,
    LockTimeout,
    MigrationFailed,
    NoRoom,
    NotAMember,
    NoTenant,
    ReadOnlyStore,
    RefusedFile,
    SharedEntry,
    SlugTaken,
    SnapshotTooOld,
    SqliteUnsafe,
    StoreAhead,
    StoreBehind,
    TenantError,
    TenantSuspended,
    UnknownTenant,
    WouldDeadlock,
    WrongFile,
    WrongTenant,
)
from .locks import DBLock
from .metadata import ThreadSafeDatabaseMetadata
from .routed import RoutedModel
from .router import Router
from .rwlocks import RWLock
from .store import Store
from .tenant import Tenant

__all__ = [
    "UNIVERSAL",
    "AlreadyCreated",
    "AmbiguousRouter",
    "BackupFailed",
    "BackupManager",
    "BadBackup",
    "BadChange",
    "BadKey",
    "BadSlug",
    "BindingFixed",
    "DBLock",
    "KeyInUse",
    "LockTimeout",
    "MigrationFailed",
    "NoRoom",
    "NoTenant",
    "NotAMember",
    "RWLock",
    "ReadOnlyStore",
    "RefusedFile",
    "Retention",
    "RoutedModel",
    "Router",
    "SharedEntry",
    "SlugTaken",
    "SnapshotTooOld",
    "SqliteUnsafe",
    "Store",
    "StoreAhead",
    "StoreBehind",
    "Tenant",
    "TenantError",
    "TenantSuspended",
    "ThreadSafeDatabaseMetadata",
    "UnknownTenant",
    "WouldDeadlock",
    "WrongFile",
    "WrongTenant",
    "current_entry",
    "current_store",
    "establish_key",
]
