"""What a killed run left behind, so that the next one goes on with it and sends nothing twice."""

from __future__ import annotations

import os
from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING

from coldframe import names
from coldframe.archiver.landed import read_inventory
from coldframe.archiver.opening import look
from coldframe.errors import NotReady

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from coldframe.archiver.sender import Sender
    from coldframe.catalog.catalog import Catalog
    from coldframe.catalog.model import ArchiveRecord, Attempt
    from coldframe.model import UploadDescription
    from coldframe.ports import ColdStore

_CLOCK_SLACK = timedelta(minutes=10)


class Leftovers:
    """The attempts of earlier runs in one vault, each given out once.

    Args:
        store: The store that was sent to.
        catalog: Where the attempts are recorded.
        vault_name: The vault.
        sender: Aborts uploads that nobody will go on with.
    """

    def __init__(self, store: ColdStore, catalog: Catalog, vault_name: str, *, sender: Sender) -> None:
        """Know of none."""
        self._store = store
        self._catalog = catalog
        self._vault_name = vault_name
        self._sender = sender
        self._attempts: dict[str, Attempt] = {}
        self._landed: list[ArchiveRecord] | None = None
        self._uploads: dict[tuple[str | None, int], str] | None = None
        self._lock = Lock()
        self._wanted: frozenset[str] = frozenset()
        self._rows: frozenset[int] = frozenset()
        self._begun_at: datetime | None = None

    def load(self) -> None:
        """Read the attempts, and drop those whose file is gone or that a newer one replaces."""
        attempts = self._catalog.attempts(self._store.identity, self._vault_name)
        self._rows = frozenset(attempt.row for attempt in attempts)
        unheard = [attempt for attempt in attempts if attempt.upload_id is None or attempt.tree_hash is not None]
        self._wanted = frozenset(attempt.description for attempt in unheard)
        self._begun_at = min((attempt.started_at for attempt in unheard), default=None)
        for attempt in attempts:
            if attempt.source in self._attempts:
                self.discard(self._attempts.pop(attempt.source))
            if _is_gone(attempt):
                self.discard(attempt)
            else:
                self._attempts[attempt.source] = attempt

    def take(self, wanted: Attempt) -> Attempt:
        """The earlier run's attempt at the same thing, else `wanted`; an attempt at what it was before is dropped."""
        attempt = self._attempts.pop(wanted.source, None)
        if attempt is None:
            return wanted
        if (attempt.description, attempt.signature) == (wanted.description, wanted.signature):
            return attempt
        self.discard(attempt)
        return wanted

    def discard(self, attempt: Attempt) -> None:
        """Abort an attempt's upload and forget it."""
        if attempt.upload_id is not None:
            self._sender.abort(attempt.upload_id)
        self._catalog.forget(attempt.row)

    def landed(self, attempt: Attempt, *, size: int, dedupe: bool) -> list[ArchiveRecord]:
        """Archives of `size` bytes that the vault has from an attempt whose receipt was never heard.

        Without `dedupe` only those of this very attempt. Only a store whose inventory is ready at once is asked; for
        any other the answer is empty. Whoever asks compares tree hashes.
        """
        with self._lock:
            if self._landed is None:
                self._landed = []
                if self._begun_at is not None:
                    self._landed = self._look_for_landed(since=self._begun_at - _CLOCK_SLACK)
            same = (archive for archive in self._landed if archive.size == size)
            return [archive for archive in same if dedupe or archive.description == attempt.description]

    def _look_for_landed(self, *, since: datetime) -> list[ArchiveRecord]:
        try:
            found = read_inventory(self._store, self._vault_name, since=since)
            return [archive for archive in found if archive.description in self._wanted]
        except NotReady:
            return []

    def find_upload(self, attempt: Attempt, *, part_size: int) -> str | None:
        """The open upload of an attempt that was killed between opening it and recording its ID.

        Somebody else's upload of the same path, size and time would be taken for ours; that does no harm, since an
        upload is only completed under the tree hash of our own bytes.
        """
        if attempt.row not in self._rows:
            return None
        with self._lock:
            if self._uploads is None:
                self._uploads = {(item.description, item.part_size): item.upload_id for item in self._list_uploads()}
            return self._uploads.pop((attempt.description, part_size), None)

    def _list_uploads(self) -> Iterator[UploadDescription]:
        marker: str | None = None
        while True:
            page = self._store.list_multipart_uploads(self._vault_name, marker=marker)
            yield from page.items
            marker = page.marker
            if marker is None:
                return


def _is_gone(attempt: Attempt) -> bool:
    """Whether the source was removed: it is not there and its folder is.

    Where the folder is missing too, it may be back tomorrow: an unplugged disk, a share that sleeps.
    """
    location = names.read_path(attempt.source)
    return not _is_there(location) and _is_there(os.path.dirname(location))


def _is_there(location: str) -> bool:
    try:
        look(location)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True  # there, or nobody knows
    return True
