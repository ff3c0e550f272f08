"""`coldframe rules`: what the rule sets zip and leave out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from coldframe.cli.command import Command
from coldframe.cli.options import output_option
from coldframe.cli.output import Column
from coldframe.rule_sets import SHIPPED, choose_rule_sets

if TYPE_CHECKING:
    from coldframe.cli.app import App

COLUMNS = (
    Column("rule_set", "RULE SET", width=8),
    Column("action", "ACTION", width=9),
    Column("pattern", "PATTERN", width=20),
    Column("because", "BECAUSE"),
    Column("beside"),
    Column("title"),
)


@click.command(
    cls=Command,
    examples=(
        "coldframe rules",
        "coldframe rules nina wbpp",
        "coldframe rules -o json",
        "coldframe archive ./M31 --vault astrodata --rules nina --rules wbpp --dry-run",
    ),
)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@output_option
@click.pass_obj
def command(app: App, /, names: tuple[str, ...], *, output: str | None) -> None:
    """Show what the rule sets NAME, or all of them, zip and leave out.

    A frame is left out only if its own header says that a processing program wrote it, whatever a rule says.
    """
    own = app.settings.rule_sets
    with app.printer(COLUMNS, form=output) as printer:
        for rule_set in choose_rule_sets(names or (*SHIPPED, *own), own):
            for rule in rule_set.rules:
                printer.row(
                    {
                        "rule_set": rule_set.name,
                        "action": rule.action.value,
                        "pattern": rule.pattern,
                        "because": rule.because or None,
                        "beside": rule.beside or None,
                        "title": rule_set.title,
                    }
                )
