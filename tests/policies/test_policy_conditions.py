"""What every operator asks: each row of the table is tried in an Allow and in a Deny."""

from __future__ import annotations

from typing import Any

import pytest

from coldframe.service.policies import decide
from policies.condition_rows import GROUPS
from policies.policy_words import FULL, policy, request, statement

ROWS = [pytest.param(*row[1:], id=f"{group}: {row[0]}") for group, rows in GROUPS.items() for row in rows]


@pytest.mark.parametrize(("operator", "key", "values", "facts", "holds"), ROWS)
def test_condition_in_a_deny(
    operator: str, key: str, values: object, facts: dict[str, Any], *, holds: bool | None
) -> None:
    """A Deny applies if its condition holds, or if nobody can know."""
    denying = policy(statement(Condition={operator: {key: values}}))
    asked = request(**facts)
    allowing = policy(statement(Effect="Allow"))
    assert decide(asked, [FULL, allowing, denying]).is_allowed is (holds is False)


@pytest.mark.parametrize(("operator", "key", "values", "facts", "holds"), ROWS)
def test_condition_in_an_allow(
    operator: str, key: str, values: object, facts: dict[str, Any], *, holds: bool | None
) -> None:
    """An Allow applies only if its condition is known to hold."""
    allowing = policy(statement(Effect="Allow", Condition={operator: {key: values}}))
    asked = request(**facts)
    assert (allowing.allowing(asked) is not None) is (holds is True)


def test_condition_tables_say_different_things() -> None:
    """No row stands twice, and no name in a group."""
    names = [row.id for row in ROWS]
    assert len(set(names)) == len(names)
    assert len({repr(row.values) for row in ROWS}) == len(ROWS)
    assert len(ROWS) > 300
