"""Two companies to look at, made once and kept: one that was made up, one that comes from outside."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

from models.people import Membership, Passwords
from tenants import Router, UnknownTenant


def make_demo(
    router: Router, passwords: Passwords, progress: Callable[[str, int, int], None]
) -> list[str]:
    """Make what is missing of the demo, and return what to tell of it, line by line.

    The sign-in is told by whoever serves, unless its password was changed.
    """
    from cuneifox.demo.books import SLUG as BAANSUAN
    from cuneifox.demo.books import make_baansuan
    from cuneifox.demo.people import add_demo_user, sign_in
    from cuneifox.demo.tenyears import SLUG as TENYEARS
    from cuneifox.demo.tenyears import make_tenyears

    user = add_demo_user(passwords)
    told = [_made(BAANSUAN, make_baansuan(router, progress))]
    if find_spec("beancount") is not None:
        told.append(_made(TENYEARS, make_tenyears(router, progress)))
    else:
        told.append(f"{TENYEARS} needs beancount: pip install 'cuneifox[beancount]', then again.")
    for slug in (BAANSUAN, TENYEARS):
        try:
            tenant = router.tenant(slug)
        except UnknownTenant:
            continue
        if Membership.find(user, tenant.id) is None:
            Membership.grant(user, tenant.id, may_freeze=True, may_close=True)
    if not sign_in(passwords):
        told.append(f"Sign in as {user.name}, with the password you gave it.")
    return told


def _made(slug: str, fresh: bool) -> str:
    return f"{slug} is made." if fresh else f"{slug} is there already, and kept."
