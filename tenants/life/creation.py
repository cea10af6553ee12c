"""How a tenant comes into being: files first, then the catalogue's rows, which make it visible.

Each file waits for the disk once, then its folder and the folder of all homes, then the catalogue's commit. Until that
commit nobody knows of the files, so that it doesn't matter in which order they get there; and whatever is cut short
before leaves a mark, by which they are found and removed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from peewee import Model

from .. import sqlite
from ..errors import TenantError
from ..places import require_role
from ..tenant import Tenant, require_slug
from .marks import Mark
from .new_homes import NewHome
from .states import require_no_transaction
from .steps import step

if TYPE_CHECKING:
    from ..router import Router

Register = Callable[[Tenant], object]


class Creation:
    """One tenant that is being made.

    Args:
        router: the data folder.
        slug: what people will read.
        models: models that declare a store.
        share: tenants whose store of that role is to be shared, by role.
    """

    def __init__(
        self,
        router: Router,
        slug: str,
        models: Iterable[type[Model]],
        share: Mapping[str, Tenant | str],
    ) -> None:
        self.router = router
        require_no_transaction(router)
        router.catalogue.require_free(require_slug(slug))
        self.models: dict[str, list[type[Model]]] = {}
        for model in models:
            meta: Any = model._meta
            if meta.store is not None and meta.store not in share:
                self.models.setdefault(require_role(meta.store), []).append(model)
        shared = {role: router.tenant(whose).store(role) for role, whose in share.items()}
        self.home = NewHome(router, slug, shared)
        self.tenant = self.home.tenant

    def run(
        self,
        setup: Callable[[], object] | None,
        register: Register | None,
        template: str | None,
        prepare: Callable[[], object] | None,
    ) -> Tenant:
        """Make it. Whatever is raised, also by `setup` and `register`, nothing is left behind."""
        try:
            with (
                self.home.kept_if_made(),
                Mark(self.router, self.tenant.id, "create", self.tenant.slug) as mark,
            ):
                self._fill(setup, template, prepare)
                enter_into_catalogue(self.router, self.home, {}, register)
                step("entered")
                mark.done()
        except TenantError:
            raise  # that a lock wasn't had in time is an OSError, too
        except (OSError, sqlite.driver.Error) as error:
            raise not_made(self.tenant, error) from error
        return self.tenant

    def _fill(
        self,
        setup: Callable[[], object] | None,
        template: str | None,
        prepare: Callable[[], object] | None,
    ) -> None:
        home = self.home
        try:
            blanks = {}
            if template is not None:
                blanks = self.router.templates.blanks(template, self.models, prepare)
            home.make_folder()
            for role, blank in blanks.items():
                home.write_store(role, blank)
            if template is None:
                home.make_stores(self.models)
                if prepare is not None:
                    home.enter(prepare)
            if setup is not None:
                home.enter(setup)
            home.finish()
        finally:
            home.close()


def enter_into_catalogue(
    router: Router,
    home: NewHome,
    troubles: Mapping[str, tuple[str, str]],
    register: Register | None,
) -> None:
    """Enter a new tenant into the catalogue, which makes it visible.

    Args:
        router: the data folder.
        home: what was made, all of it on the disk.
        troubles: schema and trouble of its own stores, by role, where they aren't as the program makes them.
        register: the caller's part of the transaction.
    """
    tenant = home.tenant

    def write() -> None:
        schemas = {role: (router.fingerprint(role), "") for role in home.own} | dict(troubles)
        router.catalogue.add(tenant, schemas)
        if register is not None:
            with router.universal._asked_for():
                register(tenant)

    router.universal_store.write(write)


def not_made(tenant: Tenant, error: Exception) -> TenantError:
    """Return the error for files that couldn't be made."""
    return TenantError(
        f"The files of {tenant.slug} can't be made ({error}); nothing was left. Is there room on the disk, and may "
        f"this process write to the data folder?"
    )
