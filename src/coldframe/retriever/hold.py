"""One process at a time carries an order on."""

from __future__ import annotations

import os
import socket
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from coldframe.errors import Busy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coldframe.files import Files


@contextmanager
def hold_order(catalog_path: str, number: int, files: Files) -> Iterator[None]:
    """Hold the lock of an order, which lies beside the catalog, for the length of the `with`.

    A process that dies lets go of it.

    Raises:
        Busy: Another process holds it; the message says which.
    """
    from filelock import FileLock, Timeout  # noqa: PLC0415 - not needed to start up

    path = f"{os.path.abspath(catalog_path)}.order-{number}"
    lock = FileLock(f"{path}.lock", timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise Busy(
            f"order {number} is being carried on by {_read(f'{path}.holder')}; it needs no second one"
        ) from error
    try:
        _write(f"{path}.holder")
        yield
    finally:
        with suppress(OSError):
            files.unlink(f"{path}.holder")
        lock.release()


def _write(path: str) -> None:
    """Say who holds the lock; only for the message, so it need not be durable."""
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"process {os.getpid()} on {socket.gethostname()}")


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read() or "another process"
    except OSError:
        return "another process"
