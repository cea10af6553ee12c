"""Where a command works: the settings, the data folder, a company."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from cuneifox.cli.exits import Refused
from cuneifox.config import Config, load_config

if TYPE_CHECKING:
    from flask import Flask

    from tenants import Router, Tenant


def settings() -> Config:
    """The settings of this command; ConfigError if they can't be used."""
    chosen: dict[str, Any] = click.get_current_context().find_root().obj
    env = dict(os.environ)
    if chosen["data"] is not None:
        if not chosen["data"].strip():
            raise click.UsageError("--data is empty; name a folder.")
        env["CUNEIFOX_DATA"] = chosen["data"]
    return load_config(chosen["config"], env)


def now(config: Config) -> datetime.datetime:
    """The moment where the installation's people are."""
    return datetime.datetime.now(ZoneInfo(config.time_zone))


def today(config: Config) -> datetime.date:
    """The date where they are."""
    return now(config).date()


@contextmanager
def installation(*, make: bool = False, behind: bool = False) -> Iterator[tuple[Config, Router]]:
    """Open the data folder, and close it at the block's end.

    Unless `make`, a folder that holds no installation is refused: a mistyped `--data` shall not become
    an empty one. With `behind` its databases may be older than the program; nothing is made in them.
    """
    from cuneifox.data_folder import open_folder
    from models import people
    from models.companies import CATALOGUE_MODELS

    config = settings()
    if not make:
        _demand_installation(config)
    router = open_folder(config)
    try:
        if not behind:
            router.universal.create_tables([*people.MODELS, *CATALOGUE_MODELS])
            router.recover()  # which tells in the log what it found
        yield config, router
    finally:
        router.close()


@contextmanager
def application() -> Iterator[Flask]:
    """Have a whole application over the data folder, for what is built on one; in its context, and its language."""
    from cuneifox.app import create_app
    from cuneifox.i18n import speaking

    config = settings()
    _demand_installation(config)
    app = create_app(config)
    try:
        with app.app_context(), speaking(config.language):
            yield app
    finally:
        app.extensions["cuneifox"].close()


def _demand_installation(config: Config) -> None:
    folder = config.data_path
    if not (folder / "universal.db").exists():
        raise Refused(
            f"There is no installation in {folder}: name another folder with --data, or make one with"
            " `cuneifox company create`, `cuneifox user add` or `cuneifox demo`."
        )


def find_company(router: Router, slug: str) -> Tenant:
    """The company of that slug; Refused, saying where to look, if there is none."""
    from tenants import UnknownTenant

    try:
        return router.tenant(slug)
    except UnknownTenant:
        raise Refused(f"There is no company {slug[:80]!r}: see `cuneifox company list`.") from None


def find_writable_company(router: Router, slug: str) -> Tenant:
    """The company of that slug; Refused if there is none, or it can only be read."""
    tenant = find_company(router, slug)
    if tenant.is_archived:
        raise Refused(
            f"{tenant.slug} is archived, and can only be read: `cuneifox company resume {tenant.slug}` first."
        )
    return tenant


def company_row(tenant: Tenant) -> Any:
    """What the catalogue holds of a company; None if that is missing."""
    from models.companies import Company

    return Company.get_or_none(Company.tenant_id == tenant.id)


def log(action: str, subject: str = "", company: Any = None) -> None:
    """Write a line into the activity log; the shell's user is nobody that the installation knows."""
    import time

    from models.people import Activity

    Activity.note(
        action,
        subject,
        now=time.time(),
        user_name="command line",
        company_id=company.tenant_id if company else "",
        company_name=company.name if company else "",
    )
