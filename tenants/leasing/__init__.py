"""How many of the tenants' stores are open, who has them in hand, and who waits: the pool, leases, folder locks."""
