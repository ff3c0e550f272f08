"""What an account allows itself, from the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coldframe.cli.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.conftest import Ran


def test_the_retrieval_policy_is_shown_and_set(nouns: Callable[..., Ran]) -> None:
    """Strategy and limit go together."""
    shown = ("retrieval-policy", "show", "-o", "json")
    assert nouns(*shown).rows == [{"strategy": "None", "bytes_per_hour": None}]
    limited = ("retrieval-policy", "set", "bytesperhour", "--bytes-per-hour", "10GiB")
    assert nouns(*limited, "--dry-run").code == Exit.DONE
    assert nouns(*shown).rows[0]["strategy"] == "None"
    assert nouns(*limited).code == Exit.DONE
    assert nouns(*shown).rows == [{"strategy": "BytesPerHour", "bytes_per_hour": 10 * 1024**3}]
    for wrong in (("BytesPerHour",), ("None", "--bytes-per-hour", "5")):
        assert nouns("retrieval-policy", "set", *wrong).code == Exit.USAGE
    assert nouns("retrieval-policy", "set", "None").code == Exit.DONE


def test_capacity_is_purchased_after_a_question(nouns: Callable[..., Ran]) -> None:
    """Two units and no more."""
    assert nouns("capacity", "list").code == Exit.NOTHING_MATCHED
    assert nouns("capacity", "purchase", "--dry-run").code == Exit.DONE
    asked = nouns("capacity", "purchase")
    assert (asked.code, "--yes" in asked.err) == (Exit.USAGE, True)
    bought = [nouns("capacity", "purchase", "--yes", "-o", "json").rows[0]["capacity_id"] for _ in range(2)]
    assert sorted(row["capacity_id"] for row in nouns("capacity", "list", "-o", "json").rows) == sorted(bought)
    assert nouns("capacity", "purchase", "--yes").code == Exit.REFUSED
