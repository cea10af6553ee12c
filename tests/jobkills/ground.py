"""The installation in which the jobs are done: fifty companies, each with a mark in all that is written for it."""

from __future__ import annotations

import random
import shutil
import time
from pathlib import Path
from typing import Any

import msgspec

from cuneifox import create_app
from cuneifox.config import Config
from cuneifox_site import CHEAP
from kills.ground import new_mark
from models.accounts import find_account
from models.companies import create_company
from models.jobs.asking import Asker, ask
from models.journals import find_book

COMPANIES = 50
KIND = "jobkills"
NOTE = "jobs.json"
NOBODY = Asker(identity="jobkills")


class Company(msgspec.Struct):
    """One whose jobs are done."""

    id: str
    slug: str
    mark: str


class Ground(msgspec.Struct):
    """Where a round takes place, as workers read it; `book`, `cash` and `sales` are stids, the same everywhere."""

    folder: str
    companies: list[Company]
    book: int
    cash: int
    sales: int

    @property
    def data(self) -> Path:
        """The data folder."""
        return Path(self.folder) / "data"

    @property
    def config(self) -> Config:
        """The installation's settings."""
        return Config(data_folder=str(self.data), passwords=CHEAP)

    @classmethod
    def read(cls, folder: Path) -> Ground:
        """Return what `lay_out` or `copy` wrote there."""
        return msgspec.json.decode((folder / NOTE).read_bytes(), type=cls)

    def write(self) -> None:
        """Keep it for the workers."""
        (Path(self.folder) / NOTE).write_bytes(msgspec.json.encode(self))

    def copy(self, folder: Path) -> Ground:
        """Return the same in another folder; nobody has this one open."""
        shutil.copytree(self.data, folder / "data")
        other = msgspec.structs.replace(self, folder=str(folder))
        other.write()
        return other


def lay_out(folder: Path, companies: int = COMPANIES) -> Ground:
    """Make the installation."""
    app = create_app(Config(data_folder=str(folder / "data"), passwords=CHEAP))
    services = app.extensions["cuneifox"]
    made = []
    try:
        with app.app_context():
            for n in range(companies):
                mark = new_mark(random.Random(n))
                slug = f"company-{n}"
                company = create_company(
                    services.router, slug=slug, name=f"{mark} {slug}", template="general"
                )
                made.append(Company(company.tenant_id, slug, mark))
            with services.router.using(made[0].id):
                stids = (
                    find_book("GJ").stid,
                    find_account("1110").stid,
                    find_account("4100").stid,
                )
    finally:
        services.close()
    ground = Ground(str(folder), made, *stids)
    ground.write()
    return ground


class Wanted(msgspec.Struct):
    """A job that was asked for, and what has to come of it: these amounts, and a file or none."""

    id: str
    company: str
    amounts: list[int]
    file: bool


class Asking:
    """Asks for jobs as the pages do, and remembers what was asked for."""

    def __init__(self, ground: Ground, chance: random.Random) -> None:
        self.ground, self.chance = ground, chance
        self.app = create_app(ground.config)
        self.services = self.app.extensions["cuneifox"]
        self.wanted: list[Wanted] = []

    def close(self) -> None:
        """Ask for no more."""
        self.services.close()

    def ask(self, count: int) -> None:
        """Ask for so many, each for a company that is drawn; sometimes for nothing but in the catalogue."""
        for _ in range(count):
            company = self.chance.choice(self.ground.companies)
            given = self._draw()
            with self.app.app_context():
                job, _ = ask(KIND, given, NOBODY, now=time.time(), tenant_id=company.id)
            self.wanted.append(Wanted(job.id, company.id, given["amounts"], given["file"]))
            if self.chance.random() < 0.9:  # else its message is lost
                self.services.queue.send(job.id)

    def _draw(self) -> dict[str, Any]:
        return {
            "amounts": [self.chance.randrange(1, 10_000) for _ in range(self.chance.randint(1, 4))],
            "together": self.chance.random() < 0.3,
            "file": self.chance.random() < 0.5,
            "pause": self.chance.choice([0, 0.02, 0.1, 0.3]),
        }
