"""A browser's name for people, out of what it says of itself; good enough to know one's own by."""

from __future__ import annotations

# The order matters: browsers also name those that they want to be taken for.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
PLATFORMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def browser_name(agent: str) -> str:
    """`Firefox, Windows` for a User-Agent; its beginning where it names no browser known here."""
    names = [
        next((name for mark, name in known if mark in agent), "") for known in (BROWSERS, PLATFORMS)
    ]
    return ", ".join(name for name in names if name) or agent[:40]
