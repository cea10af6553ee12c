"""Knows databases and keys; never accounting, and no web framework but in `tenants.flask`."""

from .current import UNIVERSAL, current_entry, current_store, establish_key
from .errors import (
    AlreadyCreated,
    AmbiguousRouter,
    BadSlug,
    BindingFixed,
    KeyInUse,
    LockTimeout,
    NotAMember,
    NoTenant,
    ReadOnlyStore,
    SharedEntry,
    SlugTaken,
    SqliteUnsafe,
    TenantError,
    UnknownTenant,
    WouldDeadlock,
    WrongFile,
    WrongTenant,
)
from .locks import DBLock
from .metadata import ThreadSafeDatabaseMetadata
from .routed import RoutedModel
from .router import Router
from .store import Store
from .tenant import Tenant

__all__ = [
    "UNIVERSAL",
    "AlreadyCreated",
    "AmbiguousRouter",
    "BadSlug",
    "BindingFixed",
    "DBLock",
    "KeyInUse",
    "LockTimeout",
    "NoTenant",
    "NotAMember",
    "ReadOnlyStore",
    "RoutedModel",
    "Router",
    "SharedEntry",
    "SlugTaken",
    "SqliteUnsafe",
    "Store",
    "Tenant",
    "TenantError",
    "ThreadSafeDatabaseMetadata",
    "UnknownTenant",
    "WouldDeadlock",
    "WrongFile",
    "WrongTenant",
    "current_entry",
    "current_store",
    "establish_key",
]
