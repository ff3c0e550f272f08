"""Transactions of many threads and processes: shared, but each its own."""

from __future__ import annotations

import errno
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import apsw
import pytest

from coldframe.errors import ResourceNotFound, ServiceUnavailable
from coldframe.testing.faulty import Fault
from coldframe.testing.recording import TappedVfs, Trace, Verb

if TYPE_CHECKING:
    from collections.abc import Callable

    from coldframe.ledger import SqliteLedger
    from coldframe.ports import Changes

    OpenOne = Callable[..., SqliteLedger]


def _add(name: str) -> Callable[[Changes], None]:
    return lambda changes: changes.add_vault(name, 5)


def _names(ledger: SqliteLedger) -> list[str]:
    return [vault.name for vault in ledger.read(lambda facts: facts.vaults(first="", limit=1000))]


class _Crowd:
    """Threads that all wait for one slow transaction, and so meet in the next."""

    def __init__(self, ledger: SqliteLedger) -> None:
        """Nobody waits yet."""
        self._ledger = ledger
        self._inside, self._go = threading.Event(), threading.Event()

    def run(self, acts: list[Callable[[], object]]) -> list[object]:
        """Let the acts arrive while another transaction holds the ledger; what each answered or raised."""

        def hold(_changes: Changes) -> None:
            self._inside.set()
            self._go.wait(30)

        def outcome(act: Callable[[], object]) -> object:
            try:
                return act()
            except Exception as error:  # noqa: BLE001 - the test looks at it
                return error

        with ThreadPoolExecutor(len(acts) + 1) as pool:
            holding = pool.submit(self._ledger.write, hold)
            self._inside.wait(30)
            answers = [pool.submit(outcome, act) for act in acts]
            while len(self._ledger._combiner._queue) < len(acts):
                threading.Event().wait(0.001)
            self._go.set()
            holding.result()
            return [answer.result() for answer in answers]


def test_threads_share_a_commit(open_one: OpenOne) -> None:
    """Ten writers that wait for the same transaction are in the next one together: one fsync for all."""
    trace = Trace()
    vfs = TappedVfs("shared-commit", trace)
    ledger = open_one(vfs="shared-commit")
    begun = len(trace.operations)
    _Crowd(ledger).run([lambda number=number: ledger.write(_add(f"v{number}")) for number in range(10)])  # type: ignore[misc]
    syncs = [operation for operation in trace.operations[begun:] if operation.verb is Verb.SYNC]
    assert len(_names(ledger)) == 10
    assert len(syncs) <= 2
    ledger.close()
    del vfs


def test_refusal_undoes_its_own_changes_alone(ledger: SqliteLedger) -> None:
    """An act that raises leaves nothing behind, and those that share its transaction all they did."""

    def refuse(changes: Changes) -> None:
        changes.add_vault("refused", 5)
        msg = "no"
        raise ResourceNotFound(msg)

    acts: list[Callable[[], object]] = [
        lambda: ledger.write(_add("a")),
        lambda: ledger.write(refuse),
        lambda: ledger.write(_add("b")),
    ]
    answers = _Crowd(ledger).run(acts)
    assert isinstance(answers[1], ResourceNotFound)
    assert _names(ledger) == ["a", "b"]


def test_answer_is_the_acts_own(ledger: SqliteLedger) -> None:
    """Each of those that share a transaction gets its own answer."""
    answers = _Crowd(ledger).run([lambda number=number: ledger.write(lambda _: number) for number in range(5)])  # type: ignore[misc]
    assert sorted(map(str, answers)) == ["0", "1", "2", "3", "4"]


def test_alone_is_alone(ledger: SqliteLedger) -> None:
    """An act that wants to be alone sees only what is committed, though others wait with it."""
    seen: list[bool] = []

    def look(changes: Changes) -> None:
        seen.append(ledger.read(lambda facts: facts.count_vaults()) == changes.count_vaults())

    acts: list[Callable[[], object]] = [lambda number=number: ledger.write(_add(f"v{number}")) for number in range(4)]  # type: ignore[misc]
    _Crowd(ledger).run([*acts, lambda: ledger.write_alone(look)])
    assert seen == [True]


def test_error_of_sqlite_fails_all_and_spares_the_next(ledger: SqliteLedger) -> None:
    """When SQLite itself fails, nobody in the transaction is told that all is well; the next one works."""

    def fail(changes: Changes) -> None:
        changes.add_vault("v", 5)
        raise apsw.FullError("planted")

    answers = _Crowd(ledger).run([lambda: ledger.write(_add("a")), lambda: ledger.write(fail)])
    assert all(isinstance(answer, ServiceUnavailable) for answer in answers)
    assert _names(ledger) == []
    ledger.write(_add("b"))
    assert _names(ledger) == ["b"]


def test_broken_constraint_is_its_callers_alone(ledger: SqliteLedger) -> None:
    """Rows that contradict the ledger are refused in the port's words, and spare those who share the transaction."""

    def add_twice(changes: Changes) -> None:
        changes.add_vault("v", 5)
        changes.add_vault("v", 5)  # the name must be unique

    answers = _Crowd(ledger).run([lambda: ledger.write(_add("a")), lambda: ledger.write(add_twice)])
    assert [type(answer) for answer in answers].count(ServiceUnavailable) == 1
    assert _names(ledger) == ["a"]


def test_failed_commit_is_not_acknowledged(open_one: OpenOne) -> None:
    """When the log cannot be written, the caller is told, nothing is visible, and the next commit works."""
    broken: list[bool] = []

    def tap(operation: object, perform: Callable[[object], None]) -> None:
        if broken and getattr(operation, "verb", None) is Verb.WRITE:
            raise apsw.IOError
        perform(operation)

    vfs = TappedVfs("failed-commit", tap)  # type: ignore[arg-type]  # any operation will do
    ledger = open_one(vfs="failed-commit")
    broken.append(True)
    with pytest.raises(ServiceUnavailable):
        ledger.write(_add("lost"))
    broken.clear()
    assert _names(ledger) == []
    ledger.write(_add("kept"))
    assert _names(ledger) == ["kept"]
    ledger.close()
    del vfs


def test_view_is_consistent(ledger: SqliteLedger, open_one: OpenOne) -> None:
    """A reader sees one state, whatever is committed while it reads, here or in another process."""
    other = open_one()

    def look(facts: Changes) -> tuple[int, int]:
        before = facts.count_vaults()
        ledger.write(_add("here"))
        other.write(_add("there"))
        return before, facts.count_vaults()

    assert ledger.read(look) == (0, 0)  # type: ignore[arg-type]  # what reads changes reads facts
    assert _names(other) == ["here", "there"]


def test_writer_waits_for_another_process(ledger: SqliteLedger, open_one: OpenOne) -> None:
    """A transaction elsewhere makes a writer wait, not fail."""
    other = open_one()
    inside, go = threading.Event(), threading.Event()

    def hold(changes: Changes) -> None:
        changes.add_vault("slow", 5)
        inside.set()
        go.wait(30)

    with ThreadPoolExecutor(2) as pool:
        holding = pool.submit(other.write, hold)
        inside.wait(30)
        writing = pool.submit(ledger.write, _add("quick"))
        assert not writing.done()
        go.set()
        holding.result()
        writing.result()
    assert _names(ledger) == ["quick", "slow"]


def test_wait_is_bounded(ledger: SqliteLedger, open_one: OpenOne) -> None:
    """Whoever waits too long for another process is told so."""
    other = open_one()
    ledger._writer.connection.set_busy_timeout(50)

    def hold(_changes: Changes) -> None:
        with pytest.raises(ServiceUnavailable, match="another process"):
            ledger.write(_add("v"))

    other.write(hold)
    ledger.write(_add("v"))


def test_interrupted_act_leaves_the_ledger_usable(ledger: SqliteLedger) -> None:
    """Ctrl-C in the middle of a transaction undoes it and goes on to the caller."""

    def interrupt(changes: Changes) -> None:
        changes.add_vault("v", 5)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ledger.write(interrupt)
    assert _names(ledger) == []
    ledger.write(_add("v"))


def test_a_full_disk_is_told_by_the_systems_own_error(open_one: OpenOne) -> None:
    """As where blobs are written, so that whoever asks again knows that waiting a moment is of no use."""
    faults: list[bool] = []
    fault = Fault(errno.ENOSPC, 1, where=lambda operation: bool(faults) and operation.verb is Verb.WRITE)
    vfs = TappedVfs("full-ledger", fault)
    ledger = open_one(vfs="full-ledger")
    faults.append(True)
    with pytest.raises(ServiceUnavailable, match="Free some space") as caught:
        ledger.write(lambda changes: changes.raise_floor(5))
    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.__cause__.errno == errno.ENOSPC
    ledger.close()
    del vfs  # it must live as long as the connections
