"""Blobs in a folder: `<first 7 hex digits of the key>/<32 hex digits>.blob`.

Seven digits of a key are a span of about 17 minutes, so that writers at work together share a folder and its fsync,
and a sweep or a restore can walk through time.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING

from coldframe.blobs.checking import check_blob
from coldframe.blobs.folders import KeyFolders
from coldframe.blobs.footer import BadFooter, encode_footer
from coldframe.blobs.hashing import OwnHashing, TakenHashing
from coldframe.blobs.reading import DiskBlob, blob_errors, open_file, read_footer, require_identity
from coldframe.errors import DamagedArchive, ServiceUnavailable
from coldframe.files import TEMPORARY_PREFIX, durable_write
from coldframe.ports import Blob, Leftover, Put
from coldframe.tree_hash import root

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from coldframe.blobs.hashing import Hashing
    from coldframe.files import Files
    from coldframe.model import Buffer
    from coldframe.ports import Check, Hashes, OpenBlob, Verdict

_SUFFIX = ".blob"
_BLOB_NAME = re.compile(r"([0-9a-f]{32})\.blob")
_TEMPORARY = re.compile(re.escape(TEMPORARY_PREFIX) + r"(?:([0-9a-f]{32})|[0-9a-f]{16})\.tmp")
_GATHER = 256 * 1024
"""Buffers are gathered until one write holds at least so many bytes."""
_PAGE = 1000


class DiskBlobs:
    """Implements `ports.Blobs` in a folder that `open_blobs` has made sure of.

    Args:
        folder: The absolute path of the blobs folder.
        files: Does everything that must survive a power cut.
    """

    def __init__(self, folder: str, files: Files) -> None:
        """Start without knowing any folder."""
        self._folders = KeyFolders(folder, files)
        self._files = files

    def put(
        self,
        key: bytes,
        buffers: Iterable[Buffer],
        *,
        note: Mapping[str, object],
        check: Check | None = None,
        hashes: Callable[[], Hashes] | None = None,
    ) -> Blob:
        """Keep the bytes durably under a new key."""
        return self._write(Put(key, buffers, note, check, hashes), sync_folder=self._folders.sync)

    def put_all(self, puts: Sequence[Put]) -> Sequence[Blob]:
        """Keep several blobs, which share the fsyncs of their folders; all or none."""
        folders: set[str] = set()
        kept: list[Blob] = []
        try:
            for put in puts:
                kept.append(self._write(put, sync_folder=folders.add))  # noqa: PERF401 - what was kept when one fails
            self._sync(folders)
        except BaseException:
            for blob in kept:
                with suppress(ServiceUnavailable):
                    self.unlink(blob.key)
            raise
        return kept

    def exists(self, key: bytes) -> bool:
        """Whether a blob has that key."""
        return self._status(key) is not None

    def open(self, key: bytes, *, size: int, tree_hash: str) -> OpenBlob:
        """Open a blob and check its footer."""
        with blob_errors("A blob could not be opened"):
            try:
                descriptor = open_file(self._path(key))
            except FileNotFoundError as error:
                msg = f"The stored bytes of blob {key.hex()} are missing."
                raise DamagedArchive(msg) from error
            try:
                footer = read_footer(descriptor)
                require_identity(footer, key=key, size=size, tree_hash=tree_hash)
            except BaseException as error:
                os.close(descriptor)
                if isinstance(error, BadFooter):
                    msg = f"The stored bytes of blob {key.hex()} are damaged: {error}."
                    raise DamagedArchive(msg) from error
                raise
        return DiskBlob(descriptor, footer)

    def check(self, key: bytes, *, size: int, tree_hash: str, pace: Callable[[int], None]) -> Verdict:
        """Hash a whole blob again."""
        return check_blob(self._path(key), key=key, size=size, tree_hash=tree_hash, pace=pace)

    def keys(self, *, before_ms: int) -> Iterator[Sequence[bytes]]:
        """The keys made before a moment, in ascending order."""
        for folder in self._folders.before(before_ms):
            with blob_errors("The blobs could not be listed"):
                names = sorted(os.listdir(folder))
            found = [bytes.fromhex(match[1]) for match in map(_BLOB_NAME.fullmatch, names) if match]
            old = [key for key in found if _made_ms(key) < before_ms]
            yield from (old[at : at + _PAGE] for at in range(0, len(old), _PAGE))

    def touched_ms(self, key: bytes) -> int:
        """The youngest sign of life of a blob."""
        status = self._status(key)
        return 0 if status is None else max(_made_ms(key), status.st_mtime_ns // 1_000_000)

    def size(self, key: bytes) -> int:
        """How many bytes a blob takes on the medium."""
        status = self._status(key)
        return 0 if status is None else status.st_size

    def unlink(self, key: bytes) -> int:
        """Remove a blob that nothing refers to."""
        status = self._status(key)
        if status is None:
            return 0
        with blob_errors("A blob could not be removed"):
            self._files.unlink(self._path(key))
        return status.st_size

    def leftovers(self) -> Iterator[Leftover]:
        """The temporary files of puts that are not done."""
        for folder in (self._folders.root, *self._folders.all()):  # in the root: one of the file `store-id`
            with blob_errors("The blobs could not be listed"):
                names = os.listdir(folder)
            for match in filter(None, map(_TEMPORARY.fullmatch, names)):
                path = os.path.join(folder, match[0])
                made_ms = _made_ms(bytes.fromhex(match[1])) if match[1] else 0
                yield Leftover(path, max(made_ms, _modified_ms(path)))

    def unlink_leftover(self, leftover: Leftover) -> None:
        """Remove a temporary file."""
        with blob_errors("A temporary file could not be removed"):
            try:
                self._files.unlink(leftover.path)
            except FileNotFoundError:
                return

    def _write(self, put: Put, *, sync_folder: Callable[[str], None]) -> Blob:
        hashing = OwnHashing() if put.hashes is None else TakenHashing(put.hashes)
        writing = _Writing(put, hashing)
        key = put.key
        try:
            folder = self._folders.ready(key)
            temporary = f"{TEMPORARY_PREFIX}{key.hex()}.tmp"
            name = key.hex() + _SUFFIX
            durable_write(self._files, folder, name, writing.content(), temporary=temporary, sync_folder=sync_folder)
        except OSError as error:
            if error is writing.source_error:  # the caller's own: its file could not be read
                raise
            self._folders.forget(key)
            raise _unwritten(hashing.size, error) from error
        return Blob(key, hashing.size, writing.tree_hash.hex())

    def _sync(self, folders: Iterable[str]) -> None:
        for folder in folders:
            try:
                self._folders.sync(folder)
            except OSError as error:
                self._folders.forget_path(folder)
                raise _unwritten(0, error) from error

    def _path(self, key: bytes) -> str:
        return os.path.join(self._folders.path(key), key.hex() + _SUFFIX)

    def _status(self, key: bytes) -> os.stat_result | None:
        with blob_errors("A blob could not be looked up"):
            try:
                return os.lstat(self._path(key))
            except FileNotFoundError:
                return None


class _Writing:
    """The content of one blob file, made while its bytes stream through."""

    def __init__(self, put: Put, hashing: Hashing) -> None:
        """Nothing has been read yet."""
        self.tree_hash = b""
        self.source_error: BaseException | None = None
        self._put = put
        self._hashing = hashing

    def content(self) -> Iterator[Buffer]:
        """Data and footer, in few writes; the bytes of a small blob and its footer are one."""
        pending = bytearray()
        for buffer in self._source():
            self._hashing.update(buffer)
            if pending or len(buffer) < _GATHER:
                pending += buffer
                if len(pending) < _GATHER:
                    continue
                yield pending
                pending = bytearray()
            else:
                yield buffer
        yield pending + self._footer()

    def _footer(self) -> bytes:
        size, leaves = self._hashing.size, self._hashing.leaves()
        self.tree_hash = root(leaves)
        if self._put.check is not None:
            self._put.check(size, self.tree_hash.hex())
        return encode_footer(self._put.key, size=size, tree_hash=self.tree_hash, leaves=leaves, note=self._put.note)

    def _source(self) -> Iterator[Buffer]:
        try:
            yield from self._put.buffers
        except Exception as error:
            self.source_error = error
            raise


def _unwritten(size: int, error: OSError) -> ServiceUnavailable:
    what = f"{size} bytes" if size else "the names of new blobs"
    return ServiceUnavailable(f"The store could not write {what}: {error.strerror or type(error).__name__}.")


def _made_ms(key: bytes) -> int:
    return int.from_bytes(key[:6], "big")


def _modified_ms(path: str) -> int:
    try:
        return os.lstat(path).st_mtime_ns // 1_000_000
    except FileNotFoundError:
        return 0
