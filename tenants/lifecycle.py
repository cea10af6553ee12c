"""The part of the router that changes tenants as wholes: each step of a tenant's life, from its making to its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .homes import Homes
    from .pool import Pool
    from .tenant import Tenant


class Lifecycle:
    """What a router can do to a tenant."""

    homes: Homes
    pool: Pool

    def tenant(self, slug_or_id: Tenant | str) -> Tenant:
        """Return a tenant by slug or id, as it is now."""
        raise NotImplementedError

    @contextmanager
    def maintaining(self, tenant: Tenant | str, patience: float = 30.0) -> Iterator[Tenant]:
        """Have the tenant's own stores alone in the block, in this process and all others.

        Leases end first and new ones wait, but for those of this thread; idle connections of this process are closed.
        Stores that the tenant merely shares are left alone: they are their owner's.

        Args:
            tenant: whose own stores.
            patience: seconds to wait for leases to end.

        Raises:
            UnknownTenant: there is no such tenant, or none any more when its turn came.
            LockTimeout: leases didn't end in time.
            WrongFile: its folder isn't there.
        """
        tenant = self.tenant(tenant)
        with self.homes.of(tenant.id, tenant.slug).maintaining(patience):
            tenant = self.tenant(tenant)  # what others did to it while this waited
            for store in tenant.own_stores():
                self.pool.close(store)
            yield tenant
