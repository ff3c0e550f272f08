"""`coldframe ls`: what is archived, from the catalog, without asking any store."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from coldframe.catalog import Query
from coldframe.cli.command import Command
from coldframe.cli.entries import COLUMNS, entry_row, query_text
from coldframe.cli.exits import Exit
from coldframe.cli.options import output_option, store_option, vault_option
from coldframe.quantities import count, format_size

if TYPE_CHECKING:
    from coldframe.cli.app import App

EMPTY = (
    "The catalog is empty: nothing was archived from here. If it was lost,"
    " `coldframe inventory rebuild --vault NAME` brings back what a vault knows."
)


@click.command(
    cls=Command,
    examples=(
        "coldframe ls",
        "coldframe ls m33 blue",
        "coldframe ls 'Light/*_Blue_*' --vault astrodata",
        "coldframe ls Bias --members --long",
        "coldframe ls 'Blue' -o json | jq -r .archive_id",
    ),
)
@click.argument("query", nargs=-1)
@vault_option
@store_option
@click.option("--members", "-m", is_flag=True, help="List the files inside zips too.")
@click.option("--all-versions", "-a", is_flag=True, help="List older versions of the same file too.")
@click.option("--long", "-l", "is_long", is_flag=True, help="Show archive IDs, tree hashes and where files came from.")
@output_option
@click.pass_obj
def command(
    app: App,
    /,
    query: tuple[str, ...],
    *,
    vault: str | None,
    store: str | None,
    members: bool,
    all_versions: bool,
    is_long: bool,
    output: str | None,
) -> Exit:
    """List what is archived, from the catalog.

    QUERY is words that must all occur in the path, in any case, or one pattern with *, ? or [...]. Without it all is
    listed.
    """
    coldframe = app.coldframe(store=store)
    vault = app.only_vault(vault)
    wanted = Query(
        text=query_text(query),
        store=coldframe.store_identity if app.only_store(store) else None,
        vault_name=vault,
        members=members,
        all_versions=all_versions,
    )
    found = size = 0
    with app.printer(COLUMNS, form=output, is_long=is_long) as printer:
        for entry in coldframe.catalog.select(wanted):
            printer.row(entry_row(entry))
            found, size = found + 1, size + entry.size
    if not found:
        from coldframe.composition.vaults import unknown_vault  # noqa: PLC0415 - start-up time

        nothing = "Nothing in the catalog matches." if query or vault else EMPTY
        if len(query) > 1:
            nothing = "Nothing in the catalog has all of these words in its path."
        app.say(unknown_vault(coldframe.catalog, vault, store=wanted.store) or nothing)
        return Exit.NOTHING_MATCHED
    if sys.stdout.isatty():
        app.say(f"{count(found, 'entry', 'entries')}, {format_size(size)}")
    return Exit.DONE
