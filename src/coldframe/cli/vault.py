"""`coldframe vault`: the containers of archives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from coldframe.cli import vault_access, vault_clock, vault_delete, vault_lock, vault_notifications, vault_tags
from coldframe.cli.command import Group
from coldframe.cli.exits import Exit
from coldframe.cli.options import VAULT, dry_run_option, output_option, store_option
from coldframe.cli.output import Column, moment_column, size_column
from coldframe.composition.vaults import all_vaults, find_vault

if TYPE_CHECKING:
    from coldframe.cli.app import App
    from coldframe.model import VaultDescription

COLUMNS = (
    Column("vault_name", "VAULT"),
    Column("number_of_archives", "ARCHIVES", width=8, is_right=True),
    size_column(),
    moment_column("created_at", "CREATED"),
    moment_column("last_inventory_at", "INVENTORY"),
    Column("vault_arn"),
)


@click.group(
    cls=Group,
    examples=(
        "coldframe vault create astrodata",
        "coldframe vault list --output json",
        "coldframe vault show astrodata",
        "coldframe vault delete old-tests",
        "coldframe vault delete old-tests --empty",
        "coldframe vault tag astrodata telescope=RC8 year=2026",
        "coldframe vault access-policy set astrodata policy.json",
    ),
)
def command() -> None:
    """Create, list, show or delete vaults, and say how they are governed."""


command.add_command(vault_delete.delete)
command.add_command(vault_tags.tag)
command.add_command(vault_tags.untag)
command.add_command(vault_access.group)
command.add_command(vault_lock.group)
command.add_command(vault_clock.confirm_clock)
command.add_command(vault_notifications.group)


@command.command(examples=("coldframe vault create astrodata",))
@click.argument("name", type=VAULT, metavar="NAME")
@store_option
@dry_run_option
@click.pass_obj
def create(app: App, name: str, store: str | None, *, dry_run: bool) -> None:
    """Create the vault NAME.

    The embedded store is made too, if there is none yet. A vault that is there already stays as it is.
    """
    coldframe = app.coldframe(store=store)
    if dry_run:
        known = coldframe.has_store and name in {vault.vault_name for vault in all_vaults(coldframe.store)}
        app.say(f"The vault {name} is there already." if known else f"Would create the vault {name}.")
        return
    coldframe.create_store().create_vault(name)
    app.say(f"The vault {name} is ready in {coldframe.store.url}.")


@command.command(name="list", examples=("coldframe vault list", "coldframe vault list -o csv"))
@store_option
@output_option
@click.pass_obj
def list_(app: App, store: str | None, output: str | None) -> Exit:
    """List all vaults of the store."""
    found = False
    with app.printer(COLUMNS, form=output) as printer:
        for vault in all_vaults(app.coldframe(store=store).store):
            printer.row(_row(vault))
            found = True
    if not found:
        app.say("There is no vault yet; `coldframe vault create NAME` makes one.")
    return Exit.DONE if found else Exit.NOTHING_MATCHED


@command.command(examples=("coldframe vault show astrodata", "coldframe vault show astrodata -o json"))
@click.argument("name", type=VAULT, metavar="NAME")
@store_option
@output_option
@click.pass_obj
def show(app: App, name: str, store: str | None, output: str | None) -> None:
    """Show the vault NAME, its archives and bytes."""
    vault = find_vault(app.coldframe(store=store).store, name)
    with app.printer(COLUMNS, form=output) as printer:
        printer.row(_row(vault))


def _row(vault: VaultDescription) -> dict[str, object]:
    return {
        "vault_name": vault.vault_name,
        "vault_arn": vault.vault_arn,
        "created_at": vault.created_at,
        "last_inventory_at": vault.last_inventory_at,
        "number_of_archives": vault.number_of_archives,
        "size": vault.size,
    }
