"""An order that is paused: what the commands say of it, and going on with it."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

import pytest

from coldframe.catalog.order_model import WantedState
from coldframe.composition import open_coldframe
from coldframe.retriever.starting import HELD

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cli.conftest import Ran

_RETRIEVE = ("retrieve", "Blue", "--into", "back", "--tier", "Standard")


@pytest.fixture
def paused(cli: Callable[..., Ran], archived: Path, home: Path, tmp_path: Path) -> int:
    """An order for three files at a store with prices, all of whose outputs have expired."""
    text = resources.files("coldframe.prices").joinpath("amazon.toml").read_text("utf-8")
    (tmp_path / "own.toml").write_text(text.replace("[regions.us-east-1", "[regions.default"), encoding="utf-8")
    (home / "config.toml").write_text(f'tiers = "amazon"\nprices = "{tmp_path / "own.toml"}"\n', encoding="utf-8")
    assert cli(*_RETRIEVE, "--yes").code == 0
    with open_coldframe() as coldframe:
        (order,) = coldframe.orders.orders()
        rows = [each.row for each in coldframe.orders.wanted(order.number, WantedState.STARTED)]
        coldframe.orders.asking.hold(rows, HELD)
        assert coldframe.orders.asking.pause(order.number, why="expired", now=coldframe.clock.now())
    return order.number


def test_paused_order_is_told_everywhere(cli: Callable[..., Ran], paused: int) -> None:
    """It is in the list of what is not over, its files say why, and watch ends with exit 8."""
    assert [row["state"] for row in cli("orders", "list", "--open", "-o", "json").rows] == ["paused"]
    assert {row["outcome"] for row in cli("orders", "show", str(paused), "-o", "json").rows} == {"held"}
    ran = cli("watch")
    assert ran.code == 8
    assert f"orders resume {paused}" in ran.err


def test_same_command_asks_before_it_goes_on(cli: Callable[..., Ran], paused: int) -> None:
    """Without consent nothing is asked of the store; with it the order goes on, and no second one is placed."""
    ran = cli(*_RETRIEVE)
    assert ran.code == 2
    assert "was agreed" in ran.err
    assert f"Go on with order {paused} for" in ran.err
    assert cli(*_RETRIEVE, "--dry-run").code == 0
    assert [row["state"] for row in cli("orders", "list", "-o", "json").rows] == ["paused"]
    ran = cli(*_RETRIEVE, "--yes")
    assert ran.code == 0, ran.err
    assert [row["state"] for row in cli("orders", "list", "-o", "json").rows] == ["open"]


def test_resume_keeps_to_its_highest_price(cli: Callable[..., Ran], paused: int) -> None:
    """Too little is refused with exit 8; a rehearsal changes nothing; what is open cannot be resumed."""
    assert cli("orders", "resume", str(paused), "--max-cost", "0.0001", "--yes").code == 8
    ran = cli("orders", "resume", str(paused), "--dry-run")
    assert ran.code == 0
    assert "3 outputs have expired" in ran.err
    assert cli("orders", "resume", str(paused)).code == 2
    ran = cli("orders", "resume", str(paused), "--max-cost", "1", "--yes")
    assert ran.code == 0, ran.err
    ran = cli("orders", "resume", str(paused), "--yes")
    assert ran.code == 2
    assert "is not paused but open" in ran.err
    assert cli("orders", "resume", "99").code == 4


def test_paused_order_can_be_given_up(cli: Callable[..., Ran], paused: int) -> None:
    """Then it is over."""
    assert cli("orders", "cancel", str(paused), "--yes").code == 0
    assert [row["state"] for row in cli("orders", "list", "-o", "json").rows] == ["cancelled"]
    assert cli("orders", "resume", str(paused), "--yes").code == 2


def test_month_without_money_keeps_it_paused(
    cli: Callable[..., Ran], paused: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The budget counts what has to be paid again: exit 8, and the order stays as it is."""
    monkeypatch.setenv("COLDFRAME_BUDGET", "0.0001")
    ran = cli("orders", "resume", str(paused), "--yes")
    assert ran.code == 8
    assert "budget" in ran.err
    assert [row["state"] for row in cli("orders", "list", "-o", "json").rows] == ["paused"]
