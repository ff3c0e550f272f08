"""Asking several rule sets at once what becomes of a path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coldframe.patterns import Patterns
from coldframe.rule_sets.model import Action

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from coldframe.rule_sets.model import Rule, RuleSet


class ChosenRules:
    """The rules of several sets, in their order.

    Args:
        rule_sets: The sets.
    """

    def __init__(self, rule_sets: Iterable[RuleSet] = ()) -> None:
        """Compile the patterns once."""
        self._rules: dict[Action, list[tuple[Patterns, Rule]]] = {action: [] for action in Action}
        for rule in (rule for rule_set in rule_sets for rule in rule_set.rules):
            self._rules[rule.action].append((Patterns((rule.pattern,), ignore_case=True), rule))
        self._any = {
            action: Patterns((rule.pattern for _, rule in rules), ignore_case=True)
            for action, rules in self._rules.items()
        }

    def matching(self, action: Action, path: str) -> Iterator[Rule]:
        """The rules with that action that match `path` (a text of `names`), in their order."""
        if self._any[action].match(path):
            yield from (rule for patterns, rule in self._rules[action] if patterns.match(path))

    def zip_rule(self, path: str) -> Rule | None:
        """The first rule that makes one zip of the folder at `path`."""
        return next(self.matching(Action.ZIP, path), None)
