"""Whoever has databases of its own."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from .errors import BadSlug, TenantError, TenantSuspended, UnknownTenant

if TYPE_CHECKING:
    from .leasing.leases import Needs
    from .router import Router
    from .snapshots.snapshot import Snapshot
    from .store import Store

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_ID = re.compile(r"[a-z2-7]{26}")
#: Words of URLs, and names that some file systems keep for devices: exports are named after slugs.
_RESERVED = re.compile(r"universal|new|con|prn|aux|nul|com[0-9]|lpt[0-9]")


def new_id() -> str:
    """Return an id that was never given before: 128 random bits as 26 characters of lower-case base32."""
    return base64.b32encode(secrets.token_bytes(16)).decode().rstrip("=").lower()


def is_id(text: object) -> bool:
    """True for what has the form of an id, which no slug has."""
    return isinstance(text, str) and len(text) == 26 and _ID.fullmatch(text) is not None


def may_name(text: object) -> bool:
    """True for what has the form of a slug or an id, so that asking the catalogue for it makes sense."""
    return isinstance(text, str) and _SLUG.fullmatch(text) is not None


def is_slug(text: object) -> bool:
    """True for what may be a slug."""
    return may_name(text) and not is_id(text) and _RESERVED.fullmatch(str(text)) is None


def require_slug(slug: object) -> str:
    """Return the slug if it is one: 1 to 63 of a–z, 0–9 and inner hyphens, not a reserved word, not like an id.

    Raises:
        BadSlug: says what a slug looks like.
    """
    if not isinstance(slug, str) or not is_slug(slug):
        shown = repr(slug[:40] + "…" if isinstance(slug, str) and len(slug) > 40 else slug)
        raise BadSlug(
            f"{shown} can't be a slug: use 1 to 63 of the letters a-z, digits and hyphens, with no hyphen at either "
            f"end, such as 'baan-suan'."
        )
    return slug


class Tenant:
    """A tenant: its id, which never changes, its slug, which people read, and its stores by role.

    Attributes:
        state: `active`; `suspended`, when nobody may enter; or `archived`, when it may be read and not written.
        reason: why it is in that state, in the words of whoever brought it there.
        seen: what the notice said when the catalogue was last asked about it; None if that mustn't be relied on.
        listed: False as long as it is being made, and the catalogue doesn't have it yet.
        needs: what a lease of its stores takes, where that was worked out.
        bindings: which databases its entries are filled with, where that was worked out.
    """

    def __init__(self, router: Router, tenant_id: str, slug: str, stores: dict[str, Store]) -> None:
        self.router = router
        self.id = tenant_id
        self.slug = slug
        self.stores = stores
        self.state = "active"
        self.reason = ""
        self.seen: int | None = None
        self.listed = False
        self.needs: Needs | None = None
        self.bindings: tuple[object, dict[int, Any]] | None = None

    def bring_up_to_date(
        self, slug: str, state: str, reason: str, stores: dict[str, Store], seen: int | None
    ) -> None:
        """Take over what the catalogue says now. Live entries keep the stores that they were entered with."""
        self.slug, self.state, self.reason = slug, state, reason
        if stores != self.stores:
            replaced = [s for s in self.stores.values() if stores.get(s.role) is not s]
            self.stores, self.bindings = stores, None
            for store in (
                replaced
            ):  # or what another process removes stays on the disk while it is warm here
                self.router.pool.close(store)
        self.seen, self.listed = seen, True

    @property
    def is_archived(self) -> bool:
        """True where it may be read and not written."""
        return self.state == "archived"

    def require_open(self) -> None:
        """Raise `TenantSuspended` where nobody may enter it."""
        if self.state in ("active", "archived"):
            return
        if self.state == "suspended":
            why = f" ({self.reason})" if self.reason else ""
            raise TenantSuspended(
                f"{self.slug} is suspended{why}: resume it, then it can be entered."
            )
        raise UnknownTenant(
            f"{self.slug} is {self.state}, which this program doesn't know: install the newer program again."
        )

    def own_stores(self) -> list[Store]:
        """Return the stores that are its own, and not another's that it shares."""
        return [store for store in self.stores.values() if store.owner == self.id]

    def store(self, role: str) -> Store:
        """Return the store of that role.

        Raises:
            TenantError: the tenant has none of that role.
        """
        try:
            return self.stores[role]
        except KeyError:
            has = ", ".join(sorted(self.stores)) or "none"
            raise TenantError(f"{self.slug} has no {role!r} store; it has {has}.") from None

    def snapshot(
        self,
        max_age: float | None = None,
        *,
        roles: Collection[str] | None = None,
        patience: float | None = None,
    ) -> Snapshot:
        """Return a context manager that enters it, and reads one consistent state of each of its stores throughout.

        For reports that run for minutes while others write: they aren't held up, writing in the block is refused. An
        entry like that of `Router.using`, with a key of its own, and the same rule for who may enter.

        Args:
            max_age: seconds that it may last; the router's own bound (600 unless it was given another) if None. Past
                that its stores are free for maintenance, and what is read raises.
            roles: which stores; all unless given. Others can't be used in the block, and aren't opened for it.
            patience: seconds to wait for room and for maintenance; the pool's own unless given.

        Raises, on entering, what `Router.using` and the first touch of a store do; in the block:
            SnapshotTooOld: it has lasted too long, or a store's write-ahead log has grown too large meanwhile.
            ReadOnlyStore: it was to be written.
        """
        from .snapshots.snapshot import Snapshot

        return Snapshot(self, max_age, roles, patience)

    def __repr__(self) -> str:
        return f"<Tenant {self.slug} {self.id}>"
