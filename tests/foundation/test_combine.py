"""Threads that arrive together share one act, and each gets its own answer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING

import pytest

from coldframe.combine import Combiner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coldframe.combine import Ticket


def test_combiner_answers_each_caller() -> None:
    """A lone caller is served at once."""

    def double(batch: Sequence[Ticket[int, int]]) -> None:
        for ticket in batch:
            ticket.answer(2 * ticket.wish)

    assert [Combiner(double)(n) for n in (1, 2, 3)] == [2, 4, 6]


def test_combiner_serves_those_who_wait_in_one_act() -> None:
    """Whoever arrives while an act runs is served by the next one, all together."""
    sizes: list[int] = []
    started, go_on = Event(), Event()

    def act(batch: Sequence[Ticket[int, int]]) -> None:
        started.set()
        go_on.wait()
        sizes.append(len(batch))
        for ticket in batch:
            ticket.answer(ticket.wish)

    combiner = Combiner(act)
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(combiner, 0)
        started.wait()
        rest = [pool.submit(combiner, n) for n in range(1, 9)]
        while len(combiner._queue) < 8:
            pass
        go_on.set()
        assert [first.result(), *(future.result() for future in rest)] == list(range(9))
    assert sizes == [1, 8]


def test_combiner_gives_an_error_to_those_it_concerns() -> None:
    """A ticket that failed raises for its caller; what was settled before stays settled."""

    def act(batch: Sequence[Ticket[int, int]]) -> None:
        for ticket in batch:
            if ticket.wish < 0:
                ticket.fail(ValueError("negative"))
            elif ticket.wish == 0:
                raise OSError("disk")
            else:
                ticket.answer(ticket.wish)

    combiner = Combiner(act)
    with pytest.raises(ValueError, match="negative"):
        combiner(-1)
    with pytest.raises(OSError, match="disk"):
        combiner(0)
    assert combiner(5) == 5


def test_combiner_survives_an_interrupt() -> None:
    """Ctrl-C in the act reaches the one who acted, and the next caller is served as usual."""
    interrupts = [KeyboardInterrupt()]

    def act(batch: Sequence[Ticket[int, int]]) -> None:
        if interrupts:
            raise interrupts.pop()
        for ticket in batch:
            ticket.answer(ticket.wish)

    combiner = Combiner(act)
    with pytest.raises(KeyboardInterrupt):
        combiner(1)
    assert combiner(2) == 2
