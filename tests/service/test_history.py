"""The judge of histories itself: it passes what is in order and finds each thing that cannot be."""

from __future__ import annotations

import pytest

from service.history import Did, History

_RIGHT = {
    "seen while it comes and while it goes": [
        (Did.UPLOADED, 0, 3),
        (Did.SAW, 1, 2),
        (Did.DELETED, 4, 9),
        (Did.SAW, 5, 6),
        (Did.MISSED, 7, 8),
    ],
    "missed while it comes": [(Did.UPLOADED, 0, 5), (Did.MISSED, 1, 2), (Did.SAW, 3, 4)],
    "deleted twice": [(Did.UPLOADED, 0, 1), (Did.DELETED, 2, 5), (Did.DELETED, 3, 4), (Did.MISSED, 6, 7)],
    "deleted perhaps, and so either": [(Did.UPLOADED, 0, 1), (Did.DELETED, 2, None), (Did.SAW, 3, 4), (Did.SAW, 5, 6)],
    "deleted perhaps, and gone": [(Did.UPLOADED, 0, 1), (Did.DELETED, 2, None), (Did.MISSED, 3, 4)],
}
_WRONG = {
    "lost": [(Did.UPLOADED, 0, 1), (Did.MISSED, 2, 3)],
    "lost before it was deleted": [(Did.UPLOADED, 0, 1), (Did.MISSED, 2, 3), (Did.DELETED, 4, 5)],
    "back from the dead": [(Did.UPLOADED, 0, 1), (Did.DELETED, 2, 3), (Did.SAW, 4, 5)],
    "gone and back while it goes": [
        (Did.UPLOADED, 0, 1),
        (Did.DELETED, 2, 9),
        (Did.MISSED, 3, 4),
        (Did.SAW, 5, 6),
    ],
}


def _history(events: list[tuple[Did, int, int | None]]) -> History:
    history = History()
    for what, begun, ended in events:
        history.add("an archive", what, begun, ended)
    return history


@pytest.mark.parametrize("events", _RIGHT.values(), ids=_RIGHT)
def test_history_in_order_has_no_anomaly(events: list[tuple[Did, int, int | None]]) -> None:
    """What can be put in an order is right."""
    assert list(_history(events).anomalies()) == []


@pytest.mark.parametrize("events", _WRONG.values(), ids=_WRONG)
def test_history_without_an_order_is_found(events: list[tuple[Did, int, int | None]]) -> None:
    """What no order explains is wrong."""
    assert len(list(_history(events).anomalies())) == 1


def test_history_knows_who_was_there_and_who_was_to_go() -> None:
    """Uploads answered before a tick, and deletions that were answered, or begun."""
    history = _history([(Did.UPLOADED, 0, 3), (Did.DELETED, 4, None)])
    history.add("another", Did.UPLOADED, 1, 9)
    history.add("another", Did.DELETED, 10, 11)
    assert history.uploaded_before(5) == ["an archive"]
    assert history.deletions() == {"an archive": False, "another": True}
    assert len(history) == 4
    assert history.timed(lambda: "answer") == ("answer", 0, 1)
