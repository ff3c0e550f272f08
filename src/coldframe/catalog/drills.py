"""Restore drills that have ended, and the archives whose bytes they have brought back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coldframe.catalog.of_vault import OfVault
from coldframe.clock import from_milliseconds, to_milliseconds

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import apsw


_ADD = "INSERT INTO drill (vault, ended_at, seed, passed, failed) VALUES (?, ?, ?, ?, ?)"
_CHECK = (
    "INSERT INTO drilled (archive, checked_at, is_same) SELECT id, ?, ? FROM archive WHERE vault = ? AND archive_id = ?"
    " ON CONFLICT (archive) DO UPDATE SET checked_at = excluded.checked_at, is_same = excluded.is_same"
)
_END = "INSERT INTO note (name, text) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET text = excluded.text"
_ENDED = "SELECT 1 FROM note WHERE name = ? AND text = ?"
_LAST = "SELECT ended_at, seed, passed, failed FROM drill WHERE vault = ? ORDER BY id DESC LIMIT 1"
_CHECKED = "SELECT checked_at, is_same FROM drilled WHERE archive = ?"


@dataclass(frozen=True, slots=True)
class DrillEnd:
    """How a drill ended: how many archives came back the same, and how many did not."""

    ended_at: datetime
    seed: int
    passed: int
    failed: int


class Drills(OfVault):
    """The drills of one vault."""

    def record(self, archives: Mapping[str, bool], *, seed: int, at: datetime, token: str = "") -> None:
        """Note a drill that has ended: of each archive ID, whether its bytes were the same.

        Args:
            archives: All that was compared.
            seed: That of the choice.
            at: When it ended.
            token: Tells it from all others, for :meth:`has_ended`.
        """
        passed, moment = sum(archives.values()), to_milliseconds(at)

        def act(connection: apsw.Connection) -> None:
            vault = self._ensure_vault(connection)
            connection.execute(_ADD, (vault, moment, seed, passed, len(archives) - passed))
            for archive_id, is_same in archives.items():
                connection.execute(_CHECK, (moment, int(is_same), vault, archive_id))
            connection.execute(_END, (self._note(), token))

        self._database.write(act)

    def has_ended(self, token: str) -> bool:
        """Whether the last drill that was noted is this one."""
        with self._database.read() as connection:
            return connection.execute(_ENDED, (self._note(), token)).fetchone() is not None

    def last(self) -> DrillEnd | None:
        """The last drill that has ended; None if there was none."""
        with self._database.read() as connection:
            vault = self._find_vault(connection)
            row = connection.execute(_LAST, (vault,)).fetchone()
        return None if row is None else DrillEnd(from_milliseconds(int(row[0])), *(int(each) for each in row[1:]))

    def checked(self, archive: int) -> tuple[datetime, bool] | None:
        """When an archive (its row) was brought back last, and whether its bytes were the same; None if never."""
        with self._database.read() as connection:
            row = connection.execute(_CHECKED, (archive,)).fetchone()
        return None if row is None else (from_milliseconds(int(row[0])), bool(row[1]))

    def _note(self) -> str:
        return f"drilled {self._store} {self._vault_name}"
