"""`coldframe vault tag` and `untag`: words that a user hangs on a vault."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import click

from coldframe.cli.command import Command
from coldframe.cli.exits import Exit
from coldframe.cli.options import VAULT, Parsed, dry_run_option, output_option, store_option
from coldframe.cli.output import Column
from coldframe.composition.vaults import find_vault
from coldframe.ports.admin import MAX_TAGS_PER_CALL
from coldframe.quantities import count

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from coldframe.cli.app import App

T = TypeVar("T")

COLUMNS = (Column("key", "KEY"), Column("value", "VALUE"), Column("vault_name"))


def parse_tag(text: str) -> tuple[str, str]:
    """The key and the value in `KEY=VALUE`; the value may hold further `=` or be empty.

    Raises:
        ValueError: There is no key.
    """
    key, sign, value = text.partition("=")
    if not key or not sign:
        raise ValueError(f"{text!r} is no tag: write KEY=VALUE, as in telescope=RC8")
    return key, value


TAG = Parsed("KEY=VALUE", parse_tag)


@click.command(
    cls=Command,
    examples=(
        "coldframe vault tag astrodata telescope=RC8 year=2026",
        "coldframe vault tag astrodata",
        "coldframe vault tag astrodata -o json",
    ),
)
@click.argument("name", type=VAULT, metavar="NAME")
@click.argument("tags", type=TAG, nargs=-1, metavar="[KEY=VALUE]...")
@store_option
@dry_run_option
@output_option
@click.pass_obj
def tag(
    app: App, name: str, tags: tuple[tuple[str, str], ...], store: str | None, *, dry_run: bool, output: str | None
) -> Exit:
    """Set tags of the vault NAME, or list them.

    A key that is there already gets the new value. Without any KEY=VALUE the vault's tags are listed.
    """
    vaults = app.coldframe(store=store).store
    find_vault(vaults, name)
    if not tags:
        return _list(app, name, vaults.list_tags_for_vault(name).items(), output)
    wanted = dict(tags)
    if dry_run:
        app.say(f"Would set {count(len(wanted), 'tag')} of the vault {name}.")
        return Exit.DONE
    for batch in _batches(list(wanted.items())):
        vaults.add_tags_to_vault(name, dict(batch))
    app.say(f"The vault {name} has {count(len(vaults.list_tags_for_vault(name)), 'tag')} now.")
    return Exit.DONE


@click.command(cls=Command, examples=("coldframe vault untag astrodata year telescope",))
@click.argument("name", type=VAULT, metavar="NAME")
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
@store_option
@dry_run_option
@click.pass_obj
def untag(app: App, name: str, keys: tuple[str, ...], store: str | None, *, dry_run: bool) -> None:
    """Remove tags of the vault NAME by their keys."""
    vaults = app.coldframe(store=store).store
    find_vault(vaults, name)
    there = vaults.list_tags_for_vault(name)
    for key in (key for key in keys if key not in there):
        app.say(f"The vault {name} has no tag {key}.")
    wanted = list(dict.fromkeys(key for key in keys if key in there))
    if dry_run:
        app.say(f"Would remove {count(len(wanted), 'tag')} of the vault {name}.")
        return
    for batch in _batches(wanted):
        vaults.remove_tags_from_vault(name, batch)
    app.say(f"{count(len(wanted), 'tag')} of the vault {name} removed.")


def _list(app: App, name: str, tags: Iterable[tuple[str, str]], output: str | None) -> Exit:
    rows = sorted(tags)
    with app.printer(COLUMNS, form=output) as printer:
        for key, value in rows:
            printer.row({"key": key, "value": value, "vault_name": name})
    if not rows:
        app.say(f"The vault {name} has no tags.")
    return Exit.DONE if rows else Exit.NOTHING_MATCHED


def _batches(given: list[T]) -> Iterator[list[T]]:
    """As many at a time as one request may carry."""
    for start in range(0, len(given), MAX_TAGS_PER_CALL):
        yield given[start : start + MAX_TAGS_PER_CALL]
