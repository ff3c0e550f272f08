"""Proof that the scenarios of a whole coldframe can fail: each fault planted into the real program is found by them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from coldframe.catalog import orders
from coldframe.catalog.asking import Asking
from coldframe.catalog.deleting import Deletions
from coldframe.catalog.drills import Drills
from coldframe.catalog.news import OrderNews, add_closing
from coldframe.catalog.sightings import Sightings
from coldframe.catalog.vault_queues import VaultQueues
from coldframe.composition.bell import Bell
from coldframe.composition.deleting import Fees
from coldframe.composition.spending import Outlay
from crash.explorer import Effort, Recording, explore
from crash.home_families import SCENARIOS

if TYPE_CHECKING:
    from apsw import Connection

    from coldframe.catalog.news import News
    from coldframe.composition.bell import Heard

_EFFORT = Effort(states=120, repeat_every=50, resume_every=50)
_NAMED = {scenario.name: scenario for scenario in SCENARIOS}


def _do_nothing(*arguments: object, **_named: object) -> object:
    """Whoever asks for what was written down has it back."""
    return arguments[-1]


_LEFT_OUT: dict[str, tuple[str, object, str, str]] = {
    "agreeing to the price of an archive run": ("budget of archiving", Outlay, "commit", "has forgotten"),
    "agreeing to the price of an order": ("budget of an order", Outlay, "commit", "has forgotten"),
    "noting a deletion": ("emptied vault", Deletions, "begin", "that is gone"),
    "agreeing to the fee of a deletion": ("emptied vault", Fees, "agree", "has forgotten"),
    "keeping a queue's name before it is made": ("queue of a vault", VaultQueues, "add", "but must be 'known'"),
    "counting a job before it is asked for": ("budget of an order", Asking, "begin", "the orders know of"),
}


@pytest.mark.parametrize(("name", "owner", "method", "message"), _LEFT_OUT.values(), ids=_LEFT_OUT)
def test_explorer_finds_what_is_not_written_down(
    name: str, owner: object, method: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each note that a command makes before it acts is needed, and a run without it is found to break a promise."""
    recording = Recording(_NAMED[name])
    with monkeypatch.context() as patch:
        patch.setattr(owner, method, _do_nothing)
        found = explore(recording, _EFFORT)
    assert any(message in violation.message for violation in found.violations)


def _claim_and_settle(news: OrderNews, *arguments: Any, **named: Any) -> News | None:
    found = _claim(news, *arguments, **named)
    if found is not None:
        news.settle(found.row)
    return found


def _take_and_settle(bell: Bell) -> list[Heard]:
    heard = _take(bell)
    bell.settle(heard)
    return heard


def _close_in_silence(connection: Connection, order_number: int, kind: str, at: int) -> None:
    add_closing(connection, order_number, kind, at)
    connection.execute("UPDATE order_news SET due_at = NULL WHERE order_number = ?", (order_number,))


_claim, _take = OrderNews.claim, Bell.take


def _begin_and_finish(sightings: Sightings, *arguments: Any, **named: Any) -> int:
    row = _begin(sightings, *arguments, **named)
    sightings.finish(row, archives=0, size=0)
    return row


_begin = Sightings.begin
_TOO_EARLY = {
    "news settled before they are told": ("hooks", (OrderNews, "claim"), _claim_and_settle, "must be 'heard'"),
    "news settled when the order is closed": ("hooks", (orders, "add_closing"), _close_in_silence, "must be 'heard'"),
    "an inventory taken for read when it is begun": (
        "inventory read",
        (Sightings, "begin"),
        _begin_and_finish,
        "('inventory',) is 0",
    ),
    "a message deleted before the look": ("message of a queue", (Bell, "take"), _take_and_settle, "is 'open', but"),
}


@pytest.mark.parametrize(("name", "place", "wrong", "message"), _TOO_EARLY.values(), ids=_TOO_EARLY)
def test_explorer_finds_what_is_put_away_too_early(
    name: str, place: tuple[object, str], wrong: object, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes until it is settled must not be settled before its time, or a crash loses it."""
    recording = Recording(_NAMED[name])
    with monkeypatch.context() as patch:
        patch.setattr(*place, wrong)
        found = explore(recording, _EFFORT)
    assert any(message in violation.message for violation in found.violations)


def test_explorer_finds_a_drill_whose_end_is_not_recognised(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: a drill that was noted and not put away is carried on, and would be noted once more."""

    def has_never_ended(*_: object) -> bool:
        return False

    recording = Recording(_NAMED["restore drill"])
    with monkeypatch.context() as patch:
        patch.setattr(Drills, "has_ended", has_never_ended)
        found = explore(recording, replace(_EFFORT, states=60, resume_every=1))
    assert any("is under way again" in violation.message for violation in found.violations)
