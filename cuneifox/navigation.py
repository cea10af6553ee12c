"""The menu: what each page module says about itself, put in order, less what the reader may not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from flask import Flask, request, url_for

from cuneifox.i18n import LazyText, _l
from cuneifox.visits import Visit


class Link(NamedTuple):
    """One entry of the menu.

    `section` is "" (the company itself), "ledger", "reports" or "installation"; `order` sorts
    within it. `needs` is the (module, level) that the reader must have, if any; `administrators`
    are those of the installation; `when` tells of a visit whether the link is any use to it.
    """

    label: LazyText
    endpoint: str
    order: int
    section: str = ""
    needs: tuple[str, str] | None = None
    administrators: bool = False
    when: Callable[[Visit], bool] | None = None


SECTIONS = {
    "": _l("Company"),
    "ledger": _l("Ledger"),
    "reports": _l("Reports"),
    "installation": _l("Installation"),
}


class Menu:
    """All links of an app; `for_reader` gives those to show here and now."""

    def __init__(self, links: Iterable[Link]) -> None:
        self.links = sorted(
            links, key=lambda link: (list(SECTIONS).index(link.section), link.order)
        )

    def for_reader(self, visit: Any) -> list[tuple[LazyText, list[dict[str, Any]]]]:
        """Sections with their links, as the page frame shows them."""
        shown: dict[str, list[dict[str, Any]]] = {}
        for link in self.links:
            if _may_see(link, visit):
                shown.setdefault(link.section, []).append(
                    {
                        "label": link.label,
                        "url": url_for(link.endpoint),
                        "current": request.endpoint == link.endpoint,
                    }
                )
        return [(SECTIONS[name], links) for name, links in shown.items()]


def _may_see(link: Link, visit: Any) -> bool:
    if visit is None or (link.administrators and not visit.user.is_administrator):
        return False
    if link.when is not None and not link.when(visit):
        return False
    if link.section == "installation":
        return True
    if visit.company is None:
        return False
    return link.needs is None or visit.actor.may(*link.needs)


def init_app(app: Flask, links: Iterable[Link]) -> None:
    """Give the templates `menu(visit)`."""
    app.jinja_env.globals["menu"] = Menu(links).for_reader
