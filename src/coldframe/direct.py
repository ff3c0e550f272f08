"""Writing past the page cache: the disk fetches whole pages from the writer's own memory, and nothing is copied.

An archive's bytes are written once and not read again soon, so the cache gains nothing by them, while the copy into
fresh pages costs as much processor time as hashing them. Where the system, the file system or the place in memory does
not allow it, nothing is written and the caller writes as usual. What a sync promises is the same either way.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from threading import Lock

_FLAG = getattr(os, "O_DIRECT", 0)  # Linux; other systems have no such flag, or other rules
_PAGE = 4096
_LEAST = 256 * 1024
"""Below this many bytes, waiting for the disk costs more than the copy."""
_REFUSALS = frozenset({errno.EINVAL, errno.EOPNOTSUPP, errno.ENOTSUP})
_NONE = -1


class DirectWrites:
    """Writes to files that others have opened, each through a second descriptor of its own. For any thread."""

    def __init__(self) -> None:
        """Know no file."""
        self._lock = Lock()
        self._direct: dict[int, int] = {}
        self._refused: set[int] = set()

    def write(self, descriptor: int, data: memoryview, offset: int) -> int:
        """Write what of `data` is whole pages, at `offset`; answers how many bytes that were, 0 if it cannot be done.

        Raises:
            OSError: The disk could not write them.
        """
        size = len(data) // _PAGE * _PAGE
        if not _FLAG or size < _LEAST or offset % _PAGE or descriptor in self._refused:
            return 0
        direct = self._open(descriptor)
        if direct == _NONE:
            return 0
        try:
            return os.pwrite(direct, data[:size], offset)
        except OSError as error:
            if error.errno not in _REFUSALS:
                raise
            self._refused.add(descriptor)  # the memory is not aligned as this disk wants it; it will not be next time
            return 0

    def forget(self, descriptor: int) -> None:
        """Close what was opened for a file; to be called before the file itself is closed."""
        with self._lock:
            self._refused.discard(descriptor)
            direct = self._direct.pop(descriptor, _NONE)
        if direct != _NONE:
            os.close(direct)

    def _open(self, descriptor: int) -> int:
        with self._lock:
            if descriptor not in self._direct:
                self._direct[descriptor] = _NONE
                with suppress(OSError):  # no /proc, or a file system that knows no direct writes
                    path = f"/proc/self/fd/{descriptor}"
                    self._direct[descriptor] = os.open(path, os.O_WRONLY | os.O_CLOEXEC | _FLAG)
            return self._direct[descriptor]
