"""`coldframe vault notifications`: which topic hears of a vault's jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from coldframe.cli.command import Group
from coldframe.cli.exits import Exit
from coldframe.cli.options import VAULT, dry_run_option, output_option, store_option
from coldframe.cli.output import Column
from coldframe.composition.governing import vault_notifications
from coldframe.composition.vaults import find_vault
from coldframe.ports.admin import VaultEvent, VaultNotifications

if TYPE_CHECKING:
    from coldframe.cli.app import App

COLUMNS = (Column("event", "EVENT"), Column("sns_topic", "TOPIC"), Column("vault_name"))


@click.group(
    name="notifications",
    cls=Group,
    examples=(
        "coldframe vault notifications set astrodata arn:aws:sns:us-east-1:111122223333:ready",
        "coldframe vault notifications get astrodata",
        "coldframe vault notifications delete astrodata",
    ),
)
def group() -> None:
    """Tell an SNS topic when a vault's jobs are done."""


@group.command(examples=("coldframe vault notifications get astrodata -o json",))
@click.argument("name", type=VAULT, metavar="NAME")
@store_option
@output_option
@click.pass_obj
def get(app: App, name: str, store: str | None, output: str | None) -> Exit:
    """Show which events of the vault NAME are told to which topic."""
    found = vault_notifications(app.coldframe(store=store).store, name)
    if found is None:
        app.say(f"The vault {name} tells no topic.")
        return Exit.NOTHING_MATCHED
    with app.printer(COLUMNS, form=output) as printer:
        for event in found.events:
            printer.row({"event": event.value, "sns_topic": found.sns_topic, "vault_name": name})
    return Exit.DONE


@group.command(
    name="set",
    examples=(
        "coldframe vault notifications set astrodata arn:aws:sns:us-east-1:111122223333:ready",
        "coldframe vault notifications set astrodata ARN --event ArchiveRetrievalCompleted",
    ),
)
@click.argument("name", type=VAULT, metavar="NAME")
@click.argument("topic", metavar="TOPIC_ARN")
@click.option(
    "--event",
    "events",
    multiple=True,
    type=click.Choice([event.value for event in VaultEvent], case_sensitive=False),
    help="Tell this; may be given twice.  [default: both]",
)
@store_option
@dry_run_option
@click.pass_obj
def set_(app: App, name: str, topic: str, events: tuple[str, ...], store: str | None, *, dry_run: bool) -> None:
    """Tell the SNS topic TOPIC_ARN of the jobs of the vault NAME, in place of any other."""
    wanted = tuple(event for event in VaultEvent if not events or event.value in events)
    vaults = app.coldframe(store=store).store
    find_vault(vaults, name)
    if dry_run:
        app.say(f"Would have the vault {name} tell {topic}: {', '.join(wanted)}.")
        return
    vaults.set_vault_notifications(name, VaultNotifications(topic, wanted))
    app.say(f"The vault {name} tells {topic}: {', '.join(wanted)}.")


@group.command(examples=("coldframe vault notifications delete astrodata",))
@click.argument("name", type=VAULT, metavar="NAME")
@store_option
@dry_run_option
@click.pass_obj
def delete(app: App, name: str, store: str | None, *, dry_run: bool) -> None:
    """Have the vault NAME tell nobody."""
    vaults = app.coldframe(store=store).store
    find_vault(vaults, name)
    if dry_run:
        app.say(f"Would have the vault {name} tell nobody.")
        return
    vaults.delete_vault_notifications(name)
    app.say(f"The vault {name} tells nobody now.")
