"""The exit table: documented, complete, never renumbered."""

from __future__ import annotations

import inspect

import pytest

from coldframe import errors
from coldframe.cli.exits import MEANINGS, Exit, exit_for

NUMBERS = {
    "DONE": 0,
    "FAILED": 1,
    "USAGE": 2,
    "SOME_FAILED": 3,
    "NOTHING_MATCHED": 4,
    "TEMPORARY": 5,
    "CREDENTIALS": 6,
    "MISMATCH": 7,
    "REFUSED": 8,
    "NOT_READY": 9,
    "INTERRUPTED": 130,
    "TERMINATED": 143,
}
EXPECTED: dict[type[Exception], int] = {
    errors.ColdframeError: 1,
    errors.StoreError: 1,
    errors.AccessDenied: 6,
    errors.CredentialsProblem: 6,
    errors.NoLongerSupported: 6,
    errors.InsufficientCapacity: 5,
    errors.InvalidParameterValue: 1,
    errors.LimitExceeded: 8,
    errors.MissingParameterValue: 1,
    errors.PolicyEnforced: 8,
    errors.RequestTimeout: 5,
    errors.ResourceNotFound: 1,
    errors.ServiceUnavailable: 5,
    errors.StoreUnreachable: 5,
    errors.Throttled: 5,
    errors.BadUsage: 2,
    errors.BadSettings: 2,
    errors.Busy: 5,
    errors.AgentUnavailable: 1,
    errors.CatalogUnavailable: 5,
    errors.DamagedArchive: 7,
    errors.DestinationUnavailable: 5,
    errors.TreeHashMismatch: 7,
    errors.SourceChanged: 3,
    errors.UnsafeName: 1,
    errors.NothingMatched: 4,
    errors.NotReady: 9,
    errors.LimitRefused: 8,
    errors.UnknownArchives: 8,
    errors.FormatError: 1,
    PermissionError: 6,
    OSError: 1,
    RuntimeError: 1,
}


def test_exit_codes_keep_their_numbers() -> None:
    """Scripts depend on them (design 1.3)."""
    assert {code.name: code.value for code in Exit} == NUMBERS
    assert set(MEANINGS) == set(Exit)


@pytest.mark.parametrize(("kind", "code"), EXPECTED.items(), ids=lambda value: getattr(value, "__name__", str(value)))
def test_exit_of_an_error_is_as_documented(kind: type[Exception], code: int) -> None:
    """Every error ends in its own row of the table."""
    assert exit_for(kind("what happened")) == code


def test_exit_table_of_this_test_knows_every_error() -> None:
    """Who adds an error decides its exit code, here."""
    named = {kind for _, kind in inspect.getmembers(errors, inspect.isclass) if kind.__module__ == errors.__name__}
    assert named <= set(EXPECTED)
