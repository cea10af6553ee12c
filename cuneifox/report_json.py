"""Reports as JSON: the structs as they are, with what they compute from their own figures."""

from __future__ import annotations

import msgspec
from flask import Response


def plain(value: object) -> object:
    """Return a struct's fields and properties by name, and everything within them likewise."""
    if isinstance(value, msgspec.Struct):
        kind = type(value)
        computed = [name for name in vars(kind) if isinstance(vars(kind)[name], property)]
        return {name: plain(getattr(value, name)) for name in (*kind.__struct_fields__, *computed)}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def json_response(value: object) -> Response:
    """Return a report as JSON; amounts are integers in the minor unit that its scope names."""
    return Response(msgspec.json.encode(plain(value)), content_type="application/json")
