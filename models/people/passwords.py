"""Passwords: argon2id (RFC 9106). Each hash carries its parameters, which may so be raised later."""

from __future__ import annotations

import threading
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from models.errors import BadInput

LONGEST = 200
"""Characters; more only makes hashing dear."""


class Passwords:
    """What an installation spends on a password, and asks of one.

    `memory_kib` is spent per hash while it runs; `at_once` bounds how many run side by side, so
    that a flood of sign-ins can't take all memory.
    """

    def __init__(
        self,
        *,
        shortest: int = 10,
        time_cost: int = 3,
        memory_kib: int = 65536,
        parallelism: int = 4,
        at_once: int = 4,
    ) -> None:
        self.shortest = shortest
        self._hasher = PasswordHasher(
            time_cost=time_cost, memory_cost=memory_kib, parallelism=parallelism, type=Type.ID
        )
        self._turn = threading.BoundedSemaphore(at_once)
        self._nobody = ""

    def check(self, password: str, user_name: str = "") -> None:
        """Raise BadInput unless the password is one that may be set."""
        text = _normal(password)
        if len(text) < self.shortest:
            raise BadInput(
                "The password needs at least %(shortest)s characters.",
                field="password",
                shortest=self.shortest,
            )
        if len(text) > LONGEST:
            raise BadInput(
                "The password may have at most %(longest)s characters.",
                field="password",
                longest=LONGEST,
            )
        if len(set(text)) < 4:
            raise BadInput(
                "The password needs at least four different characters.", field="password"
            )
        if user_name and user_name.casefold() in text.casefold():
            raise BadInput("The password must not contain the user's name.", field="password")

    def hash(self, password: str) -> str:
        """The argon2id hash, with its parameters and salt, as one line of text."""
        with self._turn:
            return self._hasher.hash(_normal(password))

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password is the one that was hashed.

        With nothing stored (no such user) as much work is done, and the answer is False: the time
        it takes tells nobody which users there are.
        """
        if len(password) > 4 * LONGEST:
            return False
        if not self._nobody:
            self._nobody = self.hash("nobody has this password")
        try:
            with self._turn:
                right = self._hasher.verify(stored or self._nobody, _normal(password))
        except (VerificationError, InvalidHashError):
            return False
        return right and bool(stored)

    def is_outdated(self, stored: str) -> bool:
        """Whether the hash was made with other parameters than those in force."""
        return self._hasher.check_needs_rehash(stored)


def _normal(password: str) -> str:
    """The same text for the same keys, however a keyboard composes its accents and vowels."""
    return unicodedata.normalize("NFC", password)
