"""`coldframe vault lock`: a policy that, once complete, nobody can take back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from coldframe.cli.acts import Act, perform
from coldframe.cli.command import Group
from coldframe.cli.documents import print_policy, read_policy
from coldframe.cli.exits import Exit
from coldframe.cli.options import VAULT, dry_run_option, output_option, store_option, yes_option
from coldframe.cli.output import Column, show_moment
from coldframe.composition.governing import vault_lock
from coldframe.composition.vaults import find_vault
from coldframe.ports.admin import LockState

if TYPE_CHECKING:
    from coldframe.cli.app import App

LOCK_ID = (Column("lock_id", "LOCK ID"), Column("vault_name"))
FOR_EVER = "nobody can remove or change it then, and the vault may never be deleted while it holds what the lock keeps"


@click.group(
    name="lock",
    cls=Group,
    examples=(
        "coldframe vault lock initiate astrodata lock.json",
        "coldframe vault lock show astrodata",
        "coldframe vault lock complete astrodata LOCK_ID",
        "coldframe vault lock abort astrodata",
    ),
)
def group() -> None:
    """Lock a vault by a policy, for ever once it is complete."""


@group.command(examples=("coldframe vault lock initiate astrodata lock.json",))
@click.argument("name", type=VAULT, metavar="NAME")
@click.argument("file", metavar="FILE")
@store_option
@dry_run_option
@output_option
@click.pass_obj
def initiate(app: App, name: str, file: str, store: str | None, *, dry_run: bool, output: str | None) -> None:
    """Put the lock policy in FILE in force for 24 hours, to try it; '-' is standard input.

    What is printed is the lock's ID, which `lock complete` wants.
    """
    policy = read_policy(file)
    vaults = app.coldframe(store=store).store
    find_vault(vaults, name)
    if dry_run:
        app.say(f"Would begin to lock the vault {name}; whether the policy makes sense, the store says then.")
        return
    lock_id = vaults.initiate_vault_lock(name, policy)
    with app.printer(LOCK_ID, form=output) as printer:
        printer.row({"lock_id": lock_id, "vault_name": name})
    app.say(
        f"The lock of the vault {name} is in force for 24 hours. Try it, then make it last with",
        f"  coldframe vault lock complete {name} -- {lock_id}",
        f"or drop it with `coldframe vault lock abort {name}`.",
    )


@group.command(examples=("coldframe vault lock complete astrodata LOCK_ID",))
@click.argument("name", type=VAULT, metavar="NAME")
@click.argument("lock_id", metavar="LOCK_ID")
@store_option
@yes_option
@dry_run_option
@click.pass_obj
def complete(app: App, name: str, lock_id: str, store: str | None, *, yes: bool, dry_run: bool) -> Exit:
    """Make the lock of the vault NAME last for ever. There is no way back."""
    vaults = app.coldframe(store=store).store
    found = vault_lock(vaults, name)
    if found is None:
        app.say(f"The vault {name} has no lock in progress; `coldframe vault lock initiate {name} FILE` begins one.")
        return Exit.FAILED
    if dry_run:
        app.say(f"Would lock the vault {name} for ever.")
        return Exit.DONE
    if found.state is not LockState.LOCKED:
        app.say(f"The vault {name} gets this policy for ever; {FOR_EVER}:", *found.policy.splitlines())
        if not app.confirm(f"Lock the vault {name} for ever?", yes=yes):
            return Exit.FAILED
    vaults.complete_vault_lock(name, lock_id)
    app.say(f"The vault {name} is locked, for ever.")
    return Exit.DONE


@group.command(examples=("coldframe vault lock abort astrodata",))
@click.argument("name", type=VAULT, metavar="NAME")
@store_option
@yes_option
@dry_run_option
@click.pass_obj
def abort(app: App, name: str, store: str | None, *, yes: bool, dry_run: bool) -> Exit:
    """Drop the lock of the vault NAME while it is still in progress."""
    vaults = app.coldframe(store=store).store
    if vault_lock(vaults, name) is None:
        app.say(f"The vault {name} has no lock.")
        return Exit.DONE
    act = Act(
        would=f"Would drop the lock of the vault {name}.",
        question=f"Drop the lock of the vault {name}?",
        done=f"The vault {name} has no lock now.",
    )
    return perform(app, act, lambda: vaults.abort_vault_lock(name), yes=yes, dry_run=dry_run)


@group.command(examples=("coldframe vault lock show astrodata", "coldframe vault lock show astrodata -o json"))
@click.argument("name", type=VAULT, metavar="NAME")
@store_option
@output_option
@click.pass_obj
def show(app: App, name: str, store: str | None, output: str | None) -> Exit:
    """Show the lock of the vault NAME: its policy, and how far it is."""
    found = vault_lock(app.coldframe(store=store).store, name)
    if found is None:
        app.say(f"The vault {name} has no lock.")
        return Exit.NOTHING_MATCHED
    print_policy(
        app,
        {
            "vault_name": name,
            "policy": found.policy,
            "state": found.state.value,
            "created_at": found.created_at,
            "expires_at": found.expires_at,
        },
        output,
    )
    if app.form(output) == "table":
        until = "for ever" if found.expires_at is None else f"until {show_moment(found.expires_at)}"
        app.say(f"{found.state.value} since {show_moment(found.created_at)}, {until}.")
    return Exit.DONE
