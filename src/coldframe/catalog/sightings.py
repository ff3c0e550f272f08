"""What was seen in which inventory of a vault, and what was deleted from it.

An archive counts as being in a vault's last inventory only if it was found there itself, with the size and the tree
hash that the catalog knows, and only of an inventory that was read to its end (ADR 41).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from coldframe.catalog.model import UNKNOWN_SIZE
from coldframe.catalog.of_vault import OfVault
from coldframe.catalog.rows import check
from coldframe.clock import from_milliseconds, to_milliseconds

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import apsw


_BEGIN = "INSERT INTO vault_inventory (vault, job_id, inventory_at, asked_at) VALUES (?, ?, ?, ?) RETURNING id"
_FINISH = "UPDATE vault_inventory SET archives = ?, size = ? WHERE id = ?"
_LAST = (
    "SELECT id, job_id, inventory_at, coalesce(asked_at, inventory_at), archives, size FROM vault_inventory"
    " WHERE vault = ? AND archives IS NOT NULL ORDER BY id DESC LIMIT 1"
)
_LOOK_UP = (
    "SELECT wanted.key, archive.id, archive.size, archive.tree_hash, deletion.deleted_at"
    " FROM json_each(:ids) AS wanted"
    " LEFT JOIN archive ON archive.vault = :vault AND archive.archive_id = wanted.value"
    " LEFT JOIN deletion ON deletion.vault = :vault AND deletion.archive_id = wanted.value ORDER BY wanted.key"
)
_SEE = (
    "INSERT INTO sighting (archive, inventory, checked) VALUES (?, ?, ?)"
    " ON CONFLICT (archive) DO UPDATE SET inventory = excluded.inventory, checked = excluded.checked"
)
_SEEN_IN = "SELECT archive, inventory, checked FROM sighting WHERE archive = ?"
_AT = "SELECT inventory_at FROM vault_inventory WHERE id = ?"


@dataclass(frozen=True, slots=True)
class InventoryRead:
    """An inventory that was read to its end: the catalog's number for it, its job, and what it counts.

    Args:
        row: The catalog's number.
        job_id: The job that has brought it.
        inventory_at: The moment of the snapshot; in a vault that does not change it stays what it was.
        asked_at: When the job was begun.
        archives: How many archives it names.
        size: Their bytes.
    """

    row: int
    job_id: str
    inventory_at: datetime
    asked_at: datetime
    archives: int
    size: int


@dataclass(frozen=True, slots=True)
class Listed:
    """An archive as an inventory names it."""

    archive_id: str
    size: int
    tree_hash: str


@dataclass(frozen=True, slots=True)
class Match:
    """What the catalog knows of a listed archive.

    Args:
        row: Its row, None for a stranger.
        is_same: Whether size and tree hash agree.
        deleted_at: When it was deleted from here, None if it was not.
    """

    row: int | None
    is_same: bool = False
    deleted_at: datetime | None = None


class Sightings(OfVault):
    """The inventories of one vault."""

    def begin(self, job_id: str, inventory_at: datetime, *, asked_at: datetime) -> int:
        """Note that an inventory is being read; answers its number."""

        def act(connection: apsw.Connection) -> int:
            vault = self._ensure_vault(connection)
            moments = (to_milliseconds(inventory_at), to_milliseconds(asked_at))
            ((row,),) = connection.execute(_BEGIN, (vault, job_id, *moments)).fetchall()
            return cast("int", row)

        return self._database.write(act)

    def see(self, inventory: int, listed: Sequence[Listed]) -> list[Match]:
        """Compare archives with the catalog, in their order, and remember those that agree as seen."""

        def act(connection: apsw.Connection) -> list[Match]:
            matches = self._look_up(connection, listed)
            for match in matches:
                if match.row is not None and match.is_same:
                    connection.execute(_SEE, (match.row, inventory, check((match.row, inventory))))
            return matches

        return self._database.write(act)

    def look_up(self, listed: Sequence[Listed]) -> list[Match]:
        """Compare archives with the catalog, in their order; nothing is remembered."""
        with self._database.read() as connection:
            return self._look_up(connection, listed)

    def finish(self, inventory: int, *, archives: int, size: int) -> None:
        """An inventory was read to its end: from now on it is the vault's last."""
        self._database.write(lambda connection: connection.execute(_FINISH, (archives, size, inventory)))

    def last(self) -> InventoryRead | None:
        """The last inventory that was read to its end; None if none was."""
        with self._database.read() as connection:
            vault = self._find_vault(connection)
            row = connection.execute(_LAST, (vault,)).fetchone()
        if row is None:
            return None
        moments = (from_milliseconds(int(row[2])), from_milliseconds(int(row[3])))
        return InventoryRead(int(row[0]), str(row[1]), *moments, archives=int(row[4]), size=int(row[5]))

    def seen_in(self, archive: int) -> tuple[int, datetime] | None:
        """The number and the moment of the last inventory in which an archive (its row) was; None for none.

        A row that is not what was written counts for nothing.
        """
        with self._database.read() as connection:
            row = connection.execute(_SEEN_IN, (archive,)).fetchone()
            if row is None or check((archive, row[1])) != row[2]:
                return None
            at = connection.execute(_AT, (row[1],)).fetchone()
        return None if at is None else (int(row[1]), from_milliseconds(int(at[0])))

    def _look_up(self, connection: apsw.Connection, listed: Sequence[Listed]) -> list[Match]:
        vault = self._find_vault(connection)
        ids = json.dumps([each.archive_id for each in listed])
        rows = connection.execute(_LOOK_UP, {"ids": ids, "vault": vault}).fetchall()
        return [_match(each, row[1:]) for each, row in zip(listed, rows, strict=True)]


def _match(listed: Listed, known: tuple[object, ...]) -> Match:
    row, size, tree_hash, deleted_at = known
    is_same = tree_hash == listed.tree_hash and size in {listed.size, UNKNOWN_SIZE}
    gone = from_milliseconds(deleted_at) if isinstance(deleted_at, int) else None
    return Match(row if isinstance(row, int) else None, is_same=is_same, deleted_at=gone)
