"""The key of encrypted backups: one line in a file of its owner's, from which a key for every purpose is derived."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
import stat
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ..errors import BadKey
from ..places import flush_folder

SIZE = 32
"""Bytes of the secret."""


class Key:
    """A secret of 32 bytes, and what is derived from it (HKDF-SHA256, RFC 5869).

    Args:
        secret: the bytes.

    Attributes:
        id: what tells it from other keys, and tells nothing else of it.
    """

    def __init__(self, secret: bytes) -> None:
        self.secret = secret
        self.id = self.derive(b"cuneifox backup key id", length=8).hex()
        self._mac = self.derive(b"cuneifox backup manifest")

    def derive(self, purpose: bytes, salt: bytes = b"", length: int = SIZE) -> bytes:
        """Return the key for one purpose; with a salt, one that nothing else has."""
        return HKDF(hashes.SHA256(), length, salt or None, purpose).derive(self.secret)

    def mac(self, content: bytes) -> str:
        """Return the HMAC-SHA256 of a manifest."""
        return hmac.new(self._mac, content, hashlib.sha256).hexdigest()

    def __repr__(self) -> str:
        return f"<Key {self.id}>"


def read(path: str | Path) -> Key:
    """Read a key file.

    Raises:
        BadKey: it can't be read, others may read it, or it isn't one line of base64 of 32 bytes.
    """
    try:
        with open(path, "rb") as file:
            found = os.fstat(file.fileno())
            content = file.read(1000)
    except OSError as error:
        raise BadKey(
            f"The backups' key file {path} can't be read ({error.strerror}): name the right file, or make one with "
            f"`cuneifox backup key`."
        ) from error
    if not stat.S_ISREG(found.st_mode) or found.st_mode & 0o077:
        raise BadKey(
            f"The backups' key file {path} may be read by others than its owner: `chmod 600` it; and if others had "
            f"a look at it, make a new one."
        )
    try:
        secret = base64.b64decode(content.strip(), validate=True)
    except binascii.Error:
        secret = b""
    if len(secret) != SIZE:
        raise BadKey(
            f"{path} isn't a key file: it has to be one line, the base64 of {SIZE} random bytes, as "
            f"`cuneifox backup key` makes it."
        )
    return Key(secret)


def make(path: str | Path) -> Key:
    """Make a key file, which its owner alone may read.

    Raises:
        BadKey: there is a file of that name, or it can't be made.
    """
    secret = secrets.token_bytes(SIZE)
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_WRONLY, 0o600)
        with open(descriptor, "wb") as file:
            file.write(base64.b64encode(secret) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        flush_folder(os.path.dirname(os.path.abspath(path)))
    except FileExistsError as error:
        raise BadKey(
            f"{path} is already there, and backups may need it: name another file for the new key."
        ) from error
    except OSError as error:
        raise BadKey(f"The key file {path} can't be made ({error.strerror}).") from error
    return Key(secret)
