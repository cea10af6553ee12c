"""Attached files come back as they were attached, under names that are never paths."""

from __future__ import annotations

import hashlib

import pytest

from models.attachments import LARGEST, Attachment, clean_file_name, clean_media_type, is_whole
from models.errors import BadInput, NotFound
from models.seals import SEAL_MODELS


@pytest.fixture
def attachments(router):
    """An entry of a company that has attachments and nothing else."""
    router.create("acme", models=[Attachment, *SEAL_MODELS["attachments"]])
    with router.using("acme"):
        yield


def test_a_file_comes_back_as_it_was(attachments):
    """Content, size and digest are those of what was attached."""
    content = bytes(range(256)) * 40
    added = Attachment.attach(7, "ใบเสร็จ.pdf", "application/pdf", content, added_by="Somchai")
    found = Attachment.find(added.id, 7)
    assert bytes(found.content) == content
    assert (found.file_name, found.media_type, found.size) == (
        "ใบเสร็จ.pdf",
        "application/pdf",
        10240,
    )
    assert found.sha256 == hashlib.sha256(content).hexdigest()
    assert is_whole(bytes(found.content), found.size, found.sha256)


def test_damage_to_the_content_shows(attachments):
    """A changed byte is noticed."""
    added = Attachment.attach(7, "a.txt", "text/plain", b"abc")
    Attachment.update(content=b"abd").execute()
    found = Attachment.find(added.id, 7)
    assert not is_whole(bytes(found.content), found.size, found.sha256)


def test_the_same_file_is_attached_once(attachments):
    """A double submit adds nothing; the same file of another voucher is another attachment."""
    first = Attachment.attach(7, "a.txt", "text/plain", b"abc")
    assert Attachment.attach(7, "a.txt", "text/plain", b"abc").id == first.id
    assert Attachment.attach(8, "a.txt", "text/plain", b"abc").id != first.id


def test_lists_leave_the_content_where_it_is(attachments):
    """A list of attachments doesn't read what they hold."""
    Attachment.attach(7, "a.txt", "text/plain", b"abc")
    Attachment.attach(8, "b.txt", "text/plain", b"abc")
    Attachment.attach(9, "c.txt", "text/plain", b"abc")
    listed = Attachment.of([7, 8])
    assert [row.file_name for row in listed] == ["a.txt", "b.txt"]
    assert "content" not in listed[0].__data__


def test_an_attachment_is_found_only_with_its_voucher(attachments):
    """The number of somebody else's attachment is worth nothing."""
    added = Attachment.attach(7, "a.txt", "text/plain", b"abc")
    for attachment_id, voucher_id in [(added.id, 8), (99, 7), (2**70, 7), (-1, 7)]:
        with pytest.raises(NotFound):
            Attachment.find(attachment_id, voucher_id)


@pytest.mark.parametrize("content", [b"", bytes(LARGEST + 1)])
def test_empty_and_huge_files_are_refused(attachments, content):
    """Nothing is stored of a file that is empty or too large."""
    with pytest.raises(BadInput):
        Attachment.attach(7, "a.txt", "text/plain", content)
    assert Attachment.select().count() == 0


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a.pdf", "a.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\papers\\bill.pdf", "bill.pdf"),
        ("/", "attachment"),
        ("..", "attachment"),
        ("", "attachment"),
        ("x" * 300 + ".pdf", "x" * 180 + ".pdf"),
    ],
)
def test_a_file_name_is_never_a_path(given, kept):
    """Only the last part of a name is kept, and never nothing."""
    assert clean_file_name(given) == kept


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Text/Plain; charset=utf-8", "text/plain"),
        ("text/html\r\nX: y", "application/octet-stream"),
        ("", "application/octet-stream"),
        (None, "application/octet-stream"),
    ],
)
def test_a_media_type_cannot_carry_a_header(given, kept):
    """What isn't a plain media type is stored as bytes without meaning."""
    assert clean_media_type(given) == kept
