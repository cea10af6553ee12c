"""What is wrong with a company's files, as far as opening them tells."""

from __future__ import annotations

from tenants import LockTimeout, NoRoom, StoreBehind, Tenant, WrongFile


def faults_of(tenant: Tenant) -> list[str]:
    """What keeps a company's stores from being opened, a line for each, which says what to do."""
    faults = []
    for _role, store in sorted(tenant.stores.items()):
        try:
            with store.get_connection():
                pass
        except StoreBehind as error:
            if not store.router.migrate_on_open:
                faults.append(str(error))
        except WrongFile as error:
            faults.append(str(error))
        except (LockTimeout, NoRoom):  # somebody has it in hand, so nothing is said of it
            break
    return faults
