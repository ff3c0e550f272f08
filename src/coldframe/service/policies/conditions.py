"""The Condition element: operators, keys and values, all of which must hold (glacier-api 12.2)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from coldframe.service.policies.document import Number, require_plain
from coldframe.service.policies.flaws import Flaw, shown
from coldframe.service.policies.keys import find_key
from coldframe.service.policies.operators import OPERATORS, Family

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coldframe.service.policies.keys import Key
    from coldframe.service.policies.operators import Fact, Operator, Test
    from coldframe.service.policies.request import Request

_IF_EXISTS = "IfExists"


class Quantifier(Enum):
    """Which of a key's facts must pass."""

    ONE = ""
    ANY = "ForAnyValue"
    ALL = "ForAllValues"


@dataclass(frozen=True, slots=True)
class Comparison:
    """An operator as a policy wrote it: `ForAllValues:StringLikeIfExists`."""

    name: str
    operator: Operator
    quantifier: Quantifier
    if_exists: bool


@dataclass(frozen=True, slots=True)
class Clause:
    """One operator with one key and its values."""

    comparison: Comparison
    key: Key
    tests: tuple[Test, ...]

    def holds(self, request: Request) -> bool | None:
        """Whether the clause is true of the request; None if that cannot be known."""
        facts = self.key.facts(request)
        if facts is None:
            return None
        if self.comparison.operator.family is Family.NULL:
            return self._passes(not facts)
        if not facts:
            return self._holds_for_absent()
        if self.comparison.quantifier is Quantifier.ALL:
            return all(self._passes(fact) for fact in facts)
        return any(self._passes(fact) for fact in facts)

    def _passes(self, fact: Fact) -> bool:
        return any(test(fact) for test in self.tests) is not self.comparison.operator.is_negated

    def _holds_for_absent(self) -> bool:
        comparison = self.comparison
        if comparison.if_exists or comparison.quantifier is Quantifier.ALL:
            return True
        return comparison.operator.is_negated and comparison.quantifier is Quantifier.ONE


def all_hold(clauses: tuple[Clause, ...], request: Request) -> bool | None:
    """Whether all are true of the request; None if none is false, but not all can be known."""
    is_unknown = False
    for clause in clauses:
        holds = clause.holds(request)
        if holds is False:
            return False
        is_unknown = is_unknown or holds is None
    return None if is_unknown else True


def read_conditions(value: object) -> tuple[Clause, ...]:
    """The element's clauses; `Flaw` if there is anything in it that is not understood."""
    if not isinstance(value, dict):
        raise Flaw("Condition", "not an object of operators")
    return tuple(clause for name, keys in value.items() for clause in _read_operator(name, keys))


def _read_operator(name: str, keys: object) -> Iterator[Clause]:
    comparison = _read_comparison(name)
    if not isinstance(keys, dict) or not keys:
        problem = f"{name} needs an object of keys and values"
        raise Flaw("Condition", problem)
    seen: set[str] = set()
    for key_name, values in keys.items():
        key = find_key(key_name)
        if key.name in seen:
            problem = f"{name} names the key {shown(key.name)} twice"
            raise Flaw("Condition", problem)
        seen.add(key.name)
        _require_sense(comparison, key)
        yield Clause(comparison, key, _read_tests(comparison, key, values))


def _read_comparison(name: str) -> Comparison:
    before, colon, after = name.partition(":")
    quantifier = {q.value: q for q in Quantifier if q.value}.get(before) if colon else Quantifier.ONE
    written = after if colon else name
    base = written.removesuffix(_IF_EXISTS)
    operator = OPERATORS.get(base)
    if operator is None or quantifier is None:
        problem = f"unknown operator {shown(name)}"
        raise Flaw("Condition", problem)
    if operator.family is Family.NULL and name != base:
        raise Flaw("Condition", "Null takes neither ForAnyValue, ForAllValues nor IfExists")
    return Comparison(name, operator, quantifier, written != base)


def _require_sense(comparison: Comparison, key: Key) -> None:
    family = comparison.operator.family
    if family is Family.NULL:
        return
    if family not in key.families:
        problem = f"{comparison.name} makes no sense of {key.name}"
        raise Flaw("Condition", problem)
    if key.has_many and comparison.quantifier is Quantifier.ONE:
        problem = f"{key.name} may have several values: say ForAnyValue or ForAllValues"
        raise Flaw("Condition", problem)


def _read_tests(comparison: Comparison, key: Key, values: object) -> tuple[Test, ...]:
    where = f"{comparison.name}, {key.name}"
    items = values if isinstance(values, list) else [values]
    if not items or (comparison.operator.family is Family.NULL and len(items) > 1):
        problem = f"{where}: {'too many' if items else 'no'} values"
        raise Flaw("Condition", problem)
    return tuple(_read_test(comparison.operator, item, where) for item in items)


def _read_test(operator: Operator, value: object, where: str) -> Test:
    text = str(value).lower() if isinstance(value, bool) else value
    if not isinstance(text, str):
        problem = f"{where}: {shown(value)} is neither a string, a number nor a boolean"
        raise Flaw("Condition", problem)
    text = str.__str__(text) if isinstance(text, Number) else text
    require_plain(text, "Condition")
    try:
        return operator.test(text)
    except ValueError as error:
        problem = f"{where}: {error}"
        raise Flaw("Condition", problem) from error
