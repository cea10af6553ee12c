"""Style sheets, scripts and pictures: their addresses carry a digest, so that browsers may keep them.

What has changed has another address; what hasn't is never asked for again.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, request

KEEP_SECONDS = 365 * 86400


def init_app(app: Flask) -> None:
    """Put the digest into addresses of static files, and let answers to these be kept."""
    folder = Path(str(app.static_folder))
    digest = lru_cache(maxsize=None)(lambda name: _digest(folder / name))

    @app.url_defaults
    def add_digest(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static" and "filename" in values:
            values.setdefault("v", digest(values["filename"]))

    @app.after_request
    def let_keep(response: Response) -> Response:
        # OPTIONS is answered by Flask itself, which hasn't looked whether the name is a file's of ours.
        looked_up = request.endpoint == "static" and request.method in ("GET", "HEAD")
        if looked_up and response.status_code in (200, 304):
            name = (request.view_args or {})["filename"]
            if request.args.get("v") == digest(name):
                kept = f"public, max-age={KEEP_SECONDS}, immutable"
                response.headers["Cache-Control"] = kept
        return response


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12]
