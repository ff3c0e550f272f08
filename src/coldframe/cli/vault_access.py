"""`coldframe vault access-policy`: who may do what with a vault."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from coldframe.cli.acts import Act, perform
from coldframe.cli.command import Group
from coldframe.cli.documents import print_policy, read_policy
from coldframe.cli.exits import Exit
from coldframe.cli.options import VAULT, dry_run_option, output_option, store_option, yes_option
from coldframe.composition.governing import access_policy
from coldframe.composition.vaults import find_vault

if TYPE_CHECKING:
    from coldframe.cli.app import App


@click.group(
    name="access-policy",
    cls=Group,
    examples=(
        "coldframe vault access-policy set astrodata policy.json",
        "coldframe vault access-policy get astrodata > policy.json",
        "coldframe vault access-policy delete astrodata",
    ),
)
def group() -> None:
    """Say who may do what with a vault."""


@group.command(examples=("coldframe vault access-policy get astrodata > policy.json",))
@click.argument("name", type=VAULT, metavar="NAME")
@store_option
@output_option
@click.pass_obj
def get(app: App, name: str, store: str | None, output: str | None) -> Exit:
    """Print the access policy of the vault NAME, as it was set."""
    policy = access_policy(app.coldframe(store=store).store, name)
    if policy is None:
        app.say(f"The vault {name} has no access policy: only its owner's keys open it.")
        return Exit.NOTHING_MATCHED
    print_policy(app, {"vault_name": name, "policy": policy}, output)
    return Exit.DONE


@group.command(
    name="set",
    examples=(
        "coldframe vault access-policy set astrodata policy.json",
        "coldframe vault access-policy get astrodata | coldframe vault access-policy set other -",
    ),
)
@click.argument("name", type=VAULT, metavar="NAME")
@click.argument("file", metavar="FILE")
@store_option
@dry_run_option
@click.pass_obj
def set_(app: App, name: str, file: str, store: str | None, *, dry_run: bool) -> None:
    """Give the vault NAME the access policy in FILE, in place of the one it has; '-' is standard input."""
    policy = read_policy(file)
    vaults = app.coldframe(store=store).store
    find_vault(vaults, name)
    if dry_run:
        app.say(f"Would set the access policy of the vault {name}; whether it makes sense, the store says then.")
        return
    vaults.set_vault_access_policy(name, policy)
    app.say(f"The vault {name} has the access policy now.")


@group.command(examples=("coldframe vault access-policy delete astrodata --yes",))
@click.argument("name", type=VAULT, metavar="NAME")
@store_option
@yes_option
@dry_run_option
@click.pass_obj
def delete(app: App, name: str, store: str | None, *, yes: bool, dry_run: bool) -> Exit:
    """Remove the access policy of the vault NAME."""
    vaults = app.coldframe(store=store).store
    if access_policy(vaults, name) is None:
        app.say(f"The vault {name} has no access policy.")
        return Exit.DONE
    act = Act(
        would=f"Would remove the access policy of the vault {name}.",
        question=f"Remove the access policy of the vault {name}?",
        done=f"The vault {name} has no access policy now.",
    )
    return perform(app, act, lambda: vaults.delete_vault_access_policy(name), yes=yes, dry_run=dry_run)
