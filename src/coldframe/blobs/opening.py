"""Opening the place for blobs that belongs to a ledger, and no other."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from coldframe.blobs.disk import DiskBlobs
from coldframe.blobs.reading import blob_errors
from coldframe.errors import FormatError
from coldframe.files import durable_write, ensure_folder, sync_ancestors

if TYPE_CHECKING:
    from coldframe.files import Files
    from coldframe.ports import Ledger

_NAME = "store-id"


def open_blobs(folder: str, *, files: Files, ledger: Ledger) -> DiskBlobs:
    """The blobs of `ledger` in `folder`, made if the ledger has none yet.

    The file `store-id` in the folder and the ledger must name the same store: with a wrong disk, or an empty mount
    point, every archive would look lost (reliability S21).

    Raises:
        FormatError: The folder belongs to another store, or the ledger's blobs are not there.
        ServiceUnavailable: The folder cannot be made.
    """
    folder = os.path.abspath(folder)
    with blob_errors("The blobs folder could not be opened"):
        if not ledger.is_claimed:
            _claim(folder, files=files, ledger=ledger)
        _require_same(_read_identity(folder), ledger.identity)
    return DiskBlobs(folder, files)


def owner_of(folder: str) -> str | None:
    """The identity of the store whose blobs are in `folder`, None where there are none.

    Raises:
        ServiceUnavailable: The folder cannot be read.
    """
    with blob_errors("The blobs folder could not be opened"):
        return _read_identity(os.path.abspath(folder))


def _claim(folder: str, *, files: Files, ledger: Ledger) -> None:
    """Make the folder the ledger's own, durably, up to the root; what a crash leaves undone the next opening does."""
    ensure_folder(files, folder)
    found = _read_identity(folder)
    if found is not None:
        _require_same(found, ledger.identity)
    # Written anew even if it is there: whoever wrote it may have been cut off, or told that its name was not safe.
    durable_write(files, folder, _NAME, [f"{ledger.identity}\n".encode("ascii")])
    sync_ancestors(files, folder)
    ledger.claim()


def _require_same(found: str | None, identity: str) -> None:
    if found == identity:
        return
    if found is None:
        msg = f"The blobs of the store {identity} are not there. Is the right disk mounted?"
        raise FormatError(msg)
    msg = f"The blobs belong to the store {found}, the ledger to {identity}. Is the right disk mounted?"
    raise FormatError(msg)


def _read_identity(folder: str) -> str | None:
    try:
        with open(os.path.join(folder, _NAME), encoding="ascii", errors="replace") as file:
            return file.read(1024).strip()
    except FileNotFoundError:
        return None
