"""Whether the settings of `[mail]` can be used, asked once as the application starts."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from cuneifox.config import ConfigError, Mail
from models.errors import BadInput
from models.people.addresses import clean_address

LOOPBACK = ("localhost", "127.0.0.1", "::1")


def check(mail: Mail) -> None:
    """Refuse what can't work, or would show a password to everybody on the way; nothing is asked where `host` is empty.

    Raises:
        ConfigError: names the setting and the mend.
    """
    if not mail.host:
        return
    _check_sender(mail.sender)
    _check_site(mail.site)
    if mail.user or mail.password_file:
        _check_sign_in(mail)
    if mail.ca_file and not Path(mail.ca_file).expanduser().is_file():
        raise ConfigError(f"ca_file in [mail]: there is no file {mail.ca_file}.")


def password_of(mail: Mail) -> str:
    """Return the password in `password_file`, read anew with each use, so that it may be changed."""
    try:
        password = Path(mail.password_file).expanduser().read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it isn't text"
        raise ConfigError(
            f"password_file in [mail]: {mail.password_file} can't be read: {why}."
        ) from None
    if not password or not password.isascii() or len(password.splitlines()) > 1:
        raise ConfigError(
            f"password_file in [mail]: {mail.password_file} must hold one line of ASCII characters."
        )
    return password


def _check_sender(sender: str) -> None:
    try:
        given = clean_address(sender)
    except BadInput:
        given = ""
    if not given:
        raise ConfigError(
            f"from in [mail] must be an address like books@example.com, not {sender!r}."
        )


def _check_site(site: str) -> None:
    try:
        parts = urlsplit(site)
        host = parts.hostname
    except ValueError:
        host = None
    if (
        not host
        or parts.scheme not in ("http", "https")
        or parts.query
        or parts.fragment
        or "@" in parts.netloc
        or not site.isascii()
        or not site.isprintable()
        or " " in site
    ):
        raise ConfigError(
            f"site in [mail] must be where people reach this server, like https://books.example.com, not {site!r}."
        )


def _check_sign_in(mail: Mail) -> None:
    if not (mail.user and mail.password_file):
        raise ConfigError("user and password_file in [mail] go together: give both, or neither.")
    if mail.tls == "none" and mail.host not in LOOPBACK:
        raise ConfigError(
            'tls = "none" in [mail] would send the password for everybody to read: use "starttls" or "tls".'
        )
    if not mail.user.isascii() or not mail.user.isprintable():
        raise ConfigError("user in [mail] must be of ASCII characters.")
    password_of(mail)
