"""Encrypted files: AES-256-GCM as a stream, each file under a key of its own, bound to its place.

A file is eight bytes that say what it is, a salt, the ciphertext, and GCM's tag. Key and nonce are derived from the key
file and the salt, so that none is used twice. Tenant, stamp and name of the file are authenticated with it: a file that
was put in another's place is refused.
"""

from __future__ import annotations

import json
import os
import secrets
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import GCM

from ..errors import BadBackup
from .keys import Key

MAGIC = b"CNFXSEAL"
SALT, TAG = 32, 16
HEAD = len(MAGIC) + SALT

#: Bytes of one file that GCM encrypts under one key and nonce (NIST SP 800-38D, 5.2.1.1).
LARGEST = 2**36 - 32
CHUNK = 1 << 20

#: Tenant, stamp and name of a file.
Binding = tuple[str, str, str]


class Sealer:
    """Encrypts what is written, bit by bit.

    Args:
        key: the backups' key.
        binding: where the file belongs.

    Attributes:
        head: what the file begins with.
    """

    def __init__(self, key: Key, binding: Binding) -> None:
        salt = secrets.token_bytes(SALT)
        self.head = MAGIC + salt
        self._size = 0
        cipher_key, nonce = _derived(key, salt)
        self._cipher = Cipher(AES(cipher_key), GCM(nonce)).encryptor()
        self._cipher.authenticate_additional_data(_told(binding))

    def update(self, plain: bytes) -> bytes:
        """Return the ciphertext of the next bytes."""
        self._size += len(plain)
        if self._size > LARGEST:
            raise ValueError(f"a file of more than {LARGEST} bytes can't be encrypted")
        return self._cipher.update(plain)

    def finish(self) -> bytes:
        """Return what the file ends with."""
        return self._cipher.finalize() + self._cipher.tag


def unseal(source: IO[bytes], target: IO[bytes], key: Key, binding: Binding) -> None:
    """Decrypt a file into another, which mustn't be read unless this returns.

    Raises:
        BadBackup: it isn't what was written there under that key.
    """
    size = source.seek(0, os.SEEK_END) - HEAD - TAG
    source.seek(0)
    head = source.read(HEAD)
    if size < 0 or not head.startswith(MAGIC):
        raise BadBackup(
            f"{binding[2]} of {binding[0]}/{binding[1]} isn't an encrypted file of ours."
        )
    cipher_key, nonce = _derived(key, head[len(MAGIC) :])
    cipher = Cipher(AES(cipher_key), GCM(nonce)).decryptor()
    cipher.authenticate_additional_data(_told(binding))
    _decrypt(cipher, source, target, size)
    try:
        target.write(cipher.finalize_with_tag(source.read(TAG)))
    except (InvalidTag, ValueError) as error:
        raise BadBackup(
            f"{binding[2]} of {binding[0]}/{binding[1]} was damaged or put in another's place, or is encrypted with "
            f"another key: it was refused."
        ) from error
    target.flush()


def _decrypt(cipher: CipherContext, source: IO[bytes], target: IO[bytes], size: int) -> None:
    while size > 0:
        chunk = source.read(min(CHUNK, size))
        if not chunk:
            return  # cut short while it was read; the tag won't fit
        size -= len(chunk)
        target.write(cipher.update(chunk))


def _derived(key: Key, salt: bytes) -> tuple[bytes, bytes]:
    derived = key.derive(b"cuneifox backup file", salt, 44)
    return derived[:32], derived[32:]


def _told(binding: Binding) -> bytes:
    return json.dumps(binding).encode()
