"""What a plan has picked, in a private database on the disk: any number of files in flat memory.

It goes away with its connection; nothing of it is durable before an order is placed.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import apsw

from coldframe.catalog.order_model import Placement, PlacementState, Wanted, WantedState, place_key
from coldframe.catalog.rows import cut_values, read_cut
from coldframe.model import MAX_DESCRIPTION, ByteRange
from coldframe.retriever.ranges import coalesce, member_range

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from coldframe.catalog.model import Cut
    from coldframe.catalog.order_model import Batch

_TABLE = """
CREATE TABLE picked (
    id INTEGER PRIMARY KEY, vault_name TEXT, archive_id TEXT, archive_size INTEGER, tree_hash TEXT,
    path TEXT, size INTEGER, modified_ns INTEGER, header_offset INTEGER, data_offset INTEGER, compressed_size INTEGER,
    method TEXT, sha256 TEXT, crc32 INTEGER, state TEXT, placed_as TEXT, place_key TEXT, detail TEXT
) STRICT;
CREATE UNIQUE INDEX picked_once ON picked (vault_name, archive_id, path, coalesce(header_offset, -1));
CREATE INDEX picked_place ON picked (place_key) WHERE place_key IS NOT NULL;
"""
_ADD = "INSERT OR IGNORE INTO picked VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'waiting', NULL, NULL, '')"
_PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Picked:
    """One file that a query or an inventory picked, and the archive that holds it. None is what nobody knows."""

    vault_name: str
    archive_id: str
    archive_size: int | None
    tree_hash: str
    path: str
    size: int | None
    modified_ns: int | None = None
    cut: Cut | None = None


class Draft:
    """The files that were picked; methods may be called from any thread."""

    def __init__(self) -> None:
        """Make an empty private database."""
        self._connection = apsw.Connection("")
        self._connection.execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA temp_store = FILE")
        self._connection.execute(_TABLE)
        self._connection.execute("BEGIN")
        self._lock = Lock()

    def add(self, picked: Iterable[Picked]) -> None:
        """Add files; one that is there already is not added again."""
        self._connection.executemany(_ADD, (_values(it) for it in picked))

    def close(self) -> None:
        """Forget everything."""
        self._connection.close()

    def pages(self, limit: int = 500) -> Iterator[list[tuple[Placement, str]]]:
        """All files, some at a time, each with its archive's tree hash; they may be set meanwhile."""
        last = 0
        while page := self._rows("SELECT * FROM picked WHERE id > ? ORDER BY id LIMIT ?", (last, limit)):
            last = page[-1][0]
            yield [(_placement(row), row[4]) for row in page]

    def set(self, placements: Iterable[Placement]) -> None:
        """Set the states of files."""
        values = [(p.state, p.placed_as, p.placed_as and place_key(p.placed_as), p.detail, p.row) for p in placements]
        with self._lock:
            self._connection.executemany(
                "UPDATE picked SET state = ?, placed_as = ?, place_key = ?, detail = ? WHERE id = ?", values
            )

    def places_like(self, place: str, row: int) -> list[str]:
        """The places of other files that a case-insensitive file system may take for this one."""
        sql = "SELECT placed_as FROM picked WHERE place_key = ? AND id <> ?"
        return [str(found[0]) for found in self._rows(sql, (place_key(place), row))]

    def batches(self) -> Iterator[Batch]:
        """The files in the order in which they were picked, grouped by what fills them: one job each."""
        sql = (
            "SELECT *, min(id) OVER (PARTITION BY vault_name, archive_id) AS first FROM picked"
            " ORDER BY first, header_offset IS NOT NULL, header_offset, id"
        )
        for _, rows in groupby(self._connection.execute(sql), key=lambda row: row[1:3]):
            yield from _group(list(rows))

    def _rows(self, sql: str, values: tuple[Any, ...]) -> list[Any]:
        with self._lock:
            return list(self._connection.execute(sql, values))


def describe(path: str) -> str:
    """The description of a job that brings `path`: the file name, in printable ASCII (glacier-api 4)."""
    name = path.rsplit("/", 1)[-1]
    is_printable = name.isascii() and name.isprintable()
    return (name if is_printable else quote(name, safe=_PRINTABLE))[:MAX_DESCRIPTION]


def _group(rows: Sequence[Any]) -> Iterator[Batch]:
    """The batches of one archive's files.

    Empty files need no bytes. A whole file brings the bytes of all others with it. A member alone needs a range.
    """
    placements = [_placement(row) for row in rows]
    if len(placements) == 1 and placements[0].size != 0 and placements[0].cut is None and _is_waiting(placements[0]):
        yield _wanted(rows[0], placements[0]), placements  # nearly all archives, and there may be very many
        return
    empty = [p for p in placements if p.size == 0 and _is_waiting(p)]
    waiting = [p for p in placements if p.size != 0 and _is_waiting(p)]
    settled = [p for p in placements if not _is_waiting(p)]
    if empty:
        yield None, empty
    wholes = [p for p in waiting if p.cut is None]
    if wholes and any(p.cut is None and p.placed_as for p in settled):
        yield _wanted(rows[0], wholes[0], state=WantedState.AT_HAND), [*settled, *wholes]
        settled, waiting, wholes = [], [p for p in waiting if p.cut is not None], []
    if wholes or (waiting and rows[0][3] is None):
        yield _wanted(rows[0], waiting[0]), [*settled, *waiting]
    else:
        if settled:
            yield _wanted(rows[0], settled[0], state=WantedState.DONE), settled
        yield from _by_range(rows[0], waiting)


def _by_range(row: Any, members: Sequence[Placement]) -> Iterator[Batch]:
    """The batches of members that are retrieved without the rest of their bundle."""
    cuts = [(p, member_range(p.cut, row[3])) for p in members if p.cut is not None]
    ranges = iter(coalesce(byte_range for _, byte_range in cuts))
    for whole, group in groupby(cuts, key=_Finder(ranges)):
        inside = [placement for placement, _ in group]
        is_all = whole == ByteRange(0, row[3])
        yield _wanted(row, inside[0], byte_range=None if is_all else whole), inside


class _Finder:
    """Tells in which of the joined ranges a member lies; members come in the order of the ranges."""

    def __init__(self, ranges: Iterator[ByteRange]) -> None:
        self._ranges = ranges
        self._current = ByteRange(0, 0)

    def __call__(self, member: tuple[Placement, ByteRange]) -> ByteRange:
        while member[1].end > self._current.end:
            self._current = next(self._ranges)
        return self._current


def _wanted(
    row: Any, first: Placement, *, byte_range: ByteRange | None = None, state: WantedState = WantedState.WANTED
) -> Wanted:
    return Wanted(
        vault_name=row[1],
        archive_id=row[2],
        archive_size=row[3],
        tree_hash=row[4],
        description=describe(first.path),
        range=byte_range,
        state=state,
    )


def _is_waiting(placement: Placement) -> bool:
    return placement.state is PlacementState.WAITING


def _placement(row: Any) -> Placement:
    return Placement(
        row=row[0],
        path=row[5],
        size=row[6],
        modified_ns=row[7],
        cut=read_cut(row[8:14]),
        state=PlacementState(row[14]),
        placed_as=row[15],
        detail=row[17],
    )


def _values(picked: Picked) -> tuple[Any, ...]:
    archive = (picked.vault_name, picked.archive_id, picked.archive_size, picked.tree_hash)
    return (*archive, picked.path, picked.size, picked.modified_ns, *cut_values(picked.cut))
