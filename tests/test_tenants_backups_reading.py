"""Backups as they are read: as they were written, or refused; encrypted ones with their key, and each in its place."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
import zstandard

from backed_up import Site, site, texts_in
from tenants import BackupFailed, BackupManager, BadBackup, BadKey, Retention, Router, TenantError
from tenants.backups import images, keys, manifest
from tenants.backups.backup import Backup

__all__ = ["site"]


def two_backups(site: Site, **options: object) -> tuple[BackupManager, Backup, Backup]:
    """A full backup of acme and an increment."""
    manager = site.manager(**options)
    manager.backup_now("acme").require_good()
    full = manager.latest("acme")
    site.write("acme", "more")
    manager.backup_now("acme").require_good()
    return manager, full, manager.latest("acme")


def folder_of(site: Site, backup: Backup) -> Path:
    return site.folder / "backups" / backup.tenant / backup.stamp


def test_keys(tmp_path: Path) -> None:
    """A key file is made once, for its owner alone; what isn't one, or others may read, is refused with the fix."""
    path = tmp_path / "key"
    key = keys.make(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert keys.read(path).id == key.id
    assert keys.read(path).secret == key.secret
    with pytest.raises(BadKey, match="already there"):
        keys.make(path)
    path.chmod(0o640)
    with pytest.raises(BadKey, match="chmod 600"):
        keys.read(path)
    path.chmod(0o600)
    for content in ("", "not base64!", "YWJj", "A" * 2000):
        path.write_text(content)
        with pytest.raises(BadKey, match="isn't a key file"):
            keys.read(path)
    with pytest.raises(BadKey, match="can't be read"):
        keys.read(tmp_path / "nowhere")
    with pytest.raises(BadKey, match="can't be made"):
        keys.make(tmp_path / "nowhere" / "key")


def test_encrypted_backups(site: Site) -> None:
    """Nothing of the rows, nor of the pages' digests, can be read without the key; another key is told apart."""
    keys.make(site.folder / "key")
    manager, full, increment = two_backups(site, key_file=site.folder / "key")
    assert manager.manifest(increment).stores[0].kind == "increment"
    for backup in (full, increment):
        assert manager.trusts(backup)
        manager.verify(backup)
        for path in folder_of(site, backup).iterdir():
            assert path.suffix == ".enc" or path.name == "manifest.json"
    fetched = manager.fetch(increment, site.folder / "fetched")
    assert texts_in(fetched["books"]) == site.texts("acme")
    key = keys.make(site.folder / "other")
    with pytest.raises(BadKey, match=f"with this key: .*, and this is {key.id}"):
        site.manager(key_file=site.folder / "other").verify(full)
    with pytest.raises(BadKey, match="is encrypted"):
        site.manager().fetch(full, site.folder / "again")
    # Another installation that has the key trusts it; what is encrypted with another one is no base of increments.
    other = Router(site.folder / "elsewhere")
    stranger = BackupManager(other, site.folder / "backups", key_file=site.folder / "key")
    assert stranger.trusts(full)
    other.close()
    changed = site.manager(key_file=site.folder / "other")
    site.write("acme", "again")
    made = changed.backup_now("acme").require_good().made[0]
    assert changed.manifest(made.backup).stores[0].kind == "full"


@pytest.mark.parametrize("encrypted", [False, True])
def test_files_in_anothers_place(site: Site, encrypted: bool) -> None:
    """A backup, or a file, that is put in the place of another is refused, though all of it is genuine."""
    key_file = site.folder / "key" if encrypted else None
    keys.make(site.folder / "key")
    manager, full, increment = two_backups(site, key_file=key_file)
    site.router.universal_store.execute_sql("DELETE FROM backup")  # only what the files tell counts
    strange = Backup(full.tenant, "20300101T000000.000000Z")
    shutil.copytree(folder_of(site, full), folder_of(site, strange))
    with pytest.raises(BadBackup, match="put there by hand"):
        manager.verify(strange)
    books = next(folder_of(site, full).glob("books.1.db*"))
    registers = next(folder_of(site, full).glob("registers.1.db*"))
    content = books.read_bytes()
    books.write_bytes(registers.read_bytes())
    with pytest.raises(BadBackup, match="was cut or changed"):
        manager.verify(full)
    with pytest.raises(BadBackup, match="was cut or changed"):
        manager.verify(increment)
    books.write_bytes(content)
    shutil.rmtree(folder_of(site, full))
    with pytest.raises(BadBackup, match="no backup"):
        manager.verify(increment)


def test_sealed_files_are_bound_to_their_place(tmp_path: Path) -> None:
    """Tenant, stamp and name are authenticated with the content, and each file has a key of its own."""
    from tenants.backups.sealing import Sealer, unseal

    key = keys.make(tmp_path / "key")
    binding = ("universal", "20300101T000000.000000Z", "books.1.db.zst.enc")
    plain = os.urandom(3_000_000)

    def sealed() -> bytes:
        sealer = Sealer(key, binding)
        return sealer.head + sealer.update(plain) + sealer.finish()

    content = sealed()
    assert content != sealed()
    path = tmp_path / "sealed"

    def opened(content: bytes, *binding: str, by: keys.Key = key) -> bytes:
        path.write_bytes(content)
        with path.open("rb") as source, (tmp_path / "plain").open("w+b") as target:
            unseal(source, target, by, binding)  # type: ignore[arg-type]
            target.seek(0)
            return target.read()

    assert opened(content, *binding) == plain
    for number in range(3):
        moved = [part if at != number else f"{part}x" for at, part in enumerate(binding)]
        with pytest.raises(BadBackup, match="another's place"):
            opened(content, *moved)
    for changed in (content[:-1], content[:50], b"", content + b"x", b"X" + content[1:]):
        with pytest.raises(BadBackup):
            opened(changed, *binding)
    with pytest.raises(BadBackup, match="another key"):
        opened(content, *binding, by=keys.make(tmp_path / "other"))


def test_a_manifest_that_was_changed(site: Site) -> None:
    """Not one byte of it may differ, also where it would mean the same, and also for who didn't make it."""
    manager, full, _ = two_backups(site)
    path = folder_of(site, full) / manifest.NAME
    content = path.read_bytes()
    elsewhere = Router(site.folder / "elsewhere")
    stranger = BackupManager(elsewhere, site.folder / "backups")
    assert stranger.manifest(full).slug == "acme"
    assert not stranger.trusts(full)
    for changed in (
        content + b" ",
        content.replace(b'"acme"', b'"acmf"'),
        content.replace(b'"acme"', b'"\\u0061cme"'),
        content[:-1],
        b"[" * 100_000,
        b"\xff",
        b"",
    ):
        path.write_bytes(changed)
        for reader in (manager, stranger):
            with pytest.raises(BadBackup):
                reader.manifest(full)
    elsewhere.close()


def forged(
    site: Site, full: Backup, whole: dict[str, object] | None = None, **changes: object
) -> None:
    """Put a manifest in place whose checksum is right, as anybody can make one."""
    import msgspec

    path = folder_of(site, full) / manifest.NAME
    found = msgspec.json.decode(path.read_bytes(), type=manifest.Manifest)
    stores = [msgspec.structs.replace(found.stores[0], **changes), *found.stores[1:]]
    told = {"stores": stores} | (whole or {})
    path.write_bytes(manifest.encode(msgspec.structs.replace(found, **told), None))


def test_a_stranger_s_backup_is_kept_within_bounds(site: Site) -> None:
    """One that anybody may have made names no path, and takes no more room than what is stored of it justifies."""
    manager, full, _ = two_backups(site)
    site.router.universal_store.execute_sql("DELETE FROM backup")
    forged(site, full, file="../../x")
    with pytest.raises(BadBackup, match="as we write none"):
        manager.verify(full)
    forged(site, full, file="books.1.db.zst", pages=2**32 - 2, bytes=(2**32 - 2) * 4096)
    with pytest.raises(BadBackup, match="isn't trusted"):
        manager.verify(full)
    bomb = zstandard.ZstdCompressor().compress(bytes(200 << 20))
    (folder_of(site, full) / "books.1.db.zst").write_bytes(bomb)
    import hashlib

    sizes = {"stored_bytes": len(bomb), "stored_sha256": hashlib.sha256(bomb).hexdigest()}
    forged(site, full, pages=16, bytes=16 * 4096, **sizes)
    with pytest.raises(BadBackup, match="holds more than the 65536 bytes"):
        manager.fetch(full, site.folder / "fetched")
    assert list((site.folder / "fetched").iterdir()) == []
    forged(site, full, pages=51200, bytes=200 << 20)
    with pytest.raises(BadBackup, match="isn't trusted"):
        manager.verify(full)


STORE: list[dict[str, object]] = [
    {"pages": 0, "bytes": 0},
    {"pages": 4_294_967_295, "bytes": 4_294_967_295 * 4096},
    {"page_size": 4095, "pages": 1, "bytes": 4095},
    {"page_size": 256, "pages": 1, "bytes": 256},
    {"page_size": 131072, "pages": 1, "bytes": 131072},
    {"digests_bytes": -1},
    {"digests_sha256": "x"},
    {"stored_bytes": 0},
    {"stored_bytes": 1 << 63},
    {"generation": 0},
    {"version": 1 << 31},
    {"since_full": -1},
    {"owner": "../../else"},
    {"store": "x\x1b[2J"},
    {"role": "Books"},
    {"name": "ledger"},
    {"sha256": "0" * 63},
    {"base": "20300101T000000.000000Z"},
]
WHOLE: list[tuple[dict[str, object], str]] = [
    ({"stores": []}, "names no store"),
    ({"slug": "acme\x1b[2J"}, "short name"),
    ({"slug": "acme\n"}, "short name"),
    ({"slug": "../acme"}, "short name"),
    ({"slug": "a" * 64}, "short name"),
    ({"made_at": "now\x07"}, "control characters"),
    ({"checks": ["a:b\r"]}, "control characters"),
    ({"facts": {"deep": [[[[[[[[[]]]]]]]]]}}, "facts"),
    ({"facts": {"count": 1 << 63}}, "facts"),
]


def test_what_a_manifest_may_not_say(site: Site) -> None:
    """Sizes that no database has, ids that are none, control characters, facts beyond measure: refused, and why.

    How large pages may be, and how many there may be, is from https://www.sqlite.org/fileformat.html.
    """
    manager, full, _ = two_backups(site)
    site.router.universal_store.execute_sql("DELETE FROM backup")
    written = (folder_of(site, full) / manifest.NAME).read_bytes()

    def is_read() -> None:
        try:
            manager.manifest(full)
        finally:
            (folder_of(site, full) / manifest.NAME).write_bytes(written)

    for changes in STORE:
        forged(site, full, **changes)
        with pytest.raises(BadBackup, match="as we write none"):
            is_read()
    for whole, said in WHOLE:
        forged(site, full, whole)
        with pytest.raises(BadBackup, match=said) as raised:
            is_read()
        assert str(raised.value).isprintable()
    for bounds in (
        {"page_size": 512, "pages": 4_294_967_294, "bytes": 512 * 4_294_967_294},
        {"page_size": 65536, "pages": 1, "bytes": 65536},
    ):
        forged(site, full, **bounds)
        is_read()


def test_memory_that_a_file_asks_for(tmp_path: Path) -> None:
    """A stream that would have its reader keep gigabytes in mind is refused."""
    parameters = zstandard.ZstdCompressionParameters(window_log=27)
    packed = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    content = packed.compress(os.urandom(1000)) + packed.flush()
    (tmp_path / "x").write_bytes(content)
    with (tmp_path / "x").open("rb") as file, pytest.raises(BadBackup, match="decompressed"):
        list(images._decompressed(file, _any_manifest(), _any_store()))


def _any_store() -> manifest.StoreCopy:
    return manifest.StoreCopy(
        name="books", role="books", store="", owner="", generation=1, version=0, kind="full", page_size=4096, pages=1,
        bytes=4096, sha256="", file="books.1.db.zst", stored_bytes=1, stored_sha256="",
    )  # fmt: skip


def _any_manifest() -> manifest.Manifest:
    return manifest.Manifest(
        format=1, tenant="universal", slug="", stamp="20300101T000000.000000Z", made_at="", program="", facts={},
        checks=[], encrypted=False, key="", stores=[],
    )  # fmt: skip


def test_room_for_what_is_fetched(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it isn't there nothing is begun; where it runs out nothing stays."""
    manager, full, _ = two_backups(site)
    (site.folder / "fetched").mkdir()
    (site.folder / "fetched" / "registers.db").write_text("somebody's")
    with pytest.raises(BackupFailed, match="can't be fetched"):
        manager.fetch(full, site.folder / "fetched")
    assert [path.name for path in (site.folder / "fetched").iterdir()] == ["registers.db"]
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: os.terminal_size((0, 0)) and _Usage)
    with pytest.raises(BackupFailed, match="has room for 10"):
        manager.fetch(full, site.folder / "again")


class _Usage:
    free = 10


def test_links_arent_followed(site: Site) -> None:
    """A file of a backup that is a link is as good as missing."""
    manager, full, _ = two_backups(site)
    path = folder_of(site, full) / "books.1.db.zst"
    path.rename(site.folder / "elsewhere")
    path.symlink_to(site.folder / "elsewhere")
    with pytest.raises(TenantError):
        manager.verify(full)


def test_pruning(site: Site) -> None:
    """What the rules don't name goes, manifest first; the newest good one and what it needs stay."""
    manager, full, increment = two_backups(site)
    site.write("acme", "third")
    manager.backup_now("acme").require_good()
    third = manager.latest("acme")
    manager.retention = Retention(last=1, hourly=0, daily=0, monthly=0)
    manifest_of_third = folder_of(site, third) / manifest.NAME
    content = manifest_of_third.read_bytes()
    manifest_of_third.write_bytes(content + b" ")
    assert manager.prune() == []
    next(folder_of(site, increment).glob("books*")).unlink()
    assert manager.prune() == [increment]
    manifest_of_third.write_bytes(content)
    assert manager.prune() == []
    assert manager.list("acme") == [full, third]
    manager.verify(third)
    manager.most_increments = 0
    site.write("acme", "fourth")
    manager.backup_now("acme").require_good()
    assert len(manager.list("acme")) == 1
    known = site.router.universal_store.execute_sql("SELECT tenant, stamp FROM backup").fetchall()
    assert [Backup(*row) for row in known] == manager.list("acme")


def test_what_a_dead_process_left(site: Site) -> None:
    """A folder that never got its name, or lost its manifest, is no backup, and goes with the next one."""
    manager, full, increment = two_backups(site)
    shutil.copytree(folder_of(site, full), f"{folder_of(site, full)}.part")
    (folder_of(site, increment) / manifest.NAME).unlink()
    assert manager.list("acme") == [full]
    site.write("acme", "again")
    manager.backup_now("acme").require_good()
    assert not folder_of(site, increment).exists()
    assert not list((site.folder / "backups").glob("*/*.part"))
    assert len(manager.list("acme")) == 2
