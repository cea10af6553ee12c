from __future__ import annotations

from typing import Any

import pytest

from models.errors import BadInput
from models.people import MODELS, Passwords, User
from tenants import Router

CHEAP = Passwords(time_cost=1, memory_kib=8, parallelism=1)
DEARER = Passwords(time_cost=2, memory_kib=16, parallelism=1)


@pytest.mark.parametrize(
    "password", ["", "short", "x" * 9, "a" * 12, "abababababab", "x1y2" * 51, "my malee is good"]
)
def test_weak_and_endless_passwords_are_refused(password: str) -> None:
    """Too short, too long, too uniform, or with the user's name in it: bad input."""
    with pytest.raises(BadInput):
        CHEAP.check(password, "Malee")


def test_a_password_is_the_same_however_its_accents_were_typed() -> None:
    """Composed and decomposed characters make one password (Unicode NFC)."""
    assert CHEAP.verify(CHEAP.hash("caf\u00e9 et croissant"), "cafe\u0301 et croissant")


def test_a_wrong_password_and_a_broken_hash_are_no_and_not_an_error() -> None:
    """Whatever is stored and typed, the answer is yes or no."""
    stored = CHEAP.hash("a fox in the clay")
    assert CHEAP.verify(stored, "a fox in the clay")
    assert not CHEAP.verify(stored, "a fox in the clan")
    assert not CHEAP.verify("not a hash", "a fox in the clay")
    assert not CHEAP.verify(stored, "x" * 100_000)


def test_for_nobody_as_much_work_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """With no stored hash one argon2 verification runs too, so that timing tells no names."""
    passwords = Passwords(time_cost=1, memory_kib=8, parallelism=1)
    passwords.verify(None, "to make the stand-in hash")
    worked: list[str] = []

    class Counting:
        def __init__(self, real: Any) -> None:
            self.real = real

        def verify(self, stored: str, password: str) -> bool:
            worked.append(stored)
            return bool(self.real.verify(stored, password))

    monkeypatch.setattr(passwords, "_hasher", Counting(passwords._hasher))
    assert not passwords.verify(None, "anything at all")
    assert len(worked) == 1
    assert worked[0].startswith("$argon2id$v=19$m=8,t=1,p=1$")


def test_nobody_can_sign_in_as_nobody() -> None:
    """The stand-in's own password opens nothing."""
    assert not CHEAP.verify(None, "nobody has this password")


def test_a_hash_of_old_parameters_is_made_anew(router: Router) -> None:
    """Raised parameters reach a stored hash when its owner's password was found right."""
    router.universal.create_tables(MODELS)
    user = User.add("malee", "a fox in the clay", passwords=CHEAP)
    user.rehash("a fox in the clay", CHEAP)
    assert "m=8,t=1" in User.find("malee").password_hash
    user.rehash("a fox in the clay", DEARER)
    stored = User.find("malee").password_hash
    assert "m=16,t=2" in stored
    assert DEARER.verify(stored, "a fox in the clay")
