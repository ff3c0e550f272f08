"""How many files and connections this process may have open at once, and how many connections that allows."""

from __future__ import annotations

import sys
from contextlib import suppress

if sys.platform != "win32":
    import resource

_WANTED = 65_536
_KEPT_FREE = 64
"""For the ledgers, the logs, and the listeners."""
_EACH = 2
"""A connection, and the blob that it reads or writes."""


def raise_descriptor_limit() -> int | None:
    """Take as many descriptors as the system grants this user, and tell how many; None where there is no limit.

    The usual start of 256 or 1,024 is meant for other programs. Windows sets no such limit to sockets.
    """
    if sys.platform == "win32":
        return None
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _WANTED if hard == resource.RLIM_INFINITY else min(hard, _WANTED)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):  # macOS grants less than it says
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    granted = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return None if granted == resource.RLIM_INFINITY else granted


def connections_within(descriptors: int | None, wanted: int) -> int:
    """As many connections as are wanted, or else as many as leave each of them a file to work on."""
    return wanted if descriptors is None else max(1, min(wanted, (descriptors - _KEPT_FREE) // _EACH))
