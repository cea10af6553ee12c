"""The composition root: everything that an application is made of is put together here."""

from __future__ import annotations

import importlib
import pkgutil
import time
from collections.abc import Callable, Iterator
from types import ModuleType

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

import tenants.flask
from cuneifox import (
    assets,
    audit,
    auth,
    errors,
    formats,
    i18n,
    identify,
    job_events,
    metrics,
    navigation,
    notices,
    pages,
    readiness,
    security,
)
from cuneifox.browsers import browser_name
from cuneifox.config import Config
from cuneifox.cron_words import in_words
from cuneifox.job_metrics import JobFigures
from cuneifox.jobs import works
from cuneifox.request import CompanyRequest, init_urls
from cuneifox.services import Services


def create_app(config: Config | None = None, now: Callable[[], float] = time.time) -> Flask:
    """An application over one data folder; several may live in one process.

    `now` gives UTC seconds; tests turn the clock by it. Whoever makes an application ends it with
    `app.extensions["cuneifox"].close()`.
    """
    services = Services.open(config or Config(), now)
    try:
        return _compose(services)
    except BaseException:
        services.close()
        raise


def _compose(services: Services) -> Flask:
    app = Flask("cuneifox")
    app.request_class = CompanyRequest
    app.extensions["cuneifox"] = services
    _configure(app, services)
    tenants.flask.init_app(app, services.router, identify.identify, identify.may_enter)
    identify.init_app(app)
    security.init_app(app)
    audit.init_app(app)
    errors.init_app(app)
    i18n.init_app(app)
    notices.init_app(app)
    init_urls(app)
    assets.init_app(app)
    readiness.init_app(app, services)
    _add_pages(app)
    _trust_proxies(app, services.config)
    metrics.init_app(app, services.router, services.backups, JobFigures(services))
    works.load()
    job_events.init_app(app, services)
    return app


def _configure(app: Flask, services: Services) -> None:
    config = services.config
    app.secret_key = services.secret
    app.config.update(
        MAX_CONTENT_LENGTH=config.server.largest_request_mb * 1024 * 1024,
        MAX_FORM_PARTS=10_000,
        MAX_FORM_MEMORY_SIZE=4 * 1024 * 1024,  # a voucher's form of 1,500 lines in Thai
        SESSION_COOKIE_NAME="notices",  # Flask's own cookie carries nothing but flashed messages
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=config.server.https,
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters["browser"] = browser_name
    app.jinja_env.filters["in_words"] = in_words
    app.jinja_env.filters["clock"] = lambda at: formats.moment(services.local(at))
    app.jinja_env.filters["clock_in"] = formats.moment_in


def _add_pages(app: Flask) -> None:
    links: list[navigation.Link] = []
    for module in _modules(auth, pages):
        if blueprint := getattr(module, "blueprint", None):
            app.register_blueprint(blueprint)
            links += getattr(module, "navigation", [])
    navigation.init_app(app, links)


def _modules(*packages: ModuleType) -> Iterator[ModuleType]:
    for package in packages:
        for found in pkgutil.iter_modules(package.__path__):
            yield importlib.import_module(f"{package.__name__}.{found.name}")


def _trust_proxies(app: Flask, config: Config) -> None:
    count = config.server.trusted_proxies
    if count:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=count, x_proto=count, x_host=count
        )
