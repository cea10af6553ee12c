"""Who asks: the pages, the JSON and the command line that people and programs reach the books by."""

from cuneifox.app import create_app

__all__ = ["create_app"]
