"""What must be there after a crash, as far as the program has said anything.

A subject is a thing that outlives the program, such as `("archive", "vault", "name")`; its value is whatever tells its
states apart, None for not there. From an :class:`Intend` on, the old and the new value are both right; from the
:class:`Confirm` on, which is written when the caller has been told, only the new one is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from coldframe.testing.recording import Operation

Subject = tuple[str, ...]
Value = object

UNANNOUNCED = frozenset({"id"})
"""Kinds of subjects whose names are known only when they are there: finding one that was not told of is no fault."""


@dataclass(frozen=True, slots=True)
class Intend:
    """The program has begun to make `subject` into `value`."""

    subject: Subject
    value: Value


@dataclass(frozen=True, slots=True)
class Confirm:
    """The caller has been told that `subject` is `value`."""

    subject: Subject
    value: Value


class Expectations:
    """The values that each subject may have now; one that was never spoken of must not be there."""

    def __init__(self, marks: Iterable[object] = ()) -> None:
        self._allowed: dict[Subject, tuple[Value, ...]] = {}
        for mark in marks:
            self.hear(mark)

    def apply(self, operation: Operation) -> None:
        """Take note of a mark in a trace; other operations say nothing."""
        self.hear(operation.mark)

    def hear(self, mark: object) -> None:
        """Take note of an intention or a confirmation."""
        match mark:
            case Intend(subject, value):
                self._allowed[subject] = (*self._allowed.get(subject, (None,)), value)
            case Confirm(subject, value):
                self._allowed[subject] = (value,)
            case _:
                pass

    def violations(self, found: Mapping[Subject, Value]) -> list[str]:
        """Where what was found is not what may be."""
        wrong = [
            f"{subject} is {found.get(subject)!r}, but must be {' or '.join(map(repr, allowed))}"
            for subject, allowed in self._allowed.items()
            if found.get(subject) not in allowed
        ]
        return wrong + [f"{subject} is there, half done" for subject in found if not self._is_known(subject)]

    def _is_known(self, subject: Subject) -> bool:
        return subject in self._allowed or subject[0] in UNANNOUNCED
