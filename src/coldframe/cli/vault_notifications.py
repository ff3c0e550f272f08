"""`coldframe vault notifications`: which topic hears of a vault's jobs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from coldframe.cli.command import Group
from coldframe.cli.exits import Exit
from coldframe.cli.options import VAULT, Parsed, dry_run_option, output_option, store_option
from coldframe.cli.output import Column
from coldframe.composition.governing import vault_notifications
from coldframe.composition.vaults import find_vault
from coldframe.ports.admin import VaultEvent, VaultNotifications
from coldframe.settings import parse_sns_endpoint

if TYPE_CHECKING:
    from coldframe.cli.app import App

ENDPOINT = Parsed("url", parse_sns_endpoint)
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
        "coldframe vault notifications set astrodata --with-queue",
    ),
)
@click.argument("name", type=VAULT, metavar="NAME")
@click.argument("topic", metavar="[TOPIC_ARN]", required=False)
@click.option("--with-queue", is_flag=True, help="Make a topic and an SQS queue that hears of it; prints its URL.")
@click.option("--sns-endpoint", type=ENDPOINT, help="Where SNS is, for --with-queue: a URL, or `amazon`.")
@click.option("--sqs-endpoint", type=ENDPOINT, help="Where SQS is, if not there too.")
@click.option("--aws-profile", metavar="NAME", help="The AWS profile for both.")
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
def set_(
    app: App,
    /,
    name: str,
    topic: str | None,
    events: tuple[str, ...],
    store: str | None,
    *,
    with_queue: bool,
    dry_run: bool,
    **flags: str | None,
) -> None:
    """Tell the SNS topic TOPIC_ARN of the jobs of the vault NAME, in place of any other.

    With --with-queue a topic, a queue, the leave to write into it and the subscription are made; `coldframe watch
    --queue URL` listens to it, and `delete --with-queue` takes all of it away again.
    """
    wanted = tuple(event for event in VaultEvent if not events or event.value in events)
    if (topic is None) is not with_queue:
        raise click.UsageError("Name a TOPIC_ARN, or have one made by --with-queue.")
    if topic is None:
        app.settle(**flags)
        _set_with_queue(app, name, wanted, store, dry_run=dry_run)
        return
    if any(flags.values()):
        raise click.UsageError("--sns-endpoint, --sqs-endpoint and --aws-profile are for --with-queue.")
    vaults = app.coldframe(store=store).store
    find_vault(vaults, name)
    if dry_run:
        app.say(f"Would have the vault {name} tell {topic}: {', '.join(wanted)}.")
        return
    vaults.set_vault_notifications(name, VaultNotifications(topic, wanted))
    app.say(f"The vault {name} tells {topic}: {', '.join(wanted)}.")


def _set_with_queue(app: App, name: str, events: tuple[VaultEvent, ...], store: str | None, *, dry_run: bool) -> None:
    from coldframe.composition.queueing import make_queue, plan_queue  # noqa: PLC0415 - start-up time

    coldframe = app.coldframe(store=store)
    planned = plan_queue(coldframe, name)
    where = planned.sns_endpoint or f"Amazon's {planned.region}"
    if dry_run:
        app.say(f"Would make the topic and the queue {planned.name} at {where}, and have the vault {name} tell them.")
        return
    before = vault_notifications(coldframe.store, name)
    made = make_queue(coldframe, planned, events)
    instead = f", in place of {before.sns_topic}" if before and before.sns_topic != made.topic_arn else ""
    app.say(
        f"The vault {name} tells {made.topic_arn}{instead}: {', '.join(events)}.",
        f"Listen with: coldframe watch --queue {made.queue_url}",
        "While a watch listens, it asks the queue three times a minute: 130,000 requests a month.",
    )
    sys.stdout.write(f"{made.queue_url}\n")


@group.command(
    examples=(
        "coldframe vault notifications delete astrodata",
        "coldframe vault notifications delete astrodata --with-queue",
    )
)
@click.argument("name", type=VAULT, metavar="NAME")
@click.option("--with-queue", is_flag=True, help="Take away the topic and the queue that `set --with-queue` made.")
@store_option
@dry_run_option
@click.pass_obj
def delete(app: App, name: str, store: str | None, *, with_queue: bool, dry_run: bool) -> None:
    """Have the vault NAME tell nobody."""
    if with_queue:
        _delete_with_queue(app, name, store, dry_run=dry_run)
        return
    vaults = app.coldframe(store=store).store
    find_vault(vaults, name)
    if dry_run:
        app.say(f"Would have the vault {name} tell nobody.")
        return
    vaults.delete_vault_notifications(name)
    app.say(f"The vault {name} tells nobody now.")


def _delete_with_queue(app: App, name: str, store: str | None, *, dry_run: bool) -> None:
    from coldframe.composition.queueing import find_queue, remove_queue  # noqa: PLC0415 - start-up time

    coldframe = app.coldframe(store=store)
    if dry_run:
        app.say(f"Would remove the topic and the queue {find_queue(coldframe, name).name}, if they are there and ours.")
        return
    removal = remove_queue(coldframe, name)
    app.say(f"The topic and the queue {removal.name} are removed.")
    for kind in removal.left_alone:
        app.say(f"The {kind} of that name stays: its tag says that it is not ours.")
    if removal.tells_another:
        app.say(f"The vault {name} tells {removal.tells_another}, which was not made here and stays.")
    else:
        app.say(f"The vault {name} tells nobody now.")
