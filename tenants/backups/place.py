"""Where backups are kept: what a place has to be able to do, and which one people mean."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO, Protocol

from .local_place import Contents, LocalPlace

__all__ = ["Contents", "Place", "place_of"]


class Place(Protocol):
    """A place for backups: a folder for each tenant, in it one for each backup, in that a manifest and files.

    A backup is there when its manifest is. Whoever changes what is there has the data folder's turn.

    Attributes:
        name: what tells it from other places, for people too.
    """

    name: str

    def begin(self, tenant: str, stamp: str, scratch: str) -> str:
        """Return an empty folder of this machine, in which the files of a new backup are made.

        From then on the tenant is among `tenants`, also where the backup never comes to be, and after a power failure:
        whoever has noted a backup and finds a place without any knows that it was emptied.

        Args:
            tenant: the tenant's id, or `universal`.
            stamp: the backup's.
            scratch: a folder for what is gone at the end of the run.
        """

    def publish(self, tenant: str, stamp: str, folder: str) -> None:
        """Let a backup appear, whole, that was made in the folder which `begin` gave; its files are on the disk.

        When this returns, it outlives a power failure.
        """

    def give_up(self, tenant: str, stamp: str, folder: str) -> None:
        """Leave nothing of a backup that was begun, or was published halfway."""

    def tidy(self, tenant: str) -> None:
        """Remove what a process left that died while it made or removed a backup."""

    def tenants(self) -> list[str]:
        """Return for which tenants anything is there."""

    def contents(self, tenant: str) -> Contents:
        """Return the backups of a tenant, in order of their stamps."""

    def everything(self) -> Iterator[tuple[str, Contents]]:
        """Yield each tenant and its backups."""

    def open(self, tenant: str, stamp: str, name: str, scratch: str) -> IO[bytes]:
        """Open a file of a backup, that can be read and sought. Raises `OSError`."""

    def remove(self, tenant: str, stamp: str) -> None:
        """Remove a backup. From its first moment on it is no backup any more, whatever dies meanwhile."""


def place_of(folder: str | Path | Place) -> Place:
    """Return the place that is meant.

    Args:
        folder: a folder, `s3://bucket/prefix`, or a place.
    """
    if isinstance(folder, str) and folder.startswith("s3://"):
        from .s3_place import S3Place

        return S3Place.of(folder)
    return LocalPlace(folder) if isinstance(folder, (str, Path)) else folder
