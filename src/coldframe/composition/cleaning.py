"""What killed runs left over: open multipart uploads, and bytes in the embedded store that nothing refers to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coldframe.composition.locks import run_lock
from coldframe.composition.uploads import all_parts, all_uploads
from coldframe.composition.vaults import all_vaults, find_vault
from coldframe.inventory.description import decode_description

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from coldframe.composition.library import Coldframe
    from coldframe.model import UploadDescription
    from coldframe.service import SweepReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """An open multipart upload. `path` is what it was to be, where its description tells.

    `attempt` is the catalog's row if this catalog would resume it, else None.
    """

    vault_name: str
    upload: UploadDescription
    path: str
    size: int
    attempt: int | None

    @property
    def is_ours(self) -> bool:
        """Whether the next archive run would carry it on."""
        return self.attempt is not None


def find_leftovers(coldframe: Coldframe, *, vault_name: str | None = None) -> Iterator[Leftover]:
    """Every open upload of one vault, or of all."""
    store, catalog = coldframe.store, coldframe.catalog
    vaults = [find_vault(store, vault_name)] if vault_name else all_vaults(store)
    for vault in vaults:
        attempts = catalog.attempts(store.identity, vault.vault_name)
        rows = {attempt.upload_id: attempt.row for attempt in attempts if attempt.upload_id}
        for upload in all_uploads(store, vault.vault_name):
            described = decode_description(upload.description or "")
            yield Leftover(
                vault_name=vault.vault_name,
                upload=upload,
                path=described.path if described else upload.description or "",
                size=sum(part.range.size for part in all_parts(store, vault.vault_name, upload.upload_id)),
                attempt=rows.get(upload.upload_id),
            )


def abort_leftovers(coldframe: Coldframe, leftovers: Sequence[Leftover]) -> None:
    """Drop uploads with their parts, and what the catalog remembers of ours.

    Raises:
        Busy: An archive run is using them at this moment.
    """
    lock = run_lock(coldframe.home.locks, "archive", clock=coldframe.clock, files=coldframe.files, command="cleanup")
    with lock:
        for leftover in leftovers:
            coldframe.store.abort_multipart_upload(leftover.vault_name, leftover.upload.upload_id)
            if leftover.attempt is not None:
                coldframe.catalog.forget(leftover.attempt)


def sweep(coldframe: Coldframe, *, dry_run: bool = False) -> SweepReport:
    """Remove what nothing has referred to for 48 hours, or only count it: from the store, and from other accounts'."""
    from coldframe.composition.accounts import all_stores  # noqa: PLC0415 - start-up time
    from coldframe.service import SweepReport  # noqa: PLC0415 - as above

    with all_stores(coldframe) as stores:
        return sum((store.rehearse_sweep() if dry_run else store.sweep() for store in stores), SweepReport())
