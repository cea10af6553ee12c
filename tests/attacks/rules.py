"""What each answer is held against: who may come in, and whose texts they may get."""

from __future__ import annotations

from werkzeug.test import TestResponse

from attacks.companies import ACME, ALL_OWNERS, INITECH, owners_of
from attacks.marks import TOKENS
from attacks.people import USERS
from attacks.probes import Probe
from attacks.routes import UNSAFE


def may_open(probe: Probe) -> bool:
    """Whether the sender may open the company in the address."""
    return probe.who.signed_in and (not probe.slug or probe.slug in probe.who.homes)


def may_write(probe: Probe) -> bool:
    """Whether the sender may change acme's stores by this."""
    may = ("anna", "root", "dora", "evan") + ("cleo",) * (probe.slug == INITECH)  # shares registers
    return probe.who.name in may or probe.method not in UNSAFE


def may_look(probe: Probe) -> bool:
    """Whether the sender may have the victim's files opened by this, though nothing of what is in them is told.

    The page on which administrators see to a company says which of its files can't be opened, and so tries.
    """
    return probe.who.signed_in and probe.who.administers and probe.endpoint == "administration.show"


def forbidden(probe: Probe) -> frozenset[str]:
    """The owners whose texts the sender mustn't get."""
    who = probe.who
    if not who.signed_in:
        return ALL_OWNERS | {TOKENS}
    own = {f"people of {USERS[who.user]}"}
    if who.administers:
        own |= {owner for owner in ALL_OWNERS if owner.startswith("people")}
    for home in who.homes if probe.slug == "" else who.homes & {probe.slug}:
        own |= owners_of(home)
    if who.name == "lena":
        own -= {f"{ACME}/{role}" for role in ("books", "registers", "attachments")}
    return (ALL_OWNERS | {TOKENS}) - own


def kept_out(probe: Probe, answer: TestResponse) -> bool:
    """Whether who may not come in, or sent no token, was refused; True for all others."""
    status, onward = answer.status_code, answer.headers.get("Location", "")
    if status >= 400 or status == 308:
        return True
    if probe.method in UNSAFE and probe.token != "right":
        return probe.endpoint == "auth.sign_out" and not probe.who.signed_in
    if not may_open(probe) and probe.slug:
        return not probe.who.signed_in and status == 302 and onward.startswith("/sign-in")
    return True
