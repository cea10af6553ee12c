"""Scanned papers and other files that belong to vouchers, in a store of their own."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from typing import Any, Self

from peewee import BlobField, CharField, IntegerField

from models.errors import BadInput, NotFound
from models.registers import StaticIdField
from models.seals import SealedModel
from models.texts import clean_line
from tenants import current_store

STORE = "attachments"
LARGEST = 20 * 2**20
"""Bytes that one attachment may have."""

_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,62}/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}")
_UNNAMED = "attachment"


class Attachment(SealedModel):
    """One file; ``voucher_id`` is that of the company's own books."""

    id = StaticIdField()
    voucher_id = IntegerField(index=True)
    file_name = CharField()
    media_type = CharField()
    size = IntegerField()
    sha256 = CharField()
    content = BlobField()
    added_at = CharField()
    added_by = CharField(default="")

    class Meta:
        store = STORE

    @classmethod
    def attach(
        cls, voucher_id: int, file_name: str, media_type: str, content: bytes, *, added_by: str = ""
    ) -> Self:
        """Store ``content`` for a voucher and return its row.

        The same content under the same name for the same voucher is stored once. Raises BadInput
        for an empty file and one of more than LARGEST bytes.
        """
        if not content:
            raise BadInput("The file is empty; choose another.", field="content")
        if len(content) > LARGEST:
            raise BadInput(
                "The file has %(size)s bytes; at most %(largest)s can be attached.",
                field="content",
                size=len(content),
                largest=LARGEST,
            )
        values: dict[str, Any] = {
            "voucher_id": voucher_id,
            "file_name": clean_file_name(file_name),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        with current_store(STORE).writing():
            return cls.get_or_create(
                **values,
                defaults={
                    "media_type": clean_media_type(media_type),
                    "size": len(content),
                    "content": content,
                    "added_at": datetime.now(UTC).isoformat(timespec="seconds"),
                    "added_by": added_by,
                },
            )[0]

    @classmethod
    def discard(cls, voucher_id: int) -> None:
        """Delete all attachments of a voucher, which is to be a draft that is gone."""
        if cls.select().where(cls.voucher_id == voucher_id).exists():
            with current_store(STORE).writing():
                for attachment in cls.of([voucher_id]):
                    attachment.delete_instance()

    @classmethod
    def of(cls, voucher_ids: list[int]) -> list[Self]:
        """Return the attachments of these vouchers, oldest first, without their content."""
        shown = [field for field in cls._meta.sorted_fields if field is not cls.content]
        return list(cls.select(*shown).where(cls.voucher_id.in_(voucher_ids)).order_by(cls.id))

    @classmethod
    def find(cls, attachment_id: int, voucher_id: int) -> Self:
        """Return an attachment of that voucher with its content; NotFound if there is none."""
        row = None
        if 0 < attachment_id < 2**63 and 0 < voucher_id < 2**63:
            row = cls.get_or_none(cls.id == attachment_id, cls.voucher_id == voucher_id)
        if row is None:
            raise NotFound(
                "Voucher %(voucher)s has no attachment %(attachment)s.",
                voucher=voucher_id,
                attachment=attachment_id,
            )
        return row


def is_whole(content: bytes, size: int, sha256: str) -> bool:
    """Tell whether content is still what was attached, by its size in bytes and its digest."""
    return len(content) == size and hashlib.sha256(content).hexdigest() == sha256


def clean_file_name(value: Any) -> str:
    """Return the last part of a file name, however its sender writes paths; never a path itself."""
    name = clean_line(value, "file_name", longest=1000).replace("\\", "/").rsplit("/", 1)[-1]
    name = name.strip(" .")
    if len(name) <= 200:
        return name or _UNNAMED
    stem, dot, ending = name.rpartition(".")
    return f"{stem[:180]}.{ending}" if dot and len(ending) < 20 else name[:200]


def clean_media_type(value: Any) -> str:
    """Return the media type without parameters; what isn't one becomes a plain stream of bytes."""
    plain = value.split(";")[0].strip().lower() if isinstance(value, str) else ""
    return plain if _MEDIA_TYPE.fullmatch(plain) else "application/octet-stream"
