"""Rule sets: what to zip and what to leave out of the folder trees of programs that astronomers use (ADR 45)."""

from coldframe.rule_sets.choosing import ChosenRules
from coldframe.rule_sets.loading import (
    NONE,
    SHIPPED,
    choose_rule_sets,
    load_rule_set,
    parse_own_rule_set,
    parse_rule_set,
)
from coldframe.rule_sets.model import Action, Rule, RuleSet

__all__ = [
    "NONE",
    "SHIPPED",
    "Action",
    "ChosenRules",
    "Rule",
    "RuleSet",
    "choose_rule_sets",
    "load_rule_set",
    "parse_own_rule_set",
    "parse_rule_set",
]
