"""`coldframe estimate budget`: what this month costs so far, and what of its budget is left."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING

import click

from coldframe.cli.charges import show_price
from coldframe.cli.command import Command
from coldframe.cli.exits import Exit
from coldframe.cli.options import output_option
from coldframe.cli.output import Column, show_size, size_column
from coldframe.composition.spending import this_month
from coldframe.quantities import count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from coldframe.cli.app import App
    from coldframe.composition.spending import Month

COLUMNS = (
    Column("item", "ITEM", width=20),
    Column("count", "COUNT", is_right=True),
    size_column(),
    Column("amount", "EXPECTED", show_price, width=9, is_right=True),
    Column("at_most", "AT MOST", show_price, width=8, is_right=True),
    Column("transfer_size", "TRANSFER", show_size, width=8, is_right=True),
    Column("store_url", "STORE"),
    Column("currency"),
)


@click.command(cls=Command, examples=("coldframe estimate budget", "coldframe estimate budget -o json"))
@output_option
@click.pass_obj
def budget(app: App, /, *, output: str | None) -> Exit:
    """Say what this month costs: what commands have spent or promised, what storage costs, and what is left.

    Only stores that charge count. `[budget]` in the configuration with `per_month = "10.00"` sets the budget, in US
    dollars: what would lead beyond it is refused. Nothing is asked of any store.
    """
    coldframe = app.coldframe()
    month = this_month(coldframe)
    with app.printer(COLUMNS, form=app.form(output)) as printer:
        for row in _rows(coldframe.catalog.store_url, month):
            printer.row(row)
    app.say(_sum_up(month))
    if month.unknown:
        app.say(f"Of {count(month.unknown, 'item')} nobody knows what they cost; they are not in the sums.")
    return Exit.DONE


def _rows(url_of: Callable[[str], str | None], month: Month) -> Iterator[dict[str, object]]:
    """The commands, each store's storage, and the sums."""
    kinds = Counter((each.what, each.store) for each in month.commitments)
    for (what, store), number in kinds.items():
        its = [each for each in month.commitments if (each.what, each.store) == (what, store)]
        amounts, mosts = [each.amount for each in its], [each.most for each in its]
        yield _row(what, number, _total(amounts), _total(mosts)) | {
            "store_url": url_of(store),
            "transfer_size": sum(each.transfer_size for each in its) or None,
        }
    for each in month.storage:
        stored = {"size": each.stored.size, "store_url": each.stored.url}
        yield _row("storage", each.stored.archives, each.price.amount, each.price.limit) | stored
    known = [each.amount or Decimal(0) for each in month.commitments]
    known += [each.price.amount or Decimal(0) for each in month.storage]
    yield _row("total", len(month.commitments), sum(known, Decimal(0)), month.committed + month.stored)
    if month.budget is not None and month.left is not None:
        yield _row("budget", None, month.budget, month.budget)
        yield _row("left", None, month.budget - sum(known, Decimal(0)), month.left)


def _total(amounts: list[Decimal | None]) -> Decimal | None:
    """The sum; unknown if any of it is."""
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if len(known) == len(amounts) else None


def _row(item: str, number: int | None, amount: Decimal | None, most: Decimal | None) -> dict[str, object]:
    return {
        "item": item,
        "count": number,
        "amount": None if amount is None else f"{amount:f}",
        "at_most": None if most is None else f"{most:f}",
        "currency": "USD",
    }


def _sum_up(month: Month) -> str:
    when = f"{month.since:%B %Y}, up to {month.until:%Y-%m-%d} UTC"
    if month.left is None:
        return f'{when}. There is no budget: [budget] with per_month = "10.00" in the configuration sets one.'
    if month.left < 0:
        return f"{when}. The budget is spent: what costs anything is refused until then."
    return f"{when}. What may cost more than ${month.left:f} is refused."
