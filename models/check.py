"""The books' own audit: everything that is kept twice is compared, and every damage is told.

Nothing is changed, and nothing that is wrong stops it: a check that stumbles reports that, and the next
one goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice

from models.anchors import Manifests, known_seals
from models.checks import files, ledger, references, seals, shapes
from models.checks.findings import Fault, Finding
from tenants import (
    Router,
    SnapshotTooOld,
    Store,
    Tenant,
    TenantError,
    WrongFile,
    current_entry,
    current_store,
)

ROLES = ("books", "registers", "attachments")
"""The stores that every company has."""

MOST_FAULTS = 100
"""Of one check; whoever has more needs a backup, not a list."""

CHECKS: tuple[tuple[tuple[str, ...], Callable[[], Iterator[Fault]]], ...] = (
    (("books",), ledger.rows),
    (("books",), ledger.accounts),
    (("books",), ledger.vouchers),
    (("books",), ledger.balances),
    (("books",), ledger.months),
    (("books",), ledger.numbers),
    (("books",), ledger.periods),
    (("books", "registers"), references.references),
    (("attachments", "books"), references.attachments),
)
"""What is looked at in one state of the books, and which stores that takes; found is it in the first.

The chain sees to its own state, as it needs the catalogue's first.
"""


def check_company(router: Router, tenant: Tenant | str, manifests: Manifests = ()) -> list[Finding]:
    """Return everything that is wrong with a company's stores; an empty list means that all is well.

    Looked at are the identity of each file, SQLite's integrity and foreign keys, the accounts, whether
    each voucher balances, kept balances against recomputed ones, debits against credits of each month,
    numbers, seals and the hash chain, also by what catalogue and backups know of them, references to
    registers, and attachments. ``manifests`` are of backups that the catalogue may not know.

    Raises UnknownTenant if there is no such company.
    """
    company = router.tenant(tenant)
    found: list[Finding] = []
    sound: set[str] = set()
    for role in ROLES:
        store = company.stores.get(role)
        if store is None:
            found.append(Finding("identity", company.slug, role, "the company has no such store"))
            continue
        faults = list(_file_faults(store))
        found += _findings(company, role, faults)
        if not any(fault.code in ("identity", "unreadable") for fault in faults):
            sound.add(role)
    if "books" in sound:
        found += _in_one_state(company, sound)
        with router.using(company):
            for role in sorted(sound):
                found += _findings(company, role, guarded(partial(_seals, role, manifests)))
            found += _findings(company, "books", guarded(partial(ledger.chain, manifests)))
    return found


def _in_one_state(company: Tenant, sound: set[str]) -> list[Finding]:
    """Return what the checks find that go by rows, in one state of the stores that can be read."""
    wanted = [(roles[0], check) for roles, check in CHECKS if sound.issuperset(roles)]
    found: list[Finding] = []
    try:
        with company.snapshot(roles=sound):
            for role, check in wanted:
                found += _findings(company, role, guarded(check))
        return found
    except SnapshotTooOld as error:
        return [*found, Finding("unfinished", company.slug, "", str(error))]
    except Exception:  # noqa: BLE001 -- damage: each check tells by itself what it can read
        found = []
    with company.router.using(company):
        for role, check in wanted:
            found += _findings(company, role, guarded(partial(in_snapshot, check)))
    return found


def _file_faults(store: Store) -> Iterator[Fault]:
    try:
        with store.get_connection() as connection:
            yield from guarded(partial(files.origin, store, connection))
            for look in files.LOOKS[store.role]:
                yield from guarded(partial(look, connection))
            yield from guarded(partial(shapes.shape, store, connection))
    except WrongFile as error:
        yield Fault("identity", str(error))
    except Exception as error:  # noqa: BLE001 -- whatever a damaged file makes SQLite say is a finding
        yield Fault("unreadable", f"the file can't be read: {error}")


def in_snapshot(check: Callable[[], Iterator[Fault]]) -> Iterator[Fault]:
    """Run one check of the books on one state of them, while others go on posting."""
    with current_store("books").reading():
        yield from check()


def _seals(role: str, manifests: Manifests) -> Iterator[Fault]:
    """Compare a store with its seals; registers that are shared are in their owner's backups."""
    store, entry = current_store(role), current_entry()
    own = entry is not None and entry.tenant is not None and store.owner == entry.tenant.id
    known = known_seals(store, manifests if own else ())
    with store.reading():
        yield from seals.sealed(store, known)


def guarded(look: Callable[[], Iterator[Fault]]) -> Iterator[Fault]:
    """Yield what a check finds; if it stumbles over damage, that is what it found."""
    try:
        faults = look()
        yield from islice(faults, MOST_FAULTS)
        if next(faults, None) is not None:
            yield Fault("more", f"and more than {MOST_FAULTS} of the kind")
    except SnapshotTooOld:
        raise  # the books are not to blame
    except TenantError as error:
        yield Fault("unreadable", str(error))
    except Exception as error:  # noqa: BLE001 -- damaged rows can make anything fail, and must be told
        yield Fault("unreadable", f"a check stumbled: {type(error).__name__}: {error}")


def _findings(company: Tenant, role: str, faults: Iterable[Fault]) -> list[Finding]:
    return [Finding(f.code, company.slug, role, f.message, f.voucher_id, f.number) for f in faults]
