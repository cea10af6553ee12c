"""The kinds of work that there are, each in a module of its own, which register themselves as they are imported."""

import importlib
import pkgutil


def load() -> None:
    """Import them all."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
