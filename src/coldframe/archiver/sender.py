"""Sending: the store's upload operations, tried again where that may help, each answer held against our own hash."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from coldframe.archiver.landed import read_inventory
from coldframe.archiver.retries import PASSING
from coldframe.archiver.throttled import ThrottledBody
from coldframe.errors import NotReady, ServiceUnavailable, StoreError, TreeHashMismatch
from coldframe.model import Receipt
from coldframe.ports import Upload, takes_together

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from coldframe.archiver.bodies import HashedBody
    from coldframe.archiver.retries import Retries
    from coldframe.clock import Clock
    from coldframe.ports import ColdStore
    from coldframe.throttle import Throttle

T = TypeVar("T")

_TRIES = 3
_CLOCK_GRAIN = timedelta(milliseconds=1)


class Sender:
    """The way into one vault of a store.

    Args:
        store: Where to.
        vault_name: Which vault.
        throttle: How fast all bodies together may go.
        retries: How often and when to try again.
        clock: Tells when a try began.
    """

    def __init__(
        self, store: ColdStore, vault_name: str, *, throttle: Throttle, retries: Retries, clock: Clock
    ) -> None:
        """Send nothing yet."""
        self._clock = clock
        self._store = store
        self._vault_name = vault_name
        self._throttle = throttle
        self._retries = retries
        self._is_inventory_late = False

    @property
    def sends_together(self) -> bool:
        """Whether several archives can go at once: the store takes them so, and nothing holds them back."""
        return takes_together(self._store) and not self._throttle.is_limiting

    def send_together(self, bodies: Sequence[tuple[HashedBody, str]]) -> Sequence[Receipt | None]:
        """Send several whole archives at once, each with its description, their tree hashes known beforehand.

        Returns:
            The receipts, in order; None for one whose tree hash is not ours, which was deleted again.

        Raises:
            StoreError: Whether any was kept is not certain: send each by itself, and say since when.
        """
        store = self._store
        if not takes_together(store):
            raise ServiceUnavailable("this store takes archives one by one")
        uploads = [Upload(body, body.known_tree_hash, description) for body, description in bodies]
        receipts = store.upload_archives(self._vault_name, uploads)
        return [self._held(receipt, body) for receipt, (body, _) in zip(receipts, bodies, strict=True)]

    def _held(self, receipt: Receipt, body: HashedBody) -> Receipt | None:
        if receipt.tree_hash == body.tree_hash:
            return receipt
        self._withdraw(receipt)
        return None

    def send_archive(
        self, make_body: Callable[[], HashedBody], *, description: str, tried_at: datetime | None = None
    ) -> Receipt:
        """Send a whole archive in one request.

        Args:
            make_body: Makes its bytes, anew for each try.
            description: What to call it.
            tried_at: When it was sent before, if what became of that is not certain: then it is looked for first.

        Raises:
            TreeHashMismatch: The store's tree hash is not ours; the archive was deleted again.
        """
        begun_at = (tried_at or self._clock.now()) - _CLOCK_GRAIN
        lost: list[str] = []  # tree hashes of whole bodies whose answer was an error
        if tried_at is not None and (digest := make_body().known_tree_hash) is not None:
            lost.append(digest)

        def send() -> Receipt:
            receipt = self._find(description, lost, since=begun_at) if lost else None
            return receipt or send_body()

        def send_body() -> Receipt:
            body = make_body()
            paced = ThrottledBody(body, self._throttle)
            try:
                receipt = self._store.upload_archive(
                    self._vault_name, paced, tree_hash=body.known_tree_hash, description=description
                )
            except PASSING:
                lost.append(body.tree_hash)
                raise
            if receipt.tree_hash != body.tree_hash:
                self._withdraw(receipt)
                _mismatch(receipt.tree_hash, body.tree_hash)
            return receipt

        return _try_thrice(lambda: self._retries(send))

    def initiate(self, *, part_size: int, description: str) -> str:
        """Open a multipart upload and answer its ID."""
        return self._retries(
            lambda: self._store.initiate_multipart_upload(
                self._vault_name, part_size=part_size, description=description
            )
        )

    def send_part(self, upload_id: str, make_body: Callable[[], HashedBody], *, start: int) -> str:
        """Send one part and answer its tree hash.

        Raises:
            TreeHashMismatch: The store's tree hash is not ours, three times.
        """

        def send() -> str:
            body = make_body()
            paced = ThrottledBody(body, self._throttle)
            answer = self._store.upload_multipart_part(
                self._vault_name, upload_id, paced, start=start, tree_hash=body.known_tree_hash
            )
            if answer != body.tree_hash:
                _mismatch(answer, body.tree_hash)
            return answer

        return _try_thrice(lambda: self._retries(send))

    def complete(self, upload_id: str, *, size: int, tree_hash: str) -> Receipt:
        """Turn the parts into an archive.

        Raises:
            TreeHashMismatch: The store's tree hash is not ours.
        """
        receipt = self._retries(
            lambda: self._store.complete_multipart_upload(
                self._vault_name, upload_id, archive_size=size, tree_hash=tree_hash
            )
        )
        if receipt.tree_hash != tree_hash:
            _mismatch(receipt.tree_hash, tree_hash)
        return receipt

    def abort(self, upload_id: str) -> None:
        """Drop an upload that nobody will go on with. If that fails, `cleanup` will find it."""
        with suppress(StoreError):
            self._store.abort_multipart_upload(self._vault_name, upload_id)

    def confirmed_parts(self, upload_id: str) -> tuple[int, dict[int, str]]:
        """An open upload's part size, and the tree hashes of its confirmed parts by their starts."""
        confirmed: dict[int, str] = {}
        marker: str | None = None
        while True:
            page = self._retries(lambda: self._store.list_parts(self._vault_name, upload_id, marker=marker))  # noqa: B023 - called at once
            confirmed |= {part.range.start: part.tree_hash for part in page.parts}
            marker = page.marker
            if marker is None:
                return page.upload.part_size, confirmed

    def _find(self, description: str, tree_hashes: list[str], *, since: datetime) -> Receipt | None:
        """The archive of an earlier try, if the store kept it all the same: a broken answer may hide a success."""
        if self._is_inventory_late:
            return None
        try:
            for archive in read_inventory(self._store, self._vault_name, since=since):
                if archive.description == description and archive.tree_hash in tree_hashes:
                    return Receipt(archive.archive_id, archive.tree_hash)
        except NotReady:
            self._is_inventory_late = True  # and each time it is asked for, a job begins that nobody will fetch
        return None

    def _withdraw(self, receipt: Receipt) -> None:
        """Delete an archive that holds other bytes than ours, so that nobody takes it for the file."""
        with suppress(StoreError):
            self._store.delete_archive(self._vault_name, receipt.archive_id)


def _try_thrice(act: Callable[[], T]) -> T:
    """Read and send again if the bytes did not arrive as they were sent (reliability C9)."""
    for _ in range(_TRIES - 1):
        with suppress(TreeHashMismatch):
            return act()
    return act()


def _mismatch(theirs: str, ours: str) -> None:
    msg = f"the store's tree hash {theirs} is not that of the bytes that were read, {ours}; it is not archived"
    raise TreeHashMismatch(msg)
