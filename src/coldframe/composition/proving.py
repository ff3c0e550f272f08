"""May this be deleted here? A proof for each file that its bytes are in the vault, and a verdict for each folder.

A file is safe only if all of it holds, and nothing is taken for granted (ADR 42):

1. the catalog knows the file at this very place, alone or as a member of a bundle;
2. its bytes, read now, have the tree hash of its archive, or the SHA-256 of the member;
3. the archive was in the vault's last inventory, which is not too old, and nobody has begun to delete it since.

A folder is safe if everything in it is. What no archive can hold, a symbolic link or a device, would be lost with its
folder, and what the rules of an archive run leave out was never sent: neither is safe.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from datetime import timedelta
from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING

from coldframe.archiver.opening import Source, opened, read_at
from coldframe.archiver.scan import FoundBundle, LeftOut, Rules, find_roots, scan
from coldframe.catalog.deleting import Deletions
from coldframe.catalog.drills import Drills
from coldframe.catalog.proofs import Proofs
from coldframe.catalog.sightings import Sightings
from coldframe.composition.comparing import clock_margin
from coldframe.errors import SourceChanged
from coldframe.inventory.late import Asked
from coldframe.model import MIB
from coldframe.names import read_path, write_path
from coldframe.progress import Advanced, Finished, Outcome, Planned, Started, ignore
from coldframe.quantities import format_duration
from coldframe.tree_hash import TreeHasher

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from coldframe.archiver.scan import FoundFile, Unreadable
    from coldframe.catalog import ArchiveRecord, Entry
    from coldframe.catalog.sightings import InventoryRead
    from coldframe.composition.library import Coldframe
    from coldframe.progress import Observer

OLDEST_INVENTORY = timedelta(days=30)
"""An inventory that is older proves nothing, unless told otherwise: much can be deleted in a month."""

_BATCH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What is known of one local file. Paths are texts of `names`.

    Args:
        path: Its logical path.
        source: Where it lies.
        size: Its bytes, here and now.
        is_safe: Whether its bytes are proven to be in the vault.
        detail: Why not; or what is worth knowing all the same.
        entry: The catalog's entry that the proof goes by, None if there is none.
        file: The file as it was when its bytes were read, None if they were not.
        inventory_at: The moment of the last inventory in which its archive was.
        checked_at: When a drill brought its archive back last.
        copies: How many archives that are in their vaults' last inventories hold its bytes.
    """

    path: str
    source: str
    size: int = 0
    is_safe: bool = False
    detail: str = ""
    entry: Entry | None = None
    file: Source | None = None
    inventory_at: datetime | None = None
    checked_at: datetime | None = None
    copies: int = 0


@dataclass(slots=True)
class Tally:
    """What lies in a folder, at any depth: files and other things, and how much of it is safe."""

    path: str
    files: int = 0
    safe: int = 0
    size: int = 0

    @property
    def is_safe(self) -> bool:
        """Whether all of it is safe."""
        return self.files == self.safe

    def add(self, proof: Proof) -> None:
        """Count one thing."""
        self.files += 1
        self.safe += proof.is_safe
        self.size += proof.size


@dataclass(frozen=True, slots=True, kw_only=True)
class _Digests:
    tree_hash: str
    sha256: str


@dataclass(slots=True)
class Proving:
    """The proofs for local files in one vault: iterate :meth:`prove`, then look at the folders.

    Args:
        coldframe: Whose catalog; nothing is asked of the store.
        vault_name: The vault.
        max_age: An older inventory proves nothing.
        observer: Is told of progress.
        folders: What was found in each folder, by its location.
        total: What was found in all.
    """

    coldframe: Coldframe
    vault_name: str
    max_age: timedelta = OLDEST_INVENTORY
    observer: Observer = ignore
    folders: dict[str, Tally] = field(default_factory=dict)
    total: Tally = field(default_factory=lambda: Tally(""))

    def prove(self, paths: Sequence[str]) -> Iterator[Proof]:
        """A proof for everything below some files and folders, as it is read."""
        rules = Rules()  # what is excluded from archiving would be lost like anything else
        roots = find_roots(paths, rules)
        found = (each for each in scan(roots, rules) if not isinstance(each, FoundBundle))
        tops = frozenset(root.location for root in roots)
        evidence = self._evidence()
        while batch := list(islice(found, _BATCH)):
            known = evidence.proofs.entries([each.text for each in batch if isinstance(each, Source)])
            for each in batch:
                proof = self._prove(each, known, evidence)
                self._count(proof, each.location, tops)
                yield proof

    def check_again(self, proof: Proof) -> str:
        """Why the archive of a proof does not count any more; "" if it does."""
        if proof.entry is None or not proof.is_safe:
            return "it is not safe"
        evidence = self._evidence()
        known = evidence.proofs.entries([proof.source]).get(proof.source, [])
        same = [entry for entry in known if entry.archive == proof.entry.archive and entry.member == proof.entry.member]
        return evidence.absence(same[0])[0] if same else "the catalog does not know it any more"

    # --- one file -----------------------------------------------------------------------------------------------------

    def _prove(self, found: FoundFile, known: dict[str, list[Entry]], evidence: _Evidence) -> Proof:
        if not isinstance(found, Source):
            return _other(found)
        proof = Proof(path=found.path, source=found.text, size=found.stamp.size)
        entries = known.get(found.text, [])
        if not entries:
            return replace(proof, detail=f"the catalog knows nothing of it in {self.vault_name}")
        entries = [entry for entry in entries if entry.size in {found.stamp.size, -1}]
        if not entries:
            return replace(proof, detail="it was changed since it was archived: its size differs")
        try:
            digests = self._read(found, entries)
        except (OSError, SourceChanged) as error:
            return replace(proof, detail=str(error))
        proof = replace(proof, file=found)
        judged = [self._judge(proof, entry, digests, evidence) for entry in entries]
        return next((each for each in judged if each.is_safe), judged[0])

    def _judge(self, proof: Proof, entry: Entry, digests: _Digests, evidence: _Evidence) -> Proof:
        proof = replace(proof, entry=entry)
        expected = entry.member.sha256 if entry.member else entry.archive.tree_hash
        if not expected:
            return replace(proof, detail="the SHA-256 of this member is not known; archive the folder again to have it")
        has_bytes = proof.size == 0 or expected == (digests.sha256 if entry.member else digests.tree_hash)
        if not has_bytes:
            touched = proof.file is not None and proof.file.stamp.modified_ns != entry.modified_ns
            why = "it was changed since it was archived" if touched else "its bytes differ, its time does not"
            return replace(proof, detail=why)
        reason, seen_at = evidence.absence(entry)
        checked = evidence.drills.checked(entry.archive.row)
        proof = replace(proof, inventory_at=seen_at, checked_at=checked[0] if checked else None)
        if reason:
            return replace(proof, detail=reason)
        return replace(proof, is_safe=True, copies=evidence.proofs.copies(entry), detail=_note(proof, entry))

    def _read(self, source: Source, entries: Sequence[Entry]) -> _Digests:
        """Hash a file's bytes in one pass, as its entries want it."""
        size = source.stamp.size
        for_member, for_file = (any((entry.member is not None) is kind for entry in entries) for kind in (True, False))
        self.observer(Planned(1, size))
        self.observer(Started(source.path, size))
        linear, tree, buffer = sha256(), TreeHasher(), bytearray(min(MIB, max(size, 1)))
        outcome, detail = Outcome.FAILED, ""
        try:
            with opened(source) as descriptor:
                for start in range(0, size, MIB):
                    view = memoryview(buffer)[: min(MIB, size - start)]
                    read_at(source, descriptor, view, start)
                    if for_member:
                        linear.update(view)
                    if for_file:
                        tree.update(view)
                    self.observer(Advanced(source.path, len(view)))
            outcome = Outcome.VERIFIED
        except (OSError, SourceChanged) as error:
            detail = str(error)
            raise
        finally:
            self.observer(Finished(source.path, size, outcome, detail))
        return _Digests(tree_hash=tree.hexdigest(), sha256=linear.hexdigest())

    # --- folders ------------------------------------------------------------------------------------------------------

    def _count(self, proof: Proof, location: str, tops: frozenset[str]) -> None:
        """Count a file in its folder and in all above it, up to the highest that was asked for."""
        self.total.add(proof)
        path, above = read_path(proof.path), []
        depth = 0 if location in tops else None
        while (folder := os.path.dirname(location)) != location:
            location, path = folder, os.path.dirname(path)
            above.append((location, path))
            depth = len(above) if location in tops else depth
        for each, named in above[:depth]:
            text = write_path(each)
            if text not in self.folders:
                self.folders[text] = Tally(write_path(named) or text)
            self.folders[text].add(proof)

    def _evidence(self) -> _Evidence:
        """What the catalog knows at this moment."""
        database, store = self.coldframe.catalog.database, self.coldframe.store_identity
        sightings = Sightings(database, store, self.vault_name)
        return _Evidence(
            proving=self,
            proofs=Proofs(database, store, self.vault_name),
            sightings=sightings,
            drills=Drills(database, store, self.vault_name),
            last=sightings.last(),
            pending={
                archive_id for vault, archive_id in Deletions(database, store).pending() if vault == self.vault_name
            },
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Evidence:
    """What speaks for archives: the last inventory, what was seen in it, what is being deleted."""

    proving: Proving
    proofs: Proofs
    sightings: Sightings
    drills: Drills
    last: InventoryRead | None
    pending: set[str]

    def absence(self, entry: Entry) -> tuple[str, datetime | None]:
        """Why an archive does not count as being in the vault, "" if it does; and when it was seen there last."""
        seen = self.sightings.seen_in(entry.archive.row)
        return self._doubt(entry.archive, seen[0] if seen else 0), seen[1] if seen else None

    def _doubt(self, archive: ArchiveRecord, seen_in: int) -> str:
        last, coldframe = self.last, self.proving.coldframe
        hint = f"run `coldframe inventory refresh --vault {archive.vault_name}`"
        if last is None:
            return f"no inventory of the vault was read yet: {hint}"
        if archive.archive_id in self.pending:
            return "its archive is being deleted"
        checked = self.drills.checked(archive.row)
        if checked is not None and not checked[1]:
            return f"its archive came back different, or not at all, in the drill of {checked[0]:%Y-%m-%d}"
        if seen_in < last.row:
            asked = Asked(last.inventory_at, last.asked_at, clock_margin(coldframe))
            is_newer = asked.may_not_know(archive.archived_at)
            newer = f"archived after the vault's last inventory: {hint} when there is a newer one"
            return newer if is_newer else f"its archive is not in the vault's last inventory: {hint}"
        age = coldframe.clock.now() - last.asked_at
        old = f"the vault's last inventory was asked for {format_duration(age.total_seconds())} ago: {hint}"
        return old if age > self.proving.max_age else ""


def _other(found: LeftOut | Unreadable) -> Proof:
    """What is no ordinary file, or cannot be looked at."""
    archived = "it is not archived: " if isinstance(found, LeftOut) else ""
    return Proof(path=found.path, source=write_path(found.location), detail=f"{archived}{found.reason}")


def _note(proof: Proof, entry: Entry) -> str:
    is_touched = proof.file is not None and entry.modified_ns != proof.file.stamp.modified_ns
    return "its bytes are safe, its modification time is another than the archived one" if is_touched else ""
