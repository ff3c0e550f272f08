"""One try at archiving a bundle whose members are listed: compared with what is known, zipped, sent, recorded."""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

from coldframe.archiver.bundle_entries import bundle_entry, member_entries
from coldframe.archiver.bundle_parts import BundleParts
from coldframe.archiver.cut import Cut, cut
from coldframe.archiver.request import FileResult
from coldframe.archiver.run import TROUBLE, describe_bundle
from coldframe.archiver.uploads import complete, complete_again, open_upload
from coldframe.archiver.zipping import DryZip, Zipping
from coldframe.catalog.model import Kind
from coldframe.model import MIB
from coldframe.progress import Advanced, Outcome, Started

if TYPE_CHECKING:
    from collections.abc import Callable

    from coldframe.archiver.crew import Next
    from coldframe.archiver.members import Bundle, BundleMember
    from coldframe.archiver.part_buffer import Filled
    from coldframe.archiver.run import Run
    from coldframe.archiver.uploads import OpenUpload
    from coldframe.catalog.model import ArchiveRecord, Entry
    from coldframe.errors import ColdframeError
    from coldframe.model import Receipt

_PART_SIZE = 32 * MIB
"""Parts of a bundle wait in memory, so they are no larger than this unless their number demands it."""


class BundleTry:
    """One try at a bundle.

    Args:
        run: What all work shares.
        bundle: The folder, listed.
        on_end: Turns the bundle's result into the step's.
        on_trouble: Decides what to do when a member or the bundle is in trouble.
    """

    def __init__(
        self,
        run: Run,
        bundle: Bundle,
        *,
        on_end: Callable[[FileResult], Next],
        on_trouble: Callable[[ColdframeError], Next],
    ) -> None:
        """Nothing is read yet."""
        self._run = run
        self._bundle = bundle
        self._on_end = on_end
        self._on_trouble = on_trouble
        self._advanced = 0
        self._known: Entry | None = None
        described = describe_bundle(bundle.path, size=bundle.size, modified_ns=bundle.modified_ns)
        self._attempt = run.attempt(described, source=bundle.text, signature=bundle.signature)

    def start(self) -> Next:
        """Compare, zip, and send what one request can hold."""
        return self._guard(self._start)

    def drop(self) -> None:
        """Leave nothing behind: no upload, no attempt, no progress."""
        if self._attempt.row:
            self._run.leftovers.discard(self._attempt)
        self._advance(-self._advanced)

    def result(self, outcome: Outcome, *, entry: Entry | None = None, detail: str = "") -> FileResult:
        """The bundle's result."""
        return FileResult(
            path=self._bundle.path,
            source=self._bundle.text,
            kind=Kind.BUNDLE,
            outcome=outcome,
            size=self._bundle.size,
            archive_id=entry.archive.archive_id if entry is not None else None,
            tree_hash=entry.archive.tree_hash if entry is not None else None,
            entry=entry,
            read=tuple(member.source for member in self._bundle.members),
            detail=detail,
        )

    def _guard(self, act: Callable[[], Next]) -> Next:
        try:
            return act()
        except TROUBLE as error:
            return self._on_trouble(error)

    # --- comparing ----------------------------------------------------------------------------------------------------

    def _start(self) -> Next:
        run, bundle = self._run, self._bundle
        known = run.catalog.find_sources(self._attempt.store, self._attempt.vault_name, [bundle.text])
        self._known = known.get(bundle.text)
        if self._is_unchanged and not run.request.checksum and self._known is not None:
            return self._on_end(self.result(Outcome.UNCHANGED, entry=self._known))
        if self._known is not None and self._is_rest_of(self._known):
            detail = "the other files of the bundle are no longer here"
            return self._on_end(self.result(Outcome.UNCHANGED, entry=self._known, detail=detail))
        if run.request.dry_run:
            return self._on_end(self.result(Outcome.ARCHIVED, detail="dry run: it would be sent"))
        run.observer(Started(bundle.path, bundle.size))
        self._attempt = run.leftovers.take(self._attempt)
        return self._compare() or self._zip()

    @property
    def _is_unchanged(self) -> bool:
        return self._known is not None and self._known.signature == self._bundle.signature

    def _is_rest_of(self, known: Entry) -> bool:
        """Whether all files of the folder, and more, are in the bundle that the catalog knows.

        As with single files, that some are gone is not archived. Otherwise a run that was cut off while it deleted
        sources would be followed by a newest bundle of only those that were left.
        """
        members = {entry.member.name: entry for entry in self._run.catalog.members(known) if entry.member is not None}
        return len(self._bundle.members) < len(members) and all(
            self._is_same(member, members.get(member.name)) for member in self._bundle.members
        )

    def _is_same(self, member: BundleMember, entry: Entry | None) -> bool:
        if entry is None or entry.member is None:
            return False
        if (member.size, member.modified_ns) != (entry.size, entry.modified_ns):
            return False
        return not self._run.request.checksum or _hash(member) == entry.member.sha256

    def _compare(self) -> Next | None:
        """Where only a tree hash can decide, make the zip for its hash alone, and see."""
        is_checked = self._run.request.checksum and self._known is not None
        if not is_checked and self._attempt.tree_hash is None:
            return None
        made = DryZip(self._bundle, check=self._run.check_idle)
        known = self._known
        if is_checked and known is not None and known.archive.tree_hash == made.tree_hash:
            if self._is_unchanged:
                self.drop()
                return self._on_end(self.result(Outcome.UNCHANGED, entry=known))
            return self._record(known.archive, made, Outcome.RECORDED)
        return self._find_sent(made)

    def _find_sent(self, made: DryZip) -> Next | None:
        """The archive of an earlier run that was killed before it could record it."""
        if self._attempt.tree_hash == made.tree_hash:
            receipt = complete_again(self._run, self._attempt, size=made.size)
            if receipt is not None:
                return self._archived(receipt, made)
        for archive in self._run.find_landed(self._attempt, size=made.size):
            if archive.tree_hash == made.tree_hash:
                return self._record(archive, made, Outcome.ARCHIVED)
        return None

    # --- sending ------------------------------------------------------------------------------------------------------

    def _zip(self) -> Next:
        largest = self._bundle.largest_zip
        planned = cut(largest, part_size=min(self._run.part_size, _PART_SIZE)).part_size
        part_size = self._attempt.part_size or planned
        zipping = Zipping(self._bundle, part_size=part_size)
        first = zipping.next_part()
        self._attempt = self._run.begin(self._attempt)
        if first.is_last and self._attempt.upload_id is None:
            return self._send_single(zipping, first)
        upload = open_upload(self._run, self._attempt, Cut(largest, part_size))
        self._attempt = upload.attempt
        end = partial(self._end_parts, upload, zipping)
        return BundleParts(self._run, zipping, upload, on_advance=self._advance, on_end=end).begin(first)

    def _send_single(self, zipping: Zipping, first: Filled) -> Next:
        """Send a zip that one request holds, unless the vault has it."""
        digest = first.buffer.tree_hash
        for archive in self._run.find_landed(self._attempt, size=zipping.size):
            if archive.tree_hash == digest:
                return self._record(archive, zipping, Outcome.ARCHIVED)
        head_hash = zipping.head_hash or digest
        for archive in self._run.find_alike(self._known, size=zipping.size, head_hash=head_hash):
            if archive.tree_hash == digest:
                return self._record(archive, zipping, Outcome.RECORDED)
        receipt = self._run.sender.send_archive(lambda: first.buffer, description=self._attempt.description)
        return self._archived(receipt, zipping)

    def _end_parts(
        self, upload: OpenUpload, zipping: Zipping, hashes: dict[int, str], trouble: ColdframeError | None
    ) -> Next:
        """The step after the last part: complete the upload if all went well."""

        def act() -> Next:
            if trouble is not None:
                raise trouble
            return self._archived(complete(self._run, upload, size=zipping.size, hashes=hashes), zipping)

        return self._guard(act)

    def _advance(self, size: int) -> None:
        if size:
            self._advanced += size
            self._run.observer(Advanced(self._bundle.path, size))

    # --- recording ----------------------------------------------------------------------------------------------------

    def _archived(self, receipt: Receipt, made: Zipping | DryZip) -> Next:
        archive = self._run.confirmed(receipt, self._attempt, size=made.size)
        return self._record(archive, made, Outcome.ARCHIVED)

    def _record(self, archive: ArchiveRecord, made: Zipping | DryZip, outcome: Outcome) -> Next:
        """Make the archive, the bundle and its members durable; only now does it count."""
        entry = bundle_entry(self._bundle, archive, head_hash=made.head_hash)
        members = member_entries(self._bundle, archive, made.placed)
        self._run.catalog.record(archive, [entry, *members], attempt=self._attempt.row or None)
        if outcome is Outcome.ARCHIVED:
            self._advance(self._bundle.size - self._advanced)
        return self._on_end(self.result(outcome, entry=entry))


def _hash(member: BundleMember) -> str:
    digest = sha256()
    for buffer in member.read():
        digest.update(buffer)
    return digest.hexdigest()
