"""The explorer itself, on a miniature service: it passes what is right and catches each planted fault."""

from __future__ import annotations

import errno
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from coldframe.testing.faulty import Fault, Skipping, retried_syncs
from coldframe.testing.recording import Channel, Trace, Verb
from crash import miniature
from crash.disk import Policy
from crash.explorer import Effort, Recording, explore
from crash.miniature import Miniature

if TYPE_CHECKING:
    from collections.abc import Callable

    from coldframe.testing.recording import Operation

_EFFORT = Effort(states=1200)
_PLANTED = {
    "told before it is done": Miniature(tells_early=True),
    "row before blob": Miniature(row_first=True),
    "unlinked before the commit": Miniature(unlinks_early=True),
    "synchronous=NORMAL": Miniature(synchronous="NORMAL"),
    "sync after the rename": Miniature(write=miniature.syncing_after_the_rename, note_is_rewritten=True),
    "written in place": Miniature(write=miniature.in_place, note_is_rewritten=True),
}


def _is_file_sync(operation: Operation) -> bool:
    return operation.verb is Verb.SYNC and operation.channel is Channel.FILES


def _is_folder_sync(operation: Operation) -> bool:
    return operation.verb is Verb.SYNC_FOLDER and operation.channel is Channel.FILES


def _is_log_sync(operation: Operation) -> bool:
    return operation.verb is Verb.SYNC and operation.path.endswith("-wal")


def _is_database_sync(operation: Operation) -> bool:
    return operation.verb is Verb.SYNC and operation.path.endswith(".sqlite")


def test_explorer_finds_nothing_in_a_service_that_keeps_the_order() -> None:
    """Blob synced, renamed, folder synced, row committed, told: no power cut breaks that."""
    found = explore(Recording(Miniature(note_is_rewritten=True)), _EFFORT)
    assert not found.violations, found.report()
    assert found.states > 900
    assert found.recovered > 100


@pytest.mark.parametrize("scenario", _PLANTED.values(), ids=_PLANTED)
def test_explorer_finds_a_wrong_order(scenario: Miniature) -> None:
    """Each wrong order of the same steps leaves a state that breaks a promise."""
    assert explore(Recording(scenario), _EFFORT).violations


@pytest.mark.parametrize("is_skipped", [_is_file_sync, _is_folder_sync, _is_log_sync, _is_database_sync])
def test_explorer_finds_a_sync_that_is_left_out(is_skipped: Callable[[Operation], bool]) -> None:
    """Every single kind of sync matters: without it a state breaks a promise."""
    skipping = Skipping(is_skipped)
    found = explore(Recording(Miniature(), skipping), _EFFORT)
    assert skipping.skipped
    assert found.violations


def test_explorer_finds_a_sync_that_is_tried_again() -> None:
    """A second sync that succeeds does not save what the first one lost."""
    trace = Trace()
    fault = Fault(errno.EIO, nth=1, where=_is_file_sync, tell=trace.add)
    scenario = Miniature(write=miniature.trying_the_sync_again)
    found = explore(Recording(scenario, fault, trace), _EFFORT)
    assert len(fault.struck) == 1
    assert len(retried_syncs(trace.operations)) == 1
    assert found.violations


def test_trace_holds_no_sync_tried_again_where_there_is_none() -> None:
    """The search for repeated syncs raises no false alarm."""
    recording = Recording(Miniature())
    with recording.recorded():
        assert not retried_syncs(recording.trace.operations)


def test_state_that_failed_can_be_made_again_alone() -> None:
    """What a violation prints leads back to the same violation."""
    found = explore(Recording(Miniature(row_first=True)), _EFFORT)
    first = next(v for v in found.violations if v.policy is Policy.NONE)
    again = explore(Recording(Miniature(row_first=True)), replace(_EFFORT, only=first.where))
    assert again.states == 1
    assert [(v.where, v.message) for v in again.violations] == [(first.where, first.message)]
