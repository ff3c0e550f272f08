"""Reading rule sets: those that come with coldframe, and those of the user's configuration, in one form."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from coldframe.errors import BadUsage, nearest
from coldframe.patterns import is_pattern
from coldframe.rule_sets.model import Action, Rule, RuleSet

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

SHIPPED = ("nina", "sgp", "asiair", "ekos", "siril", "wbpp")
"""The sets that come with coldframe, each a file of that name beside this one."""
NONE = "none"
"""In place of names: no set, where a configuration names some."""
_ACTIONS = {"zip": Action.ZIP, "leave_out": Action.LEAVE_OUT}
_KEYS = frozenset({"title", *_ACTIONS})
_RULE_KEYS = frozenset({"pattern", "because", "beside"})


@cache
def load_rule_set(name: str) -> RuleSet:
    """A set that comes with coldframe, one of :data:`SHIPPED`."""
    import tomllib  # noqa: PLC0415 - only where a set is used; start-up time

    text = resources.files("coldframe.rule_sets").joinpath(f"{name}.toml").read_text("utf-8")
    return parse_rule_set(name, tomllib.loads(text))


def parse_rule_set(name: str, table: Mapping[str, Any]) -> RuleSet:
    """The set that a table describes: `title`, and `zip` and `leave_out`, each a list of patterns or of tables.

    Raises:
        ValueError: It describes none; the message says why.
    """
    unknown = sorted(set(table) - _KEYS)
    if unknown:
        raise ValueError(f"{unknown[0]!r} is not known of a rule set; it wants {', '.join(sorted(_KEYS))}")
    rules = [_rule(name, _ACTIONS[key], each) for key in _ACTIONS for each in _list(key, table.get(key, []))]
    return RuleSet(name, _text("title", table.get("title", name)), tuple(rules))


def parse_own_rule_set(name: str, table: Mapping[str, Any]) -> RuleSet:
    """The same of a set of the user's, which cannot have the name of another.

    Raises:
        ValueError: As above.
    """
    if name == NONE or name in SHIPPED:
        meaning = "means no set" if name == NONE else "is a set that comes with coldframe"
        raise ValueError(f"{name!r} {meaning}; take another name")
    return parse_rule_set(name, table)


def choose_rule_sets(names: Sequence[str], own: Mapping[str, RuleSet]) -> tuple[RuleSet, ...]:
    """The sets of these names, each once; `own` are those of the configuration.

    Raises:
        BadUsage: There is no such set; the message names those there are.
    """
    if tuple(names) == (NONE,):
        return ()
    for name in names:
        if name not in own and name not in SHIPPED:
            raise BadUsage(f"There is no rule set {name!r}{nearest(name, [*SHIPPED, *own])}")
    return tuple(own[name] if name in own else load_rule_set(name) for name in dict.fromkeys(names))


def _rule(rule_set: str, action: Action, value: object) -> Rule:
    table = {"pattern": value} if isinstance(value, str) else value
    if not isinstance(table, dict) or not set(table) <= _RULE_KEYS or "pattern" not in table:
        raise ValueError(f"{value!r} is no rule; it wants a pattern, or a table of pattern, because and beside")
    texts = {key: _text(key, text) for key, text in table.items()}
    rule = Rule(rule_set, action, **texts)
    first, _, rest = rule.pattern.partition("/")
    if rule.beside and (is_pattern(first) or not first or not rest or is_pattern(rule.beside)):
        raise ValueError(f"beside = {rule.beside!r} wants a pattern that begins with a folder, such as 'process/*.seq'")
    return rule


def _list(key: str, value: object) -> Iterable[object]:
    if not isinstance(value, list):
        raise ValueError(f"{key} wants a list of patterns, or of tables")  # noqa: TRY004 - as all of these
    return value


def _text(key: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip("/ "):
        raise ValueError(f"{key} wants a text in quotes")
    return value
