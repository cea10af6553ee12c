"""Kinds of work: each is a function of ours, with what it needs to know and what whoever asks must be allowed to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from models.actors import Actor, Level

if TYPE_CHECKING:
    from cuneifox.jobs.work import Work
    from models.jobs.job import Job

Right = tuple[str, Level]
"""A module and the level in it."""


@dataclass(frozen=True)
class Kind:
    """A kind of work.

    Attributes:
        name: a stable word.
        run: does it; may return a line of text that says what came of it.
        title: what people call it, in the current language, by its arguments.
        needs: the rights that who asks must have in the company, all the while; and all that the server's own work of
            this kind has.
        most_attempts: how often it is tried where what failed may pass.
        of_company: whether it works on a company's stores.
        companies: for work on several companies, which its job belongs to none of: returns their ids by its arguments.
            What it needs is needed in each.
        may_freeze: whether it needs the right to freeze months.
        administers: whether only administrators may ask for it.
    """

    name: str
    run: Callable[[Work], str | None]
    title: Callable[[Mapping[str, Any]], str]
    needs: tuple[Right, ...] = ()
    most_attempts: int = 3
    of_company: bool = True
    companies: Callable[[Mapping[str, Any]], Sequence[str]] | None = None
    may_freeze: bool = False
    administers: bool = False

    def demand(self, actor: Actor) -> None:
        """Raise NotAllowed unless an actor has the rights in the company that this work needs."""
        for module, level in self.needs:
            actor.demand(module, level)
        if self.may_freeze:
            actor.demand_freeze()


KINDS: dict[str, Kind] = {}
"""All there are, by name: filled as the modules that hold them are imported."""


def kind(
    name: str, title: Callable[[Mapping[str, Any]], str], **options: Any
) -> Callable[[Callable[[Work], str | None]], Callable[[Work], str | None]]:
    """Make a function a kind of work; `options` are those of `Kind`."""

    def made(run: Callable[[Work], str | None]) -> Callable[[Work], str | None]:
        if name in KINDS:
            raise ValueError(f"There is a kind of work {name!r} already.")
        KINDS[name] = Kind(name, run, title, **options)
        return run

    return made


def companies_of(name: str, arguments: Mapping[str, Any]) -> list[str]:
    """Return the ids of the companies that work on several is about; none for all other work."""
    known = KINDS.get(name)
    if known is None or known.companies is None:
        return []
    try:
        return [str(each) for each in known.companies(arguments)]
    except (KeyError, TypeError, ValueError):  # arguments of another version of the program
        return []


def companies_about(job: Job) -> list[str]:
    """Return the ids of the companies that a job is about: its own, or those that its arguments name."""
    return [job.tenant_id] if job.tenant_id else companies_of(job.kind, job.given)


def title_of(name: str, arguments: Mapping[str, Any]) -> str:
    """Return what people call a job, also one whose kind is no more."""
    known = KINDS.get(name)
    if known is None:
        return name
    try:
        return str(known.title(arguments))
    except (KeyError, TypeError, ValueError):  # arguments of another version of the program
        return name
