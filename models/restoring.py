"""Getting a company back from its backups: as it was then, or as a new one beside it; and undoing that."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from models import new_books
from models.backing_up import adopted, restored
from models.cloning import rename_books
from models.companies import COMPANY_MODELS, Company
from models.company_life import steps
from models.company_settings import cleaned_settings
from models.errors import BadInput, Conflict
from models.registers import STORE
from models.sharing import sharers
from tenants import BackupManager, RefusedFile, Router, Tenant, current_store
from tenants.backups.backup import Backup
from tenants.backups.manifest import Manifest
from tenants.backups.restoring import Restored
from tenants.confined import Template
from tenants.life.kept import KeptStore

TEMPLATE = Template(new_books.template_name(""), COMPANY_MODELS, partial(new_books.prepare, None))
"""What a company's stores begin as: rows that nobody vouches for are copied into such."""


def restorable(router: Router, tenant: Tenant, manifest: Manifest) -> tuple[list[str], list[str]]:
    """Return which of a company's own stores a backup holds, and the short names of others who use its registers."""
    own = {store.role for store in tenant.own_stores()}
    roles = [store.role for store in manifest.stores if store.name == store.role in own]
    affected = [other.slug for other in sharers(router, tenant)] if STORE in roles else []
    return roles, affected


def restore_company(
    manager: BackupManager,
    tenant: Tenant,
    backup: Backup,
    *,
    confirmed: str,
    registers_too: bool = False,
    **by: Any,
) -> Restored:
    """Let a company be what a backup of it holds; what it is now is kept, and can be gone back to.

    Registers that others use too stay as they are, unless ``registers_too``. ``confirmed`` is its short name,
    as whoever wants this wrote it; ``by`` says who that is, as ``backing_up.restored`` takes it.

    Raises BadInput, Conflict, and tenants' BadBackup, BadKey and LockTimeout; then nothing is changed.
    """
    _demand_confirmed(tenant, confirmed)
    roles, affected = restorable(manager.router, tenant, manager.manifest(backup))
    if affected and not registers_too:
        roles.remove(STORE)
    with steps(tenant):
        return manager.restore(
            tenant,
            backup,
            roles=roles,
            register=partial(restored, roles=roles, **by),
            shared_too=(STORE,) if affected and registers_too else (),
            template=TEMPLATE,
        )


def company_of_backup(
    manager: BackupManager,
    backup: Backup,
    *,
    slug: str,
    name: str,
    local_name: str = "",
    share_registers_with: Tenant | str | None = None,
    **elsewhere: Any,
) -> Company:
    """Make a new company of a backup, also of one of a company that was purged. Nobody is a member of it yet.

    Recurring vouchers whose schedules the backup's company still has rest in it until somebody lets them go on.

    It shares the registers that the backup's company shares, where that is still there; else those of
    ``share_registers_with``, where the backup holds none.

    Raises BadInput, and tenants' BadBackup, BadKey, BadSlug and SlugTaken; then nothing is left behind.
    """
    names = cleaned_settings({"name": name, "local_name": local_name})
    share = _shared(share_registers_with)
    _demand_registers(manager, backup, share, **elsewhere)
    made = manager.restore(
        backup.tenant,
        backup,
        into=slug,
        setup=partial(_rename, names),
        register=partial(adopted, source=backup.tenant, **names),
        share=share,
        template=TEMPLATE,
        **elsewhere,
    )
    return Company.get_by_id(made.tenant.id)


def restore_files(
    manager: BackupManager,
    tenant: Tenant,
    files: Mapping[str, str | Path],
    *,
    confirmed: str,
    **by: Any,
) -> Restored:
    """Take the rows of files that somebody offers into fresh stores of a company; what it has now is kept.

    Raises BadInput, Conflict, and tenants' RefusedFile and LockTimeout; then nothing is changed.
    """
    _demand_confirmed(tenant, confirmed)
    with steps(tenant):
        return manager.restore_file(
            tenant, files, TEMPLATE, register=partial(restored, roles=list(files), **by)
        )


def company_of_files(
    manager: BackupManager,
    files: Mapping[str, str | Path],
    *,
    slug: str,
    name: str,
    local_name: str = "",
    share_registers_with: Tenant | str | None = None,
) -> Company:
    """Make a new company of the rows of files that somebody offers, books, registers and attachments.

    Raises BadInput, and tenants' RefusedFile, BadSlug and SlugTaken; then nothing is left behind.
    """
    names = cleaned_settings({"name": name, "local_name": local_name})
    share = _shared(share_registers_with)
    missing = {"books", STORE, "attachments"} - files.keys() - (share or {}).keys()
    if missing:
        raise RefusedFile(
            f"A company has books, registers and attachments: {', '.join(sorted(missing))} isn't there."
        )
    made = manager.restore_file(
        None,
        files,
        TEMPLATE,
        into=slug,
        setup=partial(_rename, names),
        register=partial(adopted, **names),
        share=share,
    )
    return Company.get_by_id(made.tenant.id)


def go_back_company(manager: BackupManager, tenant: Tenant, since: str, **by: Any) -> Restored:
    """Let a company be again what a restore has replaced at that time; what was written since is kept in its turn.

    Raises Conflict where that isn't kept any more, and tenants' BadBackup and LockTimeout; then nothing is changed.
    """
    generations = {kept.role: kept.generation for kept in _kept_since(tenant, since)}
    others = (
        [other.slug for other in sharers(manager.router, tenant)] if STORE in generations else []
    )
    with steps(tenant):
        return manager.go_back(
            tenant,
            generations,
            register=partial(restored, roles=list(generations), **by),
            shared_too=(STORE,) if others else (),
        )


def discard_kept(tenant: Tenant, since: str) -> list[KeptStore]:
    """Delete for good what a restore has replaced at that time, and return it. Conflict where it isn't kept."""
    going = _kept_since(tenant, since)
    with steps(tenant):
        tenant.router.discard(going)
    return going


def _rename(names: dict[str, Any]) -> None:
    with current_store("books").writing():
        rename_books(names)


def _demand_confirmed(tenant: Tenant, confirmed: str) -> None:
    if confirmed.strip() != tenant.slug:
        raise BadInput(
            "Write the company's short name, %(slug)s, to have it restored.",
            field="confirmed",
            slug=tenant.slug,
        )


def _kept_since(tenant: Tenant, since: str) -> list[KeptStore]:
    found = [kept for kept in tenant.router.kept(tenant) if kept.since == since]
    if not found:
        raise Conflict("What that restore replaced isn't kept any more. Look again.")
    return found


def _shared(owner: Tenant | str | None) -> dict[str, Tenant | str] | None:
    return {STORE: owner} if owner is not None else None


def _demand_registers(
    manager: BackupManager,
    backup: Backup,
    share: Mapping[str, Any] | None,
    **elsewhere: Any,
) -> None:
    """Raise BadInput where a new company would have no registers."""
    if share is not None or elsewhere or manager.router.catalogue.knows(backup.tenant):
        return
    if not any(store.name == STORE for store in manager.manifest(backup).stores):
        raise BadInput(
            "The backup holds no registers, as the company used another's; say whose the new one is to use."
        )
