"""What a killed run left behind, so that the next one goes on with it and sends nothing twice."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING

from coldframe import names
from coldframe.archiver.opening import look
from coldframe.catalog.model import ArchiveRecord
from coldframe.model import InventoryRetrieval, JobStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coldframe.archiver.sender import Sender
    from coldframe.catalog.catalog import Catalog
    from coldframe.catalog.model import Attempt
    from coldframe.ports import ColdStore

_CLOCK_SLACK = timedelta(minutes=10)
_PAGE = 10_000


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
        self._landed: dict[str, list[ArchiveRecord]] | None = None
        self._lock = Lock()
        self._wanted: frozenset[str] = frozenset()
        self._rows: frozenset[int] = frozenset()
        self._begun_at: datetime | None = None

    def load(self) -> None:
        """Read the attempts, and drop those whose file is gone or that a newer one replaces."""
        attempts = self._catalog.attempts(self._store.identity, self._vault_name)
        self._wanted = frozenset(attempt.description for attempt in attempts)
        self._rows = frozenset(attempt.row for attempt in attempts)
        self._begun_at = min((attempt.started_at for attempt in attempts), default=None)
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

    def may_have_landed(self, attempt: Attempt) -> bool:
        """Whether an earlier run may have sent the attempt's archive without hearing the receipt."""
        is_open = attempt.upload_id is not None and attempt.tree_hash is None
        return attempt.row in self._rows and not is_open

    def discard(self, attempt: Attempt) -> None:
        """Abort an attempt's upload and forget it."""
        if attempt.upload_id is not None:
            self._sender.abort(attempt.upload_id)
        self._catalog.forget(attempt.row)

    def landed(self, description: str) -> list[ArchiveRecord]:
        """Archives that the vault has under this description and that no receipt told us of.

        Only a store whose inventory is ready at once is asked; for any other the answer is empty. Whoever asks compares
        tree hashes.
        """
        with self._lock:
            if self._landed is None:
                self._landed = {}
                for archive in self._read_inventory():
                    self._landed.setdefault(archive.description, []).append(archive)
            return self._landed.get(description, [])

    def _read_inventory(self) -> Iterator[ArchiveRecord]:
        """The archives since the first attempt that an attempt described, a page of the inventory at a time."""
        if self._begun_at is None:
            return
        request = InventoryRetrieval(start_at=self._begun_at - _CLOCK_SLACK, limit=_PAGE)
        while True:
            job_id = self._store.initiate_job(self._vault_name, request)
            job = self._store.describe_job(self._vault_name, job_id)
            if job.status is not JobStatus.SUCCEEDED:
                return
            yield from self._read_page(job_id)
            marker = job.inventory.marker if job.inventory is not None else None
            if marker is None:
                return
            request = replace(request, marker=marker)

    def _read_page(self, job_id: str) -> Iterator[ArchiveRecord]:
        with self._store.get_job_output(self._vault_name, job_id) as output:
            page = json.loads(b"".join(bytes(buffer) for buffer in output))
        for item in page["ArchiveList"]:
            if item["ArchiveDescription"] in self._wanted:
                yield ArchiveRecord(
                    store=self._store.identity,
                    vault_name=self._vault_name,
                    archive_id=item["ArchiveId"],
                    size=item["Size"],
                    tree_hash=item["SHA256TreeHash"],
                    description=item["ArchiveDescription"],
                    archived_at=datetime.fromisoformat(item["CreationDate"]),
                )


def _is_gone(attempt: Attempt) -> bool:
    try:
        look(names.read_path(attempt.source), follow=True)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False  # it may be back tomorrow: an unplugged disk, a share that sleeps
    return False
