"""Backups at any place that speaks S3: Amazon's, or one of those that do as it does."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from typing import IO, Any

from ..errors import BackupFailed
from .backup import is_stamp, is_unit
from .disk_words import PlaceFailed, PlaceLacks
from .local_place import Contents
from .manifest import NAME

#: Larger files are sent in several parts, as one request takes 5 GB at most.
PARTS_FROM = 1 << 29


class S3Place:
    """A prefix in a bucket. Needs the extra `s3`.

    Keys are found as boto3 finds them: in the environment, in `~/.aws`, or from the machine that this runs on.

    Args:
        bucket: its name.
        prefix: what all keys begin with; empty for none. One installation's backups lie there, and nothing else.
        endpoint_url: of a place that isn't Amazon's.
        options: what else boto3's client takes, such as `region_name` or `aws_access_key_id`.

    Raises:
        BackupFailed: boto3 isn't installed.
    """

    def __init__(
        self, bucket: str, prefix: str = "", endpoint_url: str | None = None, **options: Any
    ) -> None:
        try:
            import boto3
            from boto3.s3.transfer import TransferConfig
            from botocore.config import Config
        except ImportError as error:
            raise BackupFailed(
                "Backups at S3 need boto3: install the extra, `pip install 'cuneifox[s3]'`."
            ) from error
        self.bucket = bucket
        self.prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self.name = f"s3://{bucket}/{self.prefix}".rstrip("/")
        # Checksums only where they are asked for: not all who speak S3 know them, and we have our own.
        config = Config(
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            retries={"mode": "standard", "max_attempts": 5},
        )
        session = boto3.session.Session()
        self._client = session.client("s3", endpoint_url=endpoint_url, config=config, **options)
        self._transfer = TransferConfig(multipart_threshold=PARTS_FROM, use_threads=False)

    @classmethod
    def of(cls, url: str, **options: Any) -> S3Place:
        """Return the place of `s3://bucket/prefix`."""
        bucket, _, prefix = url.removeprefix("s3://").partition("/")
        if not bucket:
            raise BackupFailed(f"{url!r} names no bucket: write it as s3://bucket/prefix.")
        return cls(bucket, prefix, **options)

    def begin(self, tenant: str, stamp: str, scratch: str) -> str:
        """Make a folder in the scratch: what is in it is sent when it is whole.

        The tenant's own key, which ends with a slash as folders do in S3's consoles, is there from now on.
        """
        with self._told(f"{tenant} can't be begun"):
            self._client.put_object(Bucket=self.bucket, Key=f"{self.prefix}{tenant}/", Body=b"")
        return tempfile.mkdtemp(dir=scratch)

    def publish(self, tenant: str, stamp: str, folder: str) -> None:
        """Send all files, the manifest last."""
        names = sorted(os.listdir(folder), key=lambda name: (name == NAME, name))
        for name in names:
            with self._told(f"{tenant}/{stamp}/{name} can't be sent"):
                self._client.upload_file(
                    f"{folder}/{name}",
                    self.bucket,
                    self._key(tenant, stamp, name),
                    Config=self._transfer,
                )

    def give_up(self, tenant: str, stamp: str, folder: str) -> None:
        """Remove what was sent; the folder goes with the scratch."""
        if NAME in os.listdir(folder):  # else nothing was sent yet
            self.remove(tenant, stamp)

    def tidy(self, tenant: str) -> None:
        """Remove files of backups that have no manifest."""
        for stamp, files in self._found(tenant).items():
            if NAME not in files:
                self._delete(tenant, stamp, sorted(files))

    def tenants(self) -> list[str]:
        """Return for which tenants there are keys, a thousand with each request."""
        found: list[str] = []
        pages = self._client.get_paginator("list_objects_v2")
        with self._told("its keys can't be listed"):
            for page in pages.paginate(Bucket=self.bucket, Prefix=self.prefix, Delimiter="/"):
                for common in page.get("CommonPrefixes", ()):
                    found.append(common["Prefix"].removeprefix(self.prefix).rstrip("/"))
        return list(filter(is_unit, found))

    def contents(self, tenant: str) -> Contents:
        """Return the stamps that have a manifest, and what else they have."""
        return {stamp: files for stamp, files in self._found(tenant).items() if NAME in files}

    def everything(self) -> Iterator[tuple[str, Contents]]:
        """Go through all keys, a thousand with each request."""
        for tenant, keys in groupby(self._keys(""), key=lambda found: found[0].partition("/")[0]):
            if is_unit(tenant):
                found = _by_stamp((key.partition("/")[2], size) for key, size in keys)
                yield tenant, {stamp: files for stamp, files in found.items() if NAME in files}

    def open(self, tenant: str, stamp: str, name: str, scratch: str) -> IO[bytes]:
        """Fetch the file into the scratch."""
        file = tempfile.TemporaryFile(dir=scratch)  # noqa: SIM115 - closed by the caller
        try:
            with self._told(f"{tenant}/{stamp}/{name} can't be fetched"):
                self._client.download_fileobj(
                    self.bucket, self._key(tenant, stamp, name), file, Config=self._transfer
                )
        except BaseException:
            file.close()
            raise
        file.seek(0)
        return file

    def remove(self, tenant: str, stamp: str) -> None:
        """Delete the manifest, then the rest."""
        self._delete(tenant, stamp, [NAME])
        self._delete(tenant, stamp, sorted(self._found(tenant, stamp).get(stamp, {})))

    # Keys

    def _key(self, tenant: str, stamp: str, name: str) -> str:
        return f"{self.prefix}{tenant}/{stamp}/{name}"

    def _found(self, tenant: str, stamp: str = "") -> Contents:
        under = f"{tenant}/"
        keys = self._keys(under + stamp)
        return _by_stamp((key.removeprefix(under), size) for key, size in keys)

    def _keys(self, under: str) -> Iterator[tuple[str, int]]:
        """Yield the keys of files below the prefix that begin so, in order, and their sizes in bytes."""
        pages = self._client.get_paginator("list_objects_v2")
        with self._told("its keys can't be listed"):
            for page in pages.paginate(Bucket=self.bucket, Prefix=self.prefix + under):
                for found in page.get("Contents", ()):
                    if not found["Key"].endswith("/"):
                        yield found["Key"].removeprefix(self.prefix), found["Size"]

    def _delete(self, tenant: str, stamp: str, names: list[str]) -> None:
        with self._told(f"{tenant}/{stamp} can't be deleted"):
            for name in names:
                self._client.delete_object(Bucket=self.bucket, Key=self._key(tenant, stamp, name))

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        from boto3.exceptions import Boto3Error
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in ("404", "NoSuchKey"):
                raise PlaceLacks(f"{what} ({_answer(error)})", self.name) from error
            raise PlaceFailed(f"{what} ({_answer(error)})", self.name) from error
        except (BotoCoreError, Boto3Error) as error:
            cause = (
                error.__context__
            )  # boto3 tells of its own request what the service's answer says anyway
            why = _answer(cause) if isinstance(cause, ClientError) else str(error)
            raise PlaceFailed(f"{what} ({why})", self.name) from error


def _answer(error: Any) -> str:
    told = error.response.get("Error", {})
    return f"{told.get('Message') or error}, {told.get('Code', '?')}"


def _by_stamp(keys: Iterator[tuple[str, int]]) -> Contents:
    found: Contents = {}
    for key, size in keys:
        stamp, _, name = key.partition("/")
        if is_stamp(stamp) and name and "/" not in name:
            found.setdefault(stamp, {})[name] = size
    return found
