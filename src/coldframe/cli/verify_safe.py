"""`coldframe verify PATH --safe-to-delete`: a proof for each file, a verdict for each folder, and its consequence."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from coldframe.catalog.drills import Drills
from coldframe.cli.exits import Exit
from coldframe.cli.jobs import JobView
from coldframe.cli.output import Column, size_column
from coldframe.composition.freeing import free
from coldframe.composition.proving import Proof, Proving
from coldframe.composition.spool import Spool
from coldframe.composition.stores import is_remote
from coldframe.quantities import count, format_size

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from coldframe.cli.app import App
    from coldframe.composition.proving import Tally

COLUMNS = (
    Column("verdict", "VERDICT", width=8),
    size_column(),
    Column("copies", "COPIES", width=6, is_right=True),
    Column("file_path", "PATH"),
    Column("kind"),
    Column("source"),
    Column("vault_name"),
    Column("archive_id"),
    Column("tree_hash"),
    Column("member_sha256"),
    Column("inventory_at"),
    Column("checked_at"),
    Column("files"),
    Column("safe"),
    Column("detail", label="  "),
)
SAFE, NOT_SAFE, REMOVED, KEPT = "safe", "not safe", "removed", "kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyCheck:
    """One run of the command."""

    app: App
    paths: Sequence[str]
    vault_name: str
    max_age: timedelta
    form: str
    is_all: bool
    delete_source: bool
    yes: bool
    is_rehearsal: bool

    def run(self) -> Exit:
        """Prove, judge, and remove what may be removed if that is asked for."""
        app = self.app
        view = JobView(app, app.coldframe().clock)
        proving = Proving(app.coldframe(), self.vault_name, max_age=self.max_age, observer=view.observe)
        with Spool[Proof]() as safe:
            with view, app.printer(COLUMNS, form=self.form, stream=view.output, is_live=True, is_long=True) as printer:
                told = ""
                for proof in proving.prove(self.paths):
                    if self.is_all or self.form != "table" or not proof.is_safe:
                        is_new = self.form != "table" or proof.detail != told  # a table says the same why once
                        view.row(printer, _row(proof, self.vault_name) | ({} if is_new else {"detail": None}))
                        told = proof.detail
                    if proof.is_safe:
                        safe.add(proof)
                for source, tally in sorted(proving.folders.items()):
                    if self._is_worth_a_row(proving, source):
                        view.row(printer, _folder_row(source, tally, self.vault_name))
            if not proving.total.files:
                app.say("There is nothing to look at.")
                return Exit.NOTHING_MATCHED
            self._sum_up(proving.total)
            code = Exit.DONE if proving.total.is_safe else Exit.SOME_FAILED
            return max(code, self._remove(proving, safe)) if self.delete_source else code

    def _is_worth_a_row(self, proving: Proving, source: str) -> bool:
        """In a table, what lies in a folder that is safe needs no row of its own."""
        above = proving.folders.get(posixpath.dirname(source))
        return self.is_all or self.form != "table" or above is None or not above.is_safe

    def _sum_up(self, total: Tally) -> None:
        app = self.app
        drills = Drills(app.coldframe().catalog.database, app.coldframe().store_identity, self.vault_name)
        if (drill := drills.last()) is not None:
            archives = count(drill.passed + drill.failed, "archive")
            app.say(
                f"The last drill, on {drill.ended_at:%Y-%m-%d}: {drill.passed:,} of {archives} came back identical."
            )
        app.say(f"{total.safe:,} of {count(total.files, 'file')} safe to delete; {format_size(total.size)} in all.")
        if total.safe and not is_remote(app.coldframe().store_url):
            app.say(f"The store {app.coldframe().store_url} is on this machine: what is deleted has no copy elsewhere.")

    def _remove(self, proving: Proving, safe: Spool[Proof]) -> Exit:
        app = self.app
        if self.is_rehearsal or not len(safe):
            app.say(f"Would remove {count(len(safe), 'file')}." if self.is_rehearsal else "Nothing is removed.")
            return Exit.DONE
        if not app.confirm(f"Remove {count(len(safe), 'file')} that are safe in {self.vault_name}?", yes=self.yes):
            return Exit.FAILED
        removed = size = kept = 0
        with app.printer(COLUMNS, form=self.form, is_live=True, is_long=True) as printer:
            for freed in free(proving, safe):
                removed += not freed.kept
                size += 0 if freed.kept else freed.proof.size
                kept += bool(freed.kept)
                if freed.kept or self.is_all or self.form != "table":
                    row = _row(replace(freed.proof, detail=freed.kept), self.vault_name)
                    printer.row(row | {"verdict": KEPT if freed.kept else REMOVED})
        told = f"{count(removed, 'file')} removed here, {format_size(size)} freed"
        app.say(f"{told}; {kept:,} kept." if kept else f"{told}.")
        return Exit.SOME_FAILED if kept else Exit.DONE


def _row(proof: Proof, vault_name: str) -> dict[str, object]:
    entry = proof.entry
    return {
        "verdict": SAFE if proof.is_safe else NOT_SAFE,
        "size": proof.size,
        "copies": proof.copies if entry else None,
        "file_path": proof.path,
        "kind": entry.kind.value if entry else None,
        "source": proof.source,
        "vault_name": vault_name,
        "archive_id": entry.archive.archive_id if entry else None,
        "tree_hash": entry.archive.tree_hash if entry else None,
        "member_sha256": entry.member.sha256 if entry and entry.member else None,
        "inventory_at": proof.inventory_at,
        "checked_at": proof.checked_at,
        "detail": proof.detail or None,
    }


def _folder_row(source: str, tally: Tally, vault_name: str) -> dict[str, object]:
    return {
        "verdict": SAFE if tally.is_safe else NOT_SAFE,
        "size": tally.size,
        "file_path": f"{tally.path}/",
        "kind": "folder",
        "source": source,
        "vault_name": vault_name,
        "files": tally.files,
        "safe": tally.safe,
        "detail": None if tally.is_safe else f"{tally.safe:,} of {count(tally.files, 'file')} safe",
    }
