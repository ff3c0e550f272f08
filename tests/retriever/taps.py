"""Wrappers with the same interface as what they wrap, that tell a tap before each change; a tap may raise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from coldframe.catalog.orders import Orders
from coldframe.files import DiskFiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from coldframe.catalog.database import Database
    from coldframe.model import Buffer, ByteRange, JobRequest
    from coldframe.ports import ColdStore, JobOutput

    Tap = Callable[[str, str], None]


class Killed(BaseException):
    """The process is dead: nothing that it does has any effect."""


class DeadAfter:
    """A tap that lets so many changes happen, and none after that."""

    def __init__(self, changes: int) -> None:
        self.left = changes
        self.seen = 0

    def __call__(self, _verb: str, _path: str) -> None:
        """Count a change, or die."""
        self.seen += 1
        if self.left <= 0:
            raise Killed
        self.left -= 1


class TappedFiles(DiskFiles):
    """The disk, tapped."""

    def __init__(self, tap: Tap) -> None:
        super().__init__()
        self._tap = tap

    def create(self, path: str, *, folder: int | None = None, is_private: bool = False) -> int:
        """Tell the tap, then do it."""
        self._tap("create", path)
        return super().create(path, folder=folder, is_private=is_private)

    def write(self, descriptor: int, data: Buffer, offset: int) -> None:
        """Tell the tap, then do it."""
        self._tap("write", "")
        super().write(descriptor, data, offset)

    def truncate(self, descriptor: int, size: int) -> None:
        """Tell the tap, then do it."""
        self._tap("truncate", "")
        super().truncate(descriptor, size)

    def sync(self, descriptor: int) -> None:
        """Tell the tap, then do it."""
        self._tap("sync", "")
        super().sync(descriptor)

    def rename(self, source: str, target: str, *, folder: int | None = None) -> None:
        """Tell the tap, then do it."""
        self._tap("rename", target)
        super().rename(source, target, folder=folder)

    def unlink(self, path: str, *, folder: int | None = None) -> None:
        """Tell the tap, then do it."""
        if not path.endswith(".holder"):
            self._tap("unlink", path)
        super().unlink(path, folder=folder)

    def make_folder(self, path: str, *, folder: int | None = None) -> None:
        """Tell the tap, then do it."""
        self._tap("make_folder", path)
        super().make_folder(path, folder=folder)

    def sync_folder(self, path: str | int) -> None:
        """Tell the tap, then do it."""
        self._tap("sync_folder", "")
        super().sync_folder(path)


class TappedDatabase:
    """The catalog's file, tapped before and after each commit."""

    def __init__(self, database: Database, tap: Tap) -> None:
        self._database = database
        self._tap = tap

    def __getattr__(self, name: str) -> object:
        return getattr(self._database, name)

    def write(self, act: Callable[..., object]) -> object:
        """Commit, and tell the tap before and after."""
        self._tap("commit", "")
        answer = self._database.write(act)
        self._tap("committed", "")
        return answer


class TappedStore:
    """A store, tapped before and after a job is started and before each piece of an output."""

    def __init__(self, store: ColdStore, tap: Tap) -> None:
        self._store = store
        self._tap = tap

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def initiate_job(self, vault_name: str, request: JobRequest) -> str:
        """Start a job, and tell the tap before and after."""
        self._tap("initiate", vault_name)
        job_id = self._store.initiate_job(vault_name, request)
        self._tap("initiated", vault_name)
        return job_id

    def get_job_output(self, vault_name: str, job_id: str, *, byte_range: ByteRange | None = None) -> ChangedOutput:
        """Open an output, and tell the tap before."""
        self._tap("output", job_id)
        return ChangedOutput(self._store.get_job_output(vault_name, job_id, byte_range=byte_range), iter)


class ChangedOutput:
    """An output whose bytes pass through `change`."""

    def __init__(self, output: JobOutput, change: Callable[[JobOutput], Iterator[Buffer]]) -> None:
        self._output = output
        self._change = change

    def __getattr__(self, name: str) -> object:
        return getattr(self._output, name)

    def __iter__(self) -> Iterator[Buffer]:
        return self._change(self._output)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._output.close()


def tapped_orders(database: Database, tap: Tap) -> Orders:
    """Orders over a tapped catalog."""
    return Orders(TappedDatabase(database, tap))  # type: ignore[arg-type]  # a wrapper of the same interface
