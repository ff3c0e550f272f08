"""`coldframe key`: who may come over the network."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from coldframe.cli.command import Group
from coldframe.cli.exits import Exit
from coldframe.cli.options import (
    Parsed,
    dry_run_option,
    output_option,
    seal_key_option,
    store_option,
    yes_option,
)
from coldframe.cli.output import Column, moment_column
from coldframe.errors import BadUsage
from coldframe.quantities import parse_duration
from coldframe.settings import parse_account

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coldframe.cli.app import App
    from coldframe.composition.accounts import Accounts
    from coldframe.composition.stores import Governing
    from coldframe.keyring import KeyInfo
    from coldframe.wire.access import Key


def parse_life(text: str) -> float:
    """Seconds that a key may live or go on; `ValueError` for more than calendars can tell."""
    seconds = parse_duration(text)
    if seconds > _LONGEST_SECONDS:
        raise ValueError(f"{text!r} is too long: the time of a key is at most a thousand years")
    return seconds


_LONGEST_SECONDS = 1000 * 365 * 86_400
ACCOUNT = Parsed("account", parse_account)
LIFE = Parsed("duration", parse_life)
_ID = Column("access_key_id", "ACCESS KEY", width=20)
_ACCOUNT = Column("account_id", "ACCOUNT", width=12)
_SCOPE = Column("scope", "SCOPE", width=9)
_EXPIRES = moment_column("expires_at", "EXPIRES")
NEW_COLUMNS = (_ID, Column("secret_access_key", "SECRET", width=40), _ACCOUNT, _SCOPE, _EXPIRES)
COLUMNS = (
    _ID,
    _ACCOUNT,
    _SCOPE,
    Column("state", "STATE", width=7),
    moment_column("created_at", "CREATED"),
    _EXPIRES,
    Column("successor_id", "SUCCESSOR"),
    Column("rotated_at"),
    Column("revoked_at"),
)


@click.group(
    cls=Group,
    examples=(
        "coldframe key create --store /srv/coldframe",
        "coldframe key create --account 123456789012 --no-delete --expires 90d -o json",
        "coldframe key list",
        "coldframe key rotate AKIAABCDEFGHIJKLMNOP --grace 2d",
        "coldframe key revoke AKIAABCDEFGHIJKLMNOP --yes",
    ),
)
def command() -> None:
    """Create, list, revoke or rotate the access keys of a store that is served.

    A server that runs on the same folder honours all this from the next request on.
    """


@command.command(examples=("coldframe key create", "coldframe key create --read-only --expires 90d"))
@click.option("--account", type=ACCOUNT, metavar="DIGITS", help="Whose key it is. Default: the store's own account.")
@click.option("--read-only", is_flag=True, help="A key that can list and retrieve.")
@click.option("--no-delete", is_flag=True, help="A key that can neither delete nor change who may.")
@click.option("--expires", type=LIFE, metavar="TIME", help="How long it lives, such as 90d. Default: for ever.")
@store_option
@seal_key_option
@output_option
@dry_run_option
@click.pass_obj
def create(
    app: App,
    account: str | None,
    store: str | None,
    seal_key: str | None,
    output: str | None,
    *,
    read_only: bool,
    no_delete: bool,
    expires: float | None,
    dry_run: bool,
) -> None:
    """Make an access key and show its secret, this once.

    An account other than the store's own gets a store of its own below the folder, with its first key. The store is
    made too, if there is none yet.
    """
    from coldframe.wire.access import KeyScope  # noqa: PLC0415 - start-up time

    if read_only and no_delete:
        raise BadUsage("A key is --read-only or --no-delete, not both: one that only reads cannot delete either.")
    scope = KeyScope.READ_ONLY if read_only else KeyScope.NO_DELETE if no_delete else KeyScope.FULL
    if dry_run:
        app.say(f"Would make a key of scope {scope} for {account or 'the own account'} of {_folder(app, store)}.")
        return
    with _accounts(app, store, seal_key, create=True) as accounts:
        expires_at = None if expires is None else app.coldframe().clock.now() + timedelta(seconds=expires)
        _show(app, accounts.create_key(account_id=account, scope=scope, expires_at=expires_at), output)


@command.command(name="list", examples=("coldframe key list", "coldframe key list -o json"))
@store_option
@output_option
@click.pass_obj
def list_(app: App, store: str | None, output: str | None) -> Exit:
    """List all keys, also those that are expired or revoked; never their secrets."""
    with _accounts(app, store, None) as accounts:
        keys = accounts.keyring.list()
    with app.printer(COLUMNS, form=output) as printer:
        for key in keys:
            printer.row(_row(key))
    if not keys:
        app.say("There is no access key yet; `coldframe key create` makes one.")
    return Exit.DONE if keys else Exit.NOTHING_MATCHED


@command.command(examples=("coldframe key revoke AKIAABCDEFGHIJKLMNOP --yes",))
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@store_option
@yes_option
@dry_run_option
@click.pass_obj
def revoke(app: App, ids: tuple[str, ...], store: str | None, *, yes: bool, dry_run: bool) -> Exit:
    """Make keys worth nothing, at once and for ever."""
    with _accounts(app, store, None) as accounts:
        keys = [accounts.keyring.describe(access_key_id) for access_key_id in ids]
        for key in keys:
            what = f"the {key.scope} key {key.access_key_id} of the account {key.account_id}"
            if dry_run:
                app.say(f"Would revoke {what}.")
            elif not app.confirm(f"Revoke {what}? Whoever uses it is refused from now on.", yes=yes):
                return Exit.FAILED
            else:
                accounts.keyring.revoke(key.access_key_id)
                app.say(f"The access key {key.access_key_id} is revoked.")
    return Exit.DONE


@command.command(examples=("coldframe key rotate AKIAABCDEFGHIJKLMNOP --grace 2d",))
@click.argument("access_key_id", metavar="ID")
@click.option("--grace", type=LIFE, default="7d", metavar="TIME", help="How long the old key works.  [default: 7d]")
@store_option
@seal_key_option
@output_option
@yes_option
@dry_run_option
@click.pass_obj
def rotate(
    app: App,
    access_key_id: str,
    store: str | None,
    seal_key: str | None,
    output: str | None,
    *,
    grace: float,
    yes: bool,
    dry_run: bool,
) -> Exit:
    """Make a successor of the key ID and show its secret, this once.

    The successor has another ID, the same account and scope, and lives as long. The old key goes on to work for the
    time of --grace, so that its users can change over; 0s ends it at once.
    """
    with _accounts(app, store, seal_key) as accounts:
        old = accounts.keyring.describe(access_key_id)
        what = f"the {old.scope} key {old.access_key_id} of the account {old.account_id}"
        if dry_run:
            app.say(f"Would make a successor of {what}.")
            return Exit.DONE
        if not app.confirm(f"Make a successor of {what}, and let the old one end?", yes=yes):
            return Exit.FAILED
        _show(app, accounts.keyring.rotate(access_key_id, grace=timedelta(seconds=grace)), output)
        ends_at = accounts.keyring.describe(access_key_id).expires_at
        app.say(f"The old key {access_key_id} ends at {ends_at:%Y-%m-%d %H:%M} UTC; `key revoke` ends it sooner.")
    return Exit.DONE


def _folder(app: App, store: str | None) -> str:
    from coldframe.composition.stores import store_folder  # noqa: PLC0415 - start-up time

    return store_folder(app.coldframe(store=store).store_url)


@contextmanager
def _accounts(app: App, store: str | None, seal_key: str | None, *, create: bool = False) -> Iterator[Accounts]:
    """The accounts of the store that a flag or the settings name."""
    from coldframe.composition.accounts import open_accounts  # noqa: PLC0415 - start-up time
    from coldframe.composition.stores import is_embedded_store  # noqa: PLC0415 - as above

    folder = _folder(app, store)
    is_new = create and not is_embedded_store(folder)
    settings, coldframe = app.settle(seal_key=seal_key), app.coldframe()
    own: Governing = {"account_id": settings.account} if settings.account else {}
    with open_accounts(
        folder, clock=coldframe.clock, files=coldframe.files, create=create, seal_key=settings.seal_key, **own
    ) as accounts:
        if is_new:
            app.say(f"Made a new store in {folder}.")
        yield accounts


def _show(app: App, key: Key, output: str | None) -> None:
    """Print a new key. What is said comes after the data, so that whoever reads only the last lines reads it."""
    row = {
        "access_key_id": key.access_key_id,
        "secret_access_key": key.secret_access_key,
        "account_id": key.account_id,
        "scope": key.scope.value,
        "expires_at": key.expires_at,
    }
    with app.printer(NEW_COLUMNS, form=output) as printer:
        printer.row(row)
    app.say("Keep the secret now: it is shown this once, and nobody can show it again.")


def _row(key: KeyInfo) -> dict[str, object]:
    return {
        "access_key_id": key.access_key_id,
        "account_id": key.account_id,
        "scope": key.scope,
        "state": key.state.value,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "successor_id": key.successor_id,
        "rotated_at": key.rotated_at,
        "revoked_at": key.revoked_at,
    }
