"""Exit codes: one table, documented, tested, never renumbered (design 1.3)."""

from __future__ import annotations

from enum import IntEnum

from coldframe import errors


class Exit(IntEnum):
    """What a script learns from the status of a finished command."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    SOME_FAILED = 3
    NOTHING_MATCHED = 4
    TEMPORARY = 5
    CREDENTIALS = 6
    MISMATCH = 7
    REFUSED = 8
    NOT_READY = 9
    INTERRUPTED = 130
    TERMINATED = 143


MEANINGS = {
    Exit.DONE: "done",
    Exit.FAILED: "failed, or you said no",
    Exit.USAGE: "the command, a flag or the configuration is wrong",
    Exit.SOME_FAILED: "some files failed, the others are done",
    Exit.NOTHING_MATCHED: "nothing matched",
    Exit.TEMPORARY: "temporary trouble or another run is busy: try again later",
    Exit.CREDENTIALS: "credentials or permissions are missing",
    Exit.MISMATCH: "bytes do not match their tree hash",
    Exit.REFUSED: "beyond the price or a limit",
    Exit.NOT_READY: "not ready yet",
    Exit.INTERRUPTED: "stopped by Ctrl-C; the same command carries on",
    Exit.TERMINATED: "stopped by SIGTERM; the same command carries on",
}

# The first row whose class fits decides, so the finer class stands above the coarser.
TABLE: tuple[tuple[type[BaseException], Exit], ...] = (
    (errors.BadUsage, Exit.USAGE),
    (errors.DamagedArchive, Exit.MISMATCH),
    (errors.TreeHashMismatch, Exit.MISMATCH),
    (errors.AccessDenied, Exit.CREDENTIALS),
    (errors.CredentialsProblem, Exit.CREDENTIALS),
    (errors.NoLongerSupported, Exit.CREDENTIALS),
    (errors.LimitExceeded, Exit.REFUSED),
    (errors.PolicyEnforced, Exit.REFUSED),
    (errors.LimitRefused, Exit.REFUSED),
    (errors.InsufficientCapacity, Exit.TEMPORARY),
    (errors.RequestTimeout, Exit.TEMPORARY),
    (errors.ServiceUnavailable, Exit.TEMPORARY),
    (errors.Throttled, Exit.TEMPORARY),
    (errors.Busy, Exit.TEMPORARY),
    (errors.CatalogUnavailable, Exit.TEMPORARY),
    (errors.DestinationUnavailable, Exit.TEMPORARY),
    (errors.NothingMatched, Exit.NOTHING_MATCHED),
    (errors.NotReady, Exit.NOT_READY),
    (errors.SourceChanged, Exit.SOME_FAILED),
    (errors.ColdframeError, Exit.FAILED),
    (PermissionError, Exit.CREDENTIALS),
    (KeyboardInterrupt, Exit.INTERRUPTED),
    (Exception, Exit.FAILED),
)


def exit_for(error: BaseException) -> Exit:
    """The exit code of a command that ended with `error`."""
    return next((code for kind, code in TABLE if isinstance(error, kind)), Exit.FAILED)
