"""What people do with rows, in their words, and the actions that show each."""

from __future__ import annotations

WORDS: dict[str, tuple[str, ...]] = {
    "create": ("save a new row", "create with a row", "insert built before"),
    "read": ("run a query: select", "a query built before: get", "get by a row"),
    "update": ("save a row", "save one field", "update built before"),
    "delete": ("delete a row", "delete a row and its dependants", "delete built before"),
    "reload": ("reload a row by its key", "reload a row into itself"),
    "bulk": ("create many", "update many", "insert many with a row"),
    "lazy foreign key": ("follow a foreign key", "follow a foreign key to a code"),
    "backref": ("list a backref", "count a backref", "list a backref taken before"),
    "many-to-many": ("list many-to-many", "add to many-to-many", "clear many-to-many"),
    "prefetch": ("list what prefetch left", "prefetch a query built before"),
    "iterator": ("go on with an iterator", "a query built before: iterator"),
    "subquery": ("a subquery built before", "delete by a subquery built before"),
    "raw SQL": ("a database taken before", "write to a database taken before", "run a query: raw"),
    "pickle": ("pickle: save a row", "pickle: follow a foreign key"),
    "JSON": ("JSON of a row with its relations", "JSON of a query built before"),
    "equality": ("equality with a row", "equality: find in a list"),
    "hash": ("hash: find in a set", "hash: find in a dict"),
}
