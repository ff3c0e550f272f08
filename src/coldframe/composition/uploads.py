"""Open multipart uploads of a vault, their parts, and their end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coldframe.composition.locks import run_lock
from coldframe.errors import InvalidParameterValue, ResourceNotFound

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from coldframe.composition.library import Coldframe
    from coldframe.errors import StoreError
    from coldframe.model import PartDescription, UploadDescription
    from coldframe.ports import ColdStore


def all_uploads(store: ColdStore, vault_name: str) -> Iterator[UploadDescription]:
    """Every open upload of a vault, oldest first, page by page."""
    marker: str | None = None
    while True:
        page = store.list_multipart_uploads(vault_name, marker=marker)
        yield from page.items
        marker = page.marker
        if marker is None:
            return


def all_parts(store: ColdStore, vault_name: str, upload_id: str) -> Iterator[PartDescription]:
    """Every confirmed part of an open upload, by its start, page by page."""
    marker: str | None = None
    while True:
        page = store.list_parts(vault_name, upload_id, marker=marker)
        yield from page.parts
        marker = page.marker
        if marker is None:
            return


def abort_uploads(
    coldframe: Coldframe, vault_name: str, upload_ids: Sequence[str]
) -> Iterator[tuple[str, StoreError | None]]:
    """Drop uploads with their parts, and what the catalog remembers of ours; answer each, with why if it could not be.

    Raises:
        Busy: An archive run is using them at this moment.
    """
    store, catalog = coldframe.store, coldframe.catalog
    lock = run_lock(
        coldframe.home.locks, "archive", clock=coldframe.clock, files=coldframe.files, command="upload abort"
    )
    with lock:
        attempts = {attempt.upload_id: attempt.row for attempt in catalog.attempts(store.identity, vault_name)}
        for upload_id in upload_ids:
            try:
                store.abort_multipart_upload(vault_name, upload_id)
            except (ResourceNotFound, InvalidParameterValue) as error:
                yield upload_id, error
                continue
            if upload_id in attempts:
                catalog.forget(attempts[upload_id])
            yield upload_id, None
