"""What a rule set is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """What a rule does to what it matches."""

    ZIP = "zip"
    LEAVE_OUT = "leave out"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a set.

    Args:
        rule_set: The name of its set.
        action: What it does.
        pattern: What it matches, in any case: a pattern of `coldframe.patterns`. A folder that becomes one zip; a file,
            or a folder with all that is in it, that is left out.
        because: Why, for whoever asks.
        beside: Only where a folder of this name, with something in it, stands beside the folder with which the pattern
            begins; "" for everywhere.
    """

    rule_set: str
    action: Action
    pattern: str
    because: str = ""
    beside: str = ""

    def __str__(self) -> str:
        """The rule as a user is told of it."""
        return f"rule set {self.rule_set}, '{self.pattern}'"


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Rules under a name, in the order in which they are asked; `title` says whose trees they are made for."""

    name: str
    title: str
    rules: tuple[Rule, ...]
