"""`coldframe upload`: multipart uploads by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from coldframe.cli.command import Group
from coldframe.cli.exits import Exit
from coldframe.cli.ids import UPLOADS, given_ids
from coldframe.cli.job_rows import write_range
from coldframe.cli.options import dry_run_option, output_option, store_option, vault_option, yes_option
from coldframe.cli.output import Column, moment_column, size_column
from coldframe.composition.uploads import abort_uploads, all_parts, all_uploads
from coldframe.composition.vaults import find_vault
from coldframe.inventory.description import decode_description
from coldframe.quantities import count

if TYPE_CHECKING:
    from coldframe.cli.app import App
    from coldframe.model import UploadDescription

COLUMNS = (
    moment_column("created_at", "STARTED"),
    size_column("part_size", "PART SIZE"),
    Column("file_path", "PATH"),
    Column("upload_id", label="upload  "),
    Column("archive_description", label="for     "),
    Column("vault_name"),
    Column("vault_arn"),
)
PARTS = (
    Column("range_in_bytes", "RANGE", width=24),
    size_column(),
    Column("tree_hash", "TREE HASH"),
    Column("upload_id"),
    Column("vault_name"),
)


@click.group(
    cls=Group,
    examples=(
        "coldframe upload list --vault astrodata",
        "coldframe upload parts --vault astrodata UPLOAD_ID",
        "coldframe upload list --vault astrodata -o json | coldframe upload abort --vault astrodata -",
    ),
)
def command() -> None:
    """List and abort multipart uploads that are still open.

    `coldframe cleanup` aborts those that no archive run would carry on.
    """


@command.command(
    name="list", examples=("coldframe upload list --vault astrodata", "coldframe upload list -v astrodata -o csv")
)
@vault_option
@click.option("--long", "-l", "is_long", is_flag=True, help="With IDs and descriptions.")
@store_option
@output_option
@click.pass_obj
def list_(app: App, /, *, vault: str | None, is_long: bool, store: str | None, output: str | None) -> Exit:
    """List the vault's open uploads, the oldest first."""
    vaults = app.coldframe(store=store).store
    name = find_vault(vaults, app.vault(vault)).vault_name
    found = False
    with app.printer(COLUMNS, form=output, is_long=is_long) as printer:
        for upload in all_uploads(vaults, name):
            printer.row(_row(name, upload))
            found = True
    if not found:
        app.say(f"The vault {name} has no open uploads.")
    return Exit.DONE if found else Exit.NOTHING_MATCHED


@command.command(examples=("coldframe upload parts --vault astrodata UPLOAD_ID -o json",))
@click.argument("upload_id", metavar="UPLOAD_ID")
@vault_option
@store_option
@output_option
@click.pass_obj
def parts(app: App, upload_id: str, vault: str | None, store: str | None, output: str | None) -> Exit:
    """List the parts of UPLOAD_ID that have arrived."""
    vaults = app.coldframe(store=store).store
    name = find_vault(vaults, app.vault(vault)).vault_name
    found = False
    with app.printer(PARTS, form=output) as printer:
        for part in all_parts(vaults, name, upload_id):
            place = {"range_in_bytes": write_range(part.range), "size": part.range.size, "tree_hash": part.tree_hash}
            printer.row({**place, "upload_id": upload_id, "vault_name": name})
            found = True
    if not found:
        app.say("No part of it has arrived.")
    return Exit.DONE if found else Exit.NOTHING_MATCHED


@command.command(
    examples=(
        "coldframe upload abort --vault astrodata UPLOAD_ID",
        "coldframe upload list --vault astrodata -o json | coldframe upload abort --vault astrodata -",
    )
)
@click.argument("uploads", nargs=-1, required=True, metavar="UPLOAD_ID...")
@vault_option
@store_option
@dry_run_option
@yes_option
@click.pass_obj
def abort(
    app: App, /, uploads: tuple[str, ...], *, vault: str | None, store: str | None, dry_run: bool, yes: bool
) -> Exit:
    """Drop open uploads with the parts that have arrived; '-' reads upload IDs from standard input.

    Those on standard input are dropped without a question: who pipes a list has chosen it.
    """
    ids = given_ids(uploads, UPLOADS)
    coldframe = app.coldframe(store=store)
    name = find_vault(coldframe.store, app.vault(vault)).vault_name
    if dry_run:
        app.say(f"Would abort {count(len(ids), 'upload')} of the vault {name}.")
        return Exit.DONE
    is_piped = all(word == "-" for word in uploads)
    if not is_piped and not app.confirm(f"Abort {count(len(ids), 'upload')} of the vault {name}?", yes=yes):
        return Exit.FAILED
    aborted = 0
    for upload_id, error in abort_uploads(coldframe, name, ids):
        if error is not None:
            app.say(f"{upload_id}: {error}")
        aborted += error is None
    app.say(f"{count(aborted, 'upload')} aborted.")
    if aborted == len(ids):
        return Exit.DONE
    return Exit.SOME_FAILED if aborted else Exit.FAILED


def _row(vault_name: str, upload: UploadDescription) -> dict[str, object]:
    described = decode_description(upload.description or "")
    return {
        "created_at": upload.created_at,
        "part_size": upload.part_size,
        "file_path": described.path if described else upload.description,
        "upload_id": upload.upload_id,
        "archive_description": upload.description,
        "vault_name": vault_name,
        "vault_arn": upload.vault_arn,
    }
