"""People who may sign in."""

from __future__ import annotations

import base64
import secrets
import time
import unicodedata
from typing import Self

from peewee import SQL, BooleanField, CharField, IntegerField, IntegrityError

from models.errors import BadInput, Conflict, NotFound
from models.people.addresses import clean_address
from models.people.passwords import Passwords
from models.texts import clean_line
from tenants import RoutedModel

LANGUAGES = ("", "en", "th")
"""What a user may have chosen; "" is: whatever the browser asks for."""


class User(RoutedModel):
    """One person, found by name or id; names are unique whatever their case and width.

    Users aren't deleted, because history and activity name them: they are made inactive. Times are
    UTC seconds.
    """

    id = CharField(max_length=26, primary_key=True)
    name = CharField(max_length=40)
    name_key = CharField(max_length=80, unique=True)
    display_name = CharField(max_length=80)
    password_hash = CharField()
    language = CharField(max_length=8, default="")
    administers = BooleanField(default=False)
    active = BooleanField(default=True)
    must_change_password = BooleanField(default=False)
    created_at = IntegerField()
    password_changed_at = IntegerField()
    email = CharField(max_length=254, default="", constraints=[SQL("DEFAULT ''")])

    @classmethod
    def add(
        cls,
        name: str,
        password: str,
        *,
        display_name: str = "",
        administers: bool = False,
        must_change_password: bool = False,
        passwords: Passwords | None = None,
        language: str = "",
    ) -> Self:
        """Store a new user and return it.

        Raises BadInput for a name or password that can't be one, Conflict if the name is taken.
        """
        name = clean_name(name)
        passwords = passwords or Passwords()
        passwords.check(password, name)
        now = int(time.time())
        values = {
            "id": base64.b32encode(secrets.token_bytes(16)).decode().rstrip("=").lower(),
            "name": name,
            "name_key": name_key(name),
            "display_name": clean_line(display_name, "display_name", longest=80) or name,
            "password_hash": passwords.hash(password),
            "administers": administers,
            "must_change_password": must_change_password,
            "language": _language(language),
            "created_at": now,
            "password_changed_at": now,
        }
        try:
            return cls.create(**values)
        except IntegrityError as error:
            raise Conflict(
                "There is a user named %(name)s already; choose another name.",
                name=name,
            ) from error

    @classmethod
    def find(cls, name_or_id: str) -> Self:
        """The user of that name (in any case) or id; NotFound if there is none."""
        user = cls.named(name_or_id) or cls.get_or_none(cls.id == name_or_id)
        if user is None:
            raise NotFound("There is no user %(name)s.", name=name_or_id[:80])
        return user

    @classmethod
    def named(cls, name: str) -> Self | None:
        """The user of that name, in any case, or None."""
        return cls.get_or_none(cls.name_key == name_key(name))

    @classmethod
    def list(cls) -> list[Self]:
        """All users, by name."""
        return list(cls.select().order_by(cls.name_key))

    def rehash(self, password: str, passwords: Passwords) -> None:
        """Store the password, which was found right, by the parameters of today if they differ."""
        if passwords.is_outdated(self.password_hash):
            self._store(password_hash=passwords.hash(password))

    def set_password(
        self, password: str, passwords: Passwords | None = None, *, must_change: bool = False
    ) -> None:
        """Give the user another password; `must_change` asks for a new one at the next sign-in.

        Sessions are not ended here: see `Session.end_all`. Raises BadInput for one that is too
        weak.
        """
        passwords = passwords or Passwords()
        passwords.check(password, self.name)
        self._store(
            password_hash=passwords.hash(password),
            password_changed_at=int(time.time()),
            must_change_password=must_change,
        )

    def change(self, *, display_name: str, language: str, email: str | None = None) -> None:
        """What users may change about themselves; an address that isn't given stays.

        Raises BadInput for what can't be a name, a language or an address.
        """
        values = {
            "display_name": clean_line(display_name, "display_name", longest=80, required=True),
            "language": _language(language),
            "email": self.email if email is None else clean_address(email),
        }
        self._store(**values)

    def set_standing(self, *, active: bool, administers: bool) -> None:
        """Let the user in or keep them out, and make them an administrator or not.

        Raises Conflict if nobody would be left who administers the installation.
        """
        with User._meta.database.atomic():
            others = User.select().where(User.administers, User.active, User.id != self.id)
            if not (active and administers) and self.is_administrator and not others.exists():
                raise Conflict(
                    "%(name)s is the only administrator; name another one first.", name=self.name
                )
            self._store(active=active, administers=administers)

    @property
    def is_administrator(self) -> bool:
        """Whether the user administers the installation, here and now."""
        return self.administers and self.active

    def _store(self, **values: object) -> None:
        for field, value in values.items():
            setattr(self, field, value)
        User.update(**values).where(User.id == self.id).execute()


def name_key(name: str) -> str:
    """What names are compared by: neither case nor the width of letters makes another user."""
    return unicodedata.normalize("NFKC", name.strip()).casefold()


def clean_name(name: str) -> str:
    """A user's name as it is stored; BadInput for one that can't be."""
    cleaned = clean_line(name, "name", longest=40, required=True)
    if any(c.isspace() or c in "/\\<>\"'" for c in cleaned):
        raise BadInput(
            "A user's name has no spaces, slashes, quotes or angle brackets.", field="name"
        )
    return cleaned


def _language(code: str) -> str:
    if code not in LANGUAGES:
        raise BadInput("There is no language %(code)s here.", field="language", code=code[:8])
    return code
