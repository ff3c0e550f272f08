"""Multipart uploads that are open, new ones and those of earlier runs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from coldframe.errors import InvalidParameterValue, ResourceNotFound
from coldframe.tree_hash import combine

if TYPE_CHECKING:
    from coldframe.archiver.cut import Cut
    from coldframe.archiver.run import Run
    from coldframe.catalog.model import Attempt
    from coldframe.model import Receipt


@dataclass(frozen=True, slots=True)
class OpenUpload:
    """An upload that takes parts: its attempt, which holds its ID, and the tree hashes of the parts it has by start."""

    attempt: Attempt
    confirmed: dict[int, str]

    @property
    def upload_id(self) -> str:
        """The store's name for it."""
        return self.attempt.upload_id or ""

    @property
    def part_size(self) -> int:
        """The size of all its parts but the last."""
        return self.attempt.part_size or 0


def open_upload(run: Run, attempt: Attempt, cut: Cut) -> OpenUpload:
    """Go on with the attempt's upload if it is still open, else open one; its ID is durable before the first part."""
    resumed = _resume(run, attempt, cut)
    if resumed is not None:
        return resumed
    upload_id = run.sender.initiate(part_size=cut.part_size, description=attempt.description)
    return OpenUpload(_remember(run, attempt, upload_id, cut.part_size), {})


def complete(run: Run, upload: OpenUpload, *, size: int, hashes: dict[int, str]) -> Receipt:
    """Complete an upload of parts with these tree hashes by start.

    What it hashes to is durable before the request, so that a run that never heard the answer can ask again.
    """
    tree_hash = combine(hashes[start] for start in sorted(hashes))
    run.catalog.set_tree_hash(upload.attempt.row, tree_hash)
    return run.sender.complete(upload.upload_id, size=size, tree_hash=tree_hash)


def complete_again(run: Run, attempt: Attempt, *, size: int) -> Receipt | None:
    """The receipt that an earlier run asked for and never heard; None if there is none to have any more."""
    if attempt.upload_id is None or attempt.tree_hash is None:
        return None
    try:
        return run.sender.complete(attempt.upload_id, size=size, tree_hash=attempt.tree_hash)
    except (ResourceNotFound, InvalidParameterValue):
        return None


def _resume(run: Run, attempt: Attempt, cut: Cut) -> OpenUpload | None:
    if attempt.upload_id is None:
        found = run.leftovers.find_upload(attempt, part_size=cut.part_size)
        if found is None:
            return None
        attempt = _remember(run, attempt, found, cut.part_size)
    try:
        part_size, confirmed = run.sender.confirmed_parts(attempt.upload_id or "")
    except ResourceNotFound:
        return None
    return OpenUpload(replace(attempt, part_size=part_size), confirmed)


def _remember(run: Run, attempt: Attempt, upload_id: str, part_size: int) -> Attempt:
    run.catalog.set_upload(attempt.row, upload_id, part_size)
    return replace(attempt, upload_id=upload_id, part_size=part_size, tree_hash=None)
