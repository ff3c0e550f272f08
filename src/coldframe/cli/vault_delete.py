"""`coldframe vault delete`: an empty vault, or with `--empty` one with all that is in it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from coldframe.cli.charges import require_affordable, tell_fee, tell_inventory
from coldframe.cli.command import Command
from coldframe.cli.delete import COLUMNS, archive_row
from coldframe.cli.exits import Exit
from coldframe.cli.jobs import JobView
from coldframe.cli.options import (
    VAULT,
    Parsed,
    dry_run_option,
    max_cost_option,
    output_option,
    store_option,
    yes_option,
)
from coldframe.composition.vaults import find_vault
from coldframe.errors import AccessDenied, BadUsage, LimitRefused, NotReady
from coldframe.names import printable
from coldframe.ports.admin import LockState
from coldframe.quantities import count, format_size
from coldframe.retriever.pricing import UNKNOWN

if TYPE_CHECKING:
    from coldframe.cli.app import App
    from coldframe.composition.emptying import EmptyingPlan, VaultEmptying


def parse_count_rate(text: str) -> float:
    """How many a second, from `10` or `0.5`, with or without `/s`.

    Raises:
        ValueError: It is no number above zero.
    """
    try:
        rate = float(text.strip().removesuffix("/s"))
    except ValueError:
        rate = 0
    if not 0 < rate < float("inf"):
        raise ValueError(f"{text!r} is no rate: write how many a second, such as 10 or 0.5")
    return rate


@click.command(
    cls=Command,
    examples=(
        "coldframe vault delete old-tests",
        "coldframe vault delete old-tests --yes",
        "coldframe vault delete old-tests --empty --dry-run",
        "coldframe vault delete old-tests --empty --confirm old-tests --max-cost 1",
    ),
)
@click.argument("name", type=VAULT, metavar="NAME")
@click.option("--empty", "with_archives", is_flag=True, help="Delete all its archives first, for ever.")
@click.option("--confirm", metavar="NAME", help="With --empty: the vault's name again, in place of typing it.")
@click.option(
    "--rate", type=Parsed("number", parse_count_rate), help="With --empty: so many deletions a second at most."
)
@max_cost_option
@store_option
@yes_option
@dry_run_option
@output_option
@click.pass_obj
def delete(
    app: App,
    /,
    name: str,
    *,
    with_archives: bool,
    confirm: str | None,
    rate: float | None,
    max_cost: float | None,
    store: str | None,
    yes: bool,
    dry_run: bool,
    output: str | None,
) -> Exit:
    """Delete the empty vault NAME, or with --empty all its archives and then the vault.

    With --empty the vault's inventory is asked for first, so that also what this catalog does not know is deleted; at
    Amazon that takes hours, and after the last archive a day goes by until the vault itself can be deleted. Exit 9
    says so: run the same command again later. It goes on where it was, however it ended. What it costs is said before
    you are asked for the vault's name; --yes does not answer that.
    """
    app.settle(store=store, max_cost=max_cost)
    if with_archives:
        if confirm is not None and confirm != name:
            raise BadUsage(f"--confirm {printable(confirm)} is not the name of the vault, {name}. Nothing is deleted.")
        from coldframe.composition.emptying import VaultEmptying  # noqa: PLC0415 - start-up time

        coldframe = app.coldframe()
        view = JobView(app, coldframe.clock)
        emptying = VaultEmptying(coldframe, name, rate=rate, observer=view.observe)
        how = _How(is_rehearsal=dry_run, is_confirmed=confirm is not None, yes=yes, form=app.form(output))
        return _empty(app, emptying, view, how)
    if confirm is not None or rate is not None:
        raise BadUsage("--confirm and --rate belong to --empty, which deletes archives too.")
    return _delete_empty(app, name, yes=yes, dry_run=dry_run)


def _delete_empty(app: App, name: str, *, yes: bool, dry_run: bool) -> Exit:
    coldframe = app.coldframe()
    vault = find_vault(coldframe.store, name)
    if vault.number_of_archives:
        app.say(
            f"The vault {name} holds {count(vault.number_of_archives, 'archive')}, {format_size(vault.size)}; "
            "only an empty vault can be deleted. With --empty its archives are deleted first, for ever."
        )
        return Exit.FAILED
    if dry_run:
        app.say(f"Would delete the vault {name}, which is empty.")
        return Exit.DONE
    if not app.confirm(f"Delete the vault {name}?", yes=yes):
        return Exit.FAILED
    coldframe.store.delete_vault(name)
    app.say(f"The vault {name} is deleted.")
    return Exit.DONE


# --- with all that is in it -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _How:
    """How the user wants it done."""

    is_rehearsal: bool
    is_confirmed: bool
    yes: bool
    form: str


def _empty(app: App, emptying: VaultEmptying, view: JobView, how: _How) -> Exit:
    """Look, tell, ask, delete the archives, delete the vault."""
    if how.is_rehearsal:
        return _rehearse(app, emptying, how.form)
    _require_answer(emptying, how)
    plan = _survey(app, emptying)
    _tell(app, plan)
    if plan.archives:
        price = plan.fee.agreed if plan.fee is not None else UNKNOWN
        require_affordable(app, emptying.outlay(price), "Deleting them now")
    if not _is_wanted(app, plan, how):
        return Exit.FAILED
    first_refusal = _delete_archives(app, emptying, view, how.form)
    if view.exit is not None:
        app.say("Stopped. The same command carries on.")
        return view.exit
    if first_refusal is not None:
        return _tell_refusal(app, emptying, plan, first_refusal)
    emptying.finish()
    app.say(f"The vault {plan.vault.vault_name} is deleted.")
    return Exit.DONE


def _survey(app: App, emptying: VaultEmptying) -> EmptyingPlan:
    """Read the vault's inventory, if that is still to be done; while it is being made, what is known so far is told."""
    if not emptying.needs_inventory:
        return emptying.plan()
    tell_inventory(app)
    try:
        return emptying.survey()
    except (LimitRefused, NotReady):
        _tell(app, emptying.plan())
        raise


def _require_answer(emptying: VaultEmptying, how: _How) -> None:
    """Before hours of waiting: whether there will be somebody to ask, or an answer already."""
    if not (how.is_confirmed or _has_terminal()):
        name = emptying.vault_name
        flag = "--yes does not empty a vault" if how.yes else "There is no terminal to ask at"
        raise BadUsage(f"{flag}: add --confirm {name} to have the vault {name} deleted with all its archives.")


def _is_wanted(app: App, plan: EmptyingPlan, how: _How) -> bool:
    name = plan.vault.vault_name
    if how.is_confirmed:
        return True
    question = f"Type the name of the vault to delete it with all that is in it, for ever ({name})"
    if click.prompt(question, default="", show_default=False, err=True) == name:
        return True
    app.say("That is not its name. Nothing is deleted.")
    return False


def _has_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def _delete_archives(app: App, emptying: VaultEmptying, view: JobView, form: str) -> Exception | None:
    """Delete, and answer why the first was refused that was, if any."""
    first = None
    with (
        view,
        view.heeding(emptying.stop),
        app.printer(COLUMNS, form=form, stream=view.output, is_live=True) as printer,
    ):
        for deleted in emptying.delete():
            error = deleted.error
            outcome, detail = ("deleted", None) if error is None else ("failed", str(error))
            view.row(printer, archive_row(deleted.archive, outcome, detail))
            first = first or error
    app.say(f"{count(emptying.deleted, 'archive')} deleted" + (f"; {emptying.refused:,} refused." if first else "."))
    return first


def _tell_refusal(app: App, emptying: VaultEmptying, plan: EmptyingPlan, first: Exception) -> Exit:
    name = plan.vault.vault_name
    app.say(f"The store refuses to delete archives of {name}: {first}")
    if plan.lock is not None and plan.lock.state is LockState.LOCKED:
        app.say(
            f"{name} has been locked since {plan.lock.created_at:%Y-%m-%d}, for ever: what the lock protects "
            "can be deleted when its own policy allows it, and by nobody before. "
            f"`coldframe vault lock show {name}` shows the policy."
        )
    elif plan.lock is not None:
        app.say(f"A lock is in progress there; `coldframe vault lock abort {name}` ends it.")
    if emptying.has_given_up:
        app.say("As it refused one after the other, the rest was not asked for.")
    if emptying.deleted:
        return Exit.SOME_FAILED
    return Exit.CREDENTIALS if isinstance(first, AccessDenied) else Exit.FAILED


def _rehearse(app: App, emptying: VaultEmptying, form: str) -> Exit:
    plan = emptying.plan()
    _tell(app, plan)
    with app.printer(COLUMNS, form=form, is_long=True) as printer:
        for archive in emptying.archives():
            printer.row(archive_row(archive, "would delete"))
    if not plan.is_surveyed:
        app.say("Its inventory would be read first, which may show more of them.")
    app.say(f"Would delete the vault {plan.vault.vault_name}.")
    return Exit.DONE


def _tell(app: App, plan: EmptyingPlan) -> None:
    """What is known of the vault, and what deleting it costs."""
    vault, name = plan.vault, plan.vault.vault_name
    known = f"{count(plan.archives, 'archive')}, {format_size(plan.size)}"
    left = " are left" if plan.was_begun else ""
    if not plan.is_surveyed:
        app.say(
            f"{name} holds {count(vault.number_of_archives, 'archive')}, {format_size(vault.size)}, by the store's "
            f"last inventory; the catalog knows {known}."
        )
    elif plan.inventory_at is None:
        app.say(f"{name}: {known}{left}, as the catalog knows.")
    else:
        app.say(f"{name}: {known}{left}, by its inventory of {plan.inventory_at:%Y-%m-%d %H:%M} UTC and the catalog.")
    if plan.lock is not None:
        app.say("It has a vault lock; what that protects will be refused.")
    if plan.archives:
        tell_fee(app, plan.fee)
