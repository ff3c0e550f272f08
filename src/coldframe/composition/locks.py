"""One archive run at a time on one catalog, and who it is that holds it."""

from __future__ import annotations

import json
import os
import socket
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from coldframe.clock import format_moment
from coldframe.errors import Busy
from coldframe.files import durable_write, ensure_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coldframe.clock import Clock
    from coldframe.files import Files


@contextmanager
def run_lock(folder: str, name: str, *, clock: Clock, files: Files) -> Iterator[None]:
    """Hold the lock `name` in `folder` for as long as the block runs.

    The system lets go of it when the process ends, however it ends. Who holds it stands in a file beside it, because
    on Windows nobody else can read a locked file.

    Raises:
        Busy: Another process holds it; the message says which, where and since when.
    """
    from filelock import FileLock, Timeout  # noqa: PLC0415 - start-up time

    ensure_folder(files, folder)
    lock = FileLock(os.path.join(folder, f"{name}.lock"))
    holder = os.path.join(folder, f"{name}.holder.json")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise Busy(
            f"Another {name} run is using this catalog{_tell_holder(holder)}. Try again when it is done."
        ) from None
    try:
        me = {"pid": os.getpid(), "host": socket.gethostname(), "since": format_moment(clock.now())}
        durable_write(files, folder, os.path.basename(holder), [json.dumps(me).encode()])
        yield
    finally:
        with suppress(OSError):
            files.unlink(holder)
        lock.release()


def _tell_holder(path: str) -> str:
    try:
        with open(path, "rb") as file:
            holder = json.load(file)
        return f": process {int(holder['pid'])} on {holder['host']}, since {holder['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return ""  # it has only just begun, or is just ending
