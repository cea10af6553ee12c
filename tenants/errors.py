"""What can go wrong between a caller and a tenant's databases.

TenantError
├── NoTenant             a store's model was used where no entry is live
├── WrongTenant          a row, query or cursor of one store was used in another's entry
├── AmbiguousRouter      several routers are open and nothing says which is meant
├── KeyInUse             an entry was to be entered under a key that is live
├── SharedEntry          two threads or asyncio tasks use one entry
├── BindingFixed         a model was to be bound where its binding can't change
├── NotAMember           a signed-in entry asked for a tenant that it may not enter
├── UnknownTenant        no tenant has that slug or id
├── TenantSuspended      a tenant that nobody may enter for now
├── BadChange            a step in a tenant's life that isn't possible as things stand
├── BadSlug              a slug that can't be one
│   └── SlugTaken        … or is another tenant's
├── WrongFile            a file isn't the store that the catalogue says it is
│   ├── StoreBehind      … its schema is older than the program
│   └── StoreAhead       … or newer
├── MigrationFailed      a migration can't be run, or raised
├── ReadOnlyStore        a store may only be read: after a fault, in quarantine, or archived
├── SnapshotTooOld       a snapshot lasted longer than it may, or cost too much, and was ended
├── NoRoom               no descriptors were to be had for a tenant's stores in time
├── LockTimeout          a lock wasn't had in time
│   └── WouldDeadlock    … and never could be: the same thread holds it
├── BackupFailed         a backup couldn't be made
├── BadBackup            a backup is damaged, was changed, or isn't one
├── BadKey               the backups' key file is missing, isn't one, or is the wrong one
├── RefusedFile          a file that somebody offered isn't taken
├── AlreadyCreated       a schema file was run before
└── SqliteUnsafe         the SQLite library has a known corruption bug
"""

from __future__ import annotations


class TenantError(Exception):
    """The root of this room's errors."""


class NoTenant(TenantError):
    """Raised when a store's model is used and no entry is live to say whose store is meant."""


class WrongTenant(TenantError):
    """Raised when a row, query, cursor or transaction of one store is used in an entry without it."""


class AmbiguousRouter(TenantError):
    """Raised when a universal model is used, several routers are open, and none is current."""


class KeyInUse(TenantError):
    """Raised when an entry is entered under a key that another live entry has."""


class SharedEntry(TenantError):
    """Raised when an entry is used by a thread or an asyncio task that didn't enter it."""


class BindingFixed(TenantError):
    """Raised when a model is bound to a database where its binding can't be changed."""


class NotAMember(TenantError):
    """Raised when a signed-in entry asks for a tenant that its session may not enter."""


class UnknownTenant(TenantError, LookupError):
    """Raised when no tenant has the slug or id that was asked for."""


class TenantSuspended(TenantError):
    """Raised when a tenant is entered that is suspended."""


class BadChange(TenantError, ValueError):
    """Raised when a tenant is to be renamed, archived, purged, … and things stand otherwise."""


class BadSlug(TenantError, ValueError):
    """Raised when a slug breaks the rules for slugs."""


class SlugTaken(BadSlug):
    """Raised when a slug is another tenant's."""


class WrongFile(TenantError):
    """Raised when a file is missing, isn't SQLite, or isn't the store that the catalogue expects."""


class StoreBehind(WrongFile):
    """Raised when a store's schema is older than what the program wants: it has to be migrated first."""


class StoreAhead(WrongFile):
    """Raised when a store's schema is newer than the program knows."""


class MigrationFailed(TenantError):
    """Raised when migrations can't be run as they are, or one of them raised; the store is as it was."""


class ReadOnlyStore(TenantError):
    """Raised when a store is to be written that may only be read: after a fault, in quarantine, or archived."""


class SnapshotTooOld(TenantError):
    """Raised when a snapshot is read that was ended: it had lasted too long, or a log had grown too large."""


class NoRoom(TenantError, TimeoutError):
    """Raised when the process had no descriptors left for a tenant's stores for as long as a request may wait."""


class LockTimeout(TenantError, TimeoutError):
    """Raised when a lock wasn't had within its time-out."""


class WouldDeadlock(LockTimeout):
    """Raised at once when the thread that waits for a lock is the one that holds it."""


class BackupFailed(TenantError):
    """Raised when a backup couldn't be made; what there was before is as it was."""


class BadBackup(TenantError):
    """Raised when a backup can't be read as it was written: damaged, cut short, changed, or never one of ours."""


class BadKey(TenantError):
    """Raised when the key file of encrypted backups can't be used, or isn't the one that a backup was made with."""


class RefusedFile(TenantError, ValueError):
    """Raised when a file that was offered isn't what it should be, or would take too much; nothing was changed."""


class AlreadyCreated(TenantError):
    """Raised when a schema file is run on a store that a different one was run on before."""


class SqliteUnsafe(TenantError):
    """Raised at start when the SQLite library has a bug that corrupts databases."""
