"""The companies that are worked in: made once, in a hurry, and kept for the next piece."""

from __future__ import annotations

import shutil
from pathlib import Path

from bench.fleet import hurried
from cuneifox.config import Config, PoolLimits
from cuneifox.data_folder import open_folder
from cuneifox.services import passwords_of
from cuneifox_site import CHEAP, PASSWORD
from models.companies import Company, create_company
from models.people import MODELS as PEOPLE
from models.people import Membership, User
from tenants.schemas.fleet import Fleet

KEEPER = "keeper"
DONE = "made"


def config_of(folder: Path, descriptors: int = 0) -> Config:
    """The settings of the installation in a folder, with so many descriptors for databases (0: as many as usual)."""
    pool = PoolLimits(descriptors=descriptors)
    return Config(data_folder=str(folder / "data"), passwords=CHEAP, pool=pool)


def make(folder: Path, count: int) -> None:
    """Make so many companies `c0`, `c1`, … in a folder; where they are there, bring them up to this program."""
    done = folder / DONE
    if done.exists() and done.read_text() == str(count):
        router = open_folder(config_of(folder))
        try:
            Fleet(router).run()
        finally:
            router.close()
        return
    shutil.rmtree(folder, ignore_errors=True)
    config = config_of(folder)
    with hurried():
        router = open_folder(config)
        try:
            router.universal.create_tables([*PEOPLE, Company])
            user = User.add(KEEPER, PASSWORD, administers=True, passwords=passwords_of(config))
            for n in range(count):
                made = create_company(router, slug=f"c{n}", name=f"Company {n}", template="general")
                Membership.grant(user, made.tenant_id, may_freeze=True, may_close=True)
        finally:
            router.universal.release(wholly=True)
            router.close()
    done.write_text(str(count))
