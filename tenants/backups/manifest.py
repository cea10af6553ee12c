"""What a backup says of itself: whose it is, what is in it, and the SHA-256 of each part."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any, Literal

import msgspec

from ..errors import BadBackup, BadKey
from .backup import Backup
from .keys import Key
from .sensible import require_sensible

FORMAT = 1
NAME = "manifest.json"

#: Bytes of the largest manifest that is read.
LARGEST = 1 << 22


class StoreCopy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A store in a backup.

    Attributes:
        name: its role; and where the tenant itself uses another one of that role, or none, role and generation.
        role, store, owner, generation: its identity, `store` being its id.
        version: its schema's (`PRAGMA user_version`).
        kind: `full`, or `increment`: the pages that have changed since the full one at `base`.
        base: the stamp of the full one that an increment belongs to.
        base_sha256: the SHA-256 of that one's database.
        since_full: how many increments there are since then, this one included.
        page_size, pages, bytes: of the plain database.
        sha256: of the plain database.
        file, stored_bytes, stored_sha256: what is stored, compressed, and perhaps encrypted.
        digests, digests_bytes, digests_sha256: of a full one, the file of its pages' digests, as it is stored.
    """

    name: str
    role: str
    store: str
    owner: str
    generation: int
    version: int
    kind: Literal["full", "increment"]
    page_size: int
    pages: int
    bytes: int
    sha256: str
    file: str
    stored_bytes: int
    stored_sha256: str
    base: str = ""
    base_sha256: str = ""
    since_full: int = 0
    digests: str = ""
    digests_bytes: int = 0
    digests_sha256: str = ""


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A backup's manifest.

    Attributes:
        tenant: the tenant's id, or `universal`.
        slug: what people called it then.
        made_at: when the copy was begun, in UTC, by the clock of the server.
        program: the version of the program that made it.
        facts: what the application said of the copy's contents.
        checks: the application's checks that the copy has passed.
        encrypted: whether its files are.
        key: the id of the key that its files are encrypted with and the MAC was made with; empty where there is none.
        mac: an HMAC-SHA256 of all the rest; without a key a mere checksum.
    """

    format: int
    tenant: str
    slug: str
    stamp: str
    made_at: str
    program: str
    facts: dict[str, Any]
    checks: list[str]
    encrypted: bool
    key: str
    stores: list[StoreCopy]
    mac: str = ""

    @property
    def backup(self) -> Backup:
        """The backup that it is the manifest of."""
        return Backup(self.tenant, self.stamp)

    @property
    def bytes(self) -> int:
        """Bytes of the plain databases."""
        return sum(store.bytes for store in self.stores)

    @property
    def stored_bytes(self) -> int:
        """Bytes that it takes at its place, but for the manifest."""
        return sum(store.stored_bytes + store.digests_bytes for store in self.stores)

    @property
    def bases(self) -> set[str]:
        """The stamps of the backups that it can't be read without."""
        return {store.base for store in self.stores if store.base}


# What msgspec knows of these types is made here, by the one thread that imports this: made at their first use, by two
# threads at once, it ends the process (a segmentation fault, seen with msgspec 0.22.0).
_MANIFEST = msgspec.json.Decoder(Manifest)


def encode(manifest: Manifest, key: Key | None) -> bytes:
    """Return the content of a manifest's file, with its MAC."""
    signed = msgspec.structs.replace(manifest, mac=_mac(manifest, key))
    return _text(signed)


def digest(content: bytes) -> str:
    """Return the SHA-256 of a manifest's file, which the catalogue keeps."""
    return hashlib.sha256(content).hexdigest()


def decode(content: bytes, backup: Backup, key: Key | None) -> Manifest:
    """Return a manifest that was read at a backup's place.

    Args:
        content: of its file.
        backup: whose it is to be.
        key: the backups' key, if there is one.

    Raises:
        BadBackup: it isn't a manifest as we write them, or not that backup's, or was changed.
        BadKey: it was made with another key, or with one where none is given.
    """
    try:
        manifest = _MANIFEST.decode(content)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadBackup(
            f"The manifest of {backup} can't be read ({error}): it was damaged."
        ) from error
    if manifest.format != FORMAT:
        raise BadBackup(
            f"The manifest of {backup} has format {manifest.format}, and this program knows {FORMAT}: read it with the "
            f"program that made it."
        )
    if manifest.key and key is not None and manifest.key != key.id:
        raise BadKey(
            f"{backup} can't be read with this key: it was made with the key {manifest.key}, and this is {key.id}. "
            f"Name the key file that was in use then."
        )
    if manifest.encrypted != bool(manifest.key):
        raise BadBackup(
            f"The manifest of {backup} contradicts itself about encryption: it was changed."
        )
    if manifest.key and key is None:
        raise BadKey(
            f"{backup} can't be read without a key: it is encrypted, with the key {manifest.key}. "
            f"Name the key file that was in use then."
        )
    if not _is_whole(manifest, content, key):
        raise BadBackup(
            f"The manifest of {backup} isn't as it was written: it was damaged or changed."
        )
    if manifest.backup != backup:
        raise BadBackup(
            f"The manifest of {backup} is that of {manifest.backup}: it was put there by hand."
        )
    require_sensible(manifest)
    return manifest


def is_signed(manifest: Manifest, key: Key | None) -> bool:
    """True where the manifest's MAC, which was found to be right, shows that whoever made it had the key."""
    return key is not None and manifest.key == key.id


def _is_whole(manifest: Manifest, content: bytes, key: Key | None) -> bool:
    return content == _text(manifest) and hmac.compare_digest(
        manifest.mac.encode(), _mac(manifest, key).encode()
    )


def _mac(manifest: Manifest, key: Key | None) -> str:
    content = msgspec.json.encode(msgspec.structs.replace(manifest, mac=""), order="sorted")
    if manifest.key:
        assert key is not None
        return key.mac(content)
    return hashlib.sha256(content).hexdigest()


def _text(manifest: Manifest) -> bytes:
    return msgspec.json.format(msgspec.json.encode(manifest, order="sorted"), indent=1) + b"\n"
