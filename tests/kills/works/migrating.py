"""Migrations of the whole fleet, one version after the other, with postings in between."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from kills.children import Child
from kills.works.books import BY
from models.posting import post_input
from tenants.schemas.fleet import Fleet

GROW = """
def up(migrator, db):
    db.execute_sql("CREATE TABLE IF NOT EXISTS grown (id INTEGER PRIMARY KEY, times INTEGER NOT NULL)")
    db.execute_sql("INSERT INTO grown VALUES (1, 0) ON CONFLICT DO NOTHING")
    db.execute_sql("CREATE TABLE grown_{number} (id INTEGER PRIMARY KEY, told TEXT)")
    db.execute_sql("INSERT INTO grown_{number} SELECT id, text FROM vouchers")
    db.execute_sql("UPDATE grown SET times = times + 1")
"""


def run(child: Child) -> None:
    """Post to each company, then make the next migration, and bring all companies up to it."""

    def turn(chance: random.Random) -> None:
        router = child.ground.open()
        try:
            for company in child.ground.companies:
                what = _sale(child, company.id, company.mark, chance)
                with router.using(company.id), child.doing("post", **what) as told:
                    posted = post_input(child.ground.sale(what), by=BY, key=what["key"])
                    told |= {"id": posted.id, "number": posted.number}
        finally:
            router.close()
        add(Path(child.ground.migrations))
        router = child.ground.open()
        try:
            with child.doing("migrate") as told:
                report = Fleet(router).run(jobs=chance.choice((1, 2)))
                told["stores"] = len(report.results)
                if not report.is_well:
                    child.fault(f"the fleet's run came to {report}")
        finally:
            router.close()

    child.work(turn)


def add(folder: Path) -> None:
    """Write one more migration of the books."""
    number = len(list(folder.glob("[0-9]*.py"))) + 1
    aside = folder / "next"
    aside.write_text(GROW.format(number=number))
    aside.rename(folder / f"{number:04}_grow.py")


def _sale(child: Child, company: str, mark: str, chance: random.Random) -> dict[str, Any]:
    key = f"{child.name}-{chance.getrandbits(60):x}"
    date = f"2026-{chance.randint(1, 12):02d}-07"
    return {"company": company, "key": key, "date": date, "text": f"{mark} sale", "amount": 5}
