"""The folders that blobs lie in: one for each span of time, durable before a blob in it counts."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING

from coldframe.blobs.reading import blob_errors
from coldframe.combine import Combiner

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from coldframe.combine import Ticket
    from coldframe.files import Files

_DIGITS = 7
_SPAN_MS = 1 << (48 - 4 * _DIGITS)
_NAME = re.compile(rf"[0-9a-f]{{{_DIGITS}}}")


class KeyFolders:
    """The folders below one blobs folder.

    Args:
        root: The blobs folder; also an attribute.
        files: Makes folders and syncs them.
    """

    def __init__(self, root: str, files: Files) -> None:
        """Trust no folder yet: that one is there does not mean that its name is durable."""
        self.root = root
        self._files = files
        self._durable: set[str] = set()
        self._lock = Lock()
        self._combiner: Combiner[str, None] = Combiner(self._sync)

    def path(self, key: bytes) -> str:
        """The folder of a key."""
        return os.path.join(self.root, key.hex()[:_DIGITS])

    def ready(self, key: bytes) -> str:
        """The folder of a key, made if need be, its own name durable.

        A folder that another process made may not be durable yet, so the first use in each process syncs the root.

        Raises:
            OSError: It cannot be made.
        """
        path = self.path(key)
        with self._lock:
            if path not in self._durable:
                with suppress(FileExistsError):
                    self._files.make_folder(path)
                self._files.sync_folder(self.root)
                self._durable.add(path)
        return path

    def forget(self, key: bytes) -> None:
        """Trust the folder of a key no more, after a failure."""
        self.forget_path(self.path(key))

    def forget_path(self, path: str) -> None:
        """Trust a folder no more."""
        with self._lock:
            self._durable.discard(path)

    def sync(self, path: str) -> None:
        """Make the names in a folder durable; threads that arrive together share one fsync."""
        self._combiner(path)

    def all(self) -> Iterator[str]:
        """Every folder, oldest first."""
        with blob_errors("The blobs could not be listed"):
            names = sorted(os.listdir(self.root))
        return (os.path.join(self.root, name) for name in names if _NAME.fullmatch(name))

    def before(self, moment_ms: int) -> Iterator[str]:
        """The folders whose span begins before a moment."""
        return (path for path in self.all() if int(os.path.basename(path), 16) * _SPAN_MS < moment_ms)

    def _sync(self, batch: Sequence[Ticket[str, None]]) -> None:
        """Sync each folder once; one that fails fails those who wrote there, and is not tried again for them."""
        for path in {ticket.wish for ticket in batch}:
            mine = [ticket for ticket in batch if ticket.wish == path]
            try:
                self._files.sync_folder(path)
            except OSError as error:
                for ticket in mine:
                    ticket.fail(error)
            else:
                for ticket in mine:
                    ticket.answer(None)
