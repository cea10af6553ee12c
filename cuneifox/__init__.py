"""Who asks: pages, JSON and the command line, by which people and programs reach the books."""

from cuneifox.app import create_app

__all__ = ["create_app"]
