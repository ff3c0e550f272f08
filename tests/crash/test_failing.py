"""The faults themselves, on the miniature."""

from __future__ import annotations

import errno

import pytest

from crash import miniature
from crash.failing import NUMBERS, Failer
from crash.miniature import Miniature


@pytest.mark.parametrize("is_lasting", [False, True], ids=["once", "for ever"])
@pytest.mark.parametrize("number", NUMBERS, ids=errno.errorcode.__getitem__)
def test_failer_finds_nothing_in_a_service_that_keeps_the_order(number: int, *, is_lasting: bool) -> None:
    """A failed operation is an error, promises nothing, and is forgotten when the disk works again."""
    failures = Failer(Miniature(note_is_rewritten=True)).fail(number, is_lasting=is_lasting)
    assert not failures.violations, failures.violations[:5]
    assert failures.injected > 10
    assert failures.refused > 5


def test_failer_finds_a_sync_that_is_tried_again() -> None:
    """The same descriptor synced again after a failure is seen in the trace."""
    failures = Failer(Miniature(write=miniature.trying_the_sync_again)).fail(errno.EIO, is_lasting=False)
    assert any("tried again" in message for message in failures.violations)


def test_failer_finds_what_is_told_too_early() -> None:
    """A promise given before the work is broken by the fault that stops the work."""
    assert Failer(Miniature(tells_early=True)).fail(errno.EIO, is_lasting=True).violations
