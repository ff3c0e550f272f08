"""One archive run and one watch at a time on one catalog, and who it is that holds it (ADR 39)."""

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
def run_lock(folder: str, name: str, *, clock: Clock, files: Files, command: str = "") -> Iterator[None]:
    """Hold the lock `name` in `folder` for as long as the block runs.

    The system lets go of it when the process ends, however it ends, so what a killed run leaves behind holds nobody up.
    Who holds it stands in a file beside it, because on Windows nobody else can read a locked file.

    Args:
        folder: Where the locks of the catalog lie.
        name: What is to be held by one run only: `archive` or `watch`.
        clock: Tells since when it is held.
        files: Write who holds it.
        command: Which of coldframe's commands it is, if it is not called like the lock.

    Raises:
        Busy: Another process holds it; the message says which, where and since when.
    """
    from filelock import FileLock, Timeout  # noqa: PLC0415 - start-up time

    ensure_folder(files, folder)
    lock = FileLock(os.path.join(folder, f"{name}.lock"), thread_local=False)
    holder = os.path.join(folder, f"{name}.holder.json")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise Busy(f"Another run is using this catalog{_tell_holder(holder)}. Try again when it is done.") from None
    try:
        me = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "command": f"coldframe {command or name}",
            "since": format_moment(clock.now()),
        }
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
        pid, host, since = int(holder["pid"]), holder["host"], holder["since"]
        command = f" ({holder['command']})" if "command" in holder else ""  # which earlier versions did not write
    except (OSError, ValueError, KeyError, TypeError):
        return ""  # it has only just begun, or is just ending
    return f": process {pid} on {host}{command}, since {since}"
