"""Removing local files that are proven to be in the vault: the consequence of a proof, and never more than it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coldframe.archiver.sources import remove_unchanged
from coldframe.catalog.proofs import Proofs
from coldframe.composition.deleting import settle_deletions
from coldframe.composition.locks import run_lock

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from coldframe.composition.proving import Proof, Proving


@dataclass(frozen=True, slots=True)
class Freed:
    """What became of one file: it is gone, or `kept` says why it is still there."""

    proof: Proof
    kept: str = ""


def free(proving: Proving, proofs: Iterable[Proof]) -> Iterator[Freed]:
    """Remove the files of proofs that are safe, each only if it still is the file that was read; folders stay.

    Nobody archives or deletes meanwhile, and the catalog is asked once more for each file. The files of a bundle go all
    together or not at all: what is left of one would become another bundle with the next archive run.

    Args:
        proving: What has made the proofs, to its end.
        proofs: The proofs.

    Raises:
        Busy: Another run is using the catalog.
        StoreError: A deletion that a killed run has begun cannot be finished.
    """
    coldframe = proving.coldframe
    lock = run_lock(coldframe.home.locks, "archive", clock=coldframe.clock, files=coldframe.files, command="verify")
    with lock:
        settle_deletions(coldframe)
        for proof in proofs:
            if proof.is_safe:
                yield Freed(proof, _torn(proving, proof) or proving.check_again(proof) or _remove(proving, proof))


def _remove(proving: Proving, proof: Proof) -> str:
    if proof.file is None:
        return "its bytes were not read"
    return remove_unchanged(proof.file, proving.coldframe.files)


def _torn(proving: Proving, proof: Proof) -> str:
    """Why a member has to stay: another file of its bundle has to."""
    if proof.entry is None or proof.entry.member is None:
        return ""
    coldframe = proving.coldframe
    proofs = Proofs(coldframe.catalog.database, coldframe.store_identity, proving.vault_name)
    folders = [each for each in proofs.bundle_sources(proof.entry.archive.row) if proof.source.startswith(f"{each}/")]
    for folder in folders:
        tally = proving.folders.get(folder)
        if tally is None:
            return f"it is part of a bundle: name the whole folder {folder}"
        if not tally.is_safe:
            return f"it is part of a bundle, and not all of {folder} is safe"
    return ""
