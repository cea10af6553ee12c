"""Backups at a place that speaks S3: a server on loopback, with keys that lead nowhere else."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from moto.server import ThreadedMotoServer

from backed_up import Site, site, texts_in
from tenants import BackupFailed, BadBackup, Retention
from tenants.backups import keys
from tenants.backups.place import place_of
from tenants.backups.s3_place import S3Place
from tenants.life import steps

__all__ = ["site"]

FAKE = {
    "aws_access_key_id": "fake",
    "aws_secret_access_key": "fake",
    "region_name": "us-east-1",
}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """The address of a server that is gone when these tests are done."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def place(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> S3Place:
    """An empty prefix in its bucket; what the surroundings say of S3 counts for nothing."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    found = S3Place("bucket", "of/ours", endpoint, **FAKE)
    found._client.create_bucket(Bucket="bucket")
    for key, _ in list(found._keys("")):
        found._client.delete_object(Bucket="bucket", Key=f"of/ours/{key}")
    return found


def test_backups_at_s3(site: Site, place: S3Place) -> None:
    """Full ones and increments are sent, listed, verified, fetched and pruned as in a folder, encrypted here."""
    keys.make(site.folder / "key")
    manager = site.manager(place=place, key_file=site.folder / "key")
    manager.backup_now().require_good()
    full = manager.latest("acme")
    site.write("acme", "more")
    made = manager.backup_now("acme").require_good().made[0]
    assert made.increment
    assert manager.list("acme") == [full, made.backup]
    assert len(manager.list()) == 4
    assert {found.tenant for found in manager.list()} == set(place.tenants())
    for backup in manager.list():
        manager.verify(backup)
    fetched = manager.fetch(made.backup, site.folder / "fetched")
    assert texts_in(fetched["books"]) == site.texts("acme")
    manager.most_increments = 0
    manager.retention = Retention(last=1, hourly=0, daily=0, monthly=0)
    site.write("acme", "again")
    last = manager.backup_now("acme").require_good().made[0].backup
    assert manager.list("acme") == [last]
    assert {key.split("/")[1] for key, _ in place._keys(last.tenant)} == {last.stamp}
    assert not list(site.folder.glob("data/backing_up/*"))


def test_the_manifest_comes_last_and_goes_first(
    site: Site, place: S3Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is cut short, a backup without all its files is none, and what was sent of it goes with the next one."""
    manager = site.manager(place=place)
    send, calls = place._client.upload_file, []

    def cut_short(path: str, bucket: str, key: str, **more: Any) -> None:
        calls.append(key)
        if key.endswith("manifest.json"):
            raise SystemExit  # as if the process ended here
        send(path, bucket, key, **more)

    monkeypatch.setattr(place._client, "upload_file", cut_short)
    monkeypatch.setattr(S3Place, "give_up", lambda *given: None)
    with pytest.raises(SystemExit):
        manager.backup_now("acme")
    assert [key.rsplit("/", 1)[1] for key in calls][-1] == "manifest.json"
    assert manager.list() == []
    assert list(place._keys(""))
    monkeypatch.undo()
    manager.backup_now("acme").require_good()
    stamps = {key.split("/")[1] for key, _ in place._keys("")}
    assert stamps == {found.stamp for found in manager.list()}
    deleted: list[str] = []
    delete = place._client.delete_object
    monkeypatch.setattr(
        place._client,
        "delete_object",
        lambda Bucket, Key: (deleted.append(Key), delete(Bucket=Bucket, Key=Key)),
    )
    place.remove(*manager.latest("acme"))
    assert deleted[0].endswith("manifest.json")
    assert len(deleted) > 3
    assert list(place._keys("")) == []


def test_a_place_that_cant_be_reached(
    site: Site, place: S3Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The backup fails with the reason, and nothing stays; what is missing or damaged there is refused."""
    manager = site.manager(place=place)
    full = manager.backup_now("acme").require_good().made[0].backup
    place._client.put_object(Bucket="bucket", Key=place._key(*full, "books.1.db.zst"), Body=b"x")
    with pytest.raises(BadBackup, match="was cut or changed"):
        manager.verify(full)
    place._client.delete_object(Bucket="bucket", Key=place._key(*full, "books.1.db.zst"))
    with pytest.raises(BadBackup, match="can't be read"):
        manager.verify(full)
    site.write("acme", "more")

    def gone(name: str) -> None:
        if name == "manifest of a backup written":
            place.bucket = "no-such-bucket"

    monkeypatch.setattr(steps, "reached", gone)
    report = manager.backup_now("acme")
    error = report.failed[0].error
    assert error.startswith("s3://bucket/of/ours: ")
    assert error.count("can't be sent") == error.count("NoSuchBucket") == 1
    assert error.count("bucket") == 2, (
        error
    )  # in the address and in the service's answer, and in no paraphrase of it
    with pytest.raises(BackupFailed) as raised:
        manager.backup_now("acme")
    assert str(raised.value).count("can't be listed") == 1


def test_killed_before_the_first_backup_ever_was_sent(
    site: Site, place: S3Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next run goes on, and doesn't say that backups were lost."""
    place.prefix = "of/nobody/yet/"
    place.name = "s3://bucket/of/nobody/yet"
    manager = site.manager(place=place)

    def killed(*given: object) -> None:
        raise KeyboardInterrupt

    for of, name in ((place, "publish"), (place, "give_up"), (manager.records, "forget")):
        monkeypatch.setattr(of, name, killed)  # nothing of it is done any more
    with pytest.raises(KeyboardInterrupt):
        manager.backup_now("acme")
    monkeypatch.undo()
    assert manager.list() == []
    manager.backup_now("acme").require_good()
    assert len(manager.list()) == 1
    for key, _ in list(place._keys("")):
        place._client.delete_object(Bucket="bucket", Key=place.prefix + key)
    for tenant in place.tenants():
        place._client.delete_object(Bucket="bucket", Key=f"{place.prefix}{tenant}/")
    with pytest.raises(BackupFailed, match="now there is nothing"):
        manager.backup_now("acme")


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who hasn't installed it is told its name."""
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(BackupFailed, match=r"cuneifox\[s3\]"):
        place_of("s3://bucket/prefix")
    with pytest.raises(BackupFailed, match="names no bucket"):
        place_of("s3://")
