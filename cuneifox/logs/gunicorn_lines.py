"""gunicorn's lines in our log."""

from __future__ import annotations

from gunicorn.glogging import Logger


class GunicornLines(Logger):
    """gunicorn's own log, which goes with ours instead of beside it."""

    def setup(self, cfg: object) -> None:
        """Leave writing to our handler."""
        super().setup(cfg)
        for each in (self.error_log, self.access_log):
            each.handlers.clear()
            each.propagate = True
