"""Who attacks: people with and without rights, and sessions that are over."""

from __future__ import annotations

from typing import NamedTuple

from attacks.marks import Texts
from cuneifox_site import Site
from models.people import Membership, Session, SignIn, User
from models.people.memberships import ALL
from models.people.sessions import digest_of

HOUR = 3600

USERS = {
    "anna": "acme",  # may do anything in acme
    "rita": "acme",  # may read acme
    "root": "acme",  # administers the installation, and is a member of acme
    "lena": "acme",  # could do anything a moment ago, and by now nothing
    "remo": "acme",  # was a member of acme a moment ago
    "dirk": "acme",  # was made inactive a moment ago
    "evan": "acme",  # has sessions that are over
    "cleo": "initech",  # may do anything in initech, which shares acme's registers
    "boris": "globex",  # may do anything in globex, and is the one to be kept safe
    "dora": "both",  # may do anything in acme and in globex
}
"""Whom there is, and whose marks their rows carry."""


class Identity(NamedTuple):
    """Somebody who asks.

    Attributes:
        name: what findings call them.
        token: what their cookie says; "" for no cookie.
        digest: what is stored of it, while it stands for a session.
        user: whose session it is or was.
        homes: companies that they may open.
        signed_in: whether the session goes on.
    """

    name: str
    token: str
    digest: str
    user: str
    homes: frozenset[str]
    signed_in: bool

    @property
    def administers(self) -> bool:
        """Whether they administer the installation."""
        return self.user == "root"


def add_people(site: Site) -> dict[str, User]:
    """Make the users, their memberships and their traces, and return them by their short names."""
    people = {}
    for name, home in USERS.items():
        texts = Texts(f"people of {home}")
        texts.given = 20 * (1 + list(USERS).index(name))
        user = people[name] = site.user(
            f"{name}{texts()}", display_name=texts(), administers=name == "root"
        )
        with site.app.app_context():
            for slug in ("acme", "globex") if home == "both" else (home,):
                tenant = site.router.tenant(slug)
                if name == "rita":
                    Membership.grant(user, tenant.id, dict.fromkeys(ALL, "read"))
                else:
                    Membership.grant(user, tenant.id, may_freeze=True, may_close=True)
            SignIn.note("in", user, now=site.clock(), address=texts(), agent=texts())
            Session.start(user, now=site.clock(), lifetime=9 * HOUR, address=texts(), agent=texts())
    return people


def identities(site: Site) -> dict[str, Identity]:
    """Give everybody a session, take from some what they had, and return all by what they are called."""
    with site.app.app_context(), site.router.universal.atomic():
        people = {name: User.get_by_id(user_id) for name, user_id in user_ids(site).items()}
        tokens = {name: _begin(site, user) for name, user in people.items()}
        over = {
            "expired": _begin(site, people["evan"], lifetime=HOUR),
            "idle": _begin(site, people["evan"]),
            "ended": _begin(site, people["evan"]),
            "rotated": _begin(site, people["remo"]),
        }
        _take_away(site, people, over)
    found = [
        Identity(name, token, digest_of(token), name, _homes(name), name != "dirk")
        for name, token in tokens.items()
    ]
    owner = {"rotated": "remo"}
    found += [
        Identity(name, token, digest_of(token), owner.get(name, "evan"), frozenset(), False)
        for name, token in over.items()
    ]
    stranger = {"": "nobody", digest_of(tokens["boris"]): "with a digest for a token"}
    stranger[tokens["boris"].swapcase()] = "with a token in the wrong case"
    stranger["' OR 1=1 --"] = "with SQL for a token"
    found += [Identity(name, t, "", "", frozenset(), False) for t, name in stranger.items()]
    return {identity.name: identity for identity in found}


def user_ids(site: Site) -> dict[str, str]:
    """The ids of the users by their short names here."""
    rows = User.select(User.id, User.name)
    names = {name: user.id for user in rows for name in USERS if user.name.startswith(name)}
    assert names.keys() == USERS.keys()
    return names


def _homes(name: str) -> frozenset[str]:
    if name in ("remo", "dirk"):
        return frozenset()
    return frozenset(("acme", "globex") if name == "dora" else (USERS[name],))


def _begin(site: Site, user: User, lifetime: int = 9 * HOUR) -> str:
    return Session.start(user, now=site.clock(), lifetime=lifetime)


def _take_away(site: Site, people: dict[str, User], over: dict[str, str]) -> None:
    acme = site.router.tenant("acme").id
    now = int(site.clock())
    digests = {name: digest_of(token) for name, token in over.items()}
    Session.update(expires_at=now).where(Session.digest == digests["expired"]).execute()
    Session.update(seen_at=now - 2 * HOUR).where(Session.digest == digests["idle"]).execute()
    Session.end(digests["ended"])
    Session.end(digests["rotated"])
    people["dirk"].set_standing(active=False, administers=False)
    Membership.revoke(people["remo"], acme)
    Membership.grant(people["lena"], acme, {})
